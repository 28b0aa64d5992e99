//! A parsed query.

use serde_json::{Map, Value};

use super::error::UnsupportedQuery;
use super::matcher::{self, IsMember};
use super::parser;

/// A query that was understood.
#[derive(Debug)]
pub struct Query(parser::Expr);

impl Query {
    /// Reads a query; one of nothing but blanks finds everybody.
    pub fn parse(text: &str) -> Result<Self, UnsupportedQuery> {
        parser::parse(text).map(Self)
    }

    /// Whether the query finds the user.
    pub fn matches(&self, user: &Map<String, Value>, is_member: IsMember<'_>) -> bool {
        matcher::matches(&self.0, user, is_member)
    }
}
