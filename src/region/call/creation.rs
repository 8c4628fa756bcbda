//! A call's own creation: its beginning, its end, and what those who wait are told.

use std::any::Any;
use std::sync::Arc;

use dogpile_backend::{CachedValue, Metadata, Stamp, Terms, Verdict};
use dogpile_core::flow::{Created, Event, Release, Trouble};
use dogpile_core::slot::End;

use super::Call;
use crate::failure::Failure;
use crate::flight::cycle;
use crate::flight::{Outcome, Shared};
use crate::region::telling;

impl<V: Clone + Send + Sync + 'static, E: Send + Sync + 'static> Call<'_, V, E> {
    /// The creator begins; the answer names this run of it.
    pub(in crate::region) fn begin(&mut self) -> u64 {
        let active = self.subject.active();
        self.epoch = active.epochs.floor();
        self.mark = active.kept.mark(self.subject.key());
        let creation = cycle::new_creation();
        self.began = active.clock.monotonic();
        let due = self.began.after(self.conditions.creation_limit);
        if let Some(desk) = &self.desk {
            let now = active.now();
            let age = |entry: &CachedValue<V>| now.since(entry.metadata.created).to_duration();
            desk.lay(self.at_hand.as_ref(), age);
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
        let active = self.subject.active();
        let took = active.clock.monotonic().since(self.began);
        let is_value = matches!(answer, Ok(Ok(_)));
        active.times.took(took.to_duration(), is_value);
        let (key, backend) = (self.subject.user_key(), active.opened.store.name());
        telling::created(&active.name, backend, key, took.to_duration(), !is_value);
        Event::Created(match answer {
            Ok(Ok(value)) => self.made(value),
            Ok(Err(error)) => {
                self.fail(Failure::Own(error.into()));
                Created::Err
            }
            Err(panic) => {
                self.fail(Failure::Panic(panic));
                Created::Panicked
            }
        })
    }

    fn made(&mut self, value: V) -> Created {
        let active = self.subject.active();
        let judge = active.settings.should_cache.as_ref();
        let terms = self.desk.as_ref().map_or(Terms::NONE, |desk| desk.terms());
        // A value that no tag could invalidate is not kept.
        let tagged = active.tagged(self.subject.user_key(), &value, terms);
        if tagged.is_err() {
            telling::too_many_tags(&active.name, self.subject.user_key());
        }
        let wanted = tagged.is_ok()
            && judge.is_none_or(|should_cache| should_cache(&value))
            && !self.desk.as_ref().is_some_and(|desk| desk.is_declined());
        let metadata = Metadata {
            stamp: Stamp::NONE,
            epoch: self.epoch,
            created: active.precisely_now(),
            terms: tagged.unwrap_or(terms),
        };
        self.made = Some(Box::new(CachedValue { value, metadata }));
        if wanted {
            Created::Ok
        } else {
            Created::Declined
        }
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
