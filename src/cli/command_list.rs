//! The list of all commands, shown after a command that does not exist.

use clap::Command;

/// A line for each command that the help shows, with what it does.
pub fn command_list(program: &Command) -> String {
    let commands: Vec<&Command> = program
        .get_subcommands()
        .filter(|command| !command.is_hide_set())
        .collect();
    let width = commands.iter().map(|command| command.get_name().len());
    let width = width.max().unwrap_or_default();
    let lines = commands.iter().map(|command| {
        let about = command.get_about().map(ToString::to_string);
        let about = about.unwrap_or_default();
        format!("  {:width$}  {about}\n", command.get_name())
    });
    format!("\nCommands:\n{}", lines.collect::<String>())
}
