//! The rules R1 to R5 as a table: every kind of caller, every kind of account.
//!
//! A changed rule appears as changed words in `policy_table.txt`, which `make generate` writes.
#![allow(clippy::expect_used, reason = "the texts here are constants; a wrong one should stop")]

mod accounts;
mod question;
mod table;
mod text;
mod world;

use std::path::Path;

/// With `USHER_GENERATE=1`, which `make generate` sets, writes the file instead.
#[test]
fn policy_matches_the_table() {
    let (written, now) = (include_str!("../policy_table.txt"), table::render());
    #[expect(clippy::disallowed_methods, reason = "make generate sets the variable")]
    let generate = std::env::var("USHER_GENERATE").is_ok_and(|value| value == "1");
    if generate {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/policy_table.txt");
        std::fs::write(file, now).unwrap();
        return;
    }
    let changed: Vec<_> = written
        .lines()
        .zip(now.lines())
        .filter(|(written, now)| written != now)
        .map(|(written, now)| format!("- {written}\n+ {now}"))
        .collect();
    assert!(
        written == now,
        "policy_table.txt differs from the policy; if that is intended, run `make generate`.\n{}",
        changed.join("\n"),
    );
}
