//! Reads the versions of the contenders from `Cargo.lock`, so that a published figure names exactly what was measured.

use std::path::Path;
use std::process::Command;

fn main() {
    // Asked now: a program that was built in another folder may run here.
    let here = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default();
    let lock = Path::new(&here).join("../../Cargo.lock");
    println!("cargo:rerun-if-changed={}", lock.display());
    let text = std::fs::read_to_string(&lock).unwrap_or_default();
    println!("cargo:rustc-env=PEERS_VERSIONS={}", versions(&text));
    println!("cargo:rustc-env=PEERS_RUSTC={}", rustc());
}

/// `name=version` pairs joined by semicolons: an environment variable holds one line.
fn versions(lock: &str) -> String {
    let mut pairs = Vec::new();
    let mut name = "";
    for line in lock.lines() {
        if let Some(found) = quoted(line, "name = ") {
            name = found;
        } else if let Some(version) = quoted(line, "version = ") {
            pairs.push(format!("{name}={version}"));
        }
    }
    pairs.join(";")
}

fn quoted<'a>(line: &'a str, field: &str) -> Option<&'a str> {
    line.strip_prefix(field)?
        .strip_prefix('"')?
        .strip_suffix('"')
}

fn rustc() -> String {
    let compiler = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    Command::new(compiler)
        .arg("--version")
        .output()
        .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
        .unwrap_or_default()
}
