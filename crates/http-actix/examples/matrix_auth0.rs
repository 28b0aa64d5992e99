//! Prints what every call comes to at Auth0, for `tests/api/matrix_auth0.txt`.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "these are modules of the tests; what cannot go on should say so and stop"
)]

#[path = "../tests/api/matrix/mod.rs"]
mod matrix;
#[path = "../tests/api/support/mod.rs"]
mod support;

#[expect(clippy::print_stdout, reason = "printing is what it is for")]
fn main() {
    print!(
        "{}",
        matrix::report::costs(matrix::matrix()).expect("the stand-in for Auth0 is behind")
    );
}
