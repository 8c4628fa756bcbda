//! The steps that calls take between being asked and being answered, and what each justifies.

use super::{Allowance, Entry, Pending, Phase, RegionSpec, State, Verdict};
use crate::history::{Answer, Asked, Call, End, Op};

impl RegionSpec<'_> {
    /// Every step that some call may take next. What happens under one key is seen by calls on that
    /// key alone, so the others' steps can wait, unless one that concerns all keys may come
    /// between.
    pub(super) fn all_steps(&self, state: &State, seen_by: Call, next: &mut Vec<State>) {
        let Asked { key, op, .. } = self.known(seen_by).asked;
        let everywhere = op.is_everywhere()
            || state.calls.iter().any(|pending| {
                pending.phase == Phase::Asked && self.known(pending.call).asked.op.is_everywhere()
            });
        for (at, pending) in state.calls.iter().enumerate() {
            let asked = &self.known(pending.call).asked;
            if everywhere || asked.key == key {
                self.step(state, at, next);
            }
        }
        for at in 0..state.keys.len() {
            if everywhere || at == usize::from(key) {
                self.evict(state, at, next);
                self.end_overdue(state, at, next);
            }
        }
    }

    fn evict(&self, state: &State, key: usize, next: &mut Vec<State>) {
        if self.setting.evicts && self.may(Allowance::Evicted) && state.keys[key].stored.is_some() {
            let mut state = state.clone();
            state.keys[key].stored = None;
            next.push(self.observed(state));
        }
    }

    /// A lease whose time is over ends: somebody who waits for it takes over, even if nothing comes
    /// of that, or the store forgets it.
    fn end_overdue(&self, state: &State, key: usize, next: &mut Vec<State>) {
        let Some((holder, since)) = state.keys[key].lease else {
            return;
        };
        let held_for = state.now.saturating_sub(since);
        let somebody_waits = state.calls.iter().any(|waiter| {
            self.known(waiter.call).asked.op == Op::Create
                && waiter.call != holder
                && !waiter.is_gone()
                && self.is_beside(waiter.call, holder)
        });
        let taken_over = held_for >= self.setting.creation_limit
            && somebody_waits
            && self.may(Allowance::TakenOver);
        let ran_out = held_for >= self.setting.lease_time && self.may(Allowance::LeaseRunsOut);
        if taken_over || ran_out {
            let mut state = state.clone();
            state.keys[key].lease = None;
            next.push(state);
        }
    }

    fn step(&self, state: &State, at: usize, next: &mut Vec<State>) {
        let pending = state.calls[at];
        match (self.known(pending.call).asked.op, pending.phase) {
            (Op::Set | Op::Delete, Phase::Asked) => self.write(state, at, next),
            (Op::Set | Op::Delete, Phase::Written) => self.detach(state, at, next),
            (Op::Create | Op::Refresh, Phase::Asked) => self.lease(state, at, next),
            (Op::Create | Op::Refresh, Phase::Made) => match self.known(pending.call).end {
                Some(End::Value | End::Declined) => self.commit(state, at, next),
                Some(End::Error | End::Panic) => self.release(state, at, next),
                None => {}
            },
            (Op::Hard | Op::Soft | Op::Advance(_), Phase::Asked) => self.raise(state, at, next),
            (_, Phase::GoneAsking) => self.take_in_vain(state, at, next),
            (_, Phase::GoneCommitting) => self.commit_unheard(state, at, next),
            _ => {}
        }
    }

    /// The store acts on a set or a delete, and no lease on the key is good any longer.
    fn write(&self, state: &State, at: usize, next: &mut Vec<State>) {
        let mut state = state.clone();
        let Asked { op, key, .. } = self.known(state.calls[at].call).asked;
        let key = &mut state.keys[usize::from(key)];
        key.writes += 1;
        key.lease = None;
        let pending = &mut state.calls[at];
        pending.phase = Phase::Written;
        pending.number = key.writes;
        let entry = (op == Op::Set).then(|| pending.entry(true));
        key.stored = entry;
        if let Some(entry) = entry {
            self.tell(&mut state, entry);
        }
        next.push(self.observed(state));
    }

    /// What a write finds under way in its process when it is done with the store, it ends.
    fn detach(&self, state: &State, at: usize, next: &mut Vec<State>) {
        let writer = state.calls[at].call;
        let key = usize::from(self.known(writer).asked.key);
        let Some((holder, _)) = state.keys[key].lease else {
            return;
        };
        if self.may(Allowance::WriteEndsLaterLease) && self.is_beside(writer, holder) {
            let mut state = state.clone();
            state.keys[key].lease = None;
            state.calls[at].phase = Phase::Detached;
            next.push(state);
        }
    }

    /// A creation takes the lease. Only those that the history says begin, and of those that do not, refreshes
    /// that are dropped on the way: who had the lease before has it no longer.
    fn lease(&self, state: &State, at: usize, next: &mut Vec<State>) {
        let known = self.known(state.calls[at].call);
        if !known.begins && !self.may_take_in_vain(known) {
            return;
        }
        let key = &state.keys[usize::from(known.asked.key)];
        let refreshes = known.asked.op == Op::Refresh;
        let is_free = key.lease.is_none() || refreshes && self.may(Allowance::RefreshTakesTheLease);
        // Law 2: the second look, in the same step.
        let is_there = key
            .stored
            .is_some_and(|entry| self.judge(&entry, state) == Verdict::Fresh);
        if !is_free || is_there && !refreshes {
            return;
        }
        let mut state = state.clone();
        let (now, epoch) = (state.now, state.epoch());
        let pending = &mut state.calls[at];
        (pending.phase, pending.epoch) = (Phase::Leased, epoch);
        state.keys[usize::from(known.asked.key)].lease = Some((pending.call, now));
        next.push(state);
    }

    /// Law 3: the store takes the value only from who holds the lease.
    pub(super) fn commit(&self, state: &State, at: usize, next: &mut Vec<State>) {
        let call = state.calls[at].call;
        let known = self.known(call);
        let key = usize::from(known.asked.key);
        let is_held = state.keys[key]
            .lease
            .is_some_and(|(holder, _)| holder == call);
        let mut state = state.clone();
        if !is_held {
            state.calls[at].phase = Phase::Refused;
            next.push(state);
            return;
        }
        let late = state.calls[at].epoch < state.hard;
        let (pending, key) = (&mut state.calls[at], &mut state.keys[key]);
        (key.writes, key.lease) = (key.writes + 1, None);
        pending.number = key.writes;
        pending.phase = if late {
            Phase::CommittedLate
        } else {
            Phase::Committed
        };
        let entry = pending.entry(known.end == Some(End::Value));
        if entry.is_stored {
            key.stored = Some(entry);
        }
        if !late {
            self.tell(&mut state, entry);
        }
        next.push(self.observed(state));
    }

    /// A creator that failed gives the lease back.
    fn release(&self, state: &State, at: usize, next: &mut Vec<State>) {
        let mut state = state.clone();
        let call = state.calls[at].call;
        state.calls[at].phase = Phase::Released;
        if self.may(Allowance::FailureFreesTheLease) {
            self.free(&mut state, call);
        }
        next.push(state);
    }

    pub(super) fn free(&self, state: &mut State, call: Call) {
        let key = &mut state.keys[usize::from(self.known(call).asked.key)];
        key.lease = key.lease.filter(|(holder, _)| *holder != call);
    }

    /// An invalidation, or the clock. Who reads epoch or time at about the same moment may have
    /// read it before or after.
    fn raise(&self, state: &State, at: usize, next: &mut Vec<State>) {
        let mut state = state.clone();
        let raised = state.epoch() + 1;
        let op = self.known(state.calls[at].call).asked.op;
        match op {
            Op::Hard => state.hard = raised,
            Op::Soft => state.soft = raised,
            Op::Advance(seconds) => state.now += seconds,
            Op::Get | Op::Set | Op::Delete | Op::Create | Op::Refresh => {}
        }
        state.calls[at].phase = Phase::Raised;
        let mut variants = vec![state];
        for at in 0..variants[0].calls.len() {
            for variant in 0..variants.len() {
                let mut later = variants[variant].clone();
                let (now, epoch) = (later.now, later.epoch());
                let reader = &mut later.calls[at];
                match (op, self.known(reader.call).asked.op, reader.phase) {
                    (Op::Advance(_), Op::Set, Phase::Asked) | (Op::Advance(_), _, Phase::Made) => {
                        reader.created = now;
                    }
                    (Op::Hard | Op::Soft, Op::Set, Phase::Asked)
                    | (Op::Hard | Op::Soft, _, Phase::Leased) => reader.epoch = epoch,
                    _ => continue,
                }
                variants.push(later);
            }
        }
        next.extend(variants.into_iter().map(|state| self.observed(state)));
    }

    /// Every call under way may read now.
    fn observed(&self, mut state: State) -> State {
        for at in 0..state.calls.len() {
            let mut reader = state.calls[at];
            let known = self.known(reader.call);
            let (Some(answer), false) = (known.answer, reader.justified) else {
                continue;
            };
            if !matches!(known.asked.op, Op::Get | Op::Create) {
                continue;
            }
            let stored = state.keys[usize::from(known.asked.key)].stored;
            match (answer, stored) {
                (Answer::Nothing, None) => reader.justified = true,
                (Answer::Nothing, Some(entry)) => reader.read = Some(older(reader.read, entry)),
                (Answer::Value(by, _), Some(entry)) if entry.by == *by => {
                    reader.read = Some(entry);
                }
                _ => {}
            }
            // What was read is judged now, or later, when it may be gone.
            if let Some(entry) = reader.read {
                reader.justified |= self.read_justifies(answer, &entry, &state);
            }
            if reader.justified {
                let is_fresh = |entry: &Entry| self.judge(entry, &state) == Verdict::Fresh;
                reader.read = reader
                    .read
                    .filter(|entry| matches!(answer, Answer::Value(..)) && is_fresh(entry));
            }
            state.calls[at] = reader;
        }
        state
    }

    /// Those who wait may be given this value from now on.
    fn tell(&self, state: &mut State, entry: Entry) {
        for waiter in &mut state.calls {
            waiter.justified |= self.told_justifies(waiter, &entry);
        }
    }

    pub(super) fn tell_of_beginning(&self, state: &mut State, creator: Call) {
        for waiter in &mut state.calls {
            waiter.justified |=
                self.may(Allowance::BegunWhileWaiting) && self.waits_for(waiter, creator);
        }
    }

    pub(super) fn tell_of_failure(&self, state: &mut State, creator: Call) {
        for waiter in &mut state.calls {
            waiter.justified |= self.fails_with(waiter, creator);
        }
    }

    /// A call is asked. It may be told what creations that are still under way have brought.
    pub(super) fn ask(&self, state: &mut State, call: Call) {
        let Asked {
            key, process, op, ..
        } = self.known(call).asked;
        let floors = &state.keys[usize::from(key)].floors;
        // Where nothing may be served stale, a soft invalidation is as good as a hard one.
        let oldest = match self.setting.stale_for {
            0 => state.epoch(),
            _ => state.hard,
        };
        let mut asked = Pending {
            call,
            phase: Phase::Asked,
            epoch: state.epoch(),
            created: state.now,
            number: 0,
            floor: floors[usize::from(process)],
            oldest,
            read: None,
            justified: false,
        };
        for teller in &state.calls {
            let known = self.known(teller.call);
            asked.justified |= self.shares_the_news(&asked, teller);
            asked.justified |= match teller.phase {
                Phase::Committed => {
                    let entry = teller.entry(known.end == Some(End::Value));
                    self.told_justifies(&asked, &entry)
                }
                Phase::Written | Phase::Detached if known.asked.op == Op::Set => {
                    self.told_justifies(&asked, &teller.entry(true))
                }
                Phase::Made | Phase::Released => self.fails_with(&asked, teller.call),
                // It found a fresh value, and gives its lease back before it is over.
                Phase::Asked if teller.justified && known.asked.op == Op::Create => {
                    let found = teller.read.filter(|_| self.is_beside(call, teller.call));
                    found.is_some_and(|entry| self.told_justifies(&asked, &entry))
                }
                _ => false,
            };
        }
        state.calls.push(asked);
        if !op.is_everywhere() {
            *state = self.observed(state.clone());
        }
    }

    /// A call is over.
    pub(super) fn leave(&self, state: &mut State, over: &Pending, answer: &Answer) {
        let Asked {
            key, process, op, ..
        } = self.known(over.call).asked;
        state.calls.retain(|pending| pending.call != over.call);
        if let Some(phase) = self.goes_on(over, answer) {
            state.calls.push(Pending { phase, ..*over });
        } else if *answer == Answer::Cancelled && self.may(Allowance::CancelFreesTheLease) {
            self.free(state, over.call);
        }
        let taken_away = match op {
            Op::Delete => over.number,
            Op::Set => over.number.saturating_sub(1),
            _ => 0,
        };
        if !op.is_everywhere() {
            let floor = &mut state.keys[usize::from(key)].floors[usize::from(process)];
            *floor = taken_away.max(*floor);
        }
    }
}

/// What is older in either way, to see whether any that was read is no longer fresh.
fn older(before: Option<Entry>, entry: Entry) -> Entry {
    match before {
        None => entry,
        Some(before) => Entry {
            epoch: before.epoch.min(entry.epoch),
            created: before.created.min(entry.created),
            ..before
        },
    }
}
