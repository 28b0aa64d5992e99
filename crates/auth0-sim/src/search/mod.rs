//! The user search: query language, order, pages.
//!
//! | behaviour | source |
//! |---|---|
//! | fields, case rules, `AND`/`OR`/`NOT`, groups, phrases, ranges, `_exists_` | documented |
//! | prefix wildcard of any length, otherwise literals of three characters or more | documented |
//! | no wildcard and no range on `user_metadata` | documented |
//! | no range on `app_metadata`, with this error text; `field:*` is supported | observed |
//! | an unquoted word also matches a word inside name, `given_name`, `family_name` or nickname | documented (v2 to v3 migration table) |
//! | `NOT` binds tighter than `AND`, `AND` tighter than `OR`; no operator means `OR`, or `AND` before `NOT` | assumed (required by documented queries) |
//! | an unsearchable field, `?`, `~`, `^`, `+`, `-`, `/…/`, comparisons with `<` and `>`: 400 | assumed |
//! | more than [`parser::MAX_DEPTH`] nested groups: 400 | assumed |

pub(crate) mod error;
pub(crate) mod field;
pub(crate) mod lexer;
pub(crate) mod list;
pub(crate) mod matcher;
pub(crate) mod page;
pub(crate) mod parser;
pub(crate) mod period;
pub(crate) mod query;
pub(crate) mod sort;
#[cfg(test)]
mod tests;
