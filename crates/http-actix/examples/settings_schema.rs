//! Prints the JSON schema of a file of settings, for `docs/usher.schema.json`.

#[expect(clippy::print_stdout, reason = "printing is what it is for")]
fn main() -> Result<(), usher_http::settings::InvalidSettings> {
    println!("{:#}", usher_http::settings::schema()?);
    Ok(())
}
