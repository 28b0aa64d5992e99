//! The source files of our crates, read as text.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Returns the folder of our crates.
pub(crate) fn crates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// One source file, without comment lines.
pub(crate) struct Source {
    /// The path below `crates`.
    pub(crate) path: String,
    pub(crate) code: String,
}

impl Source {
    /// Whether the code contains the word as a whole.
    pub(crate) fn has(&self, word: &str) -> bool {
        let in_word = |character: char| character.is_alphanumeric() || character == '_';
        self.code.split(|character| !in_word(character)).any(|found| found == word)
    }
}

/// Reads one source file below `crates`.
pub(crate) fn source(path: &str) -> Source {
    let text = fs::read_to_string(crates().join(path)).unwrap();
    let is_code = |line: &&str| !line.trim_start().starts_with("//");
    let code = text.lines().filter(is_code).collect::<Vec<_>>().join("\n");
    Source { path: path.to_owned(), code }
}

/// Returns every source file below a folder, ordered by path.
pub(crate) fn sources(folder: &str) -> Vec<Source> {
    let mut found = BTreeMap::new();
    let mut folders = vec![crates().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let path = path.strip_prefix(crates()).unwrap().to_str().unwrap().to_owned();
                found.insert(path.clone(), source(&path));
            }
        }
    }
    assert!(!found.is_empty(), "{folder} has no sources");
    found.into_values().collect()
}

/// Returns the methods of the traits that a file declares, each with its parameters.
pub(crate) fn declared_methods(code: &str) -> Vec<(&str, &str)> {
    let traits = code.split("pub trait ").skip(1);
    let bodies = traits.map(|text| text.split_once("\n}").unwrap().0);
    let functions = bodies.flat_map(|body| body.split("fn ").skip(1));
    let heads = functions.map(|text| text.split([';', '{']).next().unwrap());
    heads.map(|head| head.split_once('(').unwrap()).collect()
}
