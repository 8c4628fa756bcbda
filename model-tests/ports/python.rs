//! Runs the Python port over all vectors. It changes its own tables too, one place at a time, and
//! fails when the vectors do not notice a change.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn port(arguments: &[&str]) -> Output {
    let mut python = Command::new("python3");
    python
        .arg("-B") // leaves no compiled files in the tree
        .args(["-m", "dogpile_port"])
        .args(arguments)
        .current_dir(folder("ports/python"));
    python.output().unwrap_or_else(|cause| {
        panic!("`python3` (3.11 or newer) cannot be run, which the Python port needs: {cause}")
    })
}

fn said(output: &Output) -> String {
    let [out, err] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    format!("{out}{err}")
}

#[test]
fn the_python_port_passes_every_vector_and_each_change_of_its_tables_fails() {
    let output = port(&["--self-check"]);
    let said = said(&output);
    println!("{said}");
    assert!(output.status.success(), "{}:\n{said}", output.status);
    assert!(said.contains("self-check: "), "it was done:\n{said}");
}

/// A vector that says otherwise is reported, and the runner's exit code is 1.
#[test]
fn a_vector_that_differs_is_reported() {
    let copy = std::env::temp_dir().join(format!("dogpile-vectors-{}", std::process::id()));
    std::fs::create_dir_all(&copy).expect("the folder for temporary files can be written");
    for file in std::fs::read_dir(folder("vectors")).expect("the vectors are there") {
        let path = file.expect("the vectors can be listed").path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a vector can be read");
        let changed = text.replacen("\"step\":\"Joined\"", "\"step\":\"Changed\"", 1);
        let name = path.file_name().expect("a file has a name");
        std::fs::write(copy.join(name), changed).expect("a copy can be written");
    }
    let output = port(&["--vectors", &copy.display().to_string()]);
    std::fs::remove_dir_all(&copy).expect("its own folder can be removed");
    let said = said(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("expected ('Changed'"), "{said}");
}

/// A folder without vectors is an error of its own, not a success over nothing.
#[test]
fn no_vectors_are_no_success() {
    let output = port(&["--vectors", "nowhere"]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
}
