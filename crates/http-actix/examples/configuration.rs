//! Prints `docs/configuration.md` with regenerated tables.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failed step stops the program"
)]

#[path = "../tests/docs/reference.rs"]
mod reference;

#[expect(clippy::print_stdout, reason = "the output of the program")]
fn main() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/configuration.md");
    print!("{}", reference::with_tables(&std::fs::read_to_string(page).unwrap()));
}
