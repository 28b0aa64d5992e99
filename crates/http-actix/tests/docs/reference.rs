//! Generates the tables of `docs/configuration.md`, each between two comments that name its section.

use std::fmt::Write as _;

use serde_json::Value;
use usher_http::settings::{self, Section, Setting};

/// Returns the page with its tables generated from the types of the settings.
pub(crate) fn with_tables(page: &str) -> String {
    let sections = settings::sections().unwrap();
    let mut page = page.to_owned();
    for section in &sections {
        let Section { name, .. } = section;
        let [begin, end] = [format!("<!-- settings: {name} -->\n"), "<!-- end -->".to_owned()];
        let halves: Vec<_> = page.split(&begin).collect();
        let [before, after] = halves[..] else {
            panic!("{name} must have exactly one marker in the page")
        };
        let (_, after) = after.split_once(&end).unwrap();
        page = format!("{before}{begin}\n{}\n{end}{after}", table(section));
    }
    let markers = page.matches("<!-- settings: ").count();
    assert_eq!(markers, sections.len(), "a marker in the page names an unknown section");
    page
}

fn table(section: &Section) -> String {
    let mut table = String::from("| key | default | reloaded | meaning |\n|---|---|---|---|\n");
    for setting in &section.settings {
        let Setting { key, reloaded, meaning, .. } = setting;
        let reloaded = if *reloaded { "yes" } else { "no" };
        let meaning = meaning.replace('|', "\\|");
        writeln!(table, "| `{key}` | {} | {reloaded} | {meaning} |", default(setting)).unwrap();
    }
    table
}

fn default(setting: &Setting) -> String {
    match &setting.default {
        _ if setting.required => "required".to_owned(),
        None => "none".to_owned(),
        Some(Value::String(text)) => format!("`{text}`"),
        Some(list @ Value::Array(_)) => format!("`{list}`"),
        Some(other) => other.to_string(),
    }
}
