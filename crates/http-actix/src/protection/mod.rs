//! Limits on what clients may use: rate, concurrency, memory, head size and idle connections.

pub(crate) mod admission;
pub(crate) mod head_size;
pub(crate) mod idle_connections;
pub(crate) mod list_memory;
pub(crate) mod permit_body;
pub(crate) mod rate_limit;
pub(crate) mod settings;
