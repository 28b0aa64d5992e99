//! Prints the response of every operation to every kind of caller, for `tests/api/matrix.txt`.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "modules of the tests; a failed step stops the program"
)]

#[path = "../tests/api/matrix/mod.rs"]
mod matrix;
#[path = "../tests/api/support/mod.rs"]
mod support;

#[expect(clippy::print_stdout, reason = "the output of the program")]
fn main() {
    print!("{}", matrix::report::answers(matrix::matrix()));
}
