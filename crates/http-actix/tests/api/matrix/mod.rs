//! The actor matrix: every operation × kind of caller × tenant × user.
//!
//! | file | content |
//! |---|---|
//! | `callers.rs` | the rows: kinds of callers |
//! | `users.rs` | the columns: tenants and users that a call refers to |
//! | `operation.rs` | requests derived from the OpenAPI document |
//! | `directory.rs`, `runner.rs` | sends every call, each on the same initial state |
//! | `report.rs` | `matrix.txt` and `matrix_auth0.txt`, which `make generate` writes |
//! | `disclosure.rs` | hidden users and tenants are answered like missing ones |
//! | `cost.rs` | the Auth0 requests of a call |
//!
//! A new operation is included automatically: the names in the document state what its parameters
//! mean. A new name must be added to `operation.rs`.

mod callers;
mod cost;
mod directory;
mod disclosure;
mod injected;
mod operation;
mod report;
mod runner;
mod users;

use std::path::Path;
use std::sync::OnceLock;

pub(crate) use operation::{Operation, operations};
use runner::Matrix;
pub(crate) use users::TargetUser;

/// Returns the matrix of the current program, computed once.
pub(crate) fn matrix() -> &'static Matrix {
    static MATRIX: OnceLock<Matrix> = OnceLock::new();
    // On a thread of its own, since the calling test may run a runtime.
    MATRIX.get_or_init(|| std::thread::spawn(runner::run).join().unwrap())
}

/// Fails if a checked-in text is out of date. With `USHER_GENERATE=1`, which `make generate` sets,
/// writes the file instead.
fn compare(name: &str, written: &str, now: &str) {
    #[expect(clippy::disallowed_methods, reason = "make generate sets the variable")]
    let generate = std::env::var("USHER_GENERATE").is_ok_and(|value| value == "1");
    if generate {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/api");
        std::fs::write(folder.join(name), now).unwrap();
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
        "{name} is out of date; if the change is intended, run `make generate`.\n{}",
        changed.join("\n"),
    );
}

#[test]
fn matrix_covers_every_secured_operation() {
    assert_eq!(matrix().uncallable, [""; 0], "not callable; see tests/api/matrix/operation.rs");
    assert!(matrix().tables.len() >= 12, "operations are missing from the document");
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
    assert_eq!(matrix().side_effects, [""; 0], "refused calls changed something");
}

#[test]
fn hidden_resource_is_indistinguishable_from_missing() {
    let found = disclosure::find_disclosures(matrix());
    assert!(found.findings.is_empty(), "distinguishable answers:\n{}", found.findings.join("\n\n"));
    assert!(found.compared > 2000, "only {} answers were compared", found.compared);
}

#[test]
fn refused_call_makes_no_unneeded_auth0_requests() {
    let excessive = cost::excessive_refusals(matrix());
    assert!(excessive.is_empty(), "{}", excessive.join("\n"));
}
