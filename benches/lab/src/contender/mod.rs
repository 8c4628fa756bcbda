//! Who is measured. A contender is one small trait; they join by name in [`TABLE`], and the backends
//! of dogpile in [`region`].

mod home;
mod host;
mod mutex;
mod plain;
mod region;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use dogpile::backend::Store;
use serde::{Deserialize, Serialize};

pub(crate) use home::Home;
pub(crate) use host::{Host, Tally};

use crate::creator::{CreatorError, Record};
use crate::error::LabError;
use crate::keys::Key;
use crate::scenario::{Callers, Scenario};

/// The backend that every scenario has unless it says another.
pub(crate) const MEMORY: &str = "memory";

pub(crate) type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
pub(crate) type Create<'a> = &'a (dyn Fn() -> Result<Record, CreatorError> + Sync);
pub(crate) type CreateMany<'a> = &'a (dyn Fn(&[Key]) -> Result<Vec<Record>, CreatorError> + Sync);
pub(crate) type CreateAsync<'a> =
    &'a (dyn Fn() -> Pending<'a, Result<Record, CreatorError>> + Send + Sync);

/// A cache in front of a creator.
pub(crate) trait Contender: Send + Sync {
    /// Gives the value, created by this call if need be.
    fn get_or_create(&self, key: Key, create: Create<'_>) -> Result<Served, CallError>;

    /// The same for tasks.
    fn get_or_create_async<'a>(
        &'a self,
        key: Key,
        create: CreateAsync<'a>,
    ) -> Pending<'a, Result<Served, CallError>>;

    /// Gives the values of many keys in their order, those that are to be created from one creator.
    fn get_or_create_many(
        &self,
        _keys: &[Key],
        _create: CreateMany<'_>,
    ) -> Result<Vec<Record>, CallError> {
        Err(CallError::Cache("is asked for one key at a time".into()))
    }

    /// Removes the value.
    fn delete(&self, key: Key) -> Result<(), CallError>;

    /// The same for tasks.
    fn delete_async(&self, key: Key) -> Pending<'_, Result<(), CallError>> {
        Box::pin(std::future::ready(self.delete(key)))
    }
}

/// What a call got.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Served {
    pub(crate) record: Record,
    pub(crate) origin: Origin,
}

/// Where a contender says the value came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Origin {
    /// A fresh value from the cache.
    Hit,
    /// An old value that may still be used.
    Stale,
    /// The same, which the process had kept for when the store is away.
    Kept,
    /// This call created it.
    Created,
    /// This call created it, and the store refused it: another came first.
    Superseded,
    /// This call's creator failed, and an old value was at hand.
    StaleOnError,
    /// Another call created it while this one waited.
    Shared,
}

impl Origin {
    /// Whether the value is not of now.
    pub(crate) fn is_old(self) -> bool {
        matches!(self, Self::Stale | Self::Kept | Self::StaleOnError)
    }

    /// Whether this call ran the creator.
    pub(crate) fn ran(self) -> bool {
        matches!(self, Self::Created | Self::Superseded | Self::StaleOnError)
    }
}

/// Why a call got nothing.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum CallError {
    #[error(transparent)]
    Creator(#[from] CreatorError),
    #[error("the call panicked")]
    Panicked,
    #[error("the cache failed: {0}")]
    Cache(String),
    #[error("the value of key {got:?} was given for {asked:?}")]
    WrongValue { asked: Key, got: Key },
    #[error("{got} values were given for {asked} keys")]
    WrongCount { asked: usize, got: usize },
    #[error("the contender says {origin:?}, but its call {} the creator", if *.ran { "ran" } else { "did not run" })]
    WrongOrigin { origin: Origin, ran: bool },
}

/// What a contender is built from.
pub(crate) struct Terms<'a> {
    pub(crate) scenario: &'a Scenario,
    /// Where the backend's values live.
    pub(crate) address: &'a str,
}

