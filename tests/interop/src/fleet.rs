//! The processes that share a server.

use std::fmt;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::ground::Ground;
use crate::problem::Problem;
use crate::protocol::{Found, Order, Said};

/// For how many seconds values are fresh, by either side's word.
pub(crate) const FRESH: f64 = 60.0;

/// For how many seconds locks and leases last.
pub(crate) const LEASE: f64 = 2.0;

/// How long one waits to be told something. A call's own deadline is a minute.
const PATIENCE: Duration = Duration::from_secs(90);

/// What a process uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// dogpile.cache on Redis.
    Python,
    /// dogpile.cache on memcached, by way of pymemcache.
    Pymemcache,
    /// dogpile.cache on memcached, by way of pylibmc.
    Pylibmc,
    /// This cache.
    Rust,
    /// This project's core in Python.
    Port,
}

impl Kind {
    /// Whether it is dogpile.cache.
    pub(crate) fn is_python(self) -> bool {
        matches!(self, Self::Python | Self::Pymemcache | Self::Pylibmc)
    }

    /// What figures of it are figures of.
    pub(crate) fn side(self) -> &'static str {
        match self {
            Self::Python | Self::Pymemcache | Self::Pylibmc => "python",
            Self::Rust => "rust",
            Self::Port => "port",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pymemcache => "pymemcache",
            Self::Pylibmc => "pylibmc",
            Self::Python | Self::Rust | Self::Port => self.side(),
        })
    }
}

/// How to start one.
pub(crate) struct Cradle {
    /// The interpreter that has dogpile.cache.
    pub(crate) python: PathBuf,
    /// Where the workers' scripts are.
    pub(crate) scripts: PathBuf,
}

impl Cradle {
    fn command(&self, kind: Kind, name: &str, url: &str) -> Result<Command, Problem> {
        let python = |what: &str| {
            let mut python = Command::new(&self.python);
            python
                .arg("-B")
                .arg(self.scripts.join("worker.py"))
                .arg(what);
            python
        };
        let mut command = match kind {
            Kind::Python => python("redis"),
            Kind::Pymemcache => python("pymemcache"),
            Kind::Pylibmc => python("pylibmc"),
            Kind::Port => python("port"),
            Kind::Rust => {
                let this = std::env::current_exe();
                let mut this = Command::new(this.map_err(Problem::system("find this program"))?);
                this.arg("worker");
                this
            }
        };
        command.args([name, url]);
        command.args([FRESH.to_string(), LEASE.to_string()]);
        Ok(command)
    }

    fn bear(&self, kind: Kind, name: &str, url: &str) -> Result<Worker, Problem> {
        let mut command = self.command(kind, name, url)?;
        let started = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = started.map_err(Problem::system(format!("start {name}")))?;
        let (Some(orders), Some(out)) = (child.stdin.take(), child.stdout.take()) else {
            unreachable!("both are piped");
        };
        let (tell, told) = channel();
        // Ends with the process's output.
        thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                let said = serde_json::from_str(&line).map_err(|_| line);
                if tell.send(said).is_err() {
                    return;
                }
            }
        });
        Ok(Worker {
            kind,
            name: name.to_owned(),
            child,
            orders,
            told,
        })
    }
}

/// One process. It ends when its orders do, so also with this one.
pub(crate) struct Worker {
    pub(crate) kind: Kind,
    name: String,
    child: Child,
    orders: ChildStdin,
    told: Receiver<Result<Said, String>>,
}

impl Worker {
    pub(crate) fn tell(&mut self, order: &Order) -> Result<(), Problem> {
        let line = serde_json::to_string(order).unwrap_or_default();
        writeln!(self.orders, "{line}").map_err(|_| self.problem("has ended"))
    }

