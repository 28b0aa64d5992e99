//! The binary `usher`; see [`usher_http::commands`].

use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> std::process::ExitCode {
    usher_http::commands::main()
}
