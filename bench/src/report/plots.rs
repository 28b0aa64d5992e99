//! Plots as SVG, with logarithmic axes.

use std::path::Path;

use plotters::coord::combinators::BindKeyPoints as _;
use plotters::prelude::*;

use super::results::{Growth, Results};
use crate::comparison::Series;
use crate::load::Sample;
use crate::options::Options;
use crate::sections::auth0_directory::{GET_ONE, GET_ONE_SLOW};
use crate::sections::growth;

const SIZE: (u32, u32) = (760, 440);
/// Colours that remain distinct for most kinds of colour blindness (Okabe and Ito).
const COLOURS: [RGBColor; 5] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(90, 90, 90),
];

/// A plot that has been drawn.
#[derive(Debug)]
pub(crate) struct Plot {
    pub(crate) file: &'static str,
    pub(crate) title: &'static str,
}

/// A number in a result.
type Value<T> = fn(&T) -> f64;

struct Line {
    /// The text of the legend, in which dashed lines do not appear.
    label: String,
    colour: RGBColor,
    is_dashed: bool,
    points: Vec<(f64, f64)>,
}

/// The title of a plot and its axes.
struct Axes {
    plot: Plot,
    x: &'static str,
    y: &'static str,
}

/// Draws the plots for which there are results.
pub(super) fn draw(results: &Results, options: &Options, folder: &Path) -> Vec<Plot> {
    let latency = |file, title| Axes {
        plot: Plot { file, title },
        x: "connections",
        y: "milliseconds: p50 solid, p99 dashed",
    };
    let memory = ["usher", "bare"];
    let gateways = ["usher", "pass-through", "Express", "FastAPI", "direct"];
    let growth = |file, title, y| Axes { plot: Plot { file, title }, x: "users", y };
    let candidates = [
        (
            latency("latency-memory.svg", "Latency of a read of one user, in memory"),
            latency_lines(results, "get one user", &memory),
        ),
        (
            latency("latency-auth0.svg", "Latency of a read of one user, Auth0 at 0 ms"),
            latency_lines(results, GET_ONE, &gateways),
        ),
        (
            latency("latency-auth0-20ms.svg", "Latency of a read of one user, Auth0 at 20 ms"),
            latency_lines(results, GET_ONE_SLOW, &gateways),
        ),
        (
            growth("cost.svg", "CPU time of a request, in memory", "microseconds"),
            cost_lines(results, options),
        ),
        (growth("memory.svg", "Resident memory", "mebibytes"), memory_lines(&results.growth)),
    ];
    let mut plots = Vec::new();
    for (axes, lines) in candidates {
        if lines.iter().any(|line| line.points.len() > 1) {
            draw_lines(&folder.join(axes.plot.file), &axes, &lines).unwrap();
            plots.push(axes.plot);
        }
    }
    plots
}

/// Returns p50 (solid) and p99 (dashed) of each server by connections.
fn latency_lines(results: &Results, workload: &str, servers: &[&str]) -> Vec<Line> {
    let values: [(bool, Value<Sample>); 2] =
        [(false, |sample| sample.p50_millis), (true, |sample| sample.p99_millis)];
    let mut lines = Vec::new();
    for (server, colour) in servers.iter().zip(COLOURS) {
        let of_server = |series: &&Series| series.workload == workload && series.server == *server;
        for (is_dashed, value) in values {
            let series = results.series.iter().filter(of_server);
            let points: Vec<_> = series
                .map(|series| (f64::from(series.connections), series.median(value)))
                .collect();
            if !points.is_empty() {
                lines.push(Line { label: (*server).to_owned(), colour, is_dashed, points });
            }
        }
    }
    lines
}

