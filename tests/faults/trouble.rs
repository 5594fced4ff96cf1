//! Why a call, or one event of many, got no receipt, and whether that is as the contract has it.

use tonic::{Code, Status};
use tonic_types::StatusExt;
use versioner::pb::{self, ErrorReason};

#[derive(Clone, Debug)]
pub(crate) struct Trouble {
    pub(crate) code: Code,
    /// Not there: the client made the error by itself, as where the connection broke.
    pub(crate) reason: Option<String>,
    pub(crate) may_retry: bool,
    #[expect(dead_code, reason = "for whoever reads of it in a failure")]
    message: String,
}

impl Trouble {
    /// The database is unavailable, and the error says all that it should.
    pub(crate) fn is_store_unavailable(&self) -> bool {
        self.is(Code::Unavailable, ErrorReason::StoreUnavailable) && self.may_retry
    }

    /// As documented, though the caller's patience was at an end.
    pub(crate) fn is_deadline_exceeded(&self) -> bool {
        self.is(Code::DeadlineExceeded, ErrorReason::DeadlineExceeded)
    }

    pub(crate) fn is_shutting_down(&self) -> bool {
        self.is(Code::Unavailable, ErrorReason::ShuttingDown) && self.may_retry
    }

    pub(crate) fn is(&self, code: Code, reason: ErrorReason) -> bool {
        self.code == code && self.reason.as_deref() == Some(name(reason))
    }
}

impl From<Status> for Trouble {
    fn from(status: Status) -> Self {
        let info = status.get_details_error_info();
        Self {
            code: status.code(),
            reason: info
                .filter(|info| info.domain == "versioner.dev")
                .map(|info| info.reason),
            may_retry: status.get_details_retry_info().is_some(),
            message: status.message().to_owned(),
        }
    }
}

impl From<pb::SubmissionError> for Trouble {
    fn from(error: pb::SubmissionError) -> Self {
        Self {
            code: Code::from_i32(error.code),
            reason: Some(name(error.reason()).to_owned()),
            may_retry: error.retry_after.is_some(),
            message: error.message,
        }
    }
}

fn name(reason: ErrorReason) -> &'static str {
    let name = reason.as_str_name();
    name.strip_prefix("ERROR_REASON_").unwrap_or(name)
}
