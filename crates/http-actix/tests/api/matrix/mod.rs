//! Every operation by every kind of caller about every kind of tenant and user.
//!
//! | file | what |
//! |---|---|
//! | `callers.rs` | who calls: the rows |
//! | `people.rs` | whom and what a call can be about: the columns |
//! | `operation.rs` | requests made from the OpenAPI document |
//! | `directory.rs`, `walk.rs` | every call, each from the same beginning |
//! | `text.rs` | `matrix.txt` and `matrix_auth0.txt`, which `make generate` writes |
//! | `hidden.rs` | what is hidden is answered like what never was |
//! | `cost.rs` | what a call comes to at Auth0 |
//!
//! A new operation is in the matrix by itself: what its requests are about is told by the names in
//! the document. If it has a name that is new, say in `operation.rs` what that stands for.

mod callers;
mod cost;
mod directory;
mod disclosure;
mod operation;
pub(crate) mod report;
mod runner;
mod users;

#[cfg(test)]
mod injected;

use std::sync::OnceLock;

#[cfg(test)]
pub(crate) use operation::{Operation, operations};
use runner::Matrix;
#[cfg(test)]
pub(crate) use users::TargetUser;

/// The matrix of the program as it is now; walked through once for all who ask.
pub(crate) fn matrix() -> &'static Matrix {
    static MATRIX: OnceLock<Matrix> = OnceLock::new();
    // On threads of its own, whatever the one who asks runs on.
    MATRIX.get_or_init(|| std::thread::spawn(runner::run).join().unwrap())
}

/// Fails if a checked-in text is not what it would be now.
#[cfg(test)]
fn compare(name: &str, written: &str, now: &str) {
    let changed: Vec<_> = written
        .lines()
        .zip(now.lines())
        .filter(|(written, now)| written != now)
        .map(|(written, now)| format!("- {written}\n+ {now}"))
        .collect();
    assert!(
        written == now,
        "{name} is not so any more; if that is meant, run `make generate`.\n{}",
        changed.join("\n"),
    );
}

#[test]
fn matrix_covers_every_secured_operation() {
    assert_eq!(matrix().uncallable, [""; 0], "tests/api/matrix/operation.rs does not know these");
    assert!(matrix().tables.len() >= 12, "the document has lost operations");
}

#[test]
fn answers_match_the_matrix() {
    compare("matrix.txt", include_str!("../matrix.txt"), &report::answers(matrix()));
}

#[test]
fn auth0_requests_match_the_matrix() {
    let Some(now) = report::costs(matrix()) else { return };
    compare("matrix_auth0.txt", include_str!("../matrix_auth0.txt"), &now);
}

#[test]
fn refused_call_changes_nothing() {
    assert_eq!(matrix().side_effects, [""; 0], "these were refused and yet changed something");
}

#[test]
fn hidden_resource_is_indistinguishable_from_missing() {
    let found = disclosure::find_disclosures(matrix());
    assert!(found.findings.is_empty(), "can be told apart:\n{}", found.findings.join("\n\n"));
    assert!(found.compared > 2000, "only {} answers were compared", found.compared);
}

#[test]
fn refused_call_makes_no_unneeded_auth0_requests() {
    let excessive = cost::excessive_refusals(matrix());
    assert!(excessive.is_empty(), "{}", excessive.join("\n"));
}
