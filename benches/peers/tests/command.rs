//! The command itself: what it prints, and what it does with bad input.

use std::process::{Command, Output};

use serde_json::Value;

fn peers(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dogpile-peers"))
        .args(arguments)
        .output()
        .expect("the command starts")
}

/// The rows of a run, of which standard output must hold nothing but one line.
fn rows(arguments: &[&str]) -> Vec<Value> {
    let output = peers(arguments);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {told}");
    let text = String::from_utf8(output.stdout).expect("JSON is UTF-8");
    assert_eq!(text.matches('\n').count(), 1, "{text}");
    assert!(text.ends_with('\n'));
    match serde_json::from_str(&text).expect("JSON") {
        Value::Array(rows) if !rows.is_empty() => rows,
        other => panic!("not an array of rows: {other}"),
    }
}

fn everywhere(rows: &[Value], fields: &[&str]) {
    for row in rows {
        for field in fields.iter().chain(&[
            "contender",
            "version",
            "commit",
            "cores",
            "pinning",
            "rounds",
        ]) {
            assert!(!row[field].is_null(), "{field} is missing in {row}");
        }
    }
}

#[test]
fn hit_prints_one_array_of_rows() {
    let rows = rows(&[
        "hit",
        "--json",
        "--rounds",
        "2",
        "--sample-ms",
        "1",
        "--threads",
        "1,3",
    ]);
    everywhere(
        &rows,
        &[
            "workload",
            "threads",
            "ns_per_op",
            "answer",
            "samples_ns",
            "calls_per_sample",
        ],
    );
    let named = |name: &str| rows.iter().filter(|row| row["contender"] == name).count();
    for name in [
        "papaya+ttl",
        "papaya borrow",
        "moka get_with",
        "quick_cache get_or_insert_with",
    ] {
        assert_eq!(
            named(name),
            4,
            "two workloads, two numbers of threads: {name}"
        );
    }
    let pair = |of: &str, with: &str| {
        let row = rows
            .iter()
            .find(|row| row["contender"] == of)
            .expect("measured");
        let against = row["against"].as_array().expect("a list");
        against
            .iter()
            .find(|against| against["contender"] == with)
            .expect("set against")
            .clone()
    };
    assert!(
        pair("papaya+ttl", "moka get_with")["unlike"].is_null(),
        "clone and clone, both expire"
    );
    assert!(
        pair("papaya borrow", "moka get_with")["unlike"].is_string(),
        "a borrow is no clone"
    );
}

#[test]
fn wake_prints_both_crowds() {
    let rows = rows(&[
        "wake",
        "--json",
        "--rounds",
        "1",
        "--threads",
        "6",
        "--tasks",
        "50",
    ]);
    everywhere(
        &rows,
        &[
            "crowd",
            "callers",
            "last_waiter_us",
            "creators",
            "samples_us",
        ],
    );
    assert!(
        rows.iter()
            .any(|row| row["crowd"] == "threads" && row["contender"] == "mutex+condvar")
    );
    assert!(
        rows.iter()
            .any(|row| row["crowd"] == "tasks" && row["contender"] == "futures Shared")
    );
    assert!(rows.iter().all(|row| row["creators"] == 1));
}

#[test]
fn hitratio_replays_the_bundled_traces() {
    let rows = rows(&[
        "hitratio",
        "--json",
        "--rounds",
        "1",
        "--percent",
        "1",
        "--only",
        "quick_cache,foyer",
    ]);
    everywhere(
        &rows,
        &[
            "trace",
            "hit_percent",
            "capacity",
            "points_over_best",
            "most_entries",
        ],
    );
    let traces: Vec<_> = rows
        .iter()
        .map(|row| (&row["trace"], &row["accesses"], &row["capacity"]))
        .collect();
    assert_eq!(traces.len(), 4);
    assert_eq!(traces[0], (&"web07".into(), &76_118.into(), &204.into()));
    assert_eq!(traces[3], (&"web12".into(), &95_607.into(), &137.into()));
}

#[test]
fn memory_measures_each_contender_in_a_process_of_its_own() {
    let rows = rows(&["memory", "--json", "--rounds", "1", "--entries", "20000"]);
    everywhere(
        &rows,
        &[
            "allocated_bytes",
            "resident_bytes",
            "occupied_bytes",
            "over_papaya",
        ],
    );
    for row in &rows {
        let bytes = row["allocated_bytes"].as_f64().expect("a number");
        // A key of 20 bytes, its String's 24 and the value's 8 at the very least, unless the key is kept inline.
        assert!((28.0..2_000.0).contains(&bytes), "{row}");
    }
}

#[test]
fn memcached_prints_the_ratio_beside_what_is_promised() {
    let rows = rows(&["memcached", "--json", "--rounds", "2", "--sample-ms", "2"]);
    everywhere(&rows, &["threads", "hits_per_s", "us_per_hit", "server"]);
    let ours = rows.iter().filter(|row| row["contender"] == "dogpile");
    let promised: Vec<_> = ours.map(|row| &row["against"][0]["promised"]).collect();
    assert_eq!(promised, [0.9, 0.9], "one thread, and two");
}

