//! Styles of text: good, bad or faint. Colour only repeats what marks and words say.

use anstyle::{AnsiColor, Effects};

use super::server::one_line;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Style {
    #[default]
    Plain,
    Strong,
    Faint,
    Good,
    Bad,
    Open,
}

impl Style {
    /// A text in this style. Where there are no colours, they are left out on the way to standard output.
    pub(super) fn paint(self, text: &str) -> String {
        let text = one_line(text);
        if text.is_empty() {
            return text;
        }
        let style = match self {
            Self::Plain => return text,
            Self::Strong => anstyle::Style::new().effects(Effects::BOLD),
            Self::Faint => anstyle::Style::new().effects(Effects::DIMMED),
            Self::Good => AnsiColor::Green.on_default(),
            Self::Bad => AnsiColor::Red.on_default(),
            Self::Open => AnsiColor::Yellow.on_default(),
        };
        format!("{style}{text}{style:#}")
    }
}
