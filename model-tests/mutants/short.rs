//! The short form of the hunt, for every change: all orderings, and a sample of the rest.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};

fn mutants(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mutants"));
    command.args(arguments).output().expect("it was just built")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn nothing_of_the_short_form_survives() {
    let hunt = mutants(&["--short", "--json"]);
    let (line, errors) = (text(&hunt.stdout), text(&hunt.stderr));
    println!("{line}{errors}");
    assert!(hunt.status.success(), "{errors}");
    let counts: serde_json::Value = serde_json::from_str(&line).expect("one line of JSON");
    assert_eq!(counts["survived"], 0);
    assert_eq!(counts["complete"], false, "a sample is not all");
    assert!(counts["killed"].as_u64() >= Some(80), "{line}");
}

#[test]
fn what_is_called_wrongly_says_so() {
    let hunt = mutants(&["--list", "--only", "no such thing"]);
    assert_eq!(hunt.status.code(), Some(2));
    assert!(text(&hunt.stderr).contains("no mutant's name contains `no such thing`"));
}

#[test]
fn what_the_sample_leaves_out_is_not_said_to_be_unknown() {
    let list = text(&mutants(&["--list", "--json"]).stdout);
    let all: serde_json::Value = serde_json::from_str(&list).expect("one line of JSON");
    let all = all["mutants"].as_array().expect("a list").iter();
    let all: BTreeSet<_> = all.filter_map(serde_json::Value::as_str).collect();
    let sample = text(&mutants(&["--list", "--short"]).stdout);
    let sample: BTreeSet<_> = sample.lines().collect();
    let in_none = |name: &&&str| sample.iter().all(|one| !one.contains(**name));
    let left_out = all.iter().find(in_none).expect("it is a sample");
    let hunt = mutants(&["--short", "--only", left_out]);
    assert_eq!(hunt.status.code(), Some(2));
    let said = text(&hunt.stderr);
    assert!(said.contains("leave --short out"), "{said}");
}

/// Every name that stands behind `door` in the sources of the library.
fn names(door: &str, folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).expect("the sources are there") {
        let path = entry.expect("it can be read").path();
        if path.is_dir() {
            names(door, &path, found);
            continue;
        }
        let source = std::fs::read_to_string(&path).expect("it is text");
        let lines = source.lines().filter(|line| !line.trim().starts_with("//"));
        let code = lines.collect::<Vec<_>>().join("\n");
        let behind = code.split(door).skip(1).map(str::trim_start);
        let quoted = behind.filter_map(|rest| rest.strip_prefix('"')?.split('"').next());
        found.extend(quoted.map(str::to_owned));
    }
}

/// An invariant that no hunted model asks, or a rule that none relies on, would be no mutant: it
/// would not even survive.
#[test]
fn every_invariant_and_every_rule_is_hunted() {
    let list = text(&mutants(&["--list"]).stdout);
    let listed: BTreeSet<_> = list.lines().collect();
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../src");
    for (kind, door) in [
        ("invariant", "hold!("),
        ("rule", " rule("),
        ("rule", "!rule("),
    ] {
        let mut found = BTreeSet::new();
        names(door, &sources, &mut found);
        for name in found {
            let name = format!("{kind}: {name}");
            assert!(
                listed.contains(name.as_str()),
                "no model that is hunted with passes `{name}`"
            );
        }
    }
}
