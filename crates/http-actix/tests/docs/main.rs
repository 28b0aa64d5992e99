//! Tests of the documentation: links, file names, command lines, generated tables and the schema.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a failed step ends the test"
)]

mod commands;
mod links;
mod pages;
mod reference;

use std::fs;

use pages::root;

#[test]
fn settings_tables_match_the_types() {
    let page = fs::read_to_string(root().join("docs/configuration.md")).unwrap();
    assert!(
        page == reference::with_tables(&page),
        "docs/configuration.md is stale: run `make generate`"
    );
}

#[test]
fn settings_schema_matches_the_types() {
    let schema = fs::read_to_string(root().join("docs/usher.schema.json")).unwrap();
    let current = format!("{:#}\n", usher_http::settings::schema().unwrap());
    assert!(schema == current, "docs/usher.schema.json is stale: run `make generate`");
}
