//! Prints the JSON schema of settings files, for `docs/usher.schema.json`.

#[expect(clippy::print_stdout, reason = "the output of the program")]
fn main() -> Result<(), usher_http::settings::InvalidSettings> {
    println!("{:#}", usher_http::settings::schema()?);
    Ok(())
}
