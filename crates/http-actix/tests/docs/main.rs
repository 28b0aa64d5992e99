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
    compare("docs/configuration.md", &page, &reference::with_tables(&page));
}

#[test]
fn settings_schema_matches_the_types() {
    let schema = fs::read_to_string(root().join("docs/usher.schema.json")).unwrap();
    let current = format!("{:#}\n", usher_http::settings::schema().unwrap());
    compare("docs/usher.schema.json", &schema, &current);
}

/// Fails if a checked-in file is out of date. With `USHER_GENERATE=1`, which `make generate` sets,
/// writes the file instead.
fn compare(path: &str, written: &str, now: &str) {
    #[expect(clippy::disallowed_methods, reason = "make generate sets the variable")]
    let generate = std::env::var("USHER_GENERATE").is_ok_and(|value| value == "1");
    if generate {
        fs::write(root().join(path), now).unwrap();
    } else {
        assert!(written == now, "{path} is out of date; run `make generate`");
    }
}
