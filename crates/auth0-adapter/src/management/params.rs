//! Parameters of Management API calls.

/// A search for users.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct UserSearch {
    /// The query, in Auth0's subset of Lucene's syntax.
    pub(crate) q: String,
    /// Such as `created_at:1`.
    pub(crate) sort: &'static str,
    /// Counted from 0.
    pub(crate) page: u32,
    /// At most 100; Auth0 may return fewer.
    pub(crate) per_page: u32,
}

/// When a change may be sent again after its response was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PatchRetry {
    /// Always: it is idempotent.
    Always,
    /// Only if Auth0 certainly did not process it.
    IfUnprocessed,
}
