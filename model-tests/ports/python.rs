//! Runs the Python port over all vectors. It changes its own tables too, one place at a time, and
//! fails when the vectors do not notice a change.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn folder(name: &str) -> PathBuf {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    models.join(name)
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

/// What the port says of vectors of which the file `name` was changed. Tests run at once, so each
/// changes another.
fn of_changed(name: &str, change: impl Fn(&mut serde_json::Value)) -> (Option<i32>, String) {
    let copy = format!("dogpile-vectors-{}-{name}", std::process::id());
    let copy = std::env::temp_dir().join(copy);
    std::fs::create_dir_all(&copy).expect("the folder for temporary files can be written");
    for file in std::fs::read_dir(folder("vectors")).expect("the vectors are there") {
        let path = file.expect("the vectors can be listed").path();
        let there = copy.join(path.file_name().expect("a file has a name"));
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            std::fs::copy(&path, there).expect("a copy can be written");
        }
    }
    let changed = copy.join(name).with_extension("json");
    let text = std::fs::read_to_string(&changed).expect("a vector can be read");
    let mut vectors = serde_json::from_str(&text).expect("a vector is JSON");
    change(&mut vectors);
    std::fs::write(&changed, vectors.to_string()).expect("a copy can be written");
    let output = port(&["--vectors", &copy.display().to_string()]);
    std::fs::remove_dir_all(&copy).expect("its own folder can be removed");
    (output.status.code(), said(&output))
}

/// A vector that says otherwise is reported, and the runner's exit code is 1.
#[test]
fn a_vector_that_differs_is_reported() {
    let (code, said) = of_changed("transitions", |vectors| {
        let cells = vectors["cells"].as_array_mut().expect("a list of cells");
        let joined = cells.iter_mut().find(|cell| cell["step"] == "Joined");
        joined.expect("somebody joins")["step"] = "Changed".into();
    });
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("expected ('Changed'"), "{said}");
}

/// Who compares nothing finds no difference; the runner says which list asks nothing.
#[test]
fn a_list_that_is_empty_or_missing_is_refused_by_name() {
    let (code, said) = of_changed("epochs", |vectors| vectors["rows"] = serde_json::json!([]));
    assert_eq!(code, Some(2), "{said}");
    assert!(
        said.contains("the list `rows` of epochs.json is empty"),
        "{said}"
    );
    let (code, said) = of_changed("flow", |vectors| {
        vectors.as_object_mut().expect("an object").remove("traces");
    });
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("flow.json has no list `traces`"), "{said}");
}

/// What is there but says nothing, or cannot be asked, is refused in a line that says where.
#[test]
fn a_case_that_asks_nothing_is_refused_by_name() {
    let refused = |name, says: &str, change: fn(&mut serde_json::Value)| {
        let (code, said) = of_changed(name, change);
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains(says) && said.lines().count() == 1, "{said}");
    };
    refused("keys", "keys.json is not version 1", |vectors| {
        vectors["version"] = true.into();
    });
    refused(
        "regions",
        "`programs` of regions.json has no steps",
        |vectors| {
            vectors["programs"][0]["steps"] = serde_json::json!([]);
        },
    );
    refused(
        "time",
        "time.json, after 0 answers: KeyError('a')",
        |vectors| {
            vectors["sums"][0]
                .as_object_mut()
                .expect("a case")
                .remove("a");
        },
    );
}

/// A folder without vectors is an error of its own, not a success over nothing.
#[test]
fn no_vectors_are_no_success() {
    let output = port(&["--vectors", "nowhere"]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
}
