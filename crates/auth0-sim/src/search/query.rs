//! A parsed query.

use serde_json::{Map, Value};

use super::error::UnsupportedQuery;
use super::matcher::{self, IsMember};
use super::parser;

/// A parsed query.
#[derive(Debug)]
pub struct Query(parser::Expr);

impl Query {
    /// Parses a query. A blank one matches all users.
    pub fn parse(text: &str) -> Result<Self, UnsupportedQuery> {
        parser::parse(text).map(Self)
    }

    /// Returns whether the query matches the user.
    pub fn matches(&self, user: &Map<String, Value>, is_member: IsMember<'_>) -> bool {
        matcher::matches(&self.0, user, is_member)
    }
}
