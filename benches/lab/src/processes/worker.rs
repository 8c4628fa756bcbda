//! One process of a run: it does what it is told on standard input, and tells on standard output.

use std::fs::File;
use std::io::{BufRead, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use parking_lot::{Condvar, Mutex};

use super::protocol::{News, Order, Report, Setup};
use crate::contender::{SUBJECT, Terms};
use crate::creator::{Creator, Watch, Work};
use crate::engine::round::Returned;
use crate::engine::{Stage, spawn_thread};
use crate::error::LabError;
use crate::keys::Key;
use crate::log::Entry;
use crate::sabotage;
use crate::scenario::Callers;

/// What happens to a process, in the order in which it sees to it.
enum Event {
    Order(Order),
    /// Nobody gives orders any more.
    Orphaned,
    /// A caller stands ready.
    Stands,
    /// A caller is back.
    Returned(Returned),
    /// A caller's creator will never end.
    Stuck,
}

struct Worker {
    stage: Arc<Stage>,
    threads: usize,
    events: Receiver<Event>,
    tell: Sender<Event>,
    round: Option<Standing>,
}

/// The callers of a round.
struct Standing {
    keys: Vec<Key>,
    start: Arc<Start>,
    ready: usize,
    report: Report,
}

/// The moment for which callers wait.
#[derive(Default)]
struct Start {
    at_ns: Mutex<Option<u64>>,
    known: Condvar,
}

/// Works until the run ends.
///
/// # Errors
/// It was told no sense, or its region cannot be set up.
pub(crate) fn work(sabotage: Option<sabotage::Fault>) -> Result<(), LabError> {
    if let Some(fault) = sabotage {
        sabotage::arm(fault)?;
    }
    let mut first = String::new();
    let read = std::io::stdin().lock().read_line(&mut first);
    read.map_err(|error| astray(&error))?;
    let setup: Setup = serde_json::from_str(&first).map_err(|error| astray(&error))?;
    let Callers::Processes { threads, .. } = setup.scenario.callers else {
        return Err(astray(&"its callers are not those of a process"));
    };
    let (tell, events) = channel();
    let creator = Creator::new(&setup.scenario, Work::open(&setup.scenario)?);
    let creator = creator.watched(watch(setup.marks, tell.clone()));
    let terms = Terms {
        scenario: &setup.scenario,
        address: &setup.address,
    };
    let stage = Stage::new(SUBJECT, &terms, creator, setup.clock)?;
    let mut worker = Worker {
        stage: Arc::new(stage),
        threads: threads as usize,
        events,
        tell: tell.clone(),
        round: None,
    };
    spawn_thread(move || listen(&tell))?;
    say(&News::Ready);
    worker.obey()
}

fn astray(problem: &dyn std::fmt::Display) -> LabError {
    LabError::Process {
        number: 0,
        what: format!("is told what it does not understand: {problem}"),
    }
}

/// Reads orders until there are no more.
fn listen(tell: &Sender<Event>) {
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        // What cannot be read comes from a run that ended amid a line.
        let Ok(order) = serde_json::from_str(&line) else {
            break;
        };
        if tell.send(Event::Order(order)).is_err() {
            return;
        }
    }
    let _ = tell.send(Event::Orphaned);
}

/// Tells of each creation. The first of a key in any process stays for ever where that is the run's fault.
fn watch(marks: Option<std::path::PathBuf>, tell: Sender<Event>) -> Watch {
    let tell = Mutex::new(tell);
    Box::new(move |entry: Entry| {
        let key = entry.key;
        say(&News::Began(entry));
        if marks.as_ref().is_some_and(|marks| is_first(marks, key)) {
            let _ = tell.lock().send(Event::Stuck);
            loop {
                std::thread::park();
            }
        }
    })
}

/// The file system lets one make a file, whichever process it is in.
fn is_first(marks: &Path, key: u64) -> bool {
    File::create_new(marks.join(key.to_string())).is_ok()
}

/// One line, whole: others may be telling too.
fn say(news: &News) {
    if let Ok(mut line) = serde_json::to_string(news) {
        line.push('\n');
        let mut out = std::io::stdout().lock();
        // A run that is gone ends its processes by other ways.
        let _ = out.write_all(line.as_bytes()).and_then(|()| out.flush());
    }
}

impl Worker {
    fn obey(&mut self) -> Result<(), LabError> {
        while let Ok(event) = self.events.recv() {
            match event {
                Event::Orphaned => break,
                Event::Order(order) => self.order(&order)?,
                Event::Stands => self.stands(),
                Event::Returned(one) => self.came(|report| report.returned.push(one)),
                Event::Stuck => self.came(|report| report.stuck += 1),
            }
        }
        Ok(())
    }

    fn order(&mut self, order: &Order) -> Result<(), LabError> {
        match order {
            Order::Ask(keys) => {
                self.stage.ask_once(keys);
                say(&News::Asked);
            }
            Order::Stand { process, keys } => self.stand(*process, keys)?,
            Order::Go { at_ns } => {
                if let Some(round) = &self.round {
                    round.start.give(*at_ns);
                }
            }
            Order::Report => self.report(),
        }
        Ok(())
    }

    fn stand(&mut self, process: u32, keys: &[Key]) -> Result<(), LabError> {
        let start = Arc::new(Start::default());
        self.round = Some(Standing {
            keys: keys.to_vec(),
            start: Arc::clone(&start),
            ready: 0,
            report: Report::default(),
        });
        for question in self.stage.batches.of_process(process, keys) {
            let (stage, start) = (Arc::clone(&self.stage), Arc::clone(&start));
            let tell = self.tell.clone();
            spawn_thread(move || {
                let _ = tell.send(Event::Stands);
                stage.clock.sleep_until(start.wait());
                let _ = tell.send(Event::Returned(stage.timed_question(&question)));
            })?;
        }
        Ok(())
    }

    fn stands(&mut self) {
        if let Some(round) = &mut self.round {
            round.ready += 1;
            if round.ready == self.threads {
                say(&News::Stand);
            }
        }
    }

    /// Something came of a call; when it was the last, all is reported. Only then: what a process tells while
    /// others still wait takes the processor from them.
    fn came(&mut self, take: impl FnOnce(&mut Report)) {
        let Some(round) = &mut self.round else { return };
        take(&mut round.report);
        let came = round.report.returned.len() as u64 + round.report.stuck;
        if came == self.threads as u64 {
            self.report();
        }
    }

    fn report(&mut self) {
        let Some(round) = self.round.take() else {
            return;
        };
        let mut entries = self.stage.ledger.entries();
        entries.retain(|entry| round.keys.contains(&Key(entry.key)));
        say(&News::Report(Report {
            entries,
            ..round.report
        }));
    }
}

impl Start {
    fn give(&self, at_ns: u64) {
        *self.at_ns.lock() = Some(at_ns);
        self.known.notify_all();
    }

    fn wait(&self) -> u64 {
        let mut at_ns = self.at_ns.lock();
        loop {
            match *at_ns {
                Some(at_ns) => return at_ns,
                None => self.known.wait(&mut at_ns),
            }
        }
    }
}
