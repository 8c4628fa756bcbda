//! One round after another: all callers of all processes ask for one key at the same moment.

use std::sync::Arc;
use std::time::{Duration, Instant};

use dogpile::backend::Store;
use tempfile::TempDir;

use super::fleet::Fleet;
use super::protocol::{News, Order, Report, Setup};
use super::strike::{Blow, Strike};
use crate::clock::Clock;
use crate::contender::{self, Home, Host, Tally};
use crate::creator::Record;
use crate::engine::SURELY_STALE;
use crate::engine::round::Round;
use crate::error::LabError;
use crate::keys::Key;
use crate::log::{Entry, Outcome, RoundBegun};
use crate::sabotage;
use crate::scenario::{Callers, Fault, Mode, Scenario};

/// Time for the word to go to reach all callers.
const LEAD_NS: u64 = 20_000_000;
/// How often the bound is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How long a server's clients must be silent to have nothing more to say, and how long that is waited for.
const QUIET: Duration = Duration::from_millis(50);
const NEVER_QUIET: Duration = Duration::from_secs(2);

/// All that rounds are played on.
pub(super) struct Ground {
    scenario: Scenario,
    mode: Mode,
    threads: usize,
    clock: Clock,
    fleet: Fleet,
    /// Counts what is asked of a server, where there is one.
    counter: Option<Tally>,
    store: Arc<dyn Store<Record>>,
    home: Home,
    /// Where the first creation of each round leaves its mark.
    _marks: TempDir,
}

/// What a round was.
pub(super) struct Played {
    pub(super) begun: Vec<RoundBegun>,
    pub(super) counts: Round,
    pub(super) entries: Vec<Entry>,
    pub(super) commands: Option<u64>,
    /// Which of the round's creations, by their beginning, made what the store has.
    pub(super) stored: Option<usize>,
    pub(super) lost: u64,
    /// How long after its creator was killed another began.
    pub(super) takeover_ns: Option<u64>,
}

/// What the processes have said of a round.
#[derive(Default)]
struct Said {
    report: Report,
    /// Callers that went with their process.
    killed: u64,
    /// When their process was killed.
    killed_ns: Option<u64>,
    /// Processes that are of no further use.
    spent: Vec<usize>,
    hung: u64,
}

impl Ground {
    pub(super) fn prepare(
        scenario: &Scenario,
        mode: Mode,
        sabotage: Option<sabotage::Fault>,
    ) -> Result<Self, LabError> {
        let Callers::Processes { processes, threads } = scenario.callers else {
            unreachable!("these callers are processes")
        };
        let home = contender::home(&scenario.backend)?;
        let marks = tempfile::tempdir().map_err(|source| LabError::Start {
            what: "a folder for marks",
            source,
        })?;
        let hangs = scenario.faults.fault == Some(Fault::HungCreator);
        let setup = Setup {
            clock: Clock::start(),
            address: home.address(),
            scenario: scenario.with_its_fault(),
            marks: hangs.then(|| marks.path().to_owned()),
        };
        let ground = Self {
            scenario: scenario.clone(),
            mode,
            threads: threads as usize,
            clock: setup.clock,
            counter: home.server().map(Host::tally).transpose()?,
            fleet: Fleet::start(processes as usize, &setup, sabotage)?,
            store: contender::store(&scenario.backend, &setup.address)?,
            home,
            _marks: marks,
        };
        // What regions do as they begin is no part of a round.
        ground.settled()?;
        Ok(ground)
    }

