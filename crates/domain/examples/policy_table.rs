//! Prints the table of the rules R1 to R5, for `tests/policy_table.txt`.

#[path = "../tests/policy_table/table.rs"]
mod table;

#[expect(clippy::print_stdout, reason = "printing is what it is for")]
fn main() {
    print!("{}", table::render());
}
