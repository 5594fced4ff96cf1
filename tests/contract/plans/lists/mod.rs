//! Every list and filter, and how its rows have to be found. Knows no plan.

mod runs;
mod versions;

use std::fmt::Debug;

use versioner::{
    domain::query::{BuildQuery, CheckQuery, DeploymentQuery, VersionQuery},
    storage::List,
};

pub(super) use self::{
    runs::{builds, checks, deployments},
    versions::versions,
};
use super::{
    asking::{Plans, Way},
    fill,
};
use crate::report::{PRODUCT, T0_US};

/// What fits a filter for one version, or for what stands at one place.
const ONE: u64 = 20;
/// What the rare values fit.
const RARE: u64 = 100;
/// What stands in one environment now.
const CURRENT: u64 = 1_600;
/// What has a long history, with what it is joined to.
const LONG: u64 = 700;

/// A filter, set to a value; how rows are found by it alone, and how together with a product.
struct Filter<Q> {
    set: fn(&mut Q),
    alone: Way,
    with_product: Way,
}

/// A list whose rows have a time.
trait Timed: List + Clone + Debug + Default {
    /// How SQLite tells that a search goes on behind a row.
    const BEHIND: &'static str;
    fn of_product(&mut self, name: &str);
    /// From and to; false where the list has no such filter.
    fn within(&mut self, span_us: (Option<i64>, Option<i64>)) -> bool;
}

/// The filter's lists: alone and with a product, at any time and in a span that what is rare lies in or not.
async fn ask<Q: Timed>(plans: &Plans, filter: &Filter<Q>) {
    ask_in_order(plans, filter, |_| (), Q::BEHIND).await;
}

async fn ask_in_order<Q: Timed>(
    plans: &Plans,
    filter: &Filter<Q>,
    order: fn(&mut Q),
    behind: &str,
) {
    for (way, product) in [
        (filter.alone, None),
        (filter.with_product, Some(PRODUCT)),
        (filter.with_product, Some(fill::MIDDLING_PRODUCT)),
    ] {
        let mut query = Q::default();
        (filter.set)(&mut query);
        order(&mut query);
        if let Some(product) = product {
            query.of_product(product);
        }
        for span_us in spans() {
            let mut query = query.clone();
            if query.within(span_us) || span_us == (None, None) {
                plans.list(&query, way, behind).await;
            }
        }
    }
}

fn spans() -> [(Option<i64>, Option<i64>); 5] {
    let (from_us, to_us) = fill::MIDDLE_US;
    [
        (None, None),
        (Some(from_us), None),
        (None, Some(to_us)),
        (Some(from_us), Some(to_us)),
        (Some(T0_US), Some(fill::END_US)),
    ]
}

impl Timed for VersionQuery {
    const BEHIND: &'static str = "created_at_us<?";

    fn of_product(&mut self, name: &str) {
        self.product_name = Some(name.to_owned());
    }

    fn within(&mut self, (from_us, to_us): (Option<i64>, Option<i64>)) -> bool {
        self.created_from_us = from_us;
        self.created_to_us = to_us;
        true
    }
}

impl Timed for BuildQuery {
    const BEHIND: &'static str = "first_at_us<?";

    fn of_product(&mut self, name: &str) {
        self.product_name = Some(name.to_owned());
    }

    fn within(&mut self, (from_us, to_us): (Option<i64>, Option<i64>)) -> bool {
        self.created_from_us = from_us;
        self.created_to_us = to_us;
        true
    }
}

impl Timed for DeploymentQuery {
    const BEHIND: &'static str = "first_at_us<?";

    fn of_product(&mut self, name: &str) {
        self.product_name = Some(name.to_owned());
    }

    fn within(&mut self, (from_us, to_us): (Option<i64>, Option<i64>)) -> bool {
        self.created_from_us = from_us;
        self.created_to_us = to_us;
        true
    }
}

impl Timed for CheckQuery {
    const BEHIND: &'static str = "(first_at_us,check_id)<(?,?)";

    fn of_product(&mut self, name: &str) {
        self.product_name = Some(name.to_owned());
    }

    fn within(&mut self, _: (Option<i64>, Option<i64>)) -> bool {
        false
    }
}

fn filter<Q>(set: fn(&mut Q), alone: Way, with_product: Way) -> Filter<Q> {
    Filter {
        set,
        alone,
        with_product,
    }
}

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}
