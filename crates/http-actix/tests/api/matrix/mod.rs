//! Every operation by every kind of caller about every kind of user, as one text to read.
//!
//! A changed answer shows as changed words in `matrix.txt`, which `make generate` writes by way of
//! the example `matrix`. To add an operation: tell `calls.rs` how to call it.

pub(crate) mod calls;
mod directory;
mod walk;

use std::sync::OnceLock;

pub(crate) use walk::Matrix;

/// The matrix of the program as it is now; walked through once for all who ask.
pub(crate) fn matrix() -> &'static Matrix {
    static MATRIX: OnceLock<Matrix> = OnceLock::new();
    MATRIX.get_or_init(|| {
        // A runtime of its own, whatever the one who asks runs on.
        let walk = || tokio::runtime::Runtime::new().unwrap().block_on(walk::walk());
        std::thread::spawn(walk).join().unwrap()
    })
}

#[test]
fn every_operation_with_a_token_is_in_the_matrix() {
    assert_eq!(matrix().unknown, [""; 0], "tests/api/matrix/calls.rs does not know these");
}

#[test]
fn the_service_answers_as_the_matrix_says() {
    let (written, now) = (include_str!("../matrix.txt"), &matrix().text);
    let changed: Vec<_> = written
        .lines()
        .zip(now.lines())
        .filter(|(written, now)| written != now)
        .map(|(written, now)| format!("- {written}\n+ {now}"))
        .collect();
    assert!(
        written == now,
        "matrix.txt is not what the service answers; if that is meant, run `make generate`.\n{}",
        changed.join("\n"),
    );
}

#[test]
fn a_refused_call_changes_nothing() {
    assert_eq!(matrix().disturbed, [""; 0], "these were refused and yet changed something");
}
