//! What several integration tests stand on. Knows nothing of what they test.

#[allow(dead_code, reason = "each test binary uses its own part")]
pub(crate) mod postgres;
