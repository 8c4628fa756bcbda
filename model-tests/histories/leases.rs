//! Random programs on the leases of every store, whose messages come late, twice or never.
//!
//! A client of a lease store may be paused, and its messages may be lost, doubled and kept in some
//! queue for long. To the store all of that looks like this: somebody, at some time, shows a
//! token that was given out at some time. So here every client uses every token that was ever
//! given to any of them, and now and then does not hear the answer.

mod spec;

use std::collections::BTreeSet;
use std::sync::{Arc, Barrier, Mutex, PoisonError};
use std::thread;

use dogpile::ManualClock;
use dogpile::backend::{
    Ask, CachedValue, Commit, Epoch, Lease, LeaseStore, Leased, Metadata, Span, Stamp, Terms, Time,
};
use dogpile_proof::{Property, Size, Tool, shown, size};

use crate::backends::{Handle, Kind, all};
use crate::checker::{Rejected, check};
use crate::dice::Dice;
use crate::history::Call;
use crate::jostle::{Jostle, Pace};
use crate::whole::Whole;
use spec::{Event, LeaseSpec, Op, Said};

const CLIENTS: u16 = 4;
const CALLS: u16 = 8;
/// How long a lease lasts where it runs out.
pub(crate) const LEASE_SECONDS: u64 = 3;
const KEY: &[u8] = b"key";

/// Where the clients of one program meet.
struct Meeting {
    clock: Arc<ManualClock>,
    store: Handle,
    log: Mutex<Vec<Event>>,
    /// Every token that was given, with the call that it was given to.
    tokens: Mutex<Vec<(Call, Lease)>>,
}

impl Meeting {
    fn record(&self, event: Event) {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.push(event);
    }

    fn leases(&self) -> &dyn LeaseStore<Whole> {
        match self.store.leases() {
            Some(leases) => leases,
            None => unreachable!("every store in the list has leases"),
        }
    }

    /// The latest token, or any that was ever given.
    fn token(&self, dice: &mut Dice) -> Option<(Call, Lease)> {
        let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        let back = if dice.once_in(2) {
            1
        } else {
            1 + dice.below(tokens.len().max(1))
        };
        tokens.get(tokens.len().checked_sub(back)?).cloned()
    }

    /// Does what the dice say.
    fn call(&self, call: Call, expires: bool, dice: &mut Dice) {
        let (token, lease) = self.token(dice).unzip();
        let op = draw(token, expires, dice);
        self.record(Event::Asked(call, op));
        let said = self.carry_out(call, op, lease);
        // The answer is lost: nobody knows what was done.
        let said = if dice.once_in(10) {
            Said::NotHeard
        } else {
            said
        };
        self.record(Event::Answered(call, said));
    }

    fn carry_out(&self, call: Call, op: Op, lease: Option<Lease>) -> Said {
        let leases = self.leases();
        let time = Span::from_secs(LEASE_SECONDS);
        let used = |answer: Commit| match answer {
            Commit::Stored => Said::Stored,
            Commit::Refused => Said::Refused,
        };
        let said = match (op, lease) {
            (
                Op::Lease {
                    held,
                    supersede,
                    fresh_is_enough,
                },
                lease,
            ) => {
                let ask = Ask {
                    fresh: &move |_| fresh_is_enough,
                    held: held.and(lease),
                    stale: None,
                    supersede,
                    time,
                };
                leases
                    .lease(KEY, ask)
                    .wait()
                    .map(|leased| self.leased(call, leased))
            }
            (Op::Commit(_), Some(lease)) => leases
                .commit(KEY, &lease, entry(call), Span::FOREVER)
                .wait()
                .map(used),
            (Op::Release(_), Some(lease)) => leases.release(KEY, &lease, false).wait().map(used),
            (Op::Renew(_), Some(lease)) => leases.renew(KEY, &lease, time).wait().map(used),
            (Op::Set, _) => {
                let set = self.store.set(KEY, entry(call), Span::FOREVER).wait();
                set.map(|()| Said::Done)
            }
            (Op::Delete, _) => self.store.delete(KEY).wait().map(|()| Said::Done),
            (Op::Get, _) => {
                let got = self.store.get(KEY).wait();
                got.map(|got| Said::Got(got.map(|entry| entry.value.read())))
            }
            (Op::Advance(seconds), _) => {
                self.clock.advance(Span::from_secs(seconds));
                Ok(Said::Done)
            }
            (Op::Commit(_) | Op::Release(_) | Op::Renew(_), None) => {
                unreachable!("only a token that was given is used")
            }
        };
        said.expect("no store here fails")
    }

    fn leased(&self, call: Call, leased: Leased<Whole>) -> Said {
        match leased {
            Leased::Fresh(entry) => Said::Fresh(entry.value.read()),
            Leased::Won { lease, .. } => {
                let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
                tokens.push((call, lease));
                Said::Won
            }
            Leased::Lost { .. } => Said::Lost,
            Leased::Shut { .. } => unreachable!("nobody shuts a key here"),
        }
    }
}

