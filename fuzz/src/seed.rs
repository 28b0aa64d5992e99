//! The seed of the directory in memory.

use std::sync::Arc;

use conformance::{ManualClock, catalogue};
use memory_adapter::MemoryDirectory;
use serde_json::Value;

/// A seed: it is loaded as a whole or refused, and no error tells an address or a password.
pub fn seed_line(bytes: &[u8]) {
    // Hashing one password takes as long as thousands of lines without.
    if lines(bytes).any(|line| secret(&line, "password").is_some_and(|it| it.len() >= 8)) {
        return;
    }
    let directory = MemoryDirectory::new(catalogue(), Arc::new(ManualClock::new()));
    match directory.load_seed(bytes) {
        Ok(summary) => {
            let lines = std::str::from_utf8(bytes).unwrap().lines();
            let lines = lines.filter(|line| !line.trim_matches(['\u{feff}', ' ']).is_empty());
            assert!(summary.accounts <= lines.count() && summary.passwords <= summary.accounts);
            if summary.accounts > 0 {
                assert!(directory.load_seed(bytes).is_err(), "the same accounts twice");
            }
        }
        Err(error) => {
            let error = error.to_string();
            for line in lines(bytes) {
                let told = ["email", "password"].into_iter().filter_map(|name| secret(&line, name));
                // The fuzzer soon puts the error's own words there; they have no `@`.
                for value in told.filter(|value| value.len() > 20 && value.contains('@')) {
                    assert!(!error.contains(value), "{error}");
                }
            }
        }
    }
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = Value> {
    bytes.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok())
}

fn secret<'a>(line: &'a Value, name: &str) -> Option<&'a str> {
    line.get(name)?.as_str()
}
