//! Processing of every request, from its first byte to its log entry.

pub(crate) mod access_log;
pub(crate) mod completion;
pub(crate) mod cors;
pub(crate) mod lazy_text;
pub(crate) mod lifecycle;
pub(crate) mod list_body;
pub(crate) mod malformed_requests;
pub(crate) mod path_table;
pub(crate) mod request_context;
pub(crate) mod request_id;
pub(crate) mod request_limits;
pub(crate) mod router;
pub(crate) mod state;
pub(crate) mod trace_context;