#[test]
fn redis_prints_each_ratio_beside_what_is_promised() {
    let rows = rows(&[
        "redis",
        "--json",
        "--no-python",
        "--rounds",
        "2",
        "--sample-ms",
        "2",
        "--tasks",
        "5",
    ]);
    everywhere(
        &rows,
        &[
            "crowd",
            "callers",
            "hits_per_s",
            "us_per_hit",
            "samples_hits_per_s",
            "server",
        ],
    );
    let ours: Vec<_> = rows
        .iter()
        .filter(|row| row["contender"] == "dogpile")
        .map(|row| (&row["crowd"], &row["callers"], &row["against"]))
        .collect();
    assert_eq!(ours.len(), 2, "one thread, and tasks");
    for (crowd, callers, against) in ours {
        assert_eq!(*callers, if crowd == "tasks" { 5 } else { 1 });
        let [bare] = &against.as_array().expect("a list")[..] else {
            panic!("only the bare client ran beside it: {against}")
        };
        assert_eq!(bare["contender"], "bare client");
        let ratio = bare["ratio"].as_f64().expect("measured");
        assert_eq!(bare["kept"], ratio >= 0.9, "{bare}");
    }
}

#[test]
fn file_prints_each_ratio_beside_what_is_promised() {
    let rows = rows(&[
        "file",
        "--json",
        "--no-python",
        "--rounds",
        "2",
        "--sample-ms",
        "2",
        "--threads",
        "1,2",
    ]);
    everywhere(
        &rows,
        &[
            "operation",
            "threads",
            "calls_per_s",
            "us_per_call",
            "samples_calls_per_s",
            "keys",
            "payload_bytes",
        ],
    );
    let names: Vec<_> = rows
        .iter()
        .map(|row| (&row["operation"], &row["threads"], &row["contender"]))
        .map(|(operation, threads, name)| format!("{operation} {threads} {name}"))
        .collect();
    let quoted = [
        "\"hit\" 1 \"dogpile get_or_create\"",
        "\"hit\" 1 \"lmdb get\"",
        "\"hit\" 2 \"dogpile get_or_create\"",
        "\"hit\" 2 \"lmdb get\"",
        "\"set\" 1 \"dogpile set\"",
        "\"set\" 1 \"lmdb put\"",
        "\"set\" 2 \"dogpile set\"",
        "\"set\" 2 \"lmdb put\"",
    ];
    assert_eq!(names, quoted);
    for row in rows.iter().step_by(2) {
        let [engine] = &row["against"].as_array().expect("a list")[..] else {
            panic!("only the engine ran beside it: {row}")
        };
        let ratio = engine["ratio"].as_f64().expect("measured");
        assert!(ratio > 0.0, "{row}");
        if row["operation"] == "hit" && row["threads"] == 1 {
            assert_eq!(engine["promised"], 0.7, "{row}");
            assert_eq!(engine["kept"], ratio >= 0.7, "{row}");
        } else {
            assert!(
                engine["promised"].is_null() && engine["kept"].is_null(),
                "{row}"
            );
        }
    }
}

#[test]
fn a_table_is_for_people() {
    let output = peers(&[
        "memory",
        "--rounds",
        "1",
        "--entries",
        "1000",
        "--only",
        "papaya",
    ]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        text.contains("papaya") && text.contains("B/entry"),
        "{text}"
    );
}

#[test]
fn help_shows_how_to_call() {
    for command in [
        "hit",
        "wake",
        "hitratio",
        "memory",
        "redis",
        "memcached",
        "file",
    ] {
        let output = peers(&[command, "--help"]);
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(
            text.contains(&format!("cargo peers {command}")) && text.contains("--json"),
            "{text}"
        );
    }
}

#[test]
fn bad_input_is_told_and_prints_no_figures() {
    let scratch = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("cut.trace");
    std::fs::write(&scratch, [0, 0, 0, 1, 0, 0]).expect("a scratch file");
    let cut = scratch.to_str().expect("a plain path");
    let bad: [(&[&str], &str); 8] = [
        (&["hitratio", "--json", "--trace", cut], "no multiple of 4"),
        (
            &["hitratio", "--json", "--trace", "/no/such/file"],
            "cannot read the trace",
        ),
        (
            &["hitratio", "--json", "--percent", "0"],
            "less than one entry",
        ),
        (
            &["hitratio", "--json", "--percent=-1"],
            "less than one entry",
        ),
        (&["hit", "--json", "--only", "nobody"], "no contender"),
        (&["hit", "--json", "--rounds", "0"], "rounds"),
        (&["file", "--json", "--only", "nobody"], "no contender"),
        (
            &["wake", "--json", "--threads", "0", "--tasks", "0"],
            "no contender",
        ),
    ];
    for (arguments, reason) in bad {
        let output = peers(arguments);
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
        assert!(told.contains(reason), "{arguments:?}: {told}");
    }
}
