//! Measures the memory of password changes: `password_memory [CHANGES [AT_ONCE]]`.
//!
//! Changes passwords (128, 32 at once) in a directory of its own, and prints the resident memory of
//! this process before, at the peak and afterwards, as `/proc/self/status` states it. Afterwards means
//! that no thread computes a hash any more.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "this is a measurement, which a failed step ends"
)]

use std::sync::Arc;

use conformance::Caller;
use domain::{AccountScope, RoleCatalogue};
use futures_util::stream::{self, StreamExt as _};
use memory_adapter::MemoryDirectory;
use ports::{SystemClock, UserDirectory};

fn main() {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse().unwrap());
    let (changes, at_once) = (arguments.next().unwrap_or(128), arguments.next().unwrap_or(32));
    let roles = Arc::new(RoleCatalogue::standard());
    let directory = MemoryDirectory::new(roles, Arc::new(SystemClock));
    let line = |number| format!("{{\"id\":\"u{number}\",\"email\":\"u{number}@x.test\"}}\n");
    let seed: String = (0..changes).map(line).collect();
    directory.load_seed(seed.as_bytes()).unwrap();
    let scope = Caller::operator().changes();
    println!("before: {} KiB", status("VmRSS:"));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        stream::iter(0..changes)
            .for_each_concurrent(at_once, |number| change(&directory, &scope, number))
            .await;
    });
    while status("Threads:") > 1 {
        std::thread::yield_now();
    }
    println!("peak: {} KiB", status("VmHWM:"));
    println!("afterwards: {} KiB", status("VmRSS:"));
}

async fn change(directory: &MemoryDirectory, scope: &AccountScope, number: usize) {
    let views = Caller::operator().views();
    let id = format!("u{number}").parse().unwrap();
    let user = directory.find(&views, &id).await.unwrap();
    let password = format!("password-{number}").parse().unwrap();
    directory.set_password(scope, &user.unwrap(), password).await.unwrap();
}

/// Returns a number of `/proc/self/status`; sizes are in KiB.
fn status(name: &str) -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
