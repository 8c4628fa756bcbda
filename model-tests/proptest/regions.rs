//! One thread on a region: every answer, every origin and every age is predicted.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use dogpile::backend::block_on;
use dogpile::{
    Answer as Answered, Config, Error, Invalidation, ManualClock, Memory, OnStoreFailure, Origin,
    Region,
};
use dogpile_proof::{Property, Tool, shown};
use proptest::prelude::*;

use crate::failing::{Failing, Switch};
use crate::model::{Answer, Creator, End, Key, Meanwhile, Model, Policy, other};
use crate::runner;

#[derive(Clone, Copy, Debug)]
enum Op {
    Get(Key),
    Metadata(Key),
    Set(Key),
    Delete(Key),
    Create(Key, Creator, Own),
    Refresh(Key, Creator),
    Invalidate(bool),
    Advance(Duration),
    /// The store goes away, or comes back.
    Switch(bool),
}

/// What a call says itself.
#[derive(Clone, Copy, Debug)]
struct Own {
    fresh_for: Option<Duration>,
    stale_if_error: Option<bool>,
}

fn span() -> impl Strategy<Value = Duration> {
    prop_oneof![
        Just(0_u64),
        Just(1),
        Just(99),
        Just(100),
        Just(101),
        Just(200),
        Just(201)
    ]
    .prop_map(Duration::from_millis)
}

fn policy() -> impl Strategy<Value = Policy> {
    let forever = Just(Duration::MAX);
    let fresh_for = prop_oneof![4 => span(), 1 => forever];
    let stale_for = prop_oneof![4 => span(), 1 => forever];
    (fresh_for, stale_for, any::<bool>(), any::<bool>()).prop_map(
        |(fresh_for, stale_for, stale_if_error, needs_store)| Policy {
            fresh_for,
            stale_for,
            stale_if_error,
            needs_store,
        },
    )
}

fn creator() -> impl Strategy<Value = Creator> {
    let meanwhile = prop_oneof![
        6 => Just(Meanwhile::Nothing),
        1 => Just(Meanwhile::Delete),
        1 => Just(Meanwhile::Set),
        1 => Just(Meanwhile::Refresh),
        1 => Just(Meanwhile::Hard),
        1 => Just(Meanwhile::Soft),
    ];
    let takes = prop_oneof![3 => Just(Duration::ZERO), 1 => span()];
    let end = prop_oneof![
        6 => Just(End::Value),
        1 => Just(End::Declined),
        1 => Just(End::Error),
        1 => Just(End::Panic),
    ];
    (meanwhile, takes, end).prop_map(|(meanwhile, takes, end)| Creator {
        meanwhile,
        takes,
        end,
    })
}

fn op() -> impl Strategy<Value = Op> {
    let key = 0..2_u8;
    let own = (prop::option::of(span()), prop::option::of(any::<bool>())).prop_map(
        |(fresh_for, stale_if_error)| Own {
            fresh_for,
            stale_if_error,
        },
    );
    prop_oneof![
        3 => key.clone().prop_map(Op::Get),
        1 => key.clone().prop_map(Op::Metadata),
        2 => key.clone().prop_map(Op::Set),
        1 => key.clone().prop_map(Op::Delete),
        6 => (key.clone(), creator(), own).prop_map(|(key, creator, own)| Op::Create(key, creator, own)),
        1 => (key, creator()).prop_map(|(key, creator)| Op::Refresh(key, creator)),
        1 => any::<bool>().prop_map(Op::Invalidate),
        3 => span().prop_map(Op::Advance),
        1 => any::<bool>().prop_map(Op::Switch),
    ]
}

/// The region and what moves it.
struct Subject {
    region: Region<u64>,
    clock: Arc<ManualClock>,
    switch: Switch,
    /// By the calls for tasks.
    by_task: bool,
}

