//! `make bench`: measures Usher against bare servers and other gateways, in one run on one machine.
//!
//! The results are ratios of CPU time, throughput, latency and memory. They go to
//! `docs/performance.md`, with plots and the raw numbers beside it. Every server is a process of its
//! own on loopback; the load comes from wrk, and CPU time and memory from `/proc`.
//!
//! Environment variables:
//!
//! - `BENCH_ROUNDS`: the rounds of each comparison, 5 by default.
//! - `BENCH_QUICK=1`: one short round with few users, to try the program.
//! - `BENCH_ONLY`: the sections to run, separated by commas: `hot-path`, `growth`, `passwords`,
//!   `auth0`.
//!
//! With either of the last two, the results go to `target/bench` and not to `docs`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::disallowed_methods,
    reason = "a benchmark stops on failure, prints its results, and measures time"
)]

mod auth0;
mod bare;
mod comparison;
mod context;
mod http;
mod load;
mod options;
mod peers;
mod process;
mod report;
mod run;
mod sections;
mod seed;
mod usher;

/// Runs the benchmark or, with the argument `bare`, a bare server.
///
/// # Panics
///
/// If a step fails.
pub fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.split_first() {
        Some((first, values)) if first == "bare" => bare::serve(values),
        Some((first, _)) => panic!("unknown argument {first}"),
        None if load::is_installed() => run::run(),
        None => {
            eprintln!("wrk is missing: apt-get install wrk");
            std::process::exit(1);
        }
    }
}
