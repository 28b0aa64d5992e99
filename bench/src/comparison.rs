//! Rounds in which servers take turns, so that what slows the machine slows them all.

use serde::Serialize;

use crate::load::{LoadGenerator, Request, Sample, Window};
use crate::process::Server;

/// A server that takes part in a comparison.
pub(crate) struct Contestant<'a> {
    pub(crate) name: String,
    pub(crate) server: &'a Server,
    pub(crate) url: String,
    /// The requests of each round, used in turn.
    pub(crate) requests: &'a [Vec<Request>],
}

impl<'a> Contestant<'a> {
    /// A server on plain HTTP.
    pub(crate) fn new(
        name: impl Into<String>,
        server: &'a Server,
        requests: &'a [Vec<Request>],
    ) -> Self {
        Self { name: name.into(), server, url: server.url(), requests }
    }
}

/// The samples of one server under one load.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Series {
    pub(crate) workload: String,
    pub(crate) server: String,
    pub(crate) connections: u32,
    /// One for each round.
    pub(crate) samples: Vec<Sample>,
}

impl Series {
    pub(crate) fn median(&self, value: fn(&Sample) -> f64) -> f64 {
        median(self.samples.iter().map(value).collect())
    }

    /// Returns the median over the rounds of the ratio to another server in the same round.
    pub(crate) fn ratio_to(&self, other: &Self, value: fn(&Sample) -> f64) -> f64 {
        let pairs = self.samples.iter().zip(&other.samples);
        median(pairs.map(|(ours, theirs)| value(ours) / value(theirs)).collect())
    }

    /// Returns the median over the rounds of the difference to another server in the same round.
    pub(crate) fn excess_over(&self, other: &Self, value: fn(&Sample) -> f64) -> f64 {
        let pairs = self.samples.iter().zip(&other.samples);
        median(pairs.map(|(ours, theirs)| value(ours) - value(theirs)).collect())
    }
}

/// Compares the servers. The first round warms up and is not kept.
pub(crate) fn compare(
    load: &LoadGenerator,
    rounds: usize,
    workload: &str,
    contestants: &[Contestant<'_>],
    connections: u32,
    window: Window,
) -> Vec<Series> {
    let mut series: Vec<Series> = contestants
        .iter()
        .map(|contestant| Series {
            workload: workload.to_owned(),
            server: contestant.name.clone(),
            connections,
            samples: Vec::new(),
        })
        .collect();
    for round in 0..=rounds {
        for (contestant, series) in contestants.iter().zip(&mut series) {
            let Contestant { server, url, requests, .. } = contestant;
            let requests = &requests[round % requests.len()];
            let sample = load.run(url, server, requests, connections, window);
            if round > 0 {
                series.samples.push(sample);
            }
        }
    }
    for series in &series {
        println!(
            "  {workload}, {connections:2} connections, {:12} {:9.1} µs CPU, {:7.0}/s, p50 {:8.3} ms, p99 {:8.3} ms",
            series.server,
            series.median(|sample| sample.cpu_micros_per_request),
            series.median(|sample| sample.requests_per_second),
            series.median(|sample| sample.p50_millis),
            series.median(|sample| sample.p99_millis),
        );
    }
    series
}

/// Returns the median; of an even number of values, the mean of the two in the middle.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len().is_multiple_of(2) {
        f64::midpoint(values[middle - 1], values[middle])
    } else {
        values[middle]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn median_of_even_count_is_between() {
        assert!((median(vec![4.0, 1.0, 3.0]) - 3.0).abs() < 1e-9);
        assert!((median(vec![4.0, 1.0, 3.0, 2.0]) - 2.5).abs() < 1e-9);
    }

    #[test]
    fn ratio_is_median_over_rounds() {
        let series = |values: [f64; 3]| Series {
            workload: String::new(),
            server: String::new(),
            connections: 1,
            samples: values
                .map(|value| Sample {
                    requests: 1,
                    cpu_micros_per_request: value,
                    requests_per_second: 0.0,
                    p50_millis: 0.0,
                    p99_millis: 0.0,
                })
                .to_vec(),
        };
        let ratio = series([2.0, 30.0, 6.0])
            .ratio_to(&series([1.0, 10.0, 1.0]), |sample| sample.cpu_micros_per_request);
        assert!((ratio - 3.0).abs() < 1e-9);
    }
}