impl Terms<'_> {
    fn fresh(&self) -> Duration {
        self.scenario.freshness.fresh
    }
}

type Build = fn(&Terms<'_>) -> Result<Box<dyn Contender>, LabError>;

/// The one contender that reaches across processes.
pub(crate) const SUBJECT: &str = "dogpile";

const TABLE: &[(&str, Build)] = &[
    (SUBJECT, |terms| Ok(Box::new(terms.region()?))),
    ("plain", |terms| {
        Ok(Box::new(plain::Plain::new(terms.fresh())))
    }),
    ("mutex", |terms| {
        Ok(Box::new(mutex::SingleFlight::new(terms.fresh())))
    }),
];

/// Builds a contender that [`check_names`] has let through.
///
/// # Errors
/// It cannot be set up.
pub(crate) fn build(name: &str, terms: &Terms<'_>) -> Result<Box<dyn Contender>, LabError> {
    match TABLE.iter().find(|(known, _)| *known == name) {
        Some((_, build)) => build(terms),
        None => Err(unknown("contenders", name, names())),
    }
}

/// Whether all these can be run by such callers.
///
/// # Errors
/// An unknown name, or processes that would share nothing.
pub(crate) fn check_names(
    contenders: &[String],
    backend: &str,
    callers: Callers,
) -> Result<(), LabError> {
    for name in contenders {
        if !TABLE.iter().any(|(known, _)| known == name) {
            return Err(unknown("contenders", name, names()));
        }
    }
    let shared = region::backend(backend)?.home.reaches_across_processes();
    let Callers::Processes { .. } = callers else {
        return Ok(());
    };
    let apart = |problem| {
        let field = "callers.processes";
        Err(LabError::Field { field, problem })
    };
    if !shared {
        return apart(format!(
            "the backend `{backend}` does not reach across processes: use file, redis, valkey or memcached, or \
             threads or tasks"
        ));
    }
    if let Some(alone) = contenders.iter().find(|name| *name != SUBJECT) {
        return apart(format!(
            "the contender `{alone}` does not reach across processes: name {SUBJECT} only"
        ));
    }
    Ok(())
}

/// Whether processes can share this backend.
///
/// # Errors
/// There is none of that name, or they cannot.
pub(crate) fn check_shared(backend: &str) -> Result<(), LabError> {
    if region::backend(backend)?.home.reaches_across_processes() {
        return Ok(());
    }
    Err(LabError::Field {
        field: "backend",
        problem: format!("`{backend}` does not reach across processes: use file, redis or valkey"),
    })
}

/// Makes the place where a backend's values live.
///
/// # Errors
/// Its server is not installed, or does not start.
pub(crate) fn home(backend: &str) -> Result<Home, LabError> {
    region::backend(backend)?.home.make()
}

/// Whether a backend has a server.
pub(crate) fn has_server(backend: &str) -> bool {
    region::backend(backend).is_ok_and(|backend| matches!(backend.home, home::Kind::Server(_)))
}

/// The store at `address`, of a backend that reaches across processes.
///
/// # Errors
/// It does not open.
pub(crate) fn store(backend: &str, address: &str) -> Result<Arc<dyn Store<Record>>, LabError> {
    match region::backend(backend)?.store {
        Some(open) => open(address),
        None => unreachable!("a valid scenario of processes has a store that they share"),
    }
}

fn names() -> impl Iterator<Item = &'static str> {
    TABLE.iter().map(|(known, _)| *known)
}

fn unknown<'a>(field: &'static str, name: &str, known: impl Iterator<Item = &'a str>) -> LabError {
    let known = known.collect::<Vec<_>>().join(", ");
    LabError::Field {
        field,
        problem: format!("`{name}` is unknown; there are {known}"),
    }
}

/// Whether a value stored `age` ago is past its time.
fn is_over(age: Duration, fresh: Duration) -> bool {
    age >= fresh
}
