//! The creator that every contender is given: does the work, fails as told, and is counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::database::Database;
use crate::error::LabError;
use crate::keys::Key;
use crate::ledger::InFlight;
use crate::log::Entry;
use crate::random::Random;
use crate::scenario::{Faults, Scenario, WorkPlan};

/// What is cached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// Whose value this is: an answer for another key is an error of the cache.
    pub(crate) key: Key,
    /// What the query gave.
    pub(crate) total: i64,
    /// When its creation ended.
    pub(crate) created_ns: u64,
}

/// Why a creation gave no value.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum CreatorError {
    #[error("this creation was told to fail")]
    Injected,
    #[error("the query failed: {0}")]
    Query(String),
}

/// The work of a creation, shared by all contenders of a run.
#[derive(Clone)]
pub(crate) enum Work {
    Sleep(Duration),
    Sqlite(Arc<Database>),
}

/// Is told of each creation as it begins, in its own thread, and may keep it there.
pub(crate) type Watch = Box<dyn Fn(Entry) + Send + Sync>;

/// One contender's creator.
pub(crate) struct Creator {
    work: Work,
    watch: Option<Watch>,
    seed: u64,
    failures: f64,
    panics: f64,
    faults: Faults,
    ordinal: AtomicU64,
}

/// What a single creation is told to do beside its work.
struct Fate {
    stall: Duration,
    fails: bool,
    panics: bool,
}

impl Work {
    /// # Errors
    /// The database cannot be made.
    pub(crate) fn open(scenario: &Scenario) -> Result<Self, LabError> {
        Ok(match scenario.creator.work {
            WorkPlan::Sleep { time } => Self::Sleep(time),
            WorkPlan::Sqlite {
                at_least,
                busy,
                connections,
            } => {
                let connections = connections.unwrap_or_else(|| scenario.callers.count().min(256));
                Self::Sqlite(Arc::new(Database::open(at_least, busy, connections)?))
            }
        })
    }

    /// For people: what was calibrated, if anything was.
    pub(crate) fn describe(&self) -> Option<String> {
        match self {
            Self::Sleep(_) => None,
            Self::Sqlite(database) => Some(database.describe()),
        }
    }
}

impl Creator {
    pub(crate) fn new(scenario: &Scenario, work: Work) -> Self {
        Self {
            work,
            watch: None,
            seed: scenario.seed,
            failures: scenario.creator.failures,
            panics: scenario.creator.panics,
            faults: scenario.faults,
            ordinal: AtomicU64::new(0),
        }
    }

    pub(crate) fn watched(self, watch: Watch) -> Self {
        Self {
            watch: Some(watch),
            ..self
        }
    }

    /// Creates a value, counted as this flight.
    ///
    /// # Errors
    /// The query failed, or this creation was told to.
    pub(crate) fn create(&self, flight: InFlight<'_>) -> Result<Record, CreatorError> {
        let (key, fate) = (flight.key(), self.fate());
        if let Some(watch) = &self.watch {
            watch(flight.entry());
        }
        if !fate.stall.is_zero() {
            std::thread::sleep(fate.stall);
        }
        let total = match &self.work {
            Work::Sleep(time) => {
                std::thread::sleep(*time);
                0
            }
            Work::Sqlite(database) => database
                .query(key)
                .map_err(|error| CreatorError::Query(error.to_string()))?,
        };
        fate.befall()?;
        Ok(Record {
            key,
            total,
            created_ns: flight.succeed(),
        })
    }

    /// Creates the values of many keys, each counted as its flight: one wait where work is a wait, a query
    /// for each where it is queries.
    ///
    /// # Errors
    /// A query failed, or this creation was told to: then there is no value for any of them.
    pub(crate) fn create_many(
        &self,
        flights: Vec<InFlight<'_>>,
    ) -> Result<Vec<Record>, CreatorError> {
        let fate = self.fate();
        if let Some(watch) = &self.watch {
            for flight in &flights {
                watch(flight.entry());
            }
        }
        std::thread::sleep(fate.stall);
        let totals: Vec<i64> = match &self.work {
            Work::Sleep(time) => {
                std::thread::sleep(*time);
                vec![0; flights.len()]
            }
            Work::Sqlite(database) => {
                let queried = flights.iter().map(|flight| database.query(flight.key()));
                let all: Result<_, _> = queried.collect();
                all.map_err(|error| CreatorError::Query(error.to_string()))?
            }
        };
        fate.befall()?;
        let made = flights.into_iter().zip(totals);
        Ok(made
            .map(|(flight, total)| Record {
                key: flight.key(),
                total,
                created_ns: flight.succeed(),
            })
            .collect())
    }

    /// [`Creator::create`] without blocking the runtime.
    pub(crate) async fn create_async(&self, flight: InFlight<'_>) -> Result<Record, CreatorError> {
        let (key, fate) = (flight.key(), self.fate());
        if !fate.stall.is_zero() {
            tokio::time::sleep(fate.stall).await;
        }
        let total = match &self.work {
            Work::Sleep(time) => {
                tokio::time::sleep(*time).await;
                0
            }
            Work::Sqlite(database) => {
                let database = Arc::clone(database);
                let query = tokio::task::spawn_blocking(move || database.query(key));
                let joined = query
                    .await
                    .map_err(|error| CreatorError::Query(error.to_string()))?;
                joined.map_err(|error| CreatorError::Query(error.to_string()))?
            }
        };
        fate.befall()?;
        Ok(Record {
            key,
            total,
            created_ns: flight.succeed(),
        })
    }

    /// Drawn from the seed and the creation's number, so a run can be repeated.
    fn fate(&self) -> Fate {
        let ordinal = self.ordinal.fetch_add(1, Ordering::Relaxed) + 1;
        let mut random = Random::new(self.seed ^ ordinal.rotate_left(32));
        let stalls = self
            .faults
            .stall_every
            .is_some_and(|every| ordinal.is_multiple_of(every));
        Fate {
            stall: if stalls {
                self.faults.stall_for
            } else {
                Duration::ZERO
            },
            fails: random.unit() < self.failures,
            panics: random.unit() < self.panics,
        }
    }
}

impl Fate {
    fn befall(&self) -> Result<(), CreatorError> {
        if self.panics {
            // Not `panic!`: a thousand messages of intended panics would bury the report.
            std::panic::resume_unwind(Box::new("this creation was told to panic"));
        }
        if self.fails {
            Err(CreatorError::Injected)
        } else {
            Ok(())
        }
    }
}
