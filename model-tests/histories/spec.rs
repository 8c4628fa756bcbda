//! What a region promises, as a machine that a sceptic can read.
//!
//! The machine holds, for each key, one value and one lease. A call is a few steps, each atomic, at
//! any time between its being asked and its being answered:
//!
//! | call | steps |
//! |---|---|
//! | get | read |
//! | set, delete | write: the value is there (or gone), and whoever holds the lease holds it no longer |
//! | get or create | read; or take the lease where it is free and no fresh value is there (law 2), create, commit |
//! | refresh | take the lease whoever holds it, create, commit |
//! | invalidate | raise the epoch |
//! | the clock | moves |
//!
//! A dropped call does nothing more. Only where the store does what it was sent all the same, a dropped
//! refresh may still take the lease from its holder, and a dropped creation may still commit.
//!
//! A commit stores only while the lease is still the creator's (law 3). A value carries the epoch
//! from before its creator began, and the time after it ended. That is all; what a region may do
//! beyond is an [`Allowance`] with the name of its law, and each can be dropped, to see that some
//! history needs it.
//!
//! Which answer a call got is known from the history. So a step only notes that it justifies
//! that answer; a call that is answered what nothing justified is a violation.

use std::collections::BTreeMap;

use crate::checker::Spec;
use crate::history::{Answer, Asked, Call, End, Event, Op, Origin};
use crate::setting::Setting;

mod gone;
mod state;
mod steps;

pub(crate) use state::{Entry, Pending, Phase, State};

/// What a region may do beyond a value and a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Allowance {
    /// Law 4: between `fresh_for` and `stale_for` a value is served while another call creates.
    Stale,
    /// Law 4: and so is one that a soft invalidation made stale.
    SoftlyStale,
    /// Law 4: and so is one whose successor's creator failed.
    StaleOnError,
    /// Law 5: who waits is given a value that was committed, although it may be gone by then; not
    /// if a write of this process took it away and was over before the call was asked.
    CommittedWhileWaiting,
    /// Law 5: who waits is given a value whose creator began after the call was asked, be it
    /// committed or not.
    BegunWhileWaiting,
    /// Law 5: who waits is given the creator's error, or its panic, as an error.
    FailedWhileWaiting,
    /// Law 5: who waits for the lease, and not beside its holder, is told only that the holder's
    /// creator failed; and so is who joins it before the news has come.
    FailedElsewhereWhileWaiting,
    /// Law 5: a declined value is given to those who wait, and not stored.
    Declined,
    /// Law 3: the superseded creator's caller is given its own value, and told so.
    Superseded,
    /// Law 11: a value that was stored with an epoch from before a hard invalidation counts as
    /// superseded: nobody will use it.
    InvalidatedMeanwhile,
    /// Law 3: a refresh takes the lease from whoever holds it; the last that starts wins.
    RefreshTakesTheLease,
    /// Law 3: a write also ends the lease of a creation that began after it acted on the store and
    /// before it was over.
    WriteEndsLaterLease,
    /// Law 6: a creator that fails leaves the lease to others.
    FailureFreesTheLease,
    /// Law 6: and so does one whose call is dropped.
    CancelFreesTheLease,
    /// Law 6: a creator that is past the creation limit is taken over.
    TakenOver,
    /// Law 1: a lease that other processes share runs out by the clock, unless it is renewed.
    LeaseRunsOut,
    /// A bounded store lets values go.
    Evicted,
}

impl Allowance {
    pub(crate) const ALL: [Self; 17] = [
        Self::Stale,
        Self::SoftlyStale,
        Self::StaleOnError,
        Self::CommittedWhileWaiting,
        Self::BegunWhileWaiting,
        Self::FailedWhileWaiting,
        Self::FailedElsewhereWhileWaiting,
        Self::Declined,
        Self::Superseded,
        Self::InvalidatedMeanwhile,
        Self::RefreshTakesTheLease,
        Self::WriteEndsLaterLease,
        Self::FailureFreesTheLease,
        Self::CancelFreesTheLease,
        Self::TakenOver,
        Self::LeaseRunsOut,
        Self::Evicted,
    ];
}

/// What a reader may do with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Miss,
    Stale,
    Fresh,
}

/// The specification, for one history.
pub(crate) struct RegionSpec<'h> {
    setting: &'h Setting,
    dropped: Option<Allowance>,
    calls: BTreeMap<Call, Known<'h>>,
}

/// What the history says of a call.
pub(crate) struct Known<'h> {
    asked: Asked,
    answer: Option<&'h Answer>,
    /// Its creator begins, sooner or later.
    begins: bool,
    /// How its creator ends, if it does.
    end: Option<End>,
}

