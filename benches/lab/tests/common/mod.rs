//! Runs the laboratory as its users do: the program, its flags, its output.
#![allow(dead_code)] // each test file uses its own part

use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// A directory of the test's own, removed with it.
pub(crate) fn directory() -> TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

pub(crate) fn lab(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dogpile-lab"))
        .args(arguments)
        .output()
        .expect("the laboratory starts")
}

/// The figures of a run that must end well: exactly one line on standard output.
pub(crate) fn figures(arguments: &[&str]) -> Value {
    let output = lab(&[arguments, &["--json"]].concat());
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {errors}");
    one_line(&output)
}

pub(crate) fn one_line(output: &Output) -> Value {
    let text = String::from_utf8(output.stdout.clone()).expect("text");
    assert_eq!(text.lines().count(), 1, "not one line: {text}");
    serde_json::from_str(&text).expect("JSON")
}

/// The message of a run that must be refused: nothing on standard output, exit code 2.
pub(crate) fn refusal(arguments: &[&str]) -> String {
    let output = lab(arguments);
    let message = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
    assert!(
        output.stdout.is_empty(),
        "{arguments:?} printed on standard output"
    );
    message
}

/// Writes a scenario file and gives its path.
pub(crate) fn scenario(directory: &TempDir, text: &str) -> String {
    let path: PathBuf = directory.path().join("scenario.toml");
    std::fs::write(&path, text).expect("written");
    path.to_str().expect("UTF-8").into()
}

pub(crate) fn count(figures: &Value, name: &str) -> u64 {
    figures[name]
        .as_u64()
        .unwrap_or_else(|| panic!("no count {name} in {figures}"))
}
