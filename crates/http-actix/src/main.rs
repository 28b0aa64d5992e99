//! The binary `usher`; see [`usher_http::commands`].

fn main() -> std::process::ExitCode {
    usher_http::commands::main()
}