    pub(super) fn round(&mut self, keys: &[Key]) -> Result<Played, LabError> {
        let key = keys[0];
        if self.mode == Mode::Stale {
            self.leave_stale(keys)?;
        }
        for (number, process) in (0..self.fleet.len()).zip(0..) {
            let keys = keys.to_vec();
            self.fleet.order(number, &Order::Stand { process, keys })?;
        }
        let patience = self.scenario.bound;
        self.fleet
            .all_say(patience, |news| matches!(news, News::Stand))?;
        let begun = RoundBegun::of(keys, self.clock.now());
        let before = self.settled()?;
        let mut strike = Strike::of(&self.scenario);
        let looks = match (&self.counter, self.home.server()) {
            (Some(counter), Some(server)) => {
                let looks = counter.looks()?;
                strike.before(server)?;
                looks + self.callers()
            }
            _ => 0,
        };
        let at_ns = self.clock.now() + LEAD_NS;
        self.fleet.order_all(&Order::Go { at_ns })?;
        if let (Some(counter), Some(server)) = (&self.counter, self.home.server()) {
            strike.after_looks(server, counter, looks)?;
        }
        let said = self.collect(&mut strike)?;
        if let Some(server) = self.home.server() {
            strike.repair(server)?;
        }
        let commands = if strike.is_at_the_server() {
            self.counter = self.home.server().map(Host::tally).transpose()?;
            None
        } else {
            self.settled()?
                .zip(before)
                .map(|(now, before)| now - before)
        };
        let created_ns = self.stored(key);
        for spent in &said.spent {
            self.fleet.replace(*spent)?;
        }
        Ok(said.judged(begun, self.mode, commands, created_ns))
    }

    fn callers(&self) -> u64 {
        (self.fleet.len() * self.threads) as u64
    }

    /// Has the values created by one process, seen by all where they keep what they see, and go stale. This
    /// waits for real: it is the time that the caches measure.
    fn leave_stale(&mut self, keys: &[Key]) -> Result<(), LabError> {
        let patience = self.scenario.bound + self.scenario.silence();
        let asked = |news: &News| matches!(news, News::Asked);
        self.fleet.order(0, &Order::Ask(keys.to_vec()))?;
        self.fleet.each_says(vec![0], patience, asked)?;
        if self.scenario.region.keep_last > 0 {
            self.fleet.order_all(&Order::Ask(keys.to_vec()))?;
            self.fleet.all_say(patience, asked)?;
        }
        std::thread::sleep(self.scenario.freshness.fresh + SURELY_STALE);
        Ok(())
    }

    /// Hears what comes of the round, until all callers are back or nobody comes back for too long.
    fn collect(&mut self, strike: &mut Strike) -> Result<Said, LabError> {
        let (mut said, mut last) = (Said::default(), Instant::now());
        let mut awaited: Vec<usize> = (0..self.fleet.len()).collect();
        while !awaited.is_empty() {
            let Some((number, news)) = self.fleet.hear(LOOK_EVERY)? else {
                if last.elapsed() > self.scenario.bound {
                    strike.relent(&mut self.fleet)?;
                    self.give_up(&awaited, &mut said)?;
                    break;
                }
                continue;
            };
            last = Instant::now();
            match news {
                News::Began(entry) => {
                    let blow = strike.began(number, entry, &mut self.fleet, self.clock)?;
                    if let Blow::Killed(entry) = blow {
                        said.killed_ns = entry.end_ns;
                        said.report.entries.push(entry);
                        said.killed += self.threads as u64;
                        said.spent.push(number);
                        awaited.retain(|other| *other != number);
                    }
                }
                News::Report(report) => {
                    awaited.retain(|other| *other != number);
                    said.take(number, report);
                    strike.reported(number, &mut self.fleet)?;
                }
                News::Ready | News::Asked | News::Stand => {}
            }
        }
        Ok(said)
    }

    /// Has those who still wait say what there is; the rest is hung.
    fn give_up(&mut self, awaited: &[usize], said: &mut Said) -> Result<(), LabError> {
        let until = Instant::now() + Duration::from_secs(1);
        let mut missing = (awaited.len() * self.threads) as u64;
        for number in awaited {
            self.fleet.order(*number, &Order::Report)?;
        }
        let mut silent = awaited.to_vec();
        while !silent.is_empty() {
            let left = until.saturating_duration_since(Instant::now());
            match self.fleet.hear(left)? {
                Some((number, News::Report(report))) => {
                    silent.retain(|other| *other != number);
                    missing -= report.returned.len() as u64 + report.stuck;
                    said.take(number, report);
                }
                Some(_) => {}
                None => break,
            }
        }
        said.hung = missing;
        Ok(())
    }

    /// How many commands there were, where a server counts them, once clients have been silent for a moment.
    fn settled(&self) -> Result<Option<u64>, LabError> {
        let begun = Instant::now();
        let Some(counter) = &self.counter else {
            return Ok(None);
        };
        let mut count = counter.count()?;
        loop {
            std::thread::sleep(QUIET);
            let now = counter.count()?;
            if now == count || begun.elapsed() > NEVER_QUIET {
                return Ok(Some(now));
            }
            count = now;
        }
    }