impl<'h> RegionSpec<'h> {
    pub(crate) fn new(setting: &'h Setting, history: &'h [Event]) -> Self {
        let mut calls = BTreeMap::new();
        for event in history {
            if let Event::Asked(call, asked) = event {
                let known = Known {
                    asked: *asked,
                    answer: None,
                    begins: false,
                    end: None,
                };
                calls.insert(*call, known);
            }
            let Some(known) = calls.get_mut(&event.call()) else {
                continue;
            };
            match event {
                Event::Asked(..) => {}
                Event::Began(_) => known.begins = true,
                Event::Made(_, end) => known.end = Some(*end),
                Event::Answered(_, answer) => known.answer = Some(answer),
            }
        }
        Self {
            setting,
            dropped: None,
            calls,
        }
    }

    /// The same without one allowance.
    pub(crate) fn without(self, dropped: Allowance) -> Self {
        Self {
            dropped: Some(dropped),
            ..self
        }
    }

    fn may(&self, allowance: Allowance) -> bool {
        self.dropped != Some(allowance)
    }

    fn known(&self, call: Call) -> &Known<'h> {
        &self.calls[&call]
    }

    /// Law 4 and law 11: what may be done with a value now.
    fn judge(&self, entry: &Entry, state: &State) -> Verdict {
        let Setting {
            fresh_for,
            stale_for,
            ..
        } = self.setting;
        let age = state.now.saturating_sub(entry.created);
        if entry.epoch < state.hard || age >= fresh_for.saturating_add(*stale_for) {
            return Verdict::Miss;
        }
        let softly = entry.epoch < state.soft && self.may(Allowance::SoftlyStale);
        if age < *fresh_for && entry.epoch >= state.soft {
            Verdict::Fresh
        } else if *stale_for > 0 && (softly || entry.epoch >= state.soft) {
            Verdict::Stale
        } else {
            Verdict::Miss
        }
    }

    /// Whether reading `entry` and judging it now justifies the answer of the call that reads.
    fn read_justifies(&self, answer: &Answer, entry: &Entry, state: &State) -> bool {
        let verdict = self.judge(entry, state);
        match answer {
            Answer::Nothing => verdict != Verdict::Fresh,
            Answer::Value(by, origin) if *by == entry.by => match origin {
                Some(Origin::Hit | Origin::Shared) => verdict == Verdict::Fresh,
                Some(Origin::Stale) => verdict == Verdict::Stale && self.may(Allowance::Stale),
                Some(Origin::StaleOnError) => {
                    verdict == Verdict::Stale && self.may(Allowance::StaleOnError)
                }
                None => {
                    verdict == Verdict::Fresh
                        || verdict == Verdict::Stale && self.may(Allowance::Stale)
                }
                Some(_) => false,
            },
            _ => false,
        }
    }

    /// Law 5: whether a waiter that is told of a committed value may answer with it. A value from
    /// before a hard invalidation that its call knew of is not one to have.
    fn told_justifies(&self, waiter: &Pending, entry: &Entry) -> bool {
        self.waits_for(waiter, entry.by)
            && entry.epoch >= waiter.oldest
            && entry.number > waiter.floor
            && (entry.is_stored && self.may(Allowance::CommittedWhileWaiting)
                || !entry.is_stored && self.may(Allowance::Declined))
    }

    /// Law 5: whether a waiter's answer is the value of this creator.
    fn waits_for(&self, waiter: &Pending, creator: Call) -> bool {
        let known = self.known(waiter.call);
        known.asked.op == Op::Create
            && waiter.call != creator
            && self.is_beside(waiter.call, creator)
            && matches!(
                known.answer,
                Some(Answer::Value(by, Some(Origin::Shared) | None)) if *by == creator
            )
    }

    /// Law 5: whether a waiter's answer is the failure of this creator.
    fn fails_with(&self, waiter: &Pending, creator: Call) -> bool {
        let (known, failing) = (self.known(waiter.call), self.known(creator));
        if known.asked.op != Op::Create || waiter.call == creator {
            return false;
        }
        match (known.answer, failing.end) {
            (Some(Answer::Error(by)), Some(End::Error))
            | (Some(Answer::Panicked(by)), Some(End::Panic)) => {
                *by == creator
                    && self.may(Allowance::FailedWhileWaiting)
                    && self.is_beside(waiter.call, creator)
            }
            // The lease's holder may be of this process: a refresh that nobody waits beside.
            (Some(Answer::FailedElsewhere), Some(End::Error | End::Panic)) => {
                self.may(Allowance::FailedElsewhereWhileWaiting)
                    && known.asked.key == failing.asked.key
            }
            _ => false,
        }
    }

    /// Law 5: whether both are answered with the failure elsewhere of which one is told.
    fn shares_the_news(&self, waiter: &Pending, told: &Pending) -> bool {
        told.justified
            && self.is_beside(waiter.call, told.call)
            && [waiter, told].iter().all(|pending| {
                let known = self.known(pending.call);
                known.asked.op == Op::Create && known.answer == Some(&Answer::FailedElsewhere)
            })
    }

    /// Whether two calls are about one key in one process: those share flights.
    fn is_beside(&self, one: Call, other: Call) -> bool {
        let (one, other) = (&self.known(one).asked, &self.known(other).asked);
        one.key == other.key && one.process == other.process
    }

    /// Whether a call may be answered this now.
    fn is_legal(&self, pending: &Pending, answer: &Answer, state: &State) -> bool {
        let (own, phase) = (pending.call, pending.phase);
        let is_read = phase == Phase::Asked && pending.justified;
        let fell_back = phase == Phase::Released
            && pending.justified
            && self.setting.stale_if_error
            && self.may(Allowance::StaleOnError);
        match (self.known(own).asked.op, answer) {
            (Op::Create | Op::Refresh, Answer::Cancelled) => true,
            (Op::Set | Op::Delete, Answer::Done) => {
                matches!(phase, Phase::Written | Phase::Detached)
            }
            (Op::Hard | Op::Soft | Op::Advance(_), Answer::Done) => phase == Phase::Raised,
            (Op::Create | Op::Refresh, Answer::Value(by, origin)) if *by == own => {
                self.is_own(pending, *origin, state)
            }
            (Op::Create, Answer::Value(_, Some(Origin::StaleOnError))) => fell_back,
            (Op::Create, Answer::Value(_, None)) => is_read || fell_back,
            (Op::Create | Op::Refresh, Answer::Error(by)) if *by == own => {
                phase == Phase::Released && self.known(own).end == Some(End::Error)
            }
            (Op::Create | Op::Refresh, Answer::Panicked(by)) if *by == own => {
                phase == Phase::Released && self.known(own).end == Some(End::Panic)
            }
            (Op::Get, Answer::Nothing | Answer::Value(_, Some(Origin::Hit) | None))
            | (
                Op::Create,
                Answer::Value(..)
                | Answer::Error(_)
                | Answer::Panicked(_)
                | Answer::FailedElsewhere,
            ) => is_read,
            _ => false,
        }
    }

    /// Whether a creator's caller may be given its own value, as this.
    fn is_own(&self, pending: &Pending, origin: Option<Origin>, state: &State) -> bool {
        let declined = self.known(pending.call).end == Some(End::Declined);
        let invalidated = pending.epoch < state.hard && self.may(Allowance::InvalidatedMeanwhile);
        let confirmed = pending.phase == Phase::Committed;
        let overruled = pending.phase == Phase::Refused && self.may(Allowance::Superseded)
            || matches!(pending.phase, Phase::Committed | Phase::CommittedLate) && invalidated;
        match origin {
            Some(Origin::Created) => confirmed && !declined,
            Some(Origin::Declined) => confirmed && declined && self.may(Allowance::Declined),
            Some(Origin::Superseded) => overruled,
            None => confirmed || overruled,
            Some(_) => false,
        }
    }
}

