//! One server: started, asked, killed, frozen, started again.

use std::fs::{self, OpenOptions};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tempfile::TempDir;

use crate::builder::{Builder, Kind};
use crate::control::Control;
use crate::counter::Counter;
use crate::error::Error;
use crate::flavour::Flavour;
use crate::process::Process;
use crate::resp::Reply;
use crate::spot::Spot;
use crate::tls::Tls;
use crate::wait::{Seen, until};
use crate::wire::Wire;

/// How long one PING may take while a server comes up.
const PING: Duration = Duration::from_secs(1);

/// A server of its own, on a port of its own. Dropped, it is killed and its data is gone.
#[derive(Debug)]
pub struct Server {
    // First, so that it is gone before its folder is.
    process: Mutex<Option<Process>>,
    parts: Parts,
    control: Arc<Control>,
}

/// What a server is made of but for its process.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) flavour: Flavour,
    pub(crate) kind: Kind,
    pub(crate) spot: Spot,
    pub(crate) password: Option<String>,
    pub(crate) tls: Option<Tls>,
    pub(crate) bus: Option<Spot>,
    pub(crate) folder: TempDir,
}

impl Server {
    /// A server that keeps values in memory, as it comes.
    ///
    /// # Errors
    /// As [`Builder::start`].
    pub fn start(flavour: Flavour) -> Result<Self, Error> {
        Self::of(flavour).start()
    }

    /// A server that is yet to be described.
    pub fn of(flavour: Flavour) -> Builder {
        Builder::new(flavour, Kind::Store)
    }

    /// A Sentinel that is yet to be told of a master.
    pub fn sentinel(flavour: Flavour) -> Builder {
        Builder::new(flavour, Kind::Sentinel)
    }

    pub(crate) fn new(parts: Parts) -> Self {
        let control = Arc::new(Control::of(parts.spot.address()));
        Self {
            process: Mutex::new(None),
            parts,
            control,
        }
    }

    /// Which server it is.
    pub fn flavour(&self) -> Flavour {
        self.parts.flavour
    }

    /// Its port; the same through every restart, and nobody else's meanwhile.
    pub fn port(&self) -> u16 {
        self.parts.spot.port()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.parts.spot.address()
    }

    /// Where clients find it: `redis://127.0.0.1:<port>/0`, with the password if it has one.
    pub fn url(&self) -> String {
        format!("redis://{}{}/0", self.login(), self.address())
    }

    /// What stands before the address in a URL.
    pub(crate) fn login(&self) -> String {
        self.password()
            .map_or_else(String::new, |password| format!(":{password}@"))
    }

    pub(crate) fn password(&self) -> Option<&str> {
        self.parts.password.as_deref()
    }

    /// Where it speaks TLS, if it does.
    pub fn tls(&self) -> Option<&Tls> {
        self.parts.tls.as_ref()
    }

    /// A wire to it that can be cut and held.
    ///
    /// # Errors
    /// As [`Wire::to`].
    pub fn wire(&self) -> Result<Wire, Error> {
        Wire::with_login(self.address(), self.login())
    }

    /// Its process, if it runs.
    pub fn pid(&self) -> Option<u32> {
        self.process().as_ref().map(Process::id)
    }

    /// Whether it runs and is not frozen.
    pub fn is_up(&self) -> bool {
        let mut process = self.process();
        process.as_mut().is_some_and(Process::is_up)
    }

    /// Its data's folder.
    pub fn folder(&self) -> &Path {
        self.parts.folder.path()
    }

    /// What it wrote into its log.
    pub fn log(&self) -> String {
        let bytes = fs::read(self.folder().join("server.log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Kills it, and returns when it is no more. What it had not written is lost. Nothing happens
    /// if it does not run.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn kill(&self) -> Result<(), Error> {
        match self.process().take() {
            Some(mut process) => process.kill().map_err(Error::io("kill the server")),
            None => Ok(()),
        }
    }

    /// Lets it end in its own way, which writes what its configuration wants written. Nothing
    /// happens if it does not run.
    ///
    /// # Errors
    /// [`Error::TooLong`] if it does not end; it is killed then.
    pub fn stop(&self) -> Result<(), Error> {
        let Some(mut process) = self.process().take() else {
            return Ok(());
        };
        process.ask_to_end().map_err(Error::io("stop the server"))?;
        until("the server ends", || {
            let ended = process.ended().map_err(Error::io("stop the server"))?;
            Ok(ended.map_or_else(|| Seen::NotYet(self.log()), |_| Seen::Yes(())))
        })
    }

    /// Starts it again on its port, after killing it if it runs, and returns when it answers.
    ///
    /// # Errors
    /// As [`Builder::start`].
    pub fn restart(&self) -> Result<(), Error> {
        self.kill()?;
        self.launch()?;
        self.ready()
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

    /// One command over a connection of the house's own, which no rule for users binds and no
    /// [`Counter`] counts. The parts of a list come one a line.
    ///
    /// # Errors
    /// [`Error::Refused`] if the server answers with an error.
    pub fn ask(&self, words: &[&str]) -> Result<String, Error> {
        Ok(self.control.ask(words)?.to_string())
    }

    /// As [`Self::ask`], with the answer as it came; an error is an answer.
    ///
    /// # Errors
    /// If no answer comes.
    pub fn reply(&self, words: &[&str]) -> Result<Reply, Error> {
        self.control.reply(words)
    }

    /// Whether it answers a PING on a new connection within `patience`.
    ///
    /// # Errors
    /// Why it does not.
    pub fn ping(&self, patience: Duration) -> Result<(), Error> {
        self.control.ping(patience)
    }

    /// Counts what its clients ask from now on.
    ///
    /// # Errors
    /// If it does not answer.
    pub fn counter(&self) -> Result<Counter, Error> {
        Counter::on(&[self])
    }

    /// Where other nodes of its cluster find it.
    pub(crate) fn bus_port(&self) -> Option<u16> {
        self.parts.bus.as_ref().map(Spot::port)
    }

    pub(crate) fn control(&self) -> &Arc<Control> {
        &self.control
    }

    /// Starts its process.
    pub(crate) fn launch(&self) -> Result<(), Error> {
        let log_file = self.folder().join("server.log");
        let unwritable = || Error::io(format!("write {}", log_file.display()));
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&log_file)
            .map_err(unwritable())?;
        let mut command = self.parts.flavour.command()?;
        command
            .arg(self.folder().join("server.conf"))
            .args(self.parts.kind.arguments())
            .current_dir(self.folder())
            .stdin(Stdio::null())
            .stdout(log.try_clone().map_err(unwritable())?)
            .stderr(log);
        let process =
            Process::start(command).map_err(Error::io(format!("start {}", self.flavour())))?;
        *self.process() = Some(process);
        Ok(())
    }

    /// Returns when it answers.
    pub(crate) fn ready(&self) -> Result<(), Error> {
        until(format!("{} answers a PING", self.flavour()), || {
            let ended = self.running(|process| process.ended().map_err(Error::io("look")))?;
            if ended.is_some() {
                return Err(Error::Ended { log: self.log() });
            }
            self.ping(PING).map(Seen::Yes)
        })
    }

    fn running<T>(&self, act: impl FnOnce(&mut Process) -> Result<T, Error>) -> Result<T, Error> {
        let port = self.port();
        let mut process = self.process();
        act(process.as_mut().ok_or(Error::NotRunning { port })?)
    }

    fn process(&self) -> MutexGuard<'_, Option<Process>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
