//! The parts of the suite, and what they share.

mod footprint;
mod import;
mod ingest;
mod reads;
mod replicas;
mod scale;
mod stores;
mod stream;

use clap::ValueEnum;
pub(crate) use stores::Stores;

use crate::{Result, database::Databases, effort::Effort, figure::Figure};

/// In the order in which they run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// Single calls that are durable when they are answered.
    Ingest,
    /// The two-way stream.
    Stream,
    /// A file of history.
    Import,
    /// Single versions and lists of them.
    Reads,
    /// Every question to a big store and to a small one.
    Scale,
    /// Several servers on one database.
    Replicas,
    /// Memory, and the time to start.
    Footprint,
}

/// What a run was asked for.
pub(crate) struct Setting {
    pub(crate) effort: Effort,
    pub(crate) databases: Databases,
}

/// Calls in flight where nothing else is said.
const IN_FLIGHT: usize = 64;

impl Part {
    pub(crate) const ALL: [Part; 7] = [
        Part::Ingest,
        Part::Stream,
        Part::Import,
        Part::Reads,
        Part::Scale,
        Part::Replicas,
        Part::Footprint,
    ];

    pub(crate) async fn measure(
        self,
        setting: &Setting,
        stores: &mut Stores,
    ) -> Result<Vec<Figure>> {
        match self {
            Part::Ingest => ingest::measure(setting).await,
            Part::Stream => stream::measure(setting).await,
            Part::Import => import::measure(setting).await,
            Part::Reads => reads::measure(setting).await,
            Part::Scale => scale::measure(setting, stores).await,
            Part::Replicas => replicas::measure(setting).await,
            Part::Footprint => footprint::measure(setting, stores).await,
        }
    }
}