impl Subject {
    fn new(policy: Policy, in_memory: bool, by_task: bool) -> Self {
        let (clock, switch) = (Arc::new(ManualClock::new()), Switch::default());
        let config = if in_memory {
            Config::new(Memory::unbounded())
        } else {
            Config::new(Failing::new(&switch)).keep_last(100)
        };
        let on_failure = if policy.needs_store {
            OnStoreFailure::Fail
        } else {
            OnStoreFailure::CreateWithoutStoring
        };
        let config = config
            .clock(clock.clone())
            .fresh_for(policy.fresh_for)
            .stale_for(policy.stale_for)
            .stale_if_error(policy.stale_if_error)
            .on_store_failure(on_failure)
            // Declined values are odd.
            .should_cache(|value| value % 2 == 0);
        let region = Region::new("model");
        region.configure(config).expect("no duration here is zero");
        Self {
            region,
            clock,
            switch,
            by_task,
        }
    }

    fn create(&self, key: Key, value: u64, creator: Creator, is_off: bool) -> Result<u64, ()> {
        if !is_off {
            match creator.meanwhile {
                Meanwhile::Nothing => {}
                Meanwhile::Delete => self.region.delete([key]).expect("the store is there"),
                Meanwhile::Set => {
                    let set = self.region.set([key], other(value));
                    set.expect("the store is there");
                }
                Meanwhile::Refresh => {
                    let inner = self.region.refresh([key], || Ok::<_, ()>(other(value)));
                    assert_eq!(inner.expect("the store is there"), other(value));
                }
                Meanwhile::Hard => self.invalidate(true),
                Meanwhile::Soft => self.invalidate(false),
            }
        }
        self.clock.advance(creator.takes);
        match creator.end {
            End::Value | End::Declined => Ok(value),
            End::Error => Err(()),
            End::Panic => resume_unwind(Box::new("on purpose")),
        }
    }

    fn invalidate(&self, hard: bool) {
        let how = if hard {
            Invalidation::Hard
        } else {
            Invalidation::Soft
        };
        let raised = self.region.invalidate(how);
        raised.expect("epochs are in this process");
    }

    fn ask(&self, op: Op, value: u64, is_off: bool) -> Answer {
        let region = &self.region;
        match op {
            Op::Get(key) if self.by_task => got(block_on(region.at([key]).get_async())),
            Op::Get(key) => got(region.at([key]).get()),
            Op::Metadata(key) => match region.metadata([key]) {
                Ok(None) => Answer::Nothing,
                Ok(Some(known)) => Answer::Known(known.verdict, known.age),
                Err(_) => Answer::StoreFailed,
            },
            Op::Set(key) if self.by_task => done(&block_on(region.set_async([key], value))),
            Op::Set(key) => done(&region.set([key], value)),
            Op::Delete(key) if self.by_task => done(&block_on(region.delete_async([key]))),
            Op::Delete(key) => done(&region.delete([key])),
            Op::Create(key, creator, own) => {
                let mut at = region.at([key]);
                if let Some(span) = own.fresh_for {
                    at = at.fresh_for(span);
                }
                if let Some(yes) = own.stale_if_error {
                    at = at.stale_if_error(yes);
                }
                let create = || self.create(key, value, creator, is_off);
                caught(|| match self.by_task {
                    true => block_on(at.try_create_async(async || create())),
                    false => at.try_create(create),
                })
            }
            Op::Refresh(key, creator) => {
                let create = || self.create(key, value, creator, is_off);
                caught(|| match self.by_task {
                    true => block_on(region.at([key]).refresh_async(async || create())),
                    false => region.at([key]).refresh(create),
                })
            }
            Op::Invalidate(hard) => {
                self.invalidate(hard);
                Answer::Done
            }
            Op::Advance(span) => {
                self.clock.advance(span);
                Answer::Done
            }
            Op::Switch(off) => {
                self.switch.turn(off);
                Answer::Done
            }
        }
    }
}

fn told(answer: &Answered<u64>) -> Answer {
    Answer::Value(answer.value, answer.origin, answer.age)
}

fn got(answer: Result<Option<Answered<u64>>, Error>) -> Answer {
    match answer {
        Ok(answer) => answer.map_or(Answer::Nothing, |answer| told(&answer)),
        Err(_) => Answer::StoreFailed,
    }
}

fn done(answer: &Result<(), Error>) -> Answer {
    match answer {
        Ok(()) => Answer::Done,
        Err(_) => Answer::StoreFailed,
    }
}

