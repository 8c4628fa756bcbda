//! One round: writers, a kill, the kill of all, and a look at what is left.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use dogpile::backend::{Epoch, Payload, Store};
use dogpile_test_servers::Process;
use tempfile::TempDir;

use super::book::{Book, key, value};
use super::store::Opened;
use super::writer::{REGION, held, lease};
use super::{Crashes, Plan};
use crate::engine::spawn_thread;
use crate::error::LabError;
use crate::random::Random;

/// How long a look at all that is left may take where nothing is stuck.
const LOOK: Duration = Duration::from_secs(60);

pub(super) struct Ground {
    plan: Plan,
    folder: TempDir,
    random: Random,
    /// The greatest epoch that any writer was answered.
    epoch: u64,
    pub(super) found: Crashes,
}

/// A writer, from outside.
struct Writer {
    process: Process,
    /// Numbers of deeds, and what was answered.
    answers: Receiver<(u64, u64)>,
    book: Book,
}

impl Ground {
    pub(super) fn prepare(plan: &Plan) -> Result<Self, LabError> {
        let folder = tempfile::tempdir().map_err(|source| LabError::Start {
            what: "a folder for the store",
            source,
        })?;
        Ok(Self {
            plan: plan.clone(),
            folder,
            random: Random::new(plan.seed),
            epoch: 0,
            found: Crashes {
                backend: plan.backend.name(),
                durability: plan.promise().name(),
                promises: plan.promise().words(),
                seed: plan.seed,
                ..Crashes::default()
            },
        })
    }

    pub(super) fn round(&mut self, round: u32) -> Result<(), LabError> {
        let processes = u64::from(self.plan.processes);
        let first = u64::from(round) * processes;
        let writers = (first..first + processes).map(|number| self.start(number));
        let mut writers = writers.collect::<Result<Vec<_>, _>>()?;
        let share = self.plan.answers.div_ceil(processes);
        // Now early, now late, at any point of a write.
        let until = share + self.random.next() % share;
        for writer in &mut writers {
            self.hear(writer, until)?;
        }
        let at = usize::try_from(self.random.next() % processes).unwrap_or(0);
        let mut victim = writers.swap_remove(at);
        self.kill(&mut victim)?;
        for writer in &mut writers {
            self.hear(writer, until + share)?;
        }
        for writer in &mut writers {
            self.kill(writer)?;
        }
        writers.push(victim);
        self.found.rounds += 1;
        let books = writers.into_iter().map(|writer| self.close(writer));
        let books = books.collect();
        self.look(books)
    }

    fn start(&self, number: u64) -> Result<Writer, LabError> {
        let failed = |source| LabError::Start {
            what: "a writer",
            source,
        };
        let mut command = Command::new(std::env::current_exe().map_err(failed)?);
        command.args(["crash-writer", self.plan.backend.name()]);
        command
            .arg(self.plan.promise().name())
            .arg(self.folder.path());
        command.arg(number.to_string());
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut process = Process::start(command).map_err(failed)?;
        let (_, Some(says)) = process.pipes() else {
            unreachable!("the command asks for the pipe")
        };
        let (tell, answers) = channel();
        spawn_thread(move || {
            let said = BufReader::new(says).lines().map_while(Result::ok);
            for answer in said.map_while(|line| understand(&line)) {
                if tell.send(answer).is_err() {
                    break;
                }
            }
        })?;
        let book = Book {
            writer: number,
            answered: 0,
        };
        Ok(Writer {
            process,
            answers,
            book,
        })
    }

    fn take(&mut self, book: &mut Book, (number, answer): (u64, u64)) {
        book.answered = number + 1;
        self.epoch = self.epoch.max(answer);
    }

