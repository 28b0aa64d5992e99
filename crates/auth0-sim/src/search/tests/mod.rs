//! The query language: what each query matches, and which queries are rejected.

mod fields;
mod support;
mod syntax;
