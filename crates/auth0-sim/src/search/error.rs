//! The error of a query that is refused.

/// Why a query is refused: the text after "the query is not valid".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnsupportedQuery(pub(crate) String);
