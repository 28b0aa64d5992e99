//! The running process: wiring, listeners, signals, reload and shutdown.

pub(crate) mod dev_mode;
pub(crate) mod diagnosis;
pub(crate) mod log;
pub(crate) mod reload;
pub mod serve;
pub(crate) mod shutdown;
pub(crate) mod signals;
pub(crate) mod upstream_runtime;
pub mod wiring;
pub(crate) mod wiring_error;