    /// Hears a writer until it was answered so often.
    fn hear(&mut self, writer: &mut Writer, until: u64) -> Result<(), LabError> {
        while writer.book.answered < until {
            match writer.answers.recv_timeout(self.plan.bound) {
                Ok(answer) => self.take(&mut writer.book, answer),
                Err(RecvTimeoutError::Timeout) => {
                    self.found.stuck += 1;
                    return Ok(());
                }
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(LabError::Process {
                        number: usize::try_from(writer.book.writer).unwrap_or(0),
                        what: "ended by itself; it has said why on standard error".into(),
                    });
                }
            }
        }
        Ok(())
    }

    fn kill(&mut self, writer: &mut Writer) -> Result<(), LabError> {
        self.found.kills += 1;
        writer.process.kill().map_err(|source| LabError::Start {
            what: "the death of a writer",
            source,
        })
    }

    /// What a dead writer was answered, with what was still on its way to be told.
    fn close(&mut self, mut writer: Writer) -> Book {
        while let Ok(answer) = writer.answers.recv() {
            self.take(&mut writer.book, answer);
        }
        self.found.acknowledged += writer.book.answered;
        writer.book
    }

    /// Looks at what is left, for as long as the bound allows.
    fn look(&mut self, books: Vec<Book>) -> Result<(), LabError> {
        let (tell, told) = channel();
        let (plan, epoch) = (self.plan.clone(), self.epoch);
        let folder = self.folder.path().to_owned();
        spawn_thread(move || {
            let opened = Opened::open(plan.backend, plan.promise(), &folder);
            let left = opened.map(|opened| Left::of(&opened, &books, epoch));
            let _ = tell.send(left);
        })?;
        let left = match told.recv_timeout(LOOK + self.plan.bound) {
            Ok(left) => left?,
            Err(_) => Left {
                stuck: 1,
                ..Left::default()
            },
        };
        self.found.lost += left.lost;
        self.found.corrupt += left.corrupt;
        self.found.stuck += left.stuck;
        Ok(())
    }
}

/// A line without its end is the last of a process that was killed.
fn understand(line: &str) -> Option<(u64, u64)> {
    let words: Vec<_> = line.split(' ').collect();
    let [number, answer, "."] = words[..] else {
        return None;
    };
    Some((number.parse().ok()?, answer.parse().ok()?))
}

/// What is left of a round.
#[derive(Default)]
struct Left {
    lost: u64,
    corrupt: u64,
    stuck: u64,
}

impl Left {
    fn of(opened: &Opened, books: &[Book], epoch: u64) -> Self {
        let store = opened.store();
        let mut left = Self::default();
        for book in books {
            for (number, must_be) in book.must_be() {
                left.look_for(store, book.writer, number, must_be);
            }
            left.look_for_the_lease(store, &held(book.writer));
        }
        let known = store.epochs().map(|epochs| epochs.read(REGION).wait());
        let stands = |known: dogpile::backend::Epochs| known.hard >= Epoch::new(epoch);
        left.lost += u64::from(!known.is_some_and(|known| known.is_ok_and(stands)));
        // What cannot be read is a miss, so it was counted as lost: it is something else.
        let unreadable = opened.unreadable();
        left.lost = left.lost.saturating_sub(unreadable);
        left.corrupt += unreadable;
        left
    }

    fn look_for(&mut self, store: &dyn Store<Payload>, writer: u64, number: u64, must_be: bool) {
        let wanted = value(writer, number);
        let Ok(found) = store.get(&key(writer, number)).wait() else {
            self.corrupt += 1;
            return;
        };
        let is_whole = found.as_ref().is_none_or(|found| {
            found.value == wanted.value && found.metadata.created == wanted.metadata.created
        });
        self.corrupt += u64::from(!is_whole);
        self.lost += u64::from(is_whole && found.is_some() != must_be);
    }

    /// It must be free, as whoever held it is dead.
    fn look_for_the_lease(&mut self, store: &dyn Store<Payload>, key: &[u8]) {
        match (lease(store, key), store.leases()) {
            (Ok(Some(lease)), Some(leases)) => {
                let released = leases.release(key, &lease, false).wait();
                self.corrupt += u64::from(released.is_err());
            }
            _ => self.stuck += 1,
        }
    }
}
