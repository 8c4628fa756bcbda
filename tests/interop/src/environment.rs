//! Python with the packages of `requirements.txt`, in a folder of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use crate::problem::Problem;

/// The interpreter of an environment in `folder`, made unless it is there and has what is required.
pub(crate) fn python(folder: &Path, requirements: &Path) -> Result<PathBuf, Problem> {
    let required = fs::read_to_string(requirements)
        .map_err(Problem::system(format!("read {}", requirements.display())))?;
    let interpreter = folder.join("bin").join("python");
    // Written last: half an environment is none.
    let has = folder.join("has.txt");
    if fs::read_to_string(&has).is_ok_and(|found| found == required) {
        return Ok(interpreter);
    }
    let mut make = Command::new("python3");
    run(make.args(["-m", "venv", "--clear"]).arg(folder))?;
    let mut fill = Command::new(&interpreter);
    let install = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "-r",
    ];
    run(fill.args(install).arg(requirements))?;
    fs::write(&has, required).map_err(Problem::system(format!("write {}", has.display())))?;
    Ok(interpreter)
}

/// What it says goes to standard error: standard output is for the result.
fn run(command: &mut Command) -> Result<(), Problem> {
    let status = command
        .stdin(Stdio::null())
        .stdout(std::io::stderr())
        .status();
    let failed = Problem::Environment {
        line: format!("{command:?}").replace('"', ""),
    };
    status
        .ok()
        .filter(ExitStatus::success)
        .map(drop)
        .ok_or(failed)
}
