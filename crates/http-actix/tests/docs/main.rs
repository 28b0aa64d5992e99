//! What is written for people: the pages lead where they say, name what there is, and the command
//! lines in them are the program's.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that cannot go on should say so and stop"
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
    assert!(page == reference::with_tables(&page), "make generate writes docs/configuration.md");
}

#[test]
fn settings_schema_matches_the_types() {
    let schema = fs::read_to_string(root().join("docs/usher.schema.json")).unwrap();
    let now = format!("{:#}\n", usher_http::settings::schema().unwrap());
    assert!(schema == now, "make generate writes docs/usher.schema.json");
}
