//! Prints the Auth0 requests of every operation, for `tests/api/matrix_auth0.txt`.
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
    print!(
        "{}",
        matrix::report::costs(matrix::matrix()).expect("the directory is the stand-in for Auth0")
    );
}
