//! The results of a run, which are also written as JSON.

use serde::Serialize;

use crate::comparison::Series;

/// Everything that a run has measured.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Results {
    /// The figures with goals, in the order of the report.
    pub(crate) rows: Vec<Row>,
    /// The samples of all comparisons.
    pub(crate) series: Vec<Series>,
    /// Memory and start by the number of users.
    pub(crate) growth: Vec<Growth>,
    /// What could not be measured, and why.
    pub(crate) missing: Vec<String>,
    /// The sections that have stopped early.
    pub(crate) failed: Vec<String>,
    /// The duration of the run.
    pub(crate) minutes: f64,
}

impl Results {
    /// Returns the series of a server under a load.
    pub(crate) fn find(&self, workload: &str, server: &str, connections: u32) -> Option<&Series> {
        self.series.iter().find(|series| {
            series.workload == workload
                && series.server == server
                && series.connections == connections
        })
    }
}

/// What a value is a number of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Unit {
    Ratio,
    Bytes,
    Mebibytes,
    Millis,
    Seconds,
    Calls,
}

impl Unit {
    fn format(self, value: f64) -> String {
        match self {
            Self::Ratio => format!("{value:.2} ×"),
            Self::Bytes => format!("{value:.0} B"),
            Self::Mebibytes => format!("{value:.0} MiB"),
            Self::Millis => format!("{value:.2} ms"),
            Self::Seconds => format!("{value:.2} s"),
            Self::Calls => format!("{value:.0}"),
        }
    }
}

/// A figure, with the goal for it.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) subject: String,
    pub(crate) usher: String,
    /// What it is compared with, or empty.
    pub(crate) compared: String,
    pub(crate) unit: Unit,
    pub(crate) value: f64,
    /// The goal is a value of at most this.
    pub(crate) limit: Option<f64>,
}

impl Row {
    pub(crate) fn result(&self) -> String {
        self.unit.format(self.value)
    }

    pub(crate) fn goal(&self) -> String {
        self.limit.map_or_else(String::new, |limit| format!("≤ {}", self.unit.format(limit)))
    }

    pub(crate) fn verdict(&self) -> &'static str {
        match self.limit {
            None => "",
            Some(limit) if self.value <= limit => "yes",
            Some(_) => "**no**",
        }
    }
}

/// A directory in memory with this number of users.
#[derive(Debug, Serialize)]
pub(crate) struct Growth {
    pub(crate) users: usize,
    pub(crate) start_seconds: f64,
    /// Resident memory after the start.
    pub(crate) resident_bytes: u64,
    /// Resident memory after the first page of each of the six orders.
    pub(crate) sorted_bytes: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdict_compares_with_limit() {
        let row = |value, limit| Row {
            subject: String::new(),
            usher: String::new(),
            compared: String::new(),
            unit: Unit::Ratio,
            value,
            limit,
        };
        assert_eq!(row(1.3, Some(1.3)).verdict(), "yes");
        assert_eq!(row(1.31, Some(1.3)).verdict(), "**no**");
        assert_eq!(row(1.31, None).verdict(), "");
        assert_eq!(row(1.314, Some(1.3)).result(), "1.31 ×");
        assert_eq!(row(1.314, Some(1.3)).goal(), "≤ 1.30 ×");
    }
}
