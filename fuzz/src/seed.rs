//! The seed of the memory adapter.

use std::sync::Arc;

use conformance::{ManualClock, catalogue};
use memory_adapter::MemoryDirectory;
use serde_json::Value;

/// Loads a seed. It must load completely or fail, and no error may contain an address or a password.
pub fn seed_line(bytes: &[u8]) {
    // Hashing one password takes as long as thousands of other lines.
    if lines(bytes)
        .any(|line| text_field(&line, "password").is_some_and(|password| password.len() >= 8))
    {
        return;
    }
    let directory = MemoryDirectory::new(catalogue(), Arc::new(ManualClock::new()));
    match directory.load_seed(bytes) {
        Ok(summary) => {
            let lines = std::str::from_utf8(bytes).unwrap().lines();
            let lines = lines.filter(|line| !line.trim_matches(['\u{feff}', ' ']).is_empty());
            assert!(summary.accounts <= lines.count() && summary.passwords <= summary.accounts);
            if summary.accounts > 0 {
                assert!(directory.load_seed(bytes).is_err(), "duplicate accounts were accepted");
            }
        }
        Err(error) => {
            let error = error.to_string();
            for line in lines(bytes) {
                let secrets =
                    ["email", "password"].into_iter().filter_map(|name| text_field(&line, name));
                // The fuzzer soon uses words of the error text as values; these contain no `@`.
                for value in secrets.filter(|value| value.len() > 20 && value.contains('@')) {
                    assert!(!error.contains(value), "{error}");
                }
            }
        }
    }
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = Value> {
    bytes.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok())
}

fn text_field<'a>(line: &'a Value, name: &str) -> Option<&'a str> {
    line.get(name)?.as_str()
}
