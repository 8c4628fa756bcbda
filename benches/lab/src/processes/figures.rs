//! What all rounds come to.

use super::round::Played;
use crate::clock::nanos;
use crate::contender::SUBJECT;
use crate::engine::round::{Round, fewest, most, sum_up};
use crate::engine::{Measured, Run};
use crate::figures::{Figures, ProcessesFigures, millis};
use crate::ledger::count_together;
use crate::log::Entry;
use crate::scenario::{Callers, Scenario};

pub(super) fn measured(scenario: &Scenario, played: Vec<Played>) -> Measured {
    let processes = match scenario.callers {
        Callers::Processes { processes, .. } => processes,
        Callers::Threads(_) | Callers::Tasks(_) => 1,
    };
    let stored_by = stored_by(&played);
    let commands = played.iter().map(|round| round.commands);
    let redis_commands = commands.max().flatten();
    let lost = played.iter().map(|round| round.lost).max().unwrap_or(0);
    let takeovers = played.iter().filter_map(|round| round.takeover_ns);
    let takeover_ms = takeovers.max().map(millis);
    let begun = played
        .iter()
        .flat_map(|round| round.begun.clone())
        .collect();
    let counts: Vec<Round> = played.iter().map(|round| round.counts.clone()).collect();
    let entries = distinct(played.into_iter().flat_map(|round| round.entries).collect());
    let (together, latency, first_error) = sum_up(&counts, scenario.callers.count());
    let figures = ProcessesFigures {
        together,
        last_waiter_max_ms: millis(most(&counts, |round| round.last_waiter_ns)),
        slowest_ms: millis(most(&counts, |round| round.slowest_ns)),
        processes,
        redis_commands,
        refused_commits: most(&counts, |round| round.refused),
        stored_by,
        served_from_kept: fewest(&counts, |round| round.kept),
        lost,
        takeover_ms,
    };
    let count = count_together(&entries, nanos(scenario.freshness.fresh));
    let mut figures = Figures::Processes(Box::new(figures));
    figures.tell_of_batches(scenario, count);
    let run = Run {
        figures,
        latency,
        rounds: Some(begun),
        first_error,
    };
    Measured {
        name: SUBJECT.into(),
        run,
        count,
        entries,
    }
}

/// Each that occurred, once.
fn stored_by(played: &[Played]) -> Option<String> {
    let mut places: Vec<usize> = played.iter().filter_map(|round| round.stored).collect();
    places.sort_unstable();
    places.dedup();
    let names = places.iter().map(|place| match place {
        0 => "creator".to_owned(),
        1 => "successor".to_owned(),
        later => format!("successor {later}"),
    });
    let names: Vec<_> = names.collect();
    (!names.is_empty()).then(|| names.join(" and "))
}

/// The table of creations knows no two that begin at the same moment; two processes may have them.
fn distinct(mut entries: Vec<Entry>) -> Vec<Entry> {
    entries.sort_by_key(|entry| (entry.start_ns, entry.key));
    let mut last_ns = 0;
    for entry in &mut entries {
        entry.start_ns = entry.start_ns.max(last_ns + 1);
        entry.end_ns = entry.end_ns.map(|end_ns| end_ns.max(entry.start_ns));
        last_ns = entry.start_ns;
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::round::Round;
    use crate::keys::Key;
    use crate::log::{Outcome, RoundBegun};

    fn played(stored: Option<usize>) -> Played {
        Played {
            begun: RoundBegun::of(&[Key(1)], 1),
            counts: Round::default(),
            entries: Vec::new(),
            commands: None,
            stored,
            lost: 0,
            takeover_ns: None,
        }
    }

    #[test]
    fn whoever_stored_in_any_round_is_named() {
        assert_eq!(stored_by(&[played(None)]), None);
        assert_eq!(stored_by(&[played(Some(0))]).as_deref(), Some("creator"));
        let both = [played(Some(1)), played(None), played(Some(0))];
        let both = stored_by(&both);
        assert_eq!(both.as_deref(), Some("creator and successor"));
    }

    #[test]
    fn creations_that_begin_at_one_moment_are_told_apart() {
        let entry = |start_ns, end_ns| Entry {
            key: 1,
            asked_ns: start_ns,
            start_ns,
            end_ns: Some(end_ns),
            outcome: Outcome::Created,
        };
        let entries = distinct(vec![entry(5, 9), entry(5, 5), entry(3, 4)]);
        let times: Vec<_> = entries.iter().map(|e| (e.start_ns, e.end_ns)).collect();
        assert_eq!(times, [(3, Some(4)), (5, Some(9)), (6, Some(6))]);
    }
}
