//! A plot to publish: latency by quantile, and creations with the duplicates among them.

use std::fmt::Write as _;

use super::chart::{share, span};
use crate::engine::Measured;

const COLOURS: [&str; 6] = [
    "#1b6ca8", "#d1495b", "#edae49", "#00798c", "#66a182", "#8d5a97",
];
const LEFT: f64 = 90.0;
const TOP: f64 = 60.0;
const WIDE: f64 = 520.0;
const HIGH: f64 = 300.0;
const BARS_LEFT: f64 = LEFT + WIDE + 110.0;
const BARS_WIDE: f64 = 220.0;
/// Quantiles are drawn by how many nines they have, up to five.
const NINES: f64 = 5.0;

/// The whole file.
pub(super) fn plot(title: &str, measured: &[Measured]) -> String {
    let mut svg = String::from(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 980 430\" \
         font-family=\"sans-serif\" font-size=\"13\">\n\
         <rect width=\"980\" height=\"430\" fill=\"white\"/>\n",
    );
    text(
        &mut svg,
        (LEFT, 30.0),
        "start",
        &format!("{title}: latency by quantile"),
    );
    text(
        &mut svg,
        (BARS_LEFT, 30.0),
        "start",
        "creations, duplicates dark",
    );
    latencies(&mut svg, measured);
    creations(&mut svg, measured);
    svg.push_str("</svg>\n");
    svg
}

fn latencies(svg: &mut String, measured: &[Measured]) {
    let shown = || measured.iter().filter(|one| !one.run.latency.is_empty());
    let least = shown()
        .map(|one| one.run.latency.min().max(100))
        .min()
        .unwrap_or(1);
    let most = shown().map(|one| one.run.latency.max()).max().unwrap_or(1);
    let height = |ns| TOP + HIGH * (1.0 - share(ns, least, most));
    let mut decade = 100_u64;
    while decade < least / 10 {
        decade *= 10;
    }
    while decade <= most {
        let y = height(decade);
        line(svg, (LEFT, y), (LEFT + WIDE, y));
        text(
            svg,
            (LEFT - 8.0, y + 4.0),
            "end",
            &span(decade).replace(".000", ""),
        );
        decade *= 10;
    }
    for (nines, label) in ["0", "p90", "p99", "p99.9", "p99.99", "p99.999"]
        .iter()
        .enumerate()
    {
        let x = LEFT + WIDE * count(nines as u64) / NINES;
        line(svg, (x, TOP), (x, TOP + HIGH));
        text(svg, (x, TOP + HIGH + 18.0), "middle", label);
    }
    for (index, one) in measured.iter().enumerate() {
        let colour = COLOURS[index % COLOURS.len()];
        let points = (0..=100).map(|step| {
            let nines = NINES * f64::from(step) / 100.0;
            let ns = one.run.latency.value_at_quantile(1.0 - 10_f64.powf(-nines));
            format!("{:.1},{:.1}", LEFT + WIDE * nines / NINES, height(ns))
        });
        let points: Vec<_> = points.collect();
        if !one.run.latency.is_empty() {
            let _ = writeln!(
                svg,
                "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" points=\"{}\"/>",
                points.join(" ")
            );
        }
        let x = LEFT + 120.0 * count(index as u64);
        rect(svg, (x, 395.0), (12.0, 12.0), colour, 1.0);
        text(svg, (x + 18.0, 406.0), "start", &one.name);
    }
}

fn creations(svg: &mut String, measured: &[Measured]) {
    let most = measured
        .iter()
        .map(|one| one.count.creations)
        .max()
        .unwrap_or(0)
        .max(1);
    let step = BARS_WIDE / count(measured.len().max(1) as u64);
    for (index, one) in measured.iter().enumerate() {
        let colour = COLOURS[index % COLOURS.len()];
        let x = BARS_LEFT + step * count(index as u64);
        let tall = |number| HIGH * count(number) / count(most);
        let (all, duplicate) = (tall(one.count.creations), tall(one.count.duplicates));
        rect(svg, (x, TOP + HIGH - all), (step * 0.7, all), colour, 0.45);
        rect(
            svg,
            (x, TOP + HIGH - duplicate),
            (step * 0.7, duplicate),
            colour,
            1.0,
        );
        let middle = x + step * 0.35;
        text(
            svg,
            (middle, TOP + HIGH - all - 6.0),
            "middle",
            &one.count.creations.to_string(),
        );
        let duplicates = format!("{} dup.", one.count.duplicates);
        text(svg, (middle, TOP + HIGH + 18.0), "middle", &duplicates);
    }
}

fn text(svg: &mut String, (x, y): (f64, f64), anchor: &str, words: &str) {
    let words = words
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    let _ = writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{words}</text>"
    );
}

fn line(svg: &mut String, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) {
    let _ = writeln!(
        svg,
        "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"#ddd\"/>"
    );
}

fn rect(svg: &mut String, (x, y): (f64, f64), (wide, high): (f64, f64), fill: &str, opacity: f64) {
    let _ = writeln!(
        svg,
        "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{wide:.1}\" height=\"{high:.1}\" fill=\"{fill}\" \
         fill-opacity=\"{opacity}\"/>"
    );
}

#[allow(clippy::cast_precision_loss)] // for drawing
fn count(number: u64) -> f64 {
    number as f64
}
