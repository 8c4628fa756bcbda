//! A call's own creation: its beginning, its end, and what those who wait are told.

use std::any::Any;
use std::sync::Arc;

use dogpile_backend::{CachedValue, Metadata, Stamp, Terms, Verdict};
use dogpile_core::flow::{Created, Event, Release, Trouble};
use dogpile_core::slot::End;

use super::Call;
use crate::creator;
use crate::failure::Failure;
use crate::flight::cycle;
use crate::flight::{Outcome, Shared};
use crate::region::telling;

impl<V: Clone + Send + Sync + 'static, E: Send + Sync + 'static> Call<'_, V, E> {
    /// The creator begins; the answer names this run of it.
    pub(in crate::region) fn begin(&mut self) -> u64 {
        let active = self.subject.active();
        self.epoch = active.epochs.floor();
        self.beginning.mark = active.kept.mark(self.subject.key());
        let creation = cycle::new_creation();
        self.began = active.clock.monotonic();
        let due = self.began.after(self.conditions.creation_limit);
        if let Some(desk) = &self.desk {
            let now = active.now();
            let age = |entry: &CachedValue<V>| now.since(entry.metadata.created).to_duration();
            // Judged after the epoch was read: what an invalidation took away does not come back as new.
            let mut shown = self.at_hand.as_ref();
            shown = shown.filter(|entry| self.judge(&entry.metadata) != Verdict::Miss);
            desk.lay(shown, age);
        }
        self.hold.begin(creation, due);
        creation
    }

    /// How the creator ended: with a value, an error, or a panic. One error may be that of several
    /// calls.
    pub(in crate::region) fn created(
        &mut self,
        answer: Result<Result<V, impl Into<Arc<E>>>, Box<dyn Any + Send>>,
    ) -> Event {
        let took = self.monotonic().since(self.began).to_duration();
        let created = match answer {
            Ok(Ok(value)) => self.made(value),
            Ok(Err(error)) => {
                self.fail(Failure::Own(error.into()));
                Created::Err
            }
            Err(panic) => self.panicked(panic),
        };
        let active = self.subject.active();
        let is_value = matches!(created, Created::Ok | Created::Declined);
        active.times.took(took, is_value);
        let (key, backend) = (self.subject.user_key(), active.opened.store.name());
        telling::created(&active.name, backend, key, took, !is_value);
        Event::Created(created)
    }

    fn panicked(&mut self, panic: Box<dyn Any + Send>) -> Created {
        self.fail(Failure::Panic(panic));
        Created::Panicked
    }

    /// What becomes of a value. A panic of what the user has it judged by is one of the creator: those who
    /// wait are told, and nobody creates in turn what would be judged so again.
    fn made(&mut self, value: V) -> Created {
        let declared = self.desk.as_ref().map_or(Terms::NONE, |desk| desk.terms());
        let (terms, wanted) = match creator::judged(|| self.weigh(&value, declared)) {
            Ok(judged) => judged,
            Err(panic) => return self.panicked(panic),
        };
        let metadata = Metadata {
            stamp: Stamp::NONE,
            epoch: self.epoch,
            created: self.subject.active().precisely_now(),
            terms,
        };
        self.made = Some(Box::new(CachedValue { value, metadata }));
        if wanted {
            Created::Ok
        } else {
            Created::Declined
        }
    }

    /// The value's terms with all its tags, and whether it is to be stored.
    fn weigh(&self, value: &V, terms: Terms) -> (Terms, bool) {
        let active = self.subject.active();
        // A value that no tag could invalidate is not kept.
        let tagged = active.tagged(self.subject.user_key(), value, terms);
        if tagged.is_err() {
            telling::too_many_tags(&active.name, self.subject.user_key());
        }
        let judge = active.settings.should_cache.as_ref();
        let wanted = tagged.is_ok()
            && judge.is_none_or(|should_cache| should_cache(value))
            && !self.desk.as_ref().is_some_and(|desk| desk.is_declined());
        (tagged.unwrap_or(terms), wanted)
    }

    /// Ends the flight, telling those who wait.
    pub(in crate::region) fn release(&mut self, release: Release) -> Event {
        self.hold.lose_lease();
        let (end, outcome) = match release {
            Release::Confirmed => (End::Publish, self.outcome(true)),
            Release::Unconfirmed => (End::Deliver, self.outcome(false)),
            Release::Failed | Release::Panicked | Release::StoreFailed => {
                (End::Fail, Outcome::Failed(self.shared_failure()))
            }
        };
        self.hold.settle(&self.subject, end, outcome);
        Event::Done
    }

    /// The value for those who wait; the caller keeps its own.
    fn outcome(&mut self, committed: bool) -> Outcome<V> {
        if let Some(made) = self.made.take() {
            if committed {
                self.keep(&made);
            }
            self.found = Some(*made);
        }
        match &self.found {
            Some(value) => Outcome::Value {
                value: value.clone(),
                committed,
            },
            None => unreachable!("a value is released only when one was made or found"),
        }
    }

    /// Whether nothing but a look ahead is to blame for what a call came to: then it is served what it would have
    /// been, the value whose time is not over.
    pub(in crate::region) fn is_spared(&self, trouble: Trouble) -> bool {
        self.is_early
            && trouble != Trouble::Panicked
            && self.at_hand.as_ref().is_some_and(|entry| {
                let nominal = self.nominal(&entry.metadata);
                nominal == Verdict::Fresh
            })
    }

    fn shared_failure(&self) -> Shared {
        self.failure
            .as_ref()
            .map_or(Shared::Elsewhere, |failure| failure.shared())
    }
}
