//! The short form of the hunt, for every change: all orderings, and a sample of the rest.

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
    assert!(counts["killed"].as_u64() >= Some(80), "{line}");
}

#[test]
fn what_is_called_wrongly_says_so() {
    let hunt = mutants(&["--list", "--only", "no such thing"]);
    assert_eq!(hunt.status.code(), Some(2));
    assert!(text(&hunt.stderr).contains("no mutant's name contains `no such thing`"));
}
