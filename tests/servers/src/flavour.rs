//! Which server: where its program is, and what brings it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::Error;
use crate::valkey;

/// The servers there are.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Flavour {
    /// Redis, as the system's packages bring it.
    Redis,
    /// Valkey, from the system, else from a Python package that carries it.
    Valkey,
}

/// What brings Redis without a system service that would hold its usual port.
const INSTALL_REDIS: &str = "apt-get install redis-tools";

impl Flavour {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Redis, Self::Valkey];

    /// Sees that its program is here, and says where. Valkey is fetched if need be.
    ///
    /// # Errors
    /// [`Error::Missing`] and [`Error::NoValkey`] say what to install.
    pub fn bring(self) -> Result<PathBuf, Error> {
        Ok(self.program()?.path)
    }

    /// The server's program, ready for arguments.
    pub(crate) fn command(self) -> Result<Command, Error> {
        Ok(self.program()?.command())
    }

    fn program(self) -> Result<Program, Error> {
        match self {
            Self::Redis => redis(),
            Self::Valkey => valkey::program(),
        }
    }
}

impl fmt::Display for Flavour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Redis => "Redis",
            Self::Valkey => "Valkey",
        })
    }
}

/// A program, and the name it is to be called by.
pub(crate) struct Program {
    path: PathBuf,
    name: &'static str,
}

impl Program {
    pub(crate) fn new(path: PathBuf, name: &'static str) -> Self {
        Self { path, name }
    }

    fn command(&self) -> Command {
        use std::os::unix::process::CommandExt;
        let mut command = Command::new(&self.path);
        command.arg0(self.name);
        command
    }
}

/// Redis is one program under several names. Debian puts it into `redis-tools` under the name of
/// the checker, and the package `redis-server` adds the server's name and a system service.
fn redis() -> Result<Program, Error> {
    let name = "redis-server";
    [name, "redis-check-rdb"]
        .into_iter()
        .find_map(on_path)
        .map(|path| Program::new(path, name))
        .ok_or(Error::Missing {
            program: name,
            install: INSTALL_REDIS,
        })
}

/// Where a program of this name is, if it is on the path.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|program| Path::is_file(program))
}
