//! The report: a page with tables, plots, and the numbers as JSON.

mod machine;
mod page;
mod plots;
pub(crate) mod results;

use std::fs;
use std::path::Path;

use crate::options::Options;
use machine::Machine;
use results::Results;

/// Prints the table and writes the report: into `docs` if the run is complete, else into
/// `target/bench`.
pub(crate) fn write(results: &Results, options: &Options, root: &Path) {
    let is_complete = options.is_complete() && results.failed.is_empty();
    let folder = if is_complete { root.join("docs") } else { root.join("target/bench") };
    let beside = folder.join("performance");
    fs::create_dir_all(&beside).unwrap();
    let machine = Machine::read(root);
    fs::write(beside.join("results.json"), render_json(results, options, &machine)).unwrap();
    let plots = plots::draw(results, options, &beside);
    let path = folder.join("performance.md");
    fs::write(&path, page::render(results, options, &machine, &plots)).unwrap();
    println!("\n{}", page::table(&results.rows));
    println!("The report is {}.", path.display());
}

/// Returns the results as JSON, with one line for each row and each series.
fn render_json(results: &Results, options: &Options, machine: &Machine) -> String {
    let lines = |values: &serde_json::Value| {
        let values = values.as_array().into_iter().flatten();
        values.map(|value| format!("\n{value}")).collect::<Vec<_>>().join(",")
    };
    let results = serde_json::to_value(results).unwrap();
    format!(
        "{{\"machine\": {},\n\"rounds\": {},\n\"rows\": [{}],\n\"growth\": [{}],\n\"series\": [{}]}}\n",
        serde_json::to_string(machine).unwrap(),
        options.rounds,
        lines(&results["rows"]),
        lines(&results["growth"]),
        lines(&results["series"]),
    )
}
