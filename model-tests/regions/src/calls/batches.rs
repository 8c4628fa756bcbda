//! Calls about several keys: each key must have an answer as if it had been asked for alone.

use std::cell::Cell;
use std::collections::HashMap;

use dogpile::Partial;
use shuttle::future;

use super::{Call, Patience, within};
use crate::books::End;
use crate::creators::{AtWork, Failed};
use crate::value::Value;
use crate::world::{KEYS, World, step};

/// What a batch is, and how its creators go.
#[derive(Clone, Copy, Debug)]
pub struct Batch {
    /// Which keys, in this order.
    pub keys: &'static [usize],
    /// For so long each creator is at work.
    pub steps: usize,
    /// Whether it makes no value for the first key that it gets.
    pub leaves_out: bool,
}

type Made = HashMap<&'static str, Value>;
type Answers = Result<Made, Partial<Option<Value>, Failed>>;

struct Calls<'w> {
    batch: Batch,
    calls: Vec<Call<'w>>,
}

impl<'w> Calls<'w> {
    fn begin(world: &'w World, batch: Batch) -> Self {
        let keys = batch.keys.iter();
        let calls = keys.map(|key| Call::begin(world, *key, true)).collect();
        Self { batch, calls }
    }

    fn names(&self) -> Vec<&'static str> {
        self.batch.keys.iter().map(|key| KEYS[*key]).collect()
    }

    fn at_work(&self, names: &[&'static str]) -> Vec<AtWork> {
        let of = |name: &&str| self.calls.iter().find(|call| KEYS[call.asked.key] == *name);
        let calls = names.iter().filter_map(of);
        let at_work: Vec<_> = calls
            .map(|call| AtWork::begin(call.world.books.clone(), call.asked, &call.own))
            .collect();
        assert_eq!(at_work.len(), names.len(), "only what was asked for");
        at_work
    }

    fn made(&self, names: &[&'static str], at_work: Vec<AtWork>) -> Made {
        let left_out = usize::from(self.batch.leaves_out);
        let each = names.iter().copied().zip(at_work).skip(left_out);
        let made = each.filter_map(|(name, at_work)| Some((name, at_work.ends(End::Value).ok()?)));
        made.collect()
    }

    /// Each key has a value that it may have, or its own creator had none.
    fn judge(self, answers: Answers) {
        let made = match answers {
            Ok(made) => made,
            Err(partial) => return self.judge_partial(partial),
        };
        for call in &self.calls {
            call.judge_one(made.get(KEYS[call.asked.key]));
        }
        if self.calls.iter().any(|call| call.own.get().is_some()) && made.len() == self.calls.len()
        {
            self.calls[0].world.sign("a batch created");
        }
    }

    fn judge_partial(self, partial: Partial<Option<Value>, Failed>) {
        for (call, answer) in self.calls.iter().zip(partial.answers) {
            match answer {
                Ok(value) => call.judge_one(value.as_ref()),
                // Of somebody's single call, which this one waited for.
                Err(error) => call.judge(Ok(Err(error))),
            }
        }
    }
}

impl Call<'_> {
    fn judge_one(&self, value: Option<&Value>) {
        let own = self.own.get().copied();
        if let Some(own) = own {
            self.world.books.open().returns(own);
        }
        if let Some(value) = value {
            return self.may_have(value, None);
        }
        assert!(own.is_some(), "who has no answer had a creator without one");
        self.world.sign("left out");
    }
}

/// In this thread.
///
/// # Panics
/// When an answer is none that its key may have.
pub fn block(world: &World, batch: Batch) {
    let calls = Calls::begin(world, batch);
    let answers = world.region.get_or_try_create_map(&calls.names(), |names| {
        let names: Vec<_> = names.iter().map(|name| **name).collect();
        let at_work = calls.at_work(&names);
        (0..batch.steps).for_each(|_| step());
        Ok(calls.made(&names, at_work))
    });
    calls.judge(answers);
}

/// As a task, that may be dropped.
///
/// # Panics
/// When an answer is none that its key may have.
pub fn task(world: &World, batch: Batch, patience: Patience) {
    let calls = Calls::begin(world, batch);
    let names = calls.names();
    let here = &calls;
    let call = world
        .region
        .get_or_try_create_map_async(&names, |names| async move {
            let at_work = here.at_work(&names);
            for _ in 0..batch.steps {
                future::yield_now().await;
            }
            Ok(here.made(&names, at_work))
        });
    let woken = Cell::new(false);
    let answers = future::block_on(within(patience, &|| (), &woken, call));
    match answers {
        Some(answers) => calls.judge(answers),
        None => world.sign("a batch was dropped"),
    }
}
