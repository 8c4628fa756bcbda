//! The house's own connection to a server: for setting up and reading back, apart from the
//! clients under test.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::error::Error;
use crate::resp::{Connection, Reply};

/// A user that every server knows, so that no password or rule a test sets shuts us out.
const USER: &str = "dogpile-test-servers";

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The line that makes the user known.
pub(crate) fn user_line() -> String {
    format!("user {USER} on nopass ~* &* +@all")
}

/// The connection to one server, made when it is needed.
#[derive(Debug)]
pub(crate) struct Control {
    server: SocketAddr,
    connection: Mutex<Option<Connection>>,
    /// Addresses that are no client's: our own, and those of servers that copy from this one.
    house: Mutex<HashSet<SocketAddr>>,
}

impl Control {
    pub(crate) fn of(server: SocketAddr) -> Self {
        Self {
            server,
            connection: Mutex::new(None),
            house: Mutex::new(HashSet::new()),
        }
    }

    /// Another connection of ours, logged in.
    pub(crate) fn connect(&self, patience: Duration) -> Result<Connection, Error> {
        let unreachable = || Error::io(format!("talk to the server on {}", self.server));
        let mut connection = Connection::open(self.server, patience).map_err(unreachable())?;
        self.belongs_to_the_house(connection.local());
        let login = ["AUTH", USER, ""];
        let reply = connection.ask(&login).map_err(unreachable())?;
        accepted(&login, reply)?;
        Ok(connection)
    }

    /// Asks, and gives the answer as it came; an error is an answer.
    pub(crate) fn reply(&self, words: &[&str]) -> Result<Reply, Error> {
        let mut held = lock(&self.connection);
        let mut connection = match held.take().filter(Connection::is_open) {
            Some(connection) => connection,
            None => self.connect(PATIENCE)?,
        };
        let reply = connection
            .ask(words)
            .map_err(Error::io(format!("get an answer to `{}`", named(words))))?;
        // Only now: a connection that failed amid an answer is of no use any more.
        *held = Some(connection);
        Ok(reply)
    }

    /// Asks; an error is an error.
    pub(crate) fn ask(&self, words: &[&str]) -> Result<Reply, Error> {
        let reply = self.reply(words)?;
        accepted(words, reply)
    }

    /// One PING on a connection of its own.
    pub(crate) fn ping(&self, patience: Duration) -> Result<(), Error> {
        let words = ["PING"];
        let reply = self
            .connect(patience)?
            .ask(&words)
            .map_err(Error::io("get an answer to `PING`"))?;
        accepted(&words, reply).map(drop)
    }

    pub(crate) fn belongs_to_the_house(&self, address: SocketAddr) {
        lock(&self.house).insert(address);
    }

    pub(crate) fn is_of_the_house(&self, address: SocketAddr) -> bool {
        lock(&self.house).contains(&address)
    }
}

/// The answer, unless it is an error.
pub(crate) fn accepted(words: &[&str], reply: Reply) -> Result<Reply, Error> {
    match reply {
        Reply::Error(message) => Err(Error::Refused {
            command: named(words),
            message,
        }),
        reply => Ok(reply),
    }
}

/// A command's first words; values may be long.
fn named(words: &[&str]) -> String {
    words[..words.len().min(2)].join(" ")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
