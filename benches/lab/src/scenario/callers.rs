//! Who calls: threads or tasks of one process, or threads of several.

use serde::{Deserialize, Serialize};

/// Who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Table", into = "Table")]
pub(crate) enum Callers {
    Threads(u32),
    /// Tasks on a multi-threaded runtime.
    Tasks(u32),
    /// So many processes of so many threads.
    Processes {
        processes: u32,
        threads: u32,
    },
}

/// The same as it is written.
#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Table {
    #[serde(skip_serializing_if = "Option::is_none")]
    threads: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tasks: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    processes: Option<u32>,
}

impl Callers {
    /// All of them.
    pub(crate) fn count(self) -> u32 {
        match self {
            Self::Threads(count) | Self::Tasks(count) => count,
            Self::Processes { processes, threads } => processes.saturating_mul(threads),
        }
    }
}

impl TryFrom<Table> for Callers {
    type Error = &'static str;

    fn try_from(table: Table) -> Result<Self, Self::Error> {
        match (table.threads, table.tasks, table.processes) {
            (Some(threads), None, None) => Ok(Self::Threads(threads)),
            (None, Some(tasks), None) => Ok(Self::Tasks(tasks)),
            (threads, None, Some(processes)) => Ok(Self::Processes {
                processes,
                threads: threads.unwrap_or(1),
            }),
            _ => Err("callers are threads, or tasks, or processes of so many threads"),
        }
    }
}

impl From<Callers> for Table {
    fn from(callers: Callers) -> Self {
        let nothing = Self::default();
        match callers {
            Callers::Threads(threads) => Self {
                threads: Some(threads),
                ..nothing
            },
            Callers::Tasks(tasks) => Self {
                tasks: Some(tasks),
                ..nothing
            },
            Callers::Processes { processes, threads } => Self {
                threads: Some(threads),
                processes: Some(processes),
                ..nothing
            },
        }
    }
}
