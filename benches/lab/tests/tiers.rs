//! How long near copies are old, in short; `cargo lab tiers` measures at length.

mod common;

use common::{count, lab, one_line, refusal};

#[test]
fn readers_of_a_shared_folder_see_each_write_and_nothing_goes_back() {
    let flags = [
        "tiers",
        "--backend",
        "file",
        "--processes",
        "3",
        "--time",
        "1s",
        "--json",
    ];
    // Whether it was prompt, which its exit code says, is not a test's to ask.
    let figures = one_line(&lab(&flags));
    assert_eq!(count(&figures, "writes"), 50, "{figures}");
    assert_eq!(count(&figures, "went_back"), 0, "{figures}");
    assert_eq!(count(&figures, "errors"), 0, "{figures}");
    assert!(count(&figures, "samples") > 0, "{figures}");
    let near = figures["near_hits_ratio"].as_f64().expect("a ratio");
    assert!(near > 0.1 && near <= 1.0, "{figures}");
}

#[test]
fn flags_that_make_no_sense_are_refused() {
    let refused = refusal(&["tiers", "--backend", "memory"]);
    assert!(
        refused.contains("does not reach across processes"),
        "{refused}"
    );
    assert!(refusal(&["tiers", "--processes", "1"]).contains("at least 2"));
    assert!(refusal(&["tiers", "--pause", "0s"]).contains("not zero"));
}