    /// When the value was created that the store has now.
    fn stored(&self, key: Key) -> Option<u64> {
        let found = self.store.get(&key.bytes()).wait();
        Some(found.ok()??.value.created_ns)
    }
}

impl Said {
    fn take(&mut self, number: usize, report: Report) {
        if report.stuck > 0 {
            self.spent.push(number);
        }
        self.report.stuck += report.stuck;
        self.report.returned.extend(report.returned);
        self.report.entries.extend(report.entries);
    }

    fn judged(
        mut self,
        begun: Vec<RoundBegun>,
        mode: Mode,
        commands: Option<u64>,
        created_ns: Option<u64>,
    ) -> Played {
        self.report.entries.sort_by_key(|entry| entry.start_ns);
        let begun_ns = begun.first().map_or(0, |round| round.begun_ns);
        let of_round = |entry: &&Entry| entry.start_ns >= begun_ns;
        let creations: Vec<&Entry> = self.report.entries.iter().filter(of_round).collect();
        let made = |entry: &&Entry| entry.outcome == Outcome::Created;
        let is_it = |entry: &&Entry| made(entry) && entry.end_ns == created_ns;
        let first_key = begun.first().map_or(0, |round| round.key);
        let mut of_first = creations.iter().filter(|entry| entry.key == first_key);
        let stored = of_first.position(is_it);
        let last_made = creations
            .iter()
            .filter(|entry| made(entry))
            .map(|entry| entry.end_ns);
        let killed_ns = self.killed_ns;
        let after = |killed: u64| {
            let later = creations.iter().filter(|entry| entry.start_ns > killed);
            later.map(|entry| entry.start_ns - killed).min()
        };
        let takeover_ns = killed_ns.and_then(after);
        let waited_for = match stored {
            Some(_) if begun.len() == 1 => created_ns,
            _ => last_made.max().flatten(),
        };
        let count = |key: u64| creations.iter().filter(|entry| entry.key == key).count();
        let creators = begun.iter().map(|round| count(round.key) as u64);
        let creators: Vec<u64> = creators.collect();
        let mut counts = Round::of(self.report.returned, mode, waited_for);
        counts.creators = creators.iter().copied().max().unwrap_or(0);
        counts.creations = creators.iter().sum();
        counts.hung = self.hung;
        Played {
            begun,
            counts,
            entries: self.report.entries,
            commands,
            stored,
            lost: self.killed + self.report.stuck,
            takeover_ns,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contender::Origin;
    use crate::engine::round::Returned;

    fn entry(start_ns: u64, end_ns: u64, outcome: Outcome) -> Entry {
        Entry {
            key: 7,
            asked_ns: start_ns,
            start_ns,
            end_ns: Some(end_ns),
            outcome,
        }
    }

    fn played(created_ns: Option<u64>) -> Played {
        let entries = vec![
            entry(50, 350, Outcome::Created),
            entry(10, 400, Outcome::Created),
            entry(2, 3, Outcome::Created),
            entry(20, 21, Outcome::Failed),
        ];
        let returned = Returned {
            begun_ns: 9,
            ended_ns: 450,
            served: Ok(Origin::Shared),
        };
        let report = Report {
            returned: vec![returned],
            stuck: 1,
            entries,
        };
        let said = Said {
            report,
            killed: 2,
            ..Said::default()
        };
        let begun = RoundBegun::of(&[Key(7)], 9);
        said.judged(begun, Mode::Cold, Some(40), created_ns)
    }

    #[test]
    fn creations_are_those_since_the_round_began_in_their_order() {
        let round = played(Some(350));
        assert_eq!((round.counts.creators, round.lost), (3, 3));
        assert_eq!(
            round.stored,
            Some(2),
            "the third to begin made what is stored"
        );
        assert_eq!(round.counts.last_waiter_ns, 100, "after it was made");
    }

    #[test]
    fn what_was_not_stored_was_waited_for_all_the_same() {
        for before_or_nothing in [Some(3), None] {
            let round = played(before_or_nothing);
            assert_eq!(round.stored, None);
            assert_eq!(round.counts.last_waiter_ns, 50, "after the last was made");
        }
    }
}
