//! The run as a whole.

use std::panic::{self, AssertUnwindSafe};
use std::time::Instant;

use crate::context::{Bench, root};
use crate::options::Section;
use crate::report;
use crate::sections::{auth0_directory, growth, hot_path, passwords};

/// Measures everything and writes the report.
pub(crate) fn run() {
    let start = Instant::now();
    let mut bench = Bench::new();
    for section in Section::ALL {
        if !bench.options.includes(section) {
            continue;
        }
        println!("{section:?}");
        // A failure does not hide the results of other sections.
        let result = panic::catch_unwind(AssertUnwindSafe(|| match section {
            Section::HotPath => hot_path::run(&mut bench),
            Section::Growth => growth::run(&mut bench),
            Section::Passwords => passwords::run(&mut bench),
            Section::Auth0 => auth0_directory::run(&mut bench),
        }));
        if result.is_err() {
            bench.results.failed.push(section.name().to_owned());
        }
        println!("  {} s so far", start.elapsed().as_secs());
    }
    bench.results.minutes = start.elapsed().as_secs_f64() / 60.0;
    report::write(&bench.results, &bench.options, &root());
    if !bench.results.failed.is_empty() {
        eprintln!("failed: {}", bench.results.failed.join(", "));
        drop(bench);
        std::process::exit(1);
    }
}
