//! Prints the Auth0 requests of every call, for `tests/api/matrix_auth0.txt`.
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
    print!(
        "{}",
        matrix::report::costs(matrix::matrix()).expect("this example runs on the Auth0 adapter")
    );
}