fn caught(call: impl FnOnce() -> Result<Answered<u64>, Error<()>>) -> Answer {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(answer)) => told(&answer),
        Ok(Err(Error::Creator(_))) => Answer::CreatorFailed,
        Ok(Err(Error::Store(_))) => Answer::StoreFailed,
        Ok(Err(other)) => unreachable!("one thread alone is never told {other:?}"),
        Err(_) => Answer::Panicked,
    }
}

/// What the model says; `None` where the store may go either way.
fn predict(model: &mut Model, policy: Policy, op: Op, value: u64) -> Option<Answer> {
    Some(match op {
        Op::Get(key) => model.get(policy, key),
        Op::Metadata(key) => return model.metadata(policy, key),
        Op::Set(key) => model.set(key, value),
        Op::Delete(key) => model.delete(key),
        Op::Create(key, creator, own) => {
            let policy = Policy {
                fresh_for: own.fresh_for.unwrap_or(policy.fresh_for),
                stale_if_error: own.stale_if_error.unwrap_or(policy.stale_if_error),
                ..policy
            };
            model.create(policy, key, value, creator)
        }
        Op::Refresh(key, creator) => model.refresh(policy, key, value, creator),
        Op::Invalidate(hard) => {
            model.invalidate(hard);
            Answer::Done
        }
        Op::Advance(span) => {
            model.advance(span);
            Answer::Done
        }
        Op::Switch(off) => {
            model.is_off = off && model.keeps;
            Answer::Done
        }
    })
}

/// How often what was seen.
#[derive(Default)]
struct Seen {
    programs: usize,
    stale: usize,
    superseded: usize,
    after_a_write: usize,
}

fn follow(
    policy: Policy,
    in_memory: bool,
    by_task: bool,
    program: &[Op],
    seen: &mut Seen,
) -> Result<(), TestCaseError> {
    let subject = Subject::new(policy, in_memory, by_task);
    let mut model = Model::new(!in_memory);
    let mut written = false;
    for (number, op) in program.iter().enumerate() {
        let declined = matches!(
            op,
            Op::Create(
                _,
                Creator {
                    end: End::Declined,
                    ..
                },
                _
            ) | Op::Refresh(
                _,
                Creator {
                    end: End::Declined,
                    ..
                }
            )
        );
        // Ten apart: a creator may put the number after its own.
        let value = (number as u64 + 1) * 10 + u64::from(declined);
        let is_off = model.is_off;
        let expected = predict(&mut model, policy, *op, value);
        let answer = subject.ask(*op, value, is_off);
        if let Some(expected) = expected {
            prop_assert_eq!(answer, expected, "the answer number {}: {:?}", number, op);
        }
        if let Answer::Value(_, origin, _) = answer {
            seen.superseded += usize::from(origin == Origin::Superseded);
            seen.stale += usize::from(origin == Origin::StaleOnError);
            seen.after_a_write += usize::from(written);
        }
        written |= matches!(op, Op::Set(_) | Op::Delete(_));
    }
    seen.programs += 1;
    Ok(())
}

#[test]
fn a_region_answers_one_thread_as_a_map_with_epochs_and_a_clock_would() {
    let seen = Mutex::new(Seen::default());
    let program = prop::collection::vec(op(), 1..60);
    let all = (policy(), any::<bool>(), any::<bool>(), program);
    let ran = runner(file!(), 3_000).run(&all, |(policy, in_memory, by_task, program)| {
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        follow(policy, in_memory, by_task, &program, &mut seen)
    });
    if let Err(failure) = ran {
        panic!("{failure}");
    }
    let seen = seen.into_inner().unwrap_or_else(PoisonError::into_inner);
    let scope = "one thread, every answer predicted";
    for (property, witnessed) in [
        (Property::StaleOnlyWhereAllowed, seen.stale),
        (Property::SupersededNeverPublishes, seen.superseded),
        (Property::VersionsNeverGoBack, seen.after_a_write),
    ] {
        shown(property, Tool::Proptest, scope, seen.programs, witnessed);
    }
}
