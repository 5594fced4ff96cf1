//! What the service knows about versions, as plain values and functions.
//! Pure: knows neither the wire, nor the databases, nor the clock.

pub mod precedence;
