//! Measures a directory of many users: memory, time to load, time to build a list, time of a page.
//!
//! `cargo run --release -p memory-adapter --example scale -- 1000000`

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a tool for the command line, which measures time"
)]

use std::fmt::Write as _;
use std::io::Cursor;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

use conformance::{Caller, acme};
use domain::{AccountChange, NewUser, PageRequest, RoleCatalogue, Sort, SortField};
use futures_util::StreamExt as _;
use memory_adapter::MemoryDirectory;
use ports::{SystemClock, UserDirectory};

/// Returns the resident memory in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// A seed that is written line by line, so that it takes no memory of its own.
struct Seed {
    next: usize,
    count: usize,
    line: Cursor<String>,
}

impl std::io::Read for Seed {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let end = u64::try_from(self.line.get_ref().len()).unwrap();
        if self.line.position() == end && self.next < self.count {
            let number = self.next;
            self.next += 1;
            let shuffled = number.wrapping_mul(2_654_435_761) % 4_294_967_296;
            let mut line = String::new();
            writeln!(
                line,
                r#"{{"id":"auth0|{:024x}","email":"user{number:07}@acme.example","username":"name{number:07}","firstName":"First{}","lastName":"Last{}","createdAt":"2026-01-01T00:{:02}:{:02}Z","homeTenant":"acme","tenants":{{"acme":"member"}}}}"#,
                shuffled,
                shuffled % 5000,
                shuffled % 20_000,
                shuffled % 60,
                shuffled / 60 % 60,
            )
            .unwrap();
            self.line = Cursor::new(line);
        }
        std::io::Read::read(&mut self.line, buffer)
    }
}

fn per_call(calls: u32, took: Duration) -> String {
    format!("{:.2} µs", took.as_secs_f64() * 1e6 / f64::from(calls))
}

#[tokio::main]
async fn main() {
    let count: usize = std::env::args().nth(1).map_or(100_000, |text| text.parse().unwrap());
    let before = resident();
    let roles = Arc::new(RoleCatalogue::standard());
    let directory = MemoryDirectory::new(roles, Arc::new(SystemClock));
    let start = Instant::now();
    let seed = Seed { next: 0, count, line: Cursor::default() };
    directory.load_seed(std::io::BufReader::new(seed)).unwrap();
    let kib = |now: u64| (now - before) * 1024 / u64::try_from(count).unwrap();
    println!("load {count}: {:?}, {} B a user resident", start.elapsed(), kib(resident()));

    let scope = Caller::of([acme()]).reads(&acme());
    let page = |number| PageRequest { number, size: NonZeroU32::new(20).unwrap() };
    let pages = u64::try_from(count).unwrap() / 20;
    for field in SortField::ALL {
        let sort = Sort { field, descending: false };
        let start = Instant::now();
        directory.list_page(&scope, sort, page(0)).await.unwrap();
        println!("build {sort}: {:?}, {} B a user resident", start.elapsed(), kib(resident()));
    }
    for field in SortField::ALL {
        for descending in [false, true] {
            let sort = Sort { field, descending };
            let start = Instant::now();
            for number in 0..2000_u64 {
                let number = number.wrapping_mul(7_919_993) % pages.max(1);
                directory.list_page(&scope, sort, page(number)).await.unwrap();
            }
            println!("page of 20 by {sort}: {}", per_call(2000, start.elapsed()));
        }
    }
    let start = Instant::now();
    let mut list = directory.list_all(&scope, Sort::default()).await.unwrap();
    let mut users = 0;
    while let Some(batch) = list.next().await {
        users += batch.unwrap().len();
    }
    println!("full list of {users}: {:?}, {} B a user resident", start.elapsed(), kib(resident()));

    let (writes, changes) = (Caller::of([acme()]).writes(&acme()), Caller::of([acme()]).changes());
    let start = Instant::now();
    let mut created = Vec::new();
    for number in 0..2000 {
        let new = NewUser {
            email: format!("new{number}@acme.example").parse().unwrap(),
            username: None,
            given_name: None,
            family_name: None,
            display_name: None,
            service_user: false,
            role: conformance::catalogue().default_role().clone(),
            password: None,
        };
        created.push(directory.create(&writes, new).await.unwrap());
    }
    println!("create with six lists: {}", per_call(2000, start.elapsed()));
    let start = Instant::now();
    for user in &created {
        let family_name = Some("Renamed".parse().unwrap());
        let change = AccountChange { email: user.email.clone(), given_name: None, family_name };
        directory.change_account(&changes, user, change).await.unwrap();
    }
    println!("rename with six lists: {}", per_call(2000, start.elapsed()));
    let start = Instant::now();
    for user in &created {
        directory.delete(&changes, user).await.unwrap();
    }
    println!("delete with six lists: {}", per_call(2000, start.elapsed()));
}
