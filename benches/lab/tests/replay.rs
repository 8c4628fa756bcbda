//! The replay: its figures add up, keep their names, and can be recomputed.

mod common;

use common::{count, directory, figures, lab, one_line};

const SMALL: &[&str] = &[
    "replay",
    "--requests",
    "3000",
    "--rate",
    "3000",
    "--fresh",
    "200ms",
];

#[test]
fn the_json_has_the_stated_fields_and_no_others() {
    let figures = figures(SMALL);
    let names = |value: &serde_json::Value| {
        let mut names: Vec<_> = value
            .as_object()
            .expect("an object")
            .keys()
            .cloned()
            .collect();
        names.sort();
        names
    };
    let own = [
        "creations",
        "duplicate_creations",
        "errors",
        "hits",
        "hung",
        "p50_us",
        "p999_us",
        "p99_us",
        "requests",
        "stale_age_p99_ms",
        "stale_served",
    ];
    let mut all = own.to_vec();
    all.extend(["mutex", "plain", "rate", "seed"]);
    all.sort_unstable();
    assert_eq!(names(&figures), all);
    assert_eq!(names(&figures["plain"]), own);
    assert_eq!(names(&figures["mutex"]), own);
}

#[test]
fn every_request_is_answered_and_only_the_plain_cache_creates_twice() {
    let figures = figures(SMALL);
    for one in [&figures, &figures["plain"], &figures["mutex"]] {
        assert_eq!(count(one, "requests"), 3000, "{one}");
        assert_eq!((count(one, "errors"), count(one, "hung")), (0, 0), "{one}");
        assert!(
            count(one, "hits") + count(one, "creations") <= 3000,
            "{one}"
        );
    }
    assert_eq!(count(&figures, "duplicate_creations"), 0);
    assert_eq!(count(&figures["mutex"], "duplicate_creations"), 0);
    assert!(count(&figures["plain"], "duplicate_creations") > 0);
    assert_eq!(count(&figures["plain"], "stale_served"), 0);
}

#[test]
fn check_recomputes_the_counts_from_the_log_and_notices_a_changed_one() {
    let directory = directory();
    let log = directory.path().join("log");
    let log = log.to_str().expect("UTF-8");
    let figures = figures(&[SMALL, &["--log", log]].concat());

    let verdict = common::figures(&["check", log]);
    assert_eq!(verdict["agrees"], true);
    for (name, one) in [
        ("dogpile", &figures),
        ("plain", &figures["plain"]),
        ("mutex", &figures["mutex"]),
    ] {
        for field in ["creations", "duplicate_creations"] {
            assert_eq!(verdict[name][field], one[field], "{name} {field}");
        }
    }

    let text = std::fs::read_to_string(log).expect("the log");
    let (first, _) = text.split_once("\nplain\t").expect("a line of plain");
    let line = &text[first.len() + 1..]
        .lines()
        .next()
        .expect("a line")
        .to_owned();
    std::fs::write(log, text.replace(line, "# lost")).expect("written");
    let output = lab(&["check", log, "--json"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(one_line(&output)["agrees"], false);
}

#[test]
fn people_get_a_table_a_chart_and_a_plot() {
    let directory = directory();
    let svg = directory.path().join("plot.svg");
    let arguments = [
        "replay",
        "--requests",
        "300",
        "--rate",
        "3000",
        "--svg",
        svg.to_str().expect("UTF-8"),
    ];
    let output = lab(&arguments);
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(
        text.contains("duplicate creations") && text.contains("p99.9"),
        "{text}"
    );
    let svg = std::fs::read_to_string(svg).expect("the plot");
    assert!(svg.starts_with("<svg") && svg.ends_with("</svg>\n"));
    assert_eq!(svg.matches("<polyline").count(), 3);
    assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
}
