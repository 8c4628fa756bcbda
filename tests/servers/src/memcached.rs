//! One memcached: started, asked, killed, frozen, started again.

use std::fs::{self, OpenOptions};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tempfile::TempDir;

use crate::error::Error;
use crate::flavour::on_path;
use crate::folder;
use crate::process::Process;
use crate::spot::Spot;
use crate::tls::Tls;
use crate::wait::{Seen, until};
use crate::wire::Wire;

/// What brings it.
const INSTALL: &str = "apt-get install memcached";

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(1);

/// A memcached of its own, on a port of its own. Dropped, it is killed.
///
/// ```no_run
/// use dogpile_test_servers::Memcached;
/// # fn main() -> Result<(), dogpile_test_servers::Error> {
/// let server = Memcached::start(&["-m", "16"])?;
/// assert_eq!(server.ask("mg nothing v")?, "EN\r\n");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Memcached {
    // First, so that it is gone before its folder is.
    process: Mutex<Option<Process>>,
    spot: Spot,
    arguments: Vec<String>,
    login: Option<String>,
    tls: Option<Tls>,
    folder: TempDir,
}

impl Memcached {
    /// A server with these arguments beside those that say where it listens.
    ///
    /// # Errors
    /// [`Error::Missing`] says what to install; [`Error::Ended`] holds what it said at its end.
    pub fn start(arguments: &[&str]) -> Result<Self, Error> {
        Self::launch_with(arguments, None, false)
    }

    /// A server that speaks TLS too, on a port of its own.
    ///
    /// # Errors
    /// As [`Self::start`], and [`Error::Certificate`].
    pub fn encrypted() -> Result<Self, Error> {
        Self::launch_with(&[], None, true)
    }

