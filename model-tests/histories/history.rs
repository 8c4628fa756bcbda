//! What is recorded of a run: who asked for what, when creators began and ended, who was answered
//! what, in the order in which it happened.

use std::fmt::{self, Write as _};
use std::sync::{Mutex, MutexGuard, PoisonError};

pub(crate) use dogpile::Origin;

/// A call by its number. A value, or an error, bears the number of the call that made it.
pub(crate) type Call = u16;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Get,
    Set,
    Delete,
    Create,
    Refresh,
    Hard,
    Soft,
    /// The clock moves by so many seconds.
    Advance(u64),
}

impl Op {
    /// Whether it is about every key.
    pub(crate) const fn is_everywhere(self) -> bool {
        matches!(self, Self::Hard | Self::Soft | Self::Advance(_))
    }
}

/// A call as it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// The thread, or the task.
    pub(crate) client: u8,
    pub(crate) process: u8,
    pub(crate) key: u8,
    pub(crate) op: Op,
}

/// How a creator ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum End {
    Value,
    /// With a value that is not to be stored.
    Declined,
    Error,
    Panic,
}

/// What a call was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// A write was carried out.
    Done,
    /// There is no value to be had.
    Nothing,
    /// A value, and whence it came, if the call tells.
    Value(Call, Option<Origin>),
    /// The error of this call's creator.
    Error(Call),
    /// The panic of this call's creator.
    Panicked(Call),
    /// A creator failed of whom only that is known: it may be another process's.
    FailedElsewhere,
    /// Nobody was there to be answered: the future was dropped.
    Cancelled,
    /// What no program here should be answered.
    Strange(String),
}

/// One line of a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Asked(Call, Asked),
    Began(Call),
    Made(Call, End),
    Answered(Call, Answer),
}

impl Event {
    pub(crate) const fn call(&self) -> Call {
        match self {
            Self::Asked(call, _)
            | Self::Began(call)
            | Self::Made(call, _)
            | Self::Answered(call, _) => *call,
        }
    }
}

/// What happened so far, written by all who run.
#[derive(Debug, Default)]
pub(crate) struct Log(Mutex<Vec<Event>>);

impl Log {
    fn events(&self) -> MutexGuard<'_, Vec<Event>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn record(&self, event: Event) {
        self.events().push(event);
    }

    pub(crate) fn history(&self) -> Vec<Event> {
        self.events().clone()
    }
}

/// A history as a table: when, who, what was asked, what came of it.
pub(crate) fn table(history: &[Event]) -> String {
    let asked = |wanted| {
        history.iter().find_map(|event| match event {
            Event::Asked(call, asked) if *call == wanted => Some(asked),
            _ => None,
        })
    };
    let mut table = String::from("time  client  process  call  event\n");
    for (time, event) in history.iter().enumerate() {
        let call = event.call();
        let (client, process) = match asked(call) {
            Some(asked) => (asked.client, asked.process),
            None => (0, 0),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(
            table,
            "{time:4}  {client:6}  {process:7}  #{call:<3}  {event}"
        );
    }
    table
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asked(_, Asked { key, op, .. }) if !op.is_everywhere() => {
                write!(f, "asks {op:?} of key {key}")
            }
            Self::Asked(_, Asked { op, .. }) => write!(f, "asks {op:?}"),
            Self::Began(_) => write!(f, "    its creator begins"),
            Self::Made(_, end) => write!(f, "    its creator ends: {end:?}"),
            Self::Answered(_, answer) => match answer {
                Answer::Value(by, Some(origin)) => write!(f, "  <- the value of #{by}, {origin:?}"),
                Answer::Value(by, None) => write!(f, "  <- the value of #{by}"),
                Answer::Error(by) => write!(f, "  <- the error of #{by}"),
                Answer::Panicked(by) => write!(f, "  <- the panic of #{by}"),
                Answer::FailedElsewhere => write!(f, "  <- a creator failed elsewhere"),
                other => write!(f, "  <- {other:?}"),
            },
        }
    }
}
