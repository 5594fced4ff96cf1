//! What the senders of a batch are told.

use std::collections::HashMap;

use super::{Accepted, Decision, World};
use crate::{
    domain::resource::{Build, Check, Deployment, RunState},
    storage::write::batch::{Outcome, Receipt, State, stream::StreamKey},
};

impl World {
    /// The answer to an event that is only validated: it has no position.
    pub(in crate::storage::write::batch) fn receipt_only(&self, decision: Decision) -> Outcome {
        let is_recorded = matches!(decision, Decision::Known(_));
        let mut outcome = self.outcome(decision, false, &HashMap::new());
        if !is_recorded {
            outcome.receipt.position = 0;
        }
        outcome
    }

    /// The answer to an event. `known` has the states of those accepted before,
    /// by position.
    pub(in crate::storage::write::batch) fn outcome(
        &self,
        decision: Decision,
        want_state: bool,
        known: &HashMap<i64, State>,
    ) -> Outcome {
        match decision {
            Decision::Known(event) => Outcome {
                state: known.get(&event.receipt.position).cloned(),
                receipt: Receipt {
                    duplicate: true,
                    ..event.receipt
                },
            },
            Decision::Accepted(index) | Decision::Repeated(index) => {
                let accepted = &self.accepted[index];
                Outcome {
                    state: want_state.then(|| self.state(accepted)).flatten(),
                    receipt: Receipt {
                        duplicate: matches!(decision, Decision::Repeated(_)),
                        ..accepted.receipt.clone()
                    },
                }
            }
        }
    }

    fn state(&self, accepted: &Accepted) -> Option<State> {
        let product_name = self.products.get(&accepted.product_id)?.name.clone();
        let version = accepted
            .version_id
            .and_then(|id| self.versions.get(&id))
            .map(|state| state.version.clone());
        let environment = accepted.environment_id.and_then(|id| {
            let environment = self.environments.get(&id)?;
            Some((id, environment.name.clone()))
        });
        let runs = &self.streams.get(&accepted.stream)?.stream;
        let run = |id: i64| {
            runs.runs
                .iter()
                .find(|run| run.id == id)
                .map(RunState::from)
        };
        match &accepted.stream {
            StreamKey::Builds { .. } => {
                let version = version?;
                let build = Build {
                    id: accepted.run_id,
                    product_id: accepted.product_id,
                    product_name,
                    version_id: version.id,
                    version: version.version.clone(),
                    run: run(accepted.run_id)?,
                };
                Some(State::Build(Box::new(version), Box::new(build)))
            }
            StreamKey::Deployments { instance, .. } => {
                let version = version?;
                let (environment_id, environment_name) = environment?;
                let deployment = Deployment {
                    id: accepted.run_id,
                    product_id: accepted.product_id,
                    product_name,
                    version_id: version.id,
                    version: version.version.clone(),
                    environment_id,
                    environment_name,
                    instance: instance.clone(),
                    current: self.current_deployments.contains(&accepted.run_id),
                    class: self.classes.get(&accepted.run_id).copied(),
                    run: run(accepted.run_id)?,
                };
                Some(State::Deployment(Box::new(version), Box::new(deployment)))
            }
            StreamKey::Check {
                scm_sha,
                check_name,
                ..
            } => Some(State::Check(Box::new(Check {
                id: accepted.history_id,
                product_id: accepted.product_id,
                product_name,
                version: version.map(|v| (v.id, v.version)),
                scm_sha: Some(scm_sha.clone()).filter(|sha| !sha.is_empty()),
                check_name: check_name.clone(),
                environment,
                run: RunState::from(runs.latest()?),
            }))),
        }
    }
}
