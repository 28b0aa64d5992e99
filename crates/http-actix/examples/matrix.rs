//! Prints the answer of every operation to every kind of caller, for `tests/api/matrix.txt`.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "these are test modules, which panic on unexpected results"
)]

#[path = "../tests/api/matrix/mod.rs"]
mod matrix;
#[path = "../tests/api/support/mod.rs"]
mod support;

#[expect(clippy::print_stdout, reason = "it prints its result")]
fn main() {
    print!("{}", matrix::report::answers(matrix::matrix()));
}
