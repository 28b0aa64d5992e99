//! The page `docs/performance.md`.

use std::fmt::Write as _;

use super::machine::Machine;
use super::plots::Plot;
use super::results::{Growth, Results, Row};
use crate::comparison::Series;
use crate::options::Options;

const TEMPLATE: &str = include_str!("page.md");

pub(super) fn render(
    results: &Results,
    options: &Options,
    machine: &Machine,
    plots: &[Plot],
) -> String {
    let (latency, growth): (Vec<&Plot>, Vec<&Plot>) =
        plots.iter().partition(|plot| plot.file.starts_with("latency"));
    let growth = format!("{}\n\n{}", images(&growth), growth_table(&results.growth));
    let values = [
        ("machine", describe(machine, results)),
        ("table", table(&results.rows)),
        ("rounds", options.rounds.to_string()),
        ("missing", missing(&results.missing)),
        ("latency", images(&latency)),
        ("growth", growth),
        ("series", series_table(&results.series)),
    ];
    let mut text = TEMPLATE.to_owned();
    for (name, value) in values {
        text = text.replace(&format!("{{{{{name}}}}}"), &value);
    }
    text
}

/// Returns the table of figures with goals.
pub(super) fn table(rows: &[Row]) -> String {
    let mut text =
        "| measurement | Usher | compared with | result | goal | met |\n|---|---|---|---|---|---|"
            .to_owned();
    for row in rows {
        let Row { subject, usher, compared, .. } = row;
        let (result, goal, verdict) = (row.result(), row.goal(), row.verdict());
        write!(text, "\n| {subject} | {usher} | {compared} | {result} | {goal} | {verdict} |")
            .unwrap();
    }
    text
}

fn describe(machine: &Machine, results: &Results) -> String {
    let Machine { date, commit, cores, processor, memory_gib, kernel, rust, node, python, wrk } =
        machine;
    format!(
        "| | |\n|---|---|\n\
         | date | {date}, {:.0} minutes |\n\
         | commit | `{commit}` |\n\
         | machine | {cores} cores of {processor}, {memory_gib} GiB, {kernel} |\n\
         | versions | {rust}; Node {node}; {python}; {wrk} |",
        results.minutes
    )
}

fn missing(reasons: &[String]) -> String {
    let lines = reasons.iter().map(|reason| format!("Not measured in this run: {reason}.\n\n"));
    lines.collect::<Vec<_>>().concat()
}

fn images(plots: &[&Plot]) -> String {
    let images: Vec<String> =
        plots.iter().map(|plot| format!("![{}](performance/{})", plot.title, plot.file)).collect();
    images.join("\n\n")
}

fn growth_table(growth: &[Growth]) -> String {
    let mut text = "| users | start | memory after the start | memory after lists in all six orders |\n|---|---|---|---|".to_owned();
    for Growth { users, start_seconds, resident_bytes, sorted_bytes } in growth {
        let (resident, sorted) = (resident_bytes >> 20, sorted_bytes >> 20);
        write!(text, "\n| {users} | {start_seconds:.2} s | {resident} MiB | {sorted} MiB |")
            .unwrap();
    }
    text
}

fn series_table(series: &[Series]) -> String {
    let mut text = "| load | connections | server | CPU time | responses per second | p50 | p99 |\n|---|---|---|---|---|---|---|".to_owned();
    for one in series {
        let Series { workload, connections, server, .. } = one;
        let micros = one.median(|sample| sample.cpu_micros_per_request);
        let rate = one.median(|sample| sample.requests_per_second);
        let p50 = one.median(|sample| sample.p50_millis);
        let p99 = one.median(|sample| sample.p99_millis);
        write!(
            text,
            "\n| {workload} | {connections} | {server} | {micros:.1} µs | {rate:.0} | {p50:.3} ms | {p99:.3} ms |"
        )
        .unwrap();
    }
    text
}
