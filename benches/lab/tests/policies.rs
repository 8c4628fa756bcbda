//! What policies are worth, in short; `cargo lab policies` measures at length.

mod common;

use common::{count, figures, refusal};

#[test]
fn a_failing_origin_is_left_alone_by_processes_that_share_a_folder() {
    let flags = ["--time", "2s", "--fresh", "200ms", "--back-off", "500ms"];
    let flags = [
        &["policies", "--backend", "file", "--processes", "4"],
        &flags[..],
    ]
    .concat();
    let figures = figures(&flags);
    let origin = &figures["origin"];
    assert_eq!(count(origin, "most_in_a_back_off"), 1, "{figures}");
    assert_eq!(count(origin, "errors"), 0, "{figures}");
    assert!((1..=5).contains(&count(origin, "calls")), "{figures}");
    assert!(count(origin, "left_alone") > 0, "{figures}");
    let courses = figures["courses"].as_array().expect("courses");
    assert_eq!(courses.len(), 2);
    for course in courses {
        assert_eq!(count(course, "errors"), 0, "{figures}");
        assert!(count(course, "expiries") > 0, "{figures}");
    }
    assert_eq!(courses[0]["elected_share"], 1.0, "somebody waits for each");
}

#[test]
fn flags_that_make_no_sense_are_refused() {
    let refused = refusal(&["policies", "--backend", "memory"]);
    assert!(
        refused.contains("does not reach across processes"),
        "{refused}"
    );
    assert!(refusal(&["policies", "--keys", "0"]).contains("at least 1"));
    assert!(refusal(&["policies", "--time", "1s", "--fresh", "1s"]).contains("four times"));
    assert!(refusal(&["policies", "--back-off", "0s"]).contains("not be zero"));
}
