//! What a call asks of the store, and what the answers mean to it.

use std::sync::Arc;

use dogpile_backend::{
    Ask, CachedValue, Commit, Lease, Leased, Metadata, Reply, Span, Store, StoreError, Verdict,
};
use dogpile_core::flow::{self, Action, Committed, Event, Flow, Looked};
use dogpile_core::kit::{Fault, Kit};

use super::{Call, Found};
use crate::failure::Failure;
use crate::flight::{Shared, leases};
use crate::kit::Local;
use crate::region::due::View;
use crate::region::look::{look, look_blocking};
use crate::region::renewal::Renewal;
use crate::region::telling;

impl<'r, V: Clone + Send + Sync + 'static, E: Send + Sync + 'static> Call<'r, V, E> {
    pub(in crate::region) fn look<'a>(
        &'a self,
        store: &'a dyn Store<V>,
    ) -> Reply<'a, Option<CachedValue<V>>> {
        let (region, key) = (&self.subject.active().name, self.subject.key());
        look(self.subject.active(), store, region, key)
    }

    pub(in crate::region) fn look_blocking(&self, store: &dyn Store<V>) -> Found<V> {
        let (region, key) = (&self.subject.active().name, self.subject.key());
        look_blocking(self.subject.active(), store, region, key)
    }

    /// What the store answered to a look.
    pub(in crate::region) fn looked(&mut self, answer: Found<V>) -> Event {
        if self.subject.active().settings.strict {
            self.beginning.epochs = self.subject.active().epochs.read();
            self.beginning.floor = self.subject.active().epochs.floor();
        }
        let entry = match answer {
            Ok(entry) => entry,
            Err(error) => return Event::Looked(self.look_failed(error)),
        };
        let verdict = entry.as_ref().map(|entry| self.judge(&entry.metadata));
        let (Some(entry), Some(verdict)) =
            (entry, verdict.filter(|verdict| *verdict != Verdict::Miss))
        else {
            telling::missed(&self.subject.active().name, self.subject.user_key());
            // What an earlier look found is gone.
            self.at_hand = None;
            return Event::Looked(Looked::Miss);
        };
        self.keep(&entry);
        Event::Looked(match verdict {
            Verdict::Miss => Looked::Miss,
            Verdict::Stale => {
                self.is_early = self.nominal(&entry.metadata) == Verdict::Fresh;
                self.at_hand = Some(entry);
                match self.is_early {
                    true => Looked::Due,
                    false => Looked::Stale,
                }
            }
            Verdict::Fresh => {
                self.found = Some(entry);
                Looked::Fresh
            }
        })
    }

    fn look_failed(&mut self, error: StoreError) -> Looked {
        self.fail(Failure::Store(Arc::new(error)));
        let active = self.subject.active();
        self.at_hand = active.kept(self.subject.key(), &self.view());
        Looked::Failed {
            kept: self.at_hand.is_some(),
        }
    }

    fn view(&self) -> View {
        let active = self.subject.active();
        let view = active.view(&self.conditions, self.subject.key());
        view.ahead(self.conditions.ahead)
    }

    pub(super) fn judge(&self, metadata: &Metadata) -> Verdict {
        self.subject.active().judge(&self.view(), metadata)
    }

    /// What a value is to this call if nobody looks ahead.
    pub(in crate::region) fn nominal(&self, metadata: &Metadata) -> Verdict {
        let active = self.subject.active();
        let epochs = active.epochs.of(metadata).epochs();
        self.view().nominal(metadata, epochs, active.now())
    }

    /// What makes a creation unnecessary, seen in the same step that grants the lease (law 2).
    pub(in crate::region) fn enough(
        &self,
    ) -> impl Fn(&Metadata) -> bool + Send + Sync + use<'r, V, E> {
        let active = self.subject.active_beside();
        let view = self.view();
        let look_again = !self.wish.refresh && !Local::has(Fault::NoRelook);
        move |metadata| {
            let judge = || active.judge(&view, metadata);
            look_again && judge() == Verdict::Fresh
        }
    }

    pub(in crate::region) fn ask<'a>(
        &mut self,
        enough: &'a (dyn Fn(&Metadata) -> bool + Send + Sync),
        supersede: bool,
    ) -> Ask<'a> {
        Ask {
            fresh: enough,
            held: self.hold.inherit_lease(),
            stale: self.at_hand.as_ref().map(|entry| entry.metadata.stamp),
            // Two winners in this process alone are not enough: the store still grants one lease.
            supersede: supersede || Local::has(Fault::DoubleClaim),
            time: self.lease_time(),
        }
    }

    /// How long a lease is to last. Another takes over at the limit, wherever it is.
    fn lease_time(&self) -> Span {
        let lease_time = self.subject.active().settings.lease_time;
        lease_time.min(self.conditions.creation_limit)
    }

    /// What the store answered to the wish for its lease.
    pub(in crate::region) fn leased(&mut self, answer: Result<Leased<V>, StoreError>) -> Event {
        Event::Leased(match answer {
            Ok(Leased::Fresh(entry)) => {
                self.hold.lose_lease();
                self.fresh_after_all(entry)
            }
            Ok(Leased::Won { lease, seen }) => {
                self.hold_lease(lease);
                let look_again = !self.wish.refresh && !Local::has(Fault::NoRelook);
                let is_fresh =
                    |entry: &CachedValue<V>| self.judge(&entry.metadata) == Verdict::Fresh;
                let enough = look_again && seen.as_ref().is_some_and(is_fresh);
                match seen {
                    Some(entry) if enough => self.fresh_after_all(entry),
                    // After the lease is where its superseder looks for it: one of the two sees.
                    _ if !self.wish.refresh && !self.is_wanted() => flow::Leased::Superseded,
                    seen => {
                        self.saw_beside_lease(seen);
                        flow::Leased::Won { fresh_seen: false }
                    }
                }
            }
            Ok(Leased::Shut { remaining, seen }) => {
                self.hold.lose_lease();
                match seen.filter(|entry| self.judge(&entry.metadata) == Verdict::Fresh) {
                    Some(entry) => self.fresh_after_all(entry),
                    None => self.left_alone(remaining),
                }
            }
            Ok(Leased::Lost { remaining, .. }) => {
                self.hold.lose_lease();
                let until = self.monotonic().after(remaining);
                self.watching.get_or_insert_default().lease_ends(until);
                flow::Leased::Lost
            }
            Err(error) => {
                self.fail(Failure::Store(Arc::new(error)));
                flow::Leased::Failed
            }
        })
    }

    /// Whether the creation is for anybody still. One that comes late is for those too who stay with it when their key
    /// is written: whoever gave it away has no creator left, and would hear that nobody creates.
    fn is_wanted(&self) -> bool {
        match self.late {
            true => self.hold.is_wanted(),
            false => self.hold.is_current(),
        }
    }

    fn left_alone(&mut self, remaining: Span) -> flow::Leased {
        let active = self.subject.active();
        telling::left_alone(&active.name, active.opened.store.name());
        self.fail(Failure::Shared(Shared::BackingOff(remaining)));
        flow::Leased::BackingOff
    }

    /// Whether this process leaves the creator alone: then the store is not asked.
    pub(in crate::region) fn backs_off(&mut self, supersede: bool) -> Option<Event> {
        let (active, key) = (self.subject.active(), self.subject.key());
        let back_offs = active.opened.back_offs()?;
        if supersede {
            back_offs.end(key);
            return None;
        }
        if active.settings.back_off == Span::ZERO {
            return None;
        }
        let remaining = back_offs.remaining(key, active.clock.monotonic())?;
        Some(Event::Leased(self.left_alone(remaining)))
    }

    /// The same where no store is there to be asked for its lease: the creator fails as it did before.
    pub(in crate::region) fn backs_off_alone(&mut self) -> Option<Event> {
        if self.hold.lease().is_some() {
            return None;
        }
        self.backs_off(false)?;
        Some(Event::Created(flow::Created::Err))
    }

    /// For how long the store is to give the lease to nobody, if this call's creator has failed. A store
    /// that cannot, or does not answer, leaves that to this process. One whose place was taken, or whose
    /// key was deleted or set, fails for itself alone.
    pub(in crate::region) fn shuts(&self, store: &dyn Store<V>, held: bool) -> Option<Span> {
        let active = self.subject.active();
        let span = active.settings.back_off;
        let own = self.failure.as_deref().is_some_and(Failure::is_own);
        if span == Span::ZERO || !own || !self.hold.is_current() {
            return None;
        }
        if held && leases(store).shuts() {
            return Some(span);
        }
        let now = active.clock.monotonic();
        let (back_offs, key) = (active.opened.back_offs()?, self.subject.key());
        back_offs.begin(key, now, span);
        // Whoever took the place meanwhile ended the back-off afterwards, or is seen here.
        if !self.hold.is_current() {
            back_offs.end(key);
        }
        None
    }

    fn fresh_after_all(&mut self, entry: CachedValue<V>) -> flow::Leased {
        self.keep(&entry);
        self.found = Some(entry);
        flow::Leased::Won { fresh_seen: true }
    }

    fn hold_lease(&mut self, lease: Lease) {
        self.watching = None;
        self.renewal = self.renewal_of(&lease);
        self.hold.take_lease(lease);
    }

    fn renewal_of(&self, lease: &Lease) -> Option<Box<Renewal>> {
        let active = self.subject.active();
        let renewal = Renewal::begin(
            self.subject.opened(),
            &active.clock,
            self.subject.key(),
            lease,
            self.lease_time(),
            self.conditions.creation_limit,
        );
        renewal.map(Box::new)
    }

    /// A runner has come to this creation, which begins with the answer in place of `action`. From now on
    /// its lease lasts until the limit; one that may have ended meanwhile is asked for again.
    pub(in crate::region) fn come_to(&mut self, action: Action) -> Action {
        let Some(waiting) = self.renewal.take() else {
            return action;
        };
        if waiting.was_due(self.monotonic()) && self.hold.is_current() {
            let late = Flow::creating_late(self.wish);
            self.late = true;
            self.flow = late.0;
            return late.1;
        }
        self.renewal = self.hold.lease().and_then(|lease| self.renewal_of(lease));
        action
    }

    /// What is to be stored, for how long, under which lease.
    pub(in crate::region) fn commitment(&self) -> Option<(CachedValue<V>, Span, Lease)> {
        let (active, lease) = (self.subject.active(), self.hold.lease()?.clone());
        let made = self.made.as_deref()?.clone();
        let time_to_live = active.time_to_live(&self.conditions.policy, &made.metadata.terms);
        Some((made, time_to_live, lease))
    }

    /// What the store says of the commit.
    pub(in crate::region) fn committed(&mut self, answer: Result<Commit, StoreError>) -> Event {
        self.renewal = None;
        Event::Committed(match answer {
            Ok(Commit::Stored) => {
                self.hold.lose_lease();
                // Stored, but with an epoch from before an invalidation.
                if self.made_in_vain() {
                    Committed::Refused
                } else {
                    Committed::Stored
                }
            }
            Ok(Commit::Refused) => {
                self.hold.lose_lease();
                Committed::Refused
            }
            Err(error) => {
                self.fail(Failure::Store(Arc::new(error)));
                Committed::Failed
            }
        })
    }

    /// The lease to be given back before the flight ends, if one is still held: also one that this
    /// call inherited and did not use, because its store had failed.
    pub(in crate::region) fn lease_to_return(&mut self) -> Option<Lease> {
        self.renewal = None;
        self.hold.lease_at_the_end()
    }
}
