//! A Python of this project's own: a virtual environment in the target folder, made when it is first asked for.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The Python of a virtual environment that holds `packages`, each pinned; made if it is not there.
///
/// # Errors
/// What is lacking, and what brings it.
pub fn with(packages: &[&str]) -> Result<PathBuf, String> {
    let folder = target().join("python");
    let home = folder.join(packages.join("+").replace("==", "-"));
    let python = home.join("bin/python");
    let whole = home.join("whole");
    if whole.is_file() {
        return Ok(python);
    }
    let unwritable = |error| format!("cannot write into {}: {error}", folder.display());
    fs::create_dir_all(&folder).map_err(unwritable)?;
    // Whoever comes meanwhile waits for it.
    let turn = File::create(folder.join("turn")).map_err(unwritable)?;
    turn.lock().map_err(unwritable)?;
    if !whole.is_file() {
        make(&home, &python, packages)?;
        File::create(whole).map_err(unwritable)?;
    }
    Ok(python)
}

fn make(home: &Path, python: &Path, packages: &[&str]) -> Result<(), String> {
    // One that was begun and not finished is begun anew.
    let _ = fs::remove_dir_all(home);
    let mut venv = Command::new(system_python());
    venv.args(["-m", "venv"]).arg(home);
    run(
        venv,
        "no virtual environment can be made (`apt-get install python3-venv`)",
    )?;
    let mut pip = Command::new(python);
    pip.args(["-m", "pip", "install", "--quiet"])
        .arg("--disable-pip-version-check")
        .args(packages);
    run(
        pip,
        &format!(
            "pip cannot install {} (is the package index within reach?)",
            packages.join(" ")
        ),
    )
}

/// The version that the published figures were made with, where it is there.
fn system_python() -> &'static str {
    const WANTED: &str = "python3.11";
    let mut ask = Command::new(WANTED);
    ask.arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    match ask.status() {
        Ok(status) if status.success() => WANTED,
        _ => "python3",
    }
}

fn run(mut command: Command, trouble: &str) -> Result<(), String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{trouble}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{trouble}: {}", said.trim()))
}

/// The folder that cargo built this program in, else that of the workspace.
fn target() -> PathBuf {
    let built_in = std::env::current_exe().ok().and_then(|program| {
        let mut folders = program.ancestors();
        // Cargo marks its target folders so that backups leave them out.
        let target = folders.find(|folder| folder.join("CACHEDIR.TAG").is_file());
        target.map(Path::to_path_buf)
    });
    built_in.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"))
}