fn cost_lines(results: &Results, options: &Options) -> Vec<Line> {
    let pages = growth::PLOTTED.map(|sort| {
        (format!("middle page of 20 by {sort}"), growth::page_workload(sort, "middle"))
    });
    let one = ("one user".to_owned(), growth::ONE_USER.to_owned());
    let mut lines = Vec::new();
    for ((label, workload), colour) in pages.into_iter().chain([one]).zip(COLOURS) {
        let cost = |users: &usize| {
            growth::cost(results, &workload, *users).map(|micros| (*users as f64, micros))
        };
        let points = options.sizes.iter().filter_map(cost).collect();
        lines.push(Line { label, colour, is_dashed: false, points });
    }
    lines
}

fn memory_lines(growth: &[Growth]) -> Vec<Line> {
    let values: [(&str, Value<Growth>); 2] = [
        ("after the start", |growth| growth.resident_bytes as f64),
        ("after lists in all six orders", |growth| growth.sorted_bytes as f64),
    ];
    let mut lines = Vec::new();
    for ((label, bytes), colour) in values.into_iter().zip(COLOURS) {
        let mebibytes = |growth| bytes(growth) / f64::from(1 << 20);
        let points = growth.iter().map(|growth| (growth.users as f64, mebibytes(growth))).collect();
        lines.push(Line { label: label.to_owned(), colour, is_dashed: false, points });
    }
    lines
}

fn draw_lines(path: &Path, axes: &Axes, lines: &[Line]) -> Result<(), Box<dyn std::error::Error>> {
    let points = || lines.iter().flat_map(|line| &line.points);
    let mut ticks: Vec<f64> = points().map(|(x, _)| *x).collect();
    ticks.sort_by(f64::total_cmp);
    ticks.dedup();
    let (least_x, greatest_x) = (ticks[0], ticks[ticks.len() - 1]);
    let least_y = points().map(|(_, y)| *y).fold(f64::INFINITY, f64::min);
    let greatest_y = points().map(|(_, y)| *y).fold(0.0, f64::max);
    // Whole decades, so that each axis has a label at both ends.
    let (bottom, top) = (decade(least_y).floor(), decade(greatest_y).ceil());

    let root = SVGBackend::new(path, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&root)
        .caption(axes.plot.title, ("sans-serif", 18))
        .margin(14)
        .margin_right(30)
        .x_label_area_size(48)
        .y_label_area_size(64)
        .build_cartesian_2d(
            (least_x / 1.1..greatest_x * 1.1).log_scale().with_key_points(ticks),
            (10f64.powf(bottom)..10f64.powf(top.max(bottom + 1.0))).log_scale(),
        )?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(BLACK.mix(0.12))
        .label_style(("sans-serif", 13))
        .x_desc(axes.x)
        .y_desc(axes.y)
        .x_label_formatter(&|x| count(*x))
        .y_label_formatter(&|y| number(*y))
        .draw()?;
    for line in lines {
        let style = line.colour.stroke_width(2);
        let points = line.points.iter().copied();
        let drawn = if line.is_dashed {
            chart.draw_series(DashedLineSeries::new(points.clone(), 6, 4, style))?
        } else {
            chart.draw_series(LineSeries::new(points.clone(), style))?
        };
        if !line.is_dashed {
            drawn
                .label(&line.label)
                .legend(move |(x, y)| PathElement::new(vec![(x, y), (x + 22, y)], style));
        }
        chart.draw_series(points.map(|point| Circle::new(point, 3, line.colour.filled())))?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .label_font(("sans-serif", 13))
        .background_style(WHITE.mix(0.85))
        .border_style(BLACK.mix(0.3))
        .draw()?;
    root.present()?;
    Ok(())
}

fn decade(value: f64) -> f64 {
    value.log10()
}

/// Formats a count with separators: `10,000`.
fn count(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Formats a power of ten without superfluous digits.
fn number(value: f64) -> String {
    if value >= 1.0 { count(value) } else { format!("{value}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_have_no_superfluous_digits() {
        assert_eq!(
            ["64", "1,000", "1,000,000"],
            [64.0, 1e3, 1e6].map(count).map(|text| text).as_slice()
        );
        assert_eq!(["0.1", "10"], [0.1, 10.0].map(number).as_slice());
    }
}
