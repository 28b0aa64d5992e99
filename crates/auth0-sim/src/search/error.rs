//! The error of a rejected query.

/// A query that is not supported, with the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnsupportedQuery(pub(crate) String);