/// What to ask next, with this token at hand.
fn draw(token: Option<Call>, expires: bool, dice: &mut Dice) -> Op {
    let lease = |held, supersede, fresh_is_enough| Op::Lease {
        held,
        supersede,
        fresh_is_enough,
    };
    let (shown, token) = (usize::from(token.is_some()), token.unwrap_or_default());
    dice.weighed(&[
        (4, lease(None, false, false)),
        (1, lease(None, false, true)),
        (1, lease(None, true, false)),
        (2 * shown, lease(Some(token), false, false)),
        (shown, lease(Some(token), false, true)),
        (5 * shown, Op::Commit(token)),
        (3 * shown, Op::Release(token)),
        (2 * shown, Op::Renew(token)),
        (1, Op::Set),
        (2, Op::Delete),
        (3, Op::Get),
        (usize::from(expires), Op::Advance(2)),
    ])
}

fn entry(call: Call) -> CachedValue<Whole> {
    let metadata = Metadata {
        stamp: Stamp::NONE,
        epoch: Epoch::FIRST,
        // An hour after the origin, where a clock moved by hand begins.
        created: Time::ZERO.after(Span::from_secs(3_600)),
        terms: Terms::NONE,
    };
    CachedValue {
        value: Whole::new(call, false),
        metadata,
    }
}

/// What was seen in some programs.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    histories: usize,
    tokens: usize,
    refused_commits: usize,
    refused_releases: usize,
    unheard: usize,
}

/// Runs and checks the program of this seed.
fn program(kind: &Kind, seed: u64) -> Seen {
    let mut dice = Dice::new(seed);
    let clock = Arc::new(ManualClock::new());
    let handle = (kind.open)(clock.clone(), 1).remove(0);
    let jostled = dice.once_in(2);
    let store: Handle = if jostled {
        Arc::new(Jostle::new(handle, Pace::Threads, Dice::new(dice.next())))
    } else {
        handle
    };
    let meeting = Meeting {
        clock,
        store,
        log: Mutex::default(),
        tokens: Mutex::default(),
    };
    let gate = Barrier::new(usize::from(CLIENTS));
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (meeting, gate, mut dice) = (&meeting, &gate, Dice::new(dice.next()));
            scope.spawn(move || {
                gate.wait();
                for call in 0..CALLS {
                    meeting.call(1 + client * CALLS + call, kind.expires, &mut dice);
                }
            });
        }
    });
    let history = meeting
        .log
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    let tokens = meeting
        .tokens
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    let different: BTreeSet<u128> = tokens
        .iter()
        .map(|(_, lease)| lease.stamp.number())
        .collect();
    assert_eq!(
        different.len(),
        tokens.len(),
        "on {}, seed {seed}: a token came twice",
        kind.name
    );
    if let Err(Rejected { events }) = check(&LeaseSpec::new(kind, &history), &history) {
        for (at, event) in history[..events].iter().enumerate() {
            println!("{at:4}  {event:?}");
        }
        panic!(
            "on {}, seed {seed}: nothing explains the last line",
            kind.name
        );
    }
    count(&history, tokens.len())
}

fn count(history: &[Event], tokens: usize) -> Seen {
    let mut seen = Seen {
        histories: 1,
        tokens,
        ..Seen::default()
    };
    for event in history {
        let Event::Answered(call, said) = event else {
            continue;
        };
        let asked = history.iter().find_map(|event| match event {
            Event::Asked(other, op) if other == call => Some(*op),
            _ => None,
        });
        match (asked, said) {
            (Some(Op::Commit(_)), Said::Refused) => seen.refused_commits += 1,
            (Some(Op::Release(_) | Op::Renew(_)), Said::Refused) => seen.refused_releases += 1,
            (_, Said::NotHeard) => seen.unheard += 1,
            _ => {}
        }
    }
    seen
}

#[test]
fn leases_keep_their_rules_whatever_becomes_of_messages() {
    let programs: u64 = match size() {
        // A store that let one of two holders' commits through needed nearly all of these.
        Size::Short => 1_000,
        Size::Full => 2_500,
        Size::Nightly => 100_000,
    };
    let mut sum = Seen::default();
    for kind in all() {
        println!("on {}: seeds 0 to {}", kind.name, programs - 1);
        for seed in 0..programs {
            let seen = program(kind, seed);
            sum.histories += seen.histories;
            sum.tokens += seen.tokens;
            sum.refused_commits += seen.refused_commits;
            sum.refused_releases += seen.refused_releases;
            sum.unheard += seen.unheard;
        }
    }
    println!("{sum:?}");
    let scope = "4 threads with any token ever given, 6 stores";
    for (property, witnessed) in [
        (Property::TokensNeverRepeat, sum.tokens),
        (Property::VoidLeaseNeverCommits, sum.refused_commits),
        (Property::OnlyTheOwnersLease, sum.refused_releases),
        (
            Property::BadRepliesBreakNothing,
            sum.unheard.min(sum.refused_commits),
        ),
    ] {
        shown(property, Tool::Histories, scope, sum.histories, witnessed);
    }
}
