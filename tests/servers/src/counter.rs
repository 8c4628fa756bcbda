//! Counting what clients ask of a server, exactly.
//!
//! The server's own statistics count what scripts call like what clients send. Its `MONITOR`
//! tells them apart, and names each client's address. It shows commands in the order in which
//! they ran, so that once a mark of ours came by, all that ran before it did too.

mod line;

use std::collections::BTreeMap;
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use crate::control::{Control, accepted};
use crate::error::Error;
use crate::resp::Connection;
use crate::server::Server;
use crate::wait::PATIENCE;
use line::Line;

/// What clients do to get ready, and what they do to see whether anyone is there. These are no
/// work of the store; how often they come is the client's own business.
const SET_UP: &[&str] = &[
    "AUTH", "CLIENT", "CLUSTER", "COMMAND", "CONFIG", "HELLO", "INFO", "PING", "QUIT", "READONLY",
    "ROLE", "SELECT", "SENTINEL",
];

/// How sentinels talk to each other through the servers they watch.
const SENTINELS: &str = "__sentinel__:hello";

/// Counts the commands of clients, from when it was made.
///
/// Not counted: what scripts call, what clients do to set up a connection (`HELLO`, `AUTH`,
/// `SELECT`, `CLIENT`, `PING`, ...), what [`Server::ask`] does, and what servers say to each
/// other. A script is one command; so is each command of a pipeline, and a transaction's `MULTI`
/// and `EXEC` besides what is between them. A command that the server refused before it ran
/// (no memory, no permission, another node's slot) is none of these: `INFO commandstats` tells
/// of those.
#[derive(Debug)]
pub struct Counter {
    taps: Vec<Tap>,
}

impl Counter {
    /// Counts on all of these servers.
    ///
    /// # Errors
    /// If one does not answer.
    pub fn on(servers: &[&Server]) -> Result<Self, Error> {
        let taps: Result<_, _> = servers
            .iter()
            .map(|server| Tap::on(Arc::clone(server.control())))
            .collect();
        Ok(Self { taps: taps? })
    }

    /// How many commands there were. Each that was answered before this call is among them.
    ///
    /// # Errors
    /// [`Error::CounterLost`] if a server that it counts on was killed, or got another role:
    /// then all connections to it are closed, and this needs a counter anew.
    pub fn count(&self) -> Result<u64, Error> {
        Ok(self.by_command()?.values().sum())
    }

    /// The same by the commands' names, in capitals.
    ///
    /// # Errors
    /// As [`Self::count`].
    pub fn by_command(&self) -> Result<BTreeMap<String, u64>, Error> {
        let mut sum = BTreeMap::new();
        for tap in &self.taps {
            for (name, count) in tap.drained()? {
                *sum.entry(name).or_default() += count;
            }
        }
        Ok(sum)
    }
}

/// The counter on one server: a thread that reads what the monitor shows.
#[derive(Debug)]
struct Tap {
    control: Arc<Control>,
    tally: Arc<Tally>,
    /// What tells this tap's marks from others'.
    tag: String,
    socket: TcpStream,
    reader: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Tally {
    seen: Mutex<Seen>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Seen {
    by_command: BTreeMap<String, u64>,
    /// The mark that was sent last, and the one that came by last.
    sent: u64,
    came: u64,
    /// Why there will be no more lines.
    lost: Option<String>,
}

impl Tap {
    fn on(control: Arc<Control>) -> Result<Self, Error> {
        let failed = || Error::io("watch a server's commands");
        let mut monitor = control.connect(PATIENCE)?;
        let words = ["MONITOR"];
        accepted(&words, monitor.ask(&words).map_err(failed())?)?;
        monitor.wait_for_ever().map_err(failed())?;
        let socket = monitor.socket().map_err(failed())?;
        let tag = format!("mark-of-{}", monitor.local().port());
        let tally = Arc::new(Tally::default());
        let reader = thread::Builder::new()
            .name("counter".to_owned())
            .spawn({
                let (control, tally, tag) = (Arc::clone(&control), Arc::clone(&tally), tag.clone());
                move || tally.fill(monitor, &control, &tag)
            })
            .map_err(failed())?;
        Ok(Self {
            control,
            tally,
            tag,
            socket,
            reader: Some(reader),
        })
    }

    /// What came, once a new mark came by.
    fn drained(&self) -> Result<BTreeMap<String, u64>, Error> {
        let mark = {
            let mut seen = self.tally.seen();
            seen.sent += 1;
            seen.sent
        };
        self.control
            .ask(&["ECHO", &format!("{}.{mark}", self.tag)])?;
        let (seen, _) = self
            .tally
            .changed
            .wait_timeout_while(self.tally.seen(), PATIENCE, |seen| {
                seen.came < mark && seen.lost.is_none()
            })
            .unwrap_or_else(PoisonError::into_inner);
        if seen.came >= mark {
            return Ok(seen.by_command.clone());
        }
        let reason = seen.lost.clone();
        let reason = reason.unwrap_or_else(|| "its own mark did not come by".to_owned());
        Err(Error::CounterLost(reason))
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        // The reader's connection ends, and the reader with it.
        let _ = self.socket.shutdown(Shutdown::Both);
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

impl Tally {
    fn fill(&self, mut monitor: Connection, control: &Control, tag: &str) {
        let reason = loop {
            match monitor.line() {
                Ok(text) => match Line::parse(&text) {
                    Some(line) => self.note(&line, control, tag),
                    None => break format!("its monitor said {text:?}"),
                },
                Err(error) => break error.to_string(),
            }
        };
        self.seen().lost = Some(reason);
        self.changed.notify_all();
    }

    fn note(&self, line: &Line<'_>, control: &Control, tag: &str) {
        let Some(client) = line.client else {
            return; // a script's
        };
        if control.is_of_the_house(client) {
            let mark = line
                .first
                .and_then(|word| word.strip_prefix(tag)?.strip_prefix('.'));
            if let Some(mark) = mark.and_then(|mark| mark.parse().ok()) {
                self.seen().came = mark;
                self.changed.notify_all();
            }
            return;
        }
        let name = line.name.to_ascii_uppercase();
        if SET_UP.contains(&name.as_str()) || line.first == Some(SENTINELS) {
            return;
        }
        *self.seen().by_command.entry(name).or_default() += 1;
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
