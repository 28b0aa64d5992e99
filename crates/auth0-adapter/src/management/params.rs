//! Parameters of calls.

/// A search for users.
#[derive(Debug, Clone)]
pub(crate) struct UserSearch {
    /// The query, in Auth0's subset of Lucene's syntax.
    pub(crate) q: String,
    /// Such as `created_at:1`.
    pub(crate) sort: &'static str,
    /// From 0.
    pub(crate) page: u32,
    /// At most 100; Auth0 may give fewer.
    pub(crate) per_page: u32,
}

/// Whether a change may be sent again when its answer was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PatchRetry {
    /// Twice is the same as once.
    Always,
    /// Only if Auth0 certainly did nothing.
    IfUnprocessed,
}
