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
