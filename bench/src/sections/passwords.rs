//! Memory during and after password changes, each of which takes 19 MiB or more to hash.

use std::thread;
use std::time::Duration;

use reqwest::Method;

use crate::context::Bench;
use crate::report::results::{Row, Unit};
use crate::sections::hot_path::user_path;
use crate::seed;
use crate::usher::Directory;

const CHANGES: usize = 128;
const AT_ONCE: usize = 32;
/// How long the server is left alone before its memory is read.
const SETTLE: Duration = Duration::from_secs(2);

pub(crate) fn run(bench: &mut Bench) {
    let seed = bench.file("passwords.jsonl");
    seed::write_memory_seed(&seed, CHANGES);
    let server = bench.start_usher(Directory::Memory(Some(&seed)));
    let change = |number| {
        let url = format!("{}{}/change-password", server.url(), user_path(number));
        (Method::PATCH, url, r#"{"newPassword":"correct-horse-battery-7"}"#.to_owned())
    };
    server.reset_peak();
    let responses = bench.http.send_all((0..CHANGES).map(change).collect(), &bench.token, AT_ONCE);
    let failed = responses.iter().find(|response| response.status != 200);
    assert!(failed.is_none(), "{failed:?}");
    let peak = server.peak();
    thread::sleep(SETTLE);
    let afterwards = server.resident();
    for (when, bytes, limit) in
        [("peak memory", peak, 128.0), ("memory afterwards", afterwards, 40.0)]
    {
        bench.add_row(Row {
            subject: format!("{CHANGES} password changes, {AT_ONCE} at once: {when}"),
            usher: String::new(),
            compared: String::new(),
            unit: Unit::Mebibytes,
            value: bytes as f64 / f64::from(1 << 20),
            limit: Some(limit),
        });
    }
}