impl Spec for RegionSpec<'_> {
    type Event = Event;
    type State = State;

    fn start(&self) -> State {
        State::new(self.setting)
    }

    fn steps(&self, state: &State, event: &Event, next: &mut Vec<State>) {
        // Other events can happen whatever the calls under way have done.
        if matches!(event, Event::Began(_) | Event::Answered(..)) {
            self.all_steps(state, event.call(), next);
        }
    }

    fn event(&self, state: &State, event: &Event) -> Option<State> {
        let mut state = state.clone();
        let call = event.call();
        match event {
            Event::Asked(..) => self.ask(&mut state, call),
            Event::Began(_) => {
                let pending = state.pending_mut(call)?;
                if pending.phase != Phase::Leased {
                    return None;
                }
                pending.phase = Phase::Begun;
                self.tell_of_beginning(&mut state, call);
            }
            Event::Made(_, end) => {
                let now = state.now;
                let pending = state.pending_mut(call)?;
                if pending.phase != Phase::Begun {
                    return None;
                }
                pending.phase = Phase::Made;
                pending.created = now;
                if matches!(end, End::Error | End::Panic) {
                    self.tell_of_failure(&mut state, call);
                }
            }
            Event::Answered(_, answer) => {
                let pending = *state.pending(call)?;
                if !self.is_legal(&pending, answer, &state) {
                    return None;
                }
                self.leave(&mut state, &pending, answer);
            }
        }
        Some(state)
    }
}
