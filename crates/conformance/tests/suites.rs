//! Every case is in the list of a macro.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

#[test]
fn every_case_is_in_exactly_one_list() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let macros = fs::read_to_string(folder.join("suites.rs")).unwrap();
    let listed: Vec<_> = lists(&macros).collect();
    let unique: BTreeSet<_> = listed.iter().cloned().collect();
    assert_eq!(unique.len(), listed.len(), "a case is listed twice");

    let mut written = BTreeSet::new();
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = fs::read_to_string(&path).unwrap();
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("pub async fn ")
                && rest.contains("Subject)")
            {
                let name = rest.split('(').next().unwrap();
                written.insert((file.clone(), name.to_owned()));
            }
        }
    }
    assert_eq!(unique, written, "the lists of suites.rs and the cases that are written differ");
    assert!(written.len() > 80, "the cases were not found");
}

/// The cases in the lists of the macros, each with its file.
fn lists(macros: &str) -> impl Iterator<Item = (String, String)> {
    let mut file = None;
    macros.lines().filter_map(move |line| {
        let line = line.trim();
        if let Some(name) = line.strip_suffix(": [") {
            file = Some(name.to_owned());
        } else if line == "]" {
            file = None;
        } else if let (Some(file), Some(case)) = (&file, line.strip_suffix(',')) {
            return Some((file.clone(), case.to_owned()));
        }
        None
    })
}
