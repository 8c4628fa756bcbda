//! A Python of this project's own: a virtual environment in the target folder, made when it is first asked for.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A module that Python has only where the system's packages brought it; pip has none.
#[derive(Debug, Clone, Copy)]
pub struct Module {
    /// Its name.
    pub name: &'static str,
    /// The Debian package that brings it.
    pub package: &'static str,
}

/// Where a Python may be: the version that the published figures were made with first, and last the
/// system's own, which another's in front of it may hide.
const PYTHONS: [&str; 3] = ["python3.11", "python3", "/usr/bin/python3"];

/// The Python of a virtual environment that holds `packages`, each pinned, and sees `module`; made if it is not there.
///
/// # Errors
/// What is lacking, and what brings it.
pub fn with(packages: &[&str], module: Option<Module>) -> Result<PathBuf, String> {
    let folder = target().join("python");
    let names = packages
        .iter()
        .copied()
        .chain(module.map(|module| module.name));
    let names: Vec<_> = names.collect();
    let home = folder.join(names.join("+").replace("==", "-"));
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
        make(&home, &python, packages, first_with(&PYTHONS, module)?)?;
        File::create(whole).map_err(unwritable)?;
    }
    Ok(python)
}

fn make(home: &Path, python: &Path, packages: &[&str], system: &str) -> Result<(), String> {
    // One that was begun and not finished is begun anew.
    let _ = fs::remove_dir_all(home);
    let mut venv = Command::new(system);
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

/// The first of `pythons` that is there and has `module`.
fn first_with<'p>(pythons: &[&'p str], module: Option<Module>) -> Result<&'p str, String> {
    let says = module.map_or_else(String::new, |module| format!("import {}", module.name));
    let has = |python: &&&str| {
        let mut ask = Command::new(python);
        ask.args(["-c", &says]).stdin(Stdio::null());
        let asked = ask.stdout(Stdio::null()).stderr(Stdio::null()).status();
        asked.is_ok_and(|status| status.success())
    };
    let lacking = || match module {
        Some(Module { name, package }) => {
            format!("no Python here has {name} (`apt-get install {package}`)")
        }
        None => "no Python is here (`apt-get install python3`)".to_owned(),
    };
    pythons.iter().find(has).copied().ok_or_else(lacking)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lacking_is_told_with_what_brings_it() {
        let absent = Module {
            name: "no_such_module_anywhere",
            package: "python3-nosuch",
        };
        let told = first_with(&PYTHONS, Some(absent)).expect_err("nobody has it");
        assert!(told.contains("apt-get install python3-nosuch"), "{told}");
        let told = first_with(&["no-such-python"], None).expect_err("it is not there");
        assert!(told.contains("apt-get install python3"), "{told}");
    }
}
