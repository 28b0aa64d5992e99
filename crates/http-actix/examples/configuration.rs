//! Prints `docs/configuration.md` with its tables as they are now.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what cannot go on should say so and stop"
)]

#[path = "../tests/docs/reference.rs"]
mod reference;

#[expect(clippy::print_stdout, reason = "printing is what it is for")]
fn main() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/configuration.md");
    print!("{}", reference::with_tables(&std::fs::read_to_string(page).unwrap()));
}
