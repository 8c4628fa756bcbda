//! What is left of processes that are killed while they write, in short; `cargo lab crash` kills at length.

mod common;

use common::{count, figures, lab, one_line, refusal};

#[test]
fn nothing_that_was_answered_is_lost_corrupt_or_stuck() {
    let promises = [
        ("file", "process-crash"),
        ("file", "power-loss"),
        ("sled", "every-write"),
    ];
    for (backend, durability) in promises {
        let flags = ["crash", "--backend", backend, "--durability", durability];
        let figures = figures(&[&flags[..], &["--rounds", "3", "--answers", "300"]].concat());
        let names: Vec<&String> = figures.as_object().expect("an object").keys().collect();
        let wanted = [
            "acknowledged",
            "backend",
            "corrupt",
            "durability",
            "kills",
            "lost",
            "promises",
            "rounds",
            "seed",
            "stuck",
        ];
        assert_eq!(names, wanted);
        assert!(count(&figures, "acknowledged") >= 900, "{figures}");
        for nothing in ["lost", "corrupt", "stuck"] {
            assert_eq!(count(&figures, nothing), 0, "{figures}");
        }
        let processes = if backend == "file" { 3 } else { 1 };
        assert_eq!(count(&figures, "kills"), 3 * processes);
    }
}

#[test]
fn what_sled_loses_in_the_background_is_explained() {
    let output = lab(&["crash", "--backend", "sled", "--rounds", "2", "--json"]);
    assert!(output.status.success(), "{output:?}");
    let figures = one_line(&output);
    for nothing in ["corrupt", "stuck"] {
        assert_eq!(count(&figures, nothing), 0, "{figures}");
    }
    assert_eq!(figures["durability"], "background");
    let promises = figures["promises"].as_str().expect("words");
    assert!(promises.contains("half second"), "{promises}");
}

#[test]
fn flags_that_no_store_can_keep_are_refused() {
    let refused = refusal(&["crash", "--backend", "sled", "--durability", "power-loss"]);
    assert!(refused.contains("background or every-write"), "{refused}");
    let refused = refusal(&["crash", "--backend", "sled", "--processes", "2"]);
    assert!(refused.contains("one process at a time"), "{refused}");
    assert!(refusal(&["crash", "--rounds", "0"]).contains("at least 1"));
}
