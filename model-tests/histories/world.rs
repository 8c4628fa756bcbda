//! Where a program runs: the regions, the clock, the log, and what each call is answered.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use dogpile::backend::Span;
use dogpile::{Answer as Answered, Config, Error, Invalidation, ManualClock, Region};

use crate::backends::Kind;
use crate::dice::Dice;
use crate::history::{Answer, Call, End, Event, Log, Op};
use crate::jostle::{Jostle, Pace, give_way, step_aside};
use crate::program::{Planned, Program};
use crate::setting::{FOREVER, Setting};
use crate::whole::Whole;

/// A creator's error, which bears the number of its call.
#[derive(Debug)]
struct Failed(Call);

pub(crate) struct World {
    pub(crate) log: Log,
    clock: Arc<ManualClock>,
    regions: Vec<Region<Whole>>,
}

fn seconds(count: u64) -> Duration {
    if count == FOREVER {
        return Duration::MAX;
    }
    Duration::from_secs(count)
}

impl World {
    /// Regions for the program on a new store. `bare` ones go by the machine's clock and stand on
    /// the store itself.
    pub(crate) fn new(
        kind: &Kind,
        program: &Program,
        pace: Pace,
        bare: bool,
        dice: &mut Dice,
    ) -> Self {
        let Setting {
            fresh_for,
            stale_for,
            creation_limit,
            lease_time,
            stale_if_error,
            processes,
            ..
        } = program.setting;
        let clock = Arc::new(ManualClock::new());
        let handles = (kind.open)(clock.clone(), processes.into());
        let region = |handle| {
            let config = if bare {
                Config::new(handle)
            } else {
                Config::new(Jostle::new(handle, pace, Dice::new(dice.next()))).clock(clock.clone())
            };
            let config = config
                .fresh_for(seconds(fresh_for))
                .stale_for(seconds(stale_for))
                .creation_limit(seconds(creation_limit))
                .lease_time(seconds(lease_time))
                .stale_if_error(stale_if_error)
                .should_cache(|value: &Whole| !value.is_declined())
                .deadline(Duration::MAX);
            let region = Region::new("histories");
            region.configure(config).expect("no duration here is zero");
            region
        };
        Self {
            log: Log::default(),
            regions: handles.into_iter().map(region).collect(),
            clock,
        }
    }

    fn region(&self, planned: &Planned) -> &Region<Whole> {
        &self.regions[usize::from(planned.asked.process)]
    }

    /// Carries the call out in this thread.
    pub(crate) fn call(&self, planned: &Planned) -> Answer {
        let (region, key) = (self.region(planned), [planned.asked.key]);
        let creator = || {
            self.log.record(Event::Began(planned.call));
            step_aside(planned.length);
            self.made(planned)
        };
        match planned.asked.op {
            Op::Get if planned.is_plain => got(region.read(key, Whole::read)),
            Op::Get => told(region.at(key).get()),
            Op::Create if planned.is_plain => plain(region.get_or_try_create(key, creator)),
            Op::Create => outcome(region.at(key).try_create(creator)),
            Op::Refresh => outcome(region.at(key).refresh(creator)),
            Op::Set => done(region.set(key, Whole::new(planned.call, false))),
            Op::Delete => done(region.delete(key)),
            Op::Hard => done(region.invalidate(Invalidation::Hard)),
            Op::Soft => done(region.invalidate(Invalidation::Soft)),
            Op::Advance(seconds) => self.advance(seconds),
        }
    }

    /// Carries the call out in this task.
    pub(crate) async fn call_async(&self, planned: &Planned) -> Answer {
        let (region, key) = (self.region(planned), [planned.asked.key]);
        let creator = async || {
            self.log.record(Event::Began(planned.call));
            give_way(planned.length).await;
            self.made(planned)
        };
        match planned.asked.op {
            Op::Get if planned.is_plain => got(region
                .get_async(key)
                .await
                .map(|value| value.map(|value| value.read()))),
            Op::Get => told(region.at(key).get_async().await),
            Op::Create if planned.is_plain => {
                plain(region.get_or_try_create_async(key, creator).await)
            }
            Op::Create => outcome(region.at(key).try_create_async(creator).await),
            Op::Refresh => outcome(region.at(key).refresh_async(creator).await),
            Op::Set => done(region.set_async(key, Whole::new(planned.call, false)).await),
            Op::Delete => done(region.delete_async(key).await),
            Op::Hard => done(region.invalidate_async(Invalidation::Hard).await),
            Op::Soft => done(region.invalidate_async(Invalidation::Soft).await),
            Op::Advance(seconds) => self.advance(seconds),
        }
    }

    fn advance(&self, seconds: u64) -> Answer {
        self.clock.advance(Span::from_secs(seconds));
        Answer::Done
    }

    /// The end of a creator.
    fn made(&self, planned: &Planned) -> Result<Whole, Failed> {
        self.log.record(Event::Made(planned.call, planned.end));
        match planned.end {
            End::Value => Ok(Whole::new(planned.call, false)),
            End::Declined => Ok(Whole::new(planned.call, true)),
            End::Error => Err(Failed(planned.call)),
            // Past the hook that would print it.
            End::Panic => std::panic::resume_unwind(Box::new(planned.call.to_string())),
        }
    }
}

/// What a caller gets whose creator, or whose call, panicked.
pub(crate) fn panicked(panic: &(dyn Any + Send)) -> Answer {
    let text = panic.downcast_ref::<String>();
    match text.and_then(|text| text.parse().ok()) {
        Some(call) => Answer::Panicked(call),
        None => Answer::Strange(format!("a panic: {text:?}")),
    }
}

fn got(answer: Result<Option<Call>, Error>) -> Answer {
    match answer {
        Ok(Some(by)) => Answer::Value(by, None),
        Ok(None) => Answer::Nothing,
        Err(error) => Answer::Strange(error.to_string()),
    }
}

fn told(answer: Result<Option<Answered<Whole>>, Error>) -> Answer {
    match answer {
        Ok(Some(answer)) => Answer::Value(answer.value.read(), Some(answer.origin)),
        Ok(None) => Answer::Nothing,
        Err(error) => Answer::Strange(error.to_string()),
    }
}

fn plain(answer: Result<Whole, Error<Failed>>) -> Answer {
    match answer {
        Ok(value) => Answer::Value(value.read(), None),
        Err(error) => failed(&error),
    }
}

fn outcome(answer: Result<Answered<Whole>, Error<Failed>>) -> Answer {
    match answer {
        Ok(answer) => Answer::Value(answer.value.read(), Some(answer.origin)),
        Err(error) => failed(&error),
    }
}

fn failed(error: &Error<Failed>) -> Answer {
    match error {
        Error::Creator(failed) => Answer::Error(failed.0),
        Error::CreatorPanicked { message, .. } => match message.parse() {
            Ok(call) => Answer::Panicked(call),
            Err(_) => Answer::Strange(format!("{error:?}")),
        },
        Error::CreatorFailedElsewhere { .. } => Answer::FailedElsewhere,
        other => Answer::Strange(format!("{other:?}")),
    }
}

fn done(answer: Result<(), Error>) -> Answer {
    match answer {
        Ok(()) => Answer::Done,
        Err(error) => Answer::Strange(error.to_string()),
    }
}
