//! The search over users: its language, its order, its pages.
//!
//! | behaviour | known from |
//! |---|---|
//! | fields, case rules, `AND`/`OR`/`NOT`, groups, phrases, ranges, `_exists_` | documented |
//! | prefix wildcard of any length, every other use with literals of three characters or more | documented |
//! | no wildcard and no range on `user_metadata` | documented |
//! | no range on `app_metadata`, with the text of the refusal; `field:*` works there | observed |
//! | an unquoted word also finds a word inside name, `given_name`, `family_name` or nickname | documented (v2 to v3 migration table) |
//! | `NOT` binds tighter than `AND`, `AND` tighter than `OR`; no operator means `OR`, before `NOT` it means `AND` | assumed (documented queries only work so) |
//! | a field that is not searchable, `?`, `~`, `^`, `+`, `-`, `/…/`, comparisons with `<` and `>`: 400 | assumed |
//! | more than [`parser::MAX_DEPTH`] groups inside each other: 400 | assumed |

pub(crate) mod field;
pub(crate) mod lexer;
pub(crate) mod list;
pub(crate) mod matcher;
pub(crate) mod page;
pub(crate) mod parser;
pub(crate) mod period;
pub(crate) mod sort;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

pub(crate) use list::list;

/// Why a query is refused: the text after "the query is not valid".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnsupportedQuery(pub(crate) String);

/// A query that was understood.
#[derive(Debug)]
pub struct Query(parser::Expr);

/// Answers whether a user (first) is a member of an organization (second).
pub type IsMember<'a> = &'a dyn Fn(&str, &str) -> bool;

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
