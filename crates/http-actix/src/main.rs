//! The binary `usher`.

fn main() -> std::process::ExitCode {
    usher_http::commands::main()
}
