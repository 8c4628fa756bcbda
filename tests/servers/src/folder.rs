//! Folders that are gone when this process is, however it ends.
//!
//! A server that a test keeps in a static is never dropped, and a process that is killed drops
//! nothing. So all folders stand in one, and a shell whose input ends with this process removes it.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use tempfile::TempDir;

/// Waits until nobody can write to it any more.
const REMOVE_AT_THE_END: &str = "while read -r _; do :; done; rm -rf -- \"$1\"";

struct Home {
    path: PathBuf,
    /// Its input is open as long as this is kept.
    _shell: Child,
}

static HOME: Mutex<Option<Home>> = Mutex::new(None);

/// A new folder; dropped, it is gone at once.
pub(crate) fn make() -> io::Result<TempDir> {
    let mut home = HOME.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(home) = &*home {
        return TempDir::with_prefix_in("server-", &home.path);
    }
    let path = TempDir::with_prefix("dogpile-servers-")?.keep();
    let shell = Command::new("sh")
        .args(["-c", REMOVE_AT_THE_END, "sh"])
        .arg(&path)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // What interrupts or kills the tests as a group does not reach it.
        .process_group(0)
        .spawn()?;
    let folder = TempDir::with_prefix_in("server-", &path);
    *home = Some(Home {
        path,
        _shell: shell,
    });
    folder
}
