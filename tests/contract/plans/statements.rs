//! What a store does while it answers: the texts of its statements, out of its own log; of Postgres also
//! what each statement went through, as told by its extension `auto_explain`. Knows no table.

use std::{cell::RefCell, fmt::Debug, mem, sync::Once};

use serde_json::Value;
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    subscriber::{Interest, set_global_default},
};
use tracing_subscriber::{
    layer::{Context, Layer, SubscriberExt},
    registry::Registry,
};

/// What was run since it was last taken.
#[derive(Default)]
pub(crate) struct Seen {
    /// Of each statement the text.
    pub(crate) texts: Vec<String>,
    /// Of each statement on Postgres the plan with what its steps came to.
    pub(crate) plans: Vec<Value>,
}

thread_local! {
    /// A case runs on a thread of its own, with all tasks of its runtime.
    static SEEN: RefCell<Option<Seen>> = const { RefCell::new(None) };
}

/// Sees from now on what is run on this thread. Cases run side by side: one subscriber serves all.
pub(crate) fn watch() {
    static SUBSCRIBED: Once = Once::new();
    SUBSCRIBED.call_once(|| {
        set_global_default(Registry::default().with(Statements))
            .expect("no other test of this program reads the log");
    });
    SEEN.set(Some(Seen::default()));
}

/// What was seen on this thread.
pub(crate) fn take() -> Seen {
    SEEN.with_borrow_mut(|seen| seen.as_mut().map(mem::take))
        .expect("this thread is watched")
}

struct Statements;

impl<S: Subscriber> Layer<S> for Statements {
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }

    fn enabled(&self, _: &Metadata<'_>, _: Context<'_, S>) -> bool {
        SEEN.with_borrow(Option::is_some)
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        SEEN.with_borrow_mut(|seen| {
            if let Some(seen) = seen {
                event.record(seen);
            }
        });
    }
}

impl Visit for Seen {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "sql" => self.texts.push(value.to_owned()),
            "message" => {
                if let Some((_, plan)) = value.split_once("plan:\n") {
                    self.plans
                        .push(serde_json::from_str(plan).expect("a plan is JSON"));
                }
            }
            _ => {}
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}
}
