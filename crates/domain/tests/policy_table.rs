//! The rules R1 to R5 as a table: every kind of caller, every kind of account.
//!
//! A changed rule appears as changed words in `policy_table.txt`, which `make generate` writes.

#[path = "policy_table/table.rs"]
mod table;

#[test]
fn policy_matches_the_table() {
    let (written, now) = (include_str!("policy_table.txt"), table::render());
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
