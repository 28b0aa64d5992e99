//! The table of counts that is checked in.

use std::fmt;

/// A difference of counts that is a regression or an improvement, in percent.
///
/// The counts of one binary differ by less than half a percent between runs. The rest allows for
/// another patch of the C library or another version of valgrind.
const TOLERANCE_PERCENT: f64 = 3.0;

const HEAD: &str = "\
# Instructions of one request in user space, counted by callgrind. CONTRIBUTING.md explains the
# table. Written by `make bench-instructions-write`; do not edit.";

/// The counts of all kinds of requests.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Table {
    /// The compiler, the target and the libraries.
    pub(crate) environment: String,
    pub(crate) rows: Vec<Row>,
}

/// The counts of one kind of request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) request: String,
    /// All threads of the service.
    pub(crate) usher: u64,
    /// Of these, the thread that serves the connection.
    pub(crate) worker: u64,
    /// The bare server.
    pub(crate) bare: u64,
}

/// The differences between two tables.
pub(crate) struct Report {
    pub(crate) lines: Vec<String>,
    pub(crate) has_regression: bool,
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEAD}\n# {}\n", self.environment)?;
        writeln!(
            f,
            "{:<40}{:>10}{:>10}{:>10}{:>8}",
            "request", "usher", "worker", "bare", "ratio"
        )?;
        for Row { request, usher, worker, bare } in &self.rows {
            let ratio = *usher as f64 / *bare as f64;
            writeln!(f, "{request:<40}{usher:>10}{worker:>10}{bare:>10}{ratio:>8.2}")?;
        }
        Ok(())
    }
}

impl Table {
    /// Parses a table as it is written.
    pub(crate) fn parse(text: &str) -> Self {
        let mut lines = text.lines().skip(HEAD.lines().count());
        let environment = lines.next().and_then(|line| line.strip_prefix("# "));
        let environment = environment.expect("the environment").to_owned();
        let rows = lines.skip(2).map(|line| {
            let mut words: Vec<&str> = line.split_whitespace().collect();
            words.pop();
            let mut count = || words.pop().unwrap().parse().expect(line);
            let (bare, worker, usher) = (count(), count(), count());
            Row { request: words.join(" "), usher, worker, bare }
        });
        Self { environment, rows: rows.collect() }
    }

    /// Returns the target, on which all counts depend.
    fn target(&self) -> Option<&str> {
        self.environment.split(", ").nth(1)
    }

    /// Compares this table, which is checked in, with counts of now.
    pub(crate) fn compare(&self, now: &Self) -> Report {
        let mut report = Report { lines: Vec::new(), has_regression: false };
        if self.target() != now.target() {
            let line = "The table is of another target, so nothing is compared.";
            report.lines.push(line.to_owned());
            return report;
        }
        if self.environment != now.environment {
            report.lines.push(format!("The table was written with {}.", self.environment));
        }
        let mut is_outdated = false;
        for row in &now.rows {
            let Some(stored) = self.rows.iter().find(|stored| stored.request == row.request) else {
                report.lines.push(format!("new in the table: {}", row.request));
                is_outdated = true;
                continue;
            };
            let percent = change_percent(stored.usher, row.usher);
            let (before, after) = (stored.usher, row.usher);
            let change = format!("{}: {before} -> {after}, {percent:+.1} %", row.request);
            if percent > TOLERANCE_PERCENT {
                report.has_regression = true;
                report.lines.push(format!("REGRESSION: {change}"));
            } else if percent < -TOLERANCE_PERCENT {
                is_outdated = true;
                report.lines.push(format!("improved: {change}"));
            }
            let percent = change_percent(stored.bare, row.bare);
            if percent.abs() > TOLERANCE_PERCENT {
                report.lines.push(format!(
                    "{}: the bare server changed by {percent:+.1} %: a dependency or the environment \
                     differs",
                    row.request
                ));
            }
        }
        if is_outdated {
            let line = "Write the table again with `make bench-instructions-write`, and commit it.";
            report.lines.push(line.to_owned());
        }
        if !report.has_regression {
            report.lines.push(format!("no regression of more than {TOLERANCE_PERCENT} %"));
        }
        report
    }
}

fn change_percent(before: u64, after: u64) -> f64 {
    (after as f64 / before as f64 - 1.0) * 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(environment: &str, counts: &[(&str, u64)]) -> Table {
        let row = |(request, usher): &(&str, u64)| Row {
            request: (*request).to_owned(),
            usher: *usher,
            worker: usher - 1,
            bare: 30_000,
        };
        Table { environment: environment.to_owned(), rows: counts.iter().map(row).collect() }
    }

    #[test]
    fn written_table_parses_to_the_same() {
        let written = table("rustc 1, x86_64", &[("get one user", 100_000), ("list", 2)]);
        assert_eq!(Table::parse(&written.to_string()), written);
    }

    #[test]
    fn regression_beyond_the_tolerance_is_reported() {
        let stored = table("rustc 1, x86_64", &[("get", 100_000), ("list", 100_000)]);
        let report =
            stored.compare(&table("rustc 1, x86_64", &[("get", 102_900), ("list", 103_100)]));
        assert!(report.has_regression);
        assert_eq!(report.lines, ["REGRESSION: list: 100000 -> 103100, +3.1 %"]);
    }

    #[test]
    fn improvement_asks_for_a_new_table() {
        let stored = table("rustc 1, x86_64", &[("get", 100_000)]);
        let report = stored.compare(&table("rustc 1, x86_64", &[("get", 96_000)]));
        assert!(!report.has_regression);
        assert!(report.lines[1].contains("make bench-instructions-write"), "{:?}", report.lines);
    }

    #[test]
    fn table_of_another_target_is_not_compared() {
        let stored = table("rustc 1, aarch64", &[("get", 1)]);
        let report = stored.compare(&table("rustc 1, x86_64", &[("get", 100_000)]));
        assert!(!report.has_regression);
        assert_eq!(report.lines.len(), 1);
    }
}