    /// A server that answers only those who log in by this name and password.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn guarded(name: &str, password: &str) -> Result<Self, Error> {
        Self::launch_with(&[], Some((name, password)), false)
    }

    fn launch_with(
        arguments: &[&str],
        login: Option<(&str, &str)>,
        tls: bool,
    ) -> Result<Self, Error> {
        let folder = folder::make().map_err(Error::io("make a folder for a server"))?;
        let mut arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        if let Some((name, password)) = login {
            let file = folder.path().join("logins");
            fs::write(&file, format!("{name}:{password}\n"))
                .map_err(Error::io("write the server's logins"))?;
            arguments.extend(["-Y".to_owned(), file.display().to_string()]);
        }
        let server = Self {
            process: Mutex::new(None),
            spot: Spot::take().map_err(Error::io("take a free port"))?,
            arguments,
            login: login.map(|(name, password)| format!("{name} {password}")),
            tls: tls.then(|| Tls::make(folder.path())).transpose()?,
            folder,
        };
        server.restart()?;
        Ok(server)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.spot.address()
    }

    /// Where clients find it: `memcached://127.0.0.1:<port>`.
    pub fn url(&self) -> String {
        format!("memcached://{}", self.address())
    }

    /// Where it speaks TLS, if it does.
    pub fn tls(&self) -> Option<&Tls> {
        self.tls.as_ref()
    }

    /// A wire to it that can be cut and held.
    ///
    /// # Errors
    /// As [`Wire::to`].
    pub fn wire(&self) -> Result<Wire, Error> {
        Wire::to(self.address())
    }

    /// Its process, if it runs.
    pub fn pid(&self) -> Option<u32> {
        self.process().as_ref().map(Process::id)
    }

    /// What it said, on either channel.
    pub fn log(&self) -> String {
        let bytes = fs::read(self.folder.path().join("server.log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Kills it, and returns when it is no more; all it held is lost. Nothing happens if it does
    /// not run.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn kill(&self) -> Result<(), Error> {
        match self.process().take() {
            Some(mut process) => process.kill().map_err(Error::io("kill the server")),
            None => Ok(()),
        }
    }

    /// Starts it again on its port, after killing it if it runs, and returns when it answers.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn restart(&self) -> Result<(), Error> {
        self.kill()?;
        let program = on_path("memcached").ok_or(Error::Missing {
            program: "memcached",
            install: INSTALL,
        })?;
        let file = self.folder.path().join("server.log");
        let unwritable = || Error::io(format!("write {}", file.display()));
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&file)
            .map_err(unwritable())?;
        let mut command = Command::new(program);
        command
            // Who it becomes when it is started by root; ignored otherwise.
            .args(["-U", "0", "-u", "root"])
            .args(self.listening())
            .args(&self.arguments)
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().map_err(unwritable())?)
            .stderr(log);
        let process = Process::start(command).map_err(Error::io("start memcached"))?;
        *self.process() = Some(process);
        until("memcached answers", || {
            let ended = self.running(|process| process.ended().map_err(Error::io("look")))?;
            if ended.is_some() {
                return Err(Error::Ended { log: self.log() });
            }
            self.ask("mn").map(Seen::Yes)
        })?;
        Ok(())
    }

    fn listening(&self) -> Vec<String> {
        let plain = self.spot.address();
        match &self.tls {
            None => vec!["-l".to_owned(), plain.to_string()],
            Some(tls) => vec![
                "-l".to_owned(),
                format!("notls:{plain},{}", tls.address()),
                "-Z".to_owned(),
                "-o".to_owned(),
                tls.memcached_options(),
            ],
        }
    }

    /// Stops its process where it stands: connections stay, answers do not come.
    ///
    /// # Errors
    /// [`Error::NotRunning`].
    pub fn freeze(&self) -> Result<(), Error> {
        self.running(|process| process.freeze().map_err(Error::io("freeze the server")))
    }

    /// Lets its process go on.
    ///
    /// # Errors
    /// [`Error::NotRunning`].
    pub fn thaw(&self) -> Result<(), Error> {
        self.running(|process| process.thaw().map_err(Error::io("thaw the server")))
    }

    /// One request, without its end of line, on a connection of its own; all that is answered to it,
    /// ends of lines and all.
    ///
    /// # Errors
    /// If no answer comes.
    pub fn ask(&self, request: &str) -> Result<String, Error> {
        // What is not quiet is answered in order, so this answer ends the one before.
        let (end, asked) = ("MN\r\n", format!("{request}\r\nmn\r\n"));
        self.exchange(&asked, end)
    }

    /// How many requests it was asked since it began: those that read, store or delete. What
    /// [`Self::ask`] asks is among them; asking for nothing (`mn`) and for this count is not.
    ///
    /// # Errors
    /// If no answer comes.
    pub fn requests(&self) -> Result<u64, Error> {
        let kinds = [
            "cmd_get",
            "cmd_set",
            "cmd_touch",
            "delete_hits",
            "delete_misses",
        ];
        kinds.iter().map(|kind| self.count(kind)).sum()
    }

    /// One of its counts, by its name in `stats`.
    ///
    /// # Errors
    /// If no answer comes, or none of this name is in it.
    pub fn count(&self, name: &str) -> Result<u64, Error> {
        let answer = self.exchange("stats\r\n", "END\r\n")?;
        let mut lines = answer.lines().map(|line| line.split(' '));
        let found = lines.find_map(|mut words| {
            let named = words.next() == Some("STAT") && words.next() == Some(name);
            named.then(|| words.next()?.parse().ok()).flatten()
        });
        found.ok_or_else(|| Error::Refused {
            command: "stats".to_owned(),
            message: format!("it counts no {name}"),
        })
    }

    fn exchange(&self, asked: &str, end: &str) -> Result<String, Error> {
        let failed = || Error::io(format!("ask memcached on port {}", self.spot.port()));
        let mut stream = TcpStream::connect_timeout(&self.address(), PATIENCE).map_err(failed())?;
        stream.set_read_timeout(Some(PATIENCE)).map_err(failed())?;
        if let Some(login) = &self.login {
            let text = format!("set login 0 0 {}\r\n{login}\r\n", login.len());
            stream.write_all(text.as_bytes()).map_err(failed())?;
            answer(&mut stream, "STORED\r\n").map_err(failed())?;
        }
        stream.write_all(asked.as_bytes()).map_err(failed())?;
        let mut whole = answer(&mut stream, end).map_err(failed())?;
        whole.truncate(whole.len() - end.len());
        Ok(whole)
    }

    fn running<T>(&self, act: impl FnOnce(&mut Process) -> Result<T, Error>) -> Result<T, Error> {
        let port = self.spot.port();
        let mut process = self.process();
        act(process.as_mut().ok_or(Error::NotRunning { port })?)
    }

    fn process(&self) -> MutexGuard<'_, Option<Process>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads until what came ends so.
fn answer(stream: &mut TcpStream, end: &str) -> std::io::Result<String> {
    let (mut whole, mut piece) = (Vec::new(), [0; 4_096]);
    while !whole.ends_with(end.as_bytes()) {
        match stream.read(&mut piece)? {
            0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            count => whole.extend_from_slice(&piece[..count]),
        }
    }
    Ok(String::from_utf8_lossy(&whole).into_owned())
}