    /// What it says next that `fits`.
    pub(crate) fn hear<T>(&self, fits: impl Fn(Said) -> Option<T>) -> Result<T, Problem> {
        loop {
            match self.told.recv_timeout(PATIENCE) {
                Ok(Ok(said)) => {
                    if let Some(found) = fits(said) {
                        return Ok(found);
                    }
                }
                Ok(Err(line)) => return Err(self.problem(&format!("says {line:?}"))),
                Err(_) => return Err(self.problem("has ended, or says nothing any more")),
            }
        }
    }

    pub(crate) fn set(&mut self, key: &str, value: Value) -> Result<(), Problem> {
        let key = key.to_owned();
        self.tell(&Order::Set { key, value })?;
        self.hear(|said| matches!(said, Said::Done).then_some(()))
    }

    pub(crate) fn delete(&mut self, key: &str) -> Result<(), Problem> {
        let key = key.to_owned();
        self.tell(&Order::Delete { key })?;
        self.hear(|said| matches!(said, Said::Done).then_some(()))
    }

    pub(crate) fn read(&mut self, key: &str) -> Result<Found, Problem> {
        let key = key.to_owned();
        self.tell(&Order::Read { key })?;
        self.hear(|said| match said {
            Said::Read(found) => Some(found),
            _ => None,
        })
    }

    /// As `kill -9` does.
    fn kill(&mut self) -> Result<(), Problem> {
        let ended = self.child.kill().and_then(|()| self.child.wait());
        ended
            .map(drop)
            .map_err(Problem::system(format!("kill {}", self.name)))
    }

    fn problem(&self, what: &str) -> Problem {
        Problem::Worker {
            who: self.name.clone(),
            what: what.to_owned(),
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It may have ended; nobody is there to be told.
        let _ = self.kill();
    }
}

/// All of them.
pub(crate) struct Fleet<'c> {
    cradle: &'c Cradle,
    // Before the server, so that they are gone when it goes.
    pub(crate) workers: Vec<Worker>,
    /// The server that they share.
    pub(crate) ground: Ground,
    /// How many threads of each ask at once.
    pub(crate) threads: usize,
    born: usize,
}

impl<'c> Fleet<'c> {
    /// Starts so many of each kind, and returns when they are connected.
    pub(crate) fn start(
        cradle: &'c Cradle,
        ground: Ground,
        wanted: &[(Kind, usize)],
        threads: usize,
    ) -> Result<Self, Problem> {
        let mut fleet = Self {
            cradle,
            workers: Vec::new(),
            ground,
            threads,
            born: 0,
        };
        let kinds = wanted.iter().flat_map(|(kind, count)| vec![*kind; *count]);
        for kind in kinds {
            let worker = fleet.bear(kind)?;
            fleet.workers.push(worker);
        }
        for worker in &fleet.workers {
            ready(worker)?;
        }
        Ok(fleet)
    }

    fn bear(&mut self, kind: Kind) -> Result<Worker, Problem> {
        self.born += 1;
        let name = format!("{kind}-{}", self.born);
        self.cradle.bear(kind, &name, &self.ground.url())
    }

    /// The first of a kind, or the `number`-th, counted round.
    pub(crate) fn one(&mut self, kind: Kind, number: usize) -> usize {
        let all: Vec<_> = (0..self.workers.len())
            .filter(|at| self.workers[*at].kind == kind)
            .collect();
        all[number % all.len()]
    }

    /// Kills one, and puts another in its place.
    pub(crate) fn kill(&mut self, at: usize) -> Result<(), Problem> {
        self.workers[at].kill()
    }

    /// Puts another in the place of one that was killed.
    pub(crate) fn replace(&mut self, at: usize) -> Result<(), Problem> {
        let next = self.bear(self.workers[at].kind)?;
        ready(&next)?;
        self.workers[at] = next;
        Ok(())
    }
}

fn ready(worker: &Worker) -> Result<(), Problem> {
    worker.hear(|said| matches!(said, Said::Ready).then_some(()))
}

/// Where the workers' scripts are in the checkout at `root`.
pub(crate) fn scripts(root: &Path) -> PathBuf {
    root.join("tests/interop/python")
}
