//! The processes of a run, from the outside: started, told, heard, killed and frozen.

use std::io::{BufRead, BufReader, Write as _};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use dogpile_test_servers::Process;

use super::protocol::{News, Order, Setup};
use crate::engine::spawn_thread;
use crate::error::LabError;
use crate::sabotage;

/// How long a process may take for what needs no server and no creator.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) struct Fleet {
    members: Vec<Member>,
    setup: String,
    sabotage: Option<sabotage::Fault>,
    heard: Receiver<Heard>,
    tell: Sender<Heard>,
}

struct Member {
    process: Process,
    orders: ChildStdin,
    birth: u32,
}

/// A line from the process that had this birth, or its end.
struct Heard {
    number: usize,
    birth: u32,
    news: Option<News>,
}

impl Fleet {
    /// So many processes, set up.
    ///
    /// # Errors
    /// One does not start, or cannot be set up; it has said why on standard error.
    pub(super) fn start(
        count: usize,
        setup: &Setup,
        sabotage: Option<sabotage::Fault>,
    ) -> Result<Self, LabError> {
        let (tell, heard) = channel();
        let mut fleet = Self {
            members: Vec::new(),
            setup: line(setup),
            sabotage,
            heard,
            tell,
        };
        for number in 0..count {
            let member = fleet.bear(number, 0)?;
            fleet.members.push(member);
        }
        fleet.all_say(PATIENCE, |news| matches!(news, News::Ready))?;
        Ok(fleet)
    }

    pub(super) fn len(&self) -> usize {
        self.members.len()
    }

    fn bear(&self, number: usize, birth: u32) -> Result<Member, LabError> {
        let failed = |source| LabError::Start {
            what: "a process of the run",
            source,
        };
        let mut command = Command::new(std::env::current_exe().map_err(failed)?);
        command.arg("worker");
        if let Some(name) = self.sabotage.and_then(sabotage::Fault::name) {
            command.args(["--sabotage", &name]);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = Process::start(command).map_err(failed)?;
        let (Some(mut orders), Some(says)) = process.pipes() else {
            unreachable!("the command asks for both pipes")
        };
        orders.write_all(self.setup.as_bytes()).map_err(failed)?;
        let tell = self.tell.clone();
        spawn_thread(move || {
            for line in BufReader::new(says).lines().map_while(Result::ok) {
                // A line that is cut off is the last one of a process that was killed.
                let Ok(news) = serde_json::from_str(&line) else {
                    break;
                };
                let news = Some(news);
                let _ = tell.send(Heard {
                    number,
                    birth,
                    news,
                });
            }
            let _ = tell.send(Heard {
                number,
                birth,
                news: None,
            });
        })?;
        Ok(Member {
            process,
            orders,
            birth,
        })
    }

    /// # Errors
    /// It is gone.
    pub(super) fn order(&mut self, number: usize, order: &Order) -> Result<(), LabError> {
        let sent = self.members[number]
            .orders
            .write_all(line(order).as_bytes());
        sent.map_err(|error| lost(number, &error.to_string()))
    }

    /// # Errors
    /// One is gone.
    pub(super) fn order_all(&mut self, order: &Order) -> Result<(), LabError> {
        (0..self.members.len()).try_for_each(|number| self.order(number, order))
    }

    /// The next thing that a process says, unless none does for so long.
    ///
    /// # Errors
    /// One ended that nobody killed.
    pub(super) fn hear(&mut self, patience: Duration) -> Result<Option<(usize, News)>, LabError> {
        let until = Instant::now() + patience;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.heard.recv_timeout(left) {
                Ok(heard) if heard.birth != self.members[heard.number].birth => {}
                Ok(Heard { number, news, .. }) => {
                    let news = news.ok_or_else(|| lost(number, "it has ended by itself"))?;
                    return Ok(Some((number, news)));
                }
                Err(RecvTimeoutError::Timeout) => return Ok(None),
                Err(RecvTimeoutError::Disconnected) => unreachable!("one sender is kept here"),
            }
        }
    }

    /// Waits until each has said this; whatever else is said meanwhile is of no interest.
    ///
    /// # Errors
    /// One has not within `patience`, or has ended.
    pub(super) fn all_say(
        &mut self,
        patience: Duration,
        is_it: impl Fn(&News) -> bool,
    ) -> Result<(), LabError> {
        let awaited: Vec<usize> = (0..self.members.len()).collect();
        self.each_says(awaited, patience, is_it)
    }

    /// The same of some of them.
    ///
    /// # Errors
    /// As [`Self::all_say`].
    pub(super) fn each_says(
        &mut self,
        mut awaited: Vec<usize>,
        patience: Duration,
        is_it: impl Fn(&News) -> bool,
    ) -> Result<(), LabError> {
        let until = Instant::now() + patience;
        while let Some(&first) = awaited.first() {
            let left = until.saturating_duration_since(Instant::now());
            match self.hear(left)? {
                Some((number, news)) if is_it(&news) => awaited.retain(|other| *other != number),
                Some(_) => {}
                None => return Err(lost(first, "it does not answer")),
            }
        }
        Ok(())
    }

    /// Kills it, and returns when it is no more; what it had said and was not heard is dropped.
    ///
    /// # Errors
    /// The system refuses.
    pub(super) fn kill(&mut self, number: usize) -> Result<(), LabError> {
        let member = &mut self.members[number];
        member.birth += 1;
        let killed = member.process.kill();
        killed.map_err(|error| lost(number, &error.to_string()))
    }

    /// # Errors
    /// The system refuses.
    pub(super) fn freeze(&mut self, number: usize) -> Result<(), LabError> {
        let frozen = self.members[number].process.freeze();
        frozen.map_err(|error| lost(number, &error.to_string()))
    }

    /// # Errors
    /// The system refuses.
    pub(super) fn thaw(&mut self, number: usize) -> Result<(), LabError> {
        let thawed = self.members[number].process.thaw();
        thawed.map_err(|error| lost(number, &error.to_string()))
    }

    /// Puts a new process in this one's place.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub(super) fn replace(&mut self, number: usize) -> Result<(), LabError> {
        self.kill(number)?;
        let birth = self.members[number].birth;
        self.members[number] = self.bear(number, birth)?;
        self.each_says(vec![number], PATIENCE, |news| matches!(news, News::Ready))
    }
}

fn line(said: &impl serde::Serialize) -> String {
    let text = serde_json::to_string(said);
    text.unwrap_or_else(|_| unreachable!("orders are plain data")) + "\n"
}

fn lost(number: usize, why: &str) -> LabError {
    LabError::Process {
        number,
        what: format!("is lost: {why}; what it wrote on standard error stands above"),
    }
}
