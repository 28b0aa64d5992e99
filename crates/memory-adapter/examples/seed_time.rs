//! Measures loading a seed: `seed_time [LINES]` (1,000,000).
//!
//! Each line has the members that most accounts have, and no password.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "this is a measurement, which a failed step ends"
)]

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Instant;

use domain::RoleCatalogue;
use memory_adapter::MemoryDirectory;
use ports::SystemClock;

fn main() {
    let lines = std::env::args().nth(1).map_or(1_000_000, |lines| lines.parse().unwrap());
    let mut seed = String::new();
    for n in 0..lines {
        writeln!(
            seed,
            "{{\"id\":\"auth0|{n:024x}\",\"email\":\"user{n}@acme.example\",\"username\":\"user{n}\",\
             \"firstName\":\"First{n}\",\"lastName\":\"Last{n}\",\
             \"createdAt\":\"2026-01-01T00:00:00Z\",\"homeTenant\":\"acme\",\
             \"tenants\":{{\"acme\":\"member\"}}}}"
        )
        .unwrap();
    }
    let roles = Arc::new(RoleCatalogue::standard());
    let directory = MemoryDirectory::new(roles, Arc::new(SystemClock));
    let start = Instant::now();
    let summary = directory.load_seed(seed.as_bytes()).unwrap();
    println!("{} accounts from {} bytes in {:?}", summary.accounts, seed.len(), start.elapsed());
}
