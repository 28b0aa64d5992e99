//! Sizes of source files.

use std::fs;
use std::path::PathBuf;

use crate::modules::crates;

/// The most lines of a file, tests included. About 300 are better.
const MAX_LINES: usize = 400;

#[test]
fn source_files_are_of_readable_size() {
    let lines = |path: &PathBuf| fs::read_to_string(path).unwrap().lines().count();
    let too_long: Vec<_> = sources().into_iter().filter(|path| lines(path) > MAX_LINES).collect();
    assert!(too_long.is_empty(), "over {MAX_LINES} lines: {too_long:#?}");
}

/// Returns every Rust file of the workspace and of the fuzz targets.
pub(crate) fn sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![crates(), crates().join("../bench"), crates().join("../fuzz")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                if path.file_name().is_none_or(|name| name != "target") {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    assert!(found.len() > 300, "only {} files were found", found.len());
    found
}
