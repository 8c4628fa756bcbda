//! The slow source behind the cache: a real `SQLite` database with a pool of connections.
//!
//! A query sums rows of a real table; how many is calibrated when the database is made, so that the query's
//! own work takes the stated time on this machine. What is then left of `at_least` is waited inside the query
//! by the SQL function `round_trip`: the network and the disk of a database that is not on this machine.
//! Without it, two cores could run no more than a thousand queries a second, and every run would measure
//! the processor instead of the cache.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, params};
use tempfile::TempDir;

use crate::clock::{Clock, nanos};
use crate::error::LabError;
use crate::keys::Key;
use crate::random::mix;

const ROWS: u32 = 200_000;
const QUERY: &str = "SELECT sum(quantity * price) + 0 * round_trip(count(*)) \
                     FROM sales WHERE id BETWEEN ?1 AND ?2 AND quantity > 0";

/// A pool of connections to one database file, which is removed with it.
pub(crate) struct Database {
    idle: Mutex<Vec<Session>>,
    returned: Condvar,
    rows_per_query: u32,
    busy: Duration,
    _directory: TempDir,
}

struct Session {
    connection: Connection,
    /// When the query under way began; `round_trip` waits from here.
    begun: Arc<AtomicU64>,
    clock: Clock,
}

impl Database {
    /// Makes the database in a temporary directory, opens `connections` and calibrates the query.
    ///
    /// # Errors
    /// The file cannot be made, or `SQLite` refuses.
    pub(crate) fn open(
        at_least: Duration,
        busy: Duration,
        connections: u32,
    ) -> Result<Self, LabError> {
        let directory = tempfile::Builder::new()
            .prefix("dogpile-lab-")
            .tempdir()
            .map_err(|source| LabError::Start {
                what: "a temporary database",
                source,
            })?;
        let path = directory.path().join("shop.sqlite");
        fill(&mut Connection::open(&path)?)?;
        let clock = Clock::start();
        let (rows_per_query, busy) =
            calibrate(&Session::open(&path, Duration::ZERO, clock)?, busy)?;
        let idle = (0..connections)
            .map(|_| Session::open(&path, at_least, clock))
            .collect::<Result<Vec<_>, _>>()?;
        let (idle, returned) = (Mutex::new(idle), Condvar::new());
        Ok(Self {
            idle,
            returned,
            rows_per_query,
            busy,
            _directory: directory,
        })
    }

    /// Runs the query for a key on the next idle connection and gives its sum.
    ///
    /// # Errors
    /// Whatever `SQLite` reports.
    pub(crate) fn query(&self, key: Key) -> rusqlite::Result<i64> {
        let session = self.take();
        let sum = session.query(key, self.rows_per_query);
        self.idle.lock().push(session);
        self.returned.notify_one();
        sum
    }

    /// For people: what calibration found.
    pub(crate) fn describe(&self) -> String {
        format!(
            "SQLite query over {} rows, {:.0?} of its own work",
            self.rows_per_query, self.busy
        )
    }

    fn take(&self) -> Session {
        let mut idle = self.idle.lock();
        loop {
            match idle.pop() {
                Some(session) => return session,
                None => self.returned.wait(&mut idle),
            }
        }
    }
}

impl Session {
    fn open(path: &std::path::Path, at_least: Duration, clock: Clock) -> rusqlite::Result<Self> {
        let connection = Connection::open(path)?;
        connection.pragma_update(None, "query_only", true)?;
        connection.pragma_update(None, "mmap_size", 64 << 20)?;
        let begun = Arc::new(AtomicU64::new(0));
        let since = Arc::clone(&begun);
        connection.create_scalar_function(
            "round_trip",
            1,
            FunctionFlags::SQLITE_UTF8,
            move |call| {
                let elapsed = clock.now().saturating_sub(since.load(Ordering::Relaxed));
                std::thread::sleep(at_least.saturating_sub(Duration::from_nanos(elapsed)));
                call.get::<i64>(0)
            },
        )?;
        Ok(Self {
            connection,
            begun,
            clock,
        })
    }

    fn query(&self, key: Key, rows: u32) -> rusqlite::Result<i64> {
        self.begun.store(self.clock.now(), Ordering::Relaxed);
        let first = mix(key.0) % u64::from(ROWS - rows);
        let range = params![
            first.cast_signed(),
            (first + u64::from(rows) - 1).cast_signed()
        ];
        self.connection
            .prepare_cached(QUERY)?
            .query_row(range, |row| row.get(0))
    }
}

fn fill(connection: &mut Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "synchronous", false)?;
    let transaction = connection.transaction()?;
    transaction.execute_batch(
        "CREATE TABLE sales (id INTEGER PRIMARY KEY, quantity INTEGER NOT NULL, price INTEGER NOT NULL)",
    )?;
    {
        let mut insert = transaction.prepare("INSERT INTO sales VALUES (?1, ?2, ?3)")?;
        for id in 0..ROWS {
            let number = mix(u64::from(id) + 1);
            let (quantity, price) = (1 + number % 9, 100 + (number >> 8) % 10_000);
            insert.execute(params![id, quantity.cast_signed(), price.cast_signed()])?;
        }
    }
    transaction.commit()
}

/// Grows the number of rows until the query's own work takes `busy`; gives both as found.
fn calibrate(session: &Session, busy: Duration) -> rusqlite::Result<(u32, Duration)> {
    const MOST: u32 = ROWS / 2;
    let mut rows = 64;
    loop {
        let took = fastest(session, rows)?;
        if took >= busy || rows == MOST {
            // One step back by proportion: the last doubling may have gone far beyond.
            let scaled = u64::from(rows) * nanos(busy) / nanos(took).max(1);
            let rows = u32::try_from(scaled).unwrap_or(MOST).clamp(1, MOST);
            return Ok((rows, fastest(session, rows)?));
        }
        rows = (rows * 2).min(MOST);
    }
}

/// The fastest of several runs: the one that least of anything else ran through.
fn fastest(session: &Session, rows: u32) -> rusqlite::Result<Duration> {
    let mut fastest = Duration::MAX;
    for key in 0..16 {
        let begun = Instant::now();
        session.query(Key(key), rows)?;
        fastest = fastest.min(begun.elapsed());
    }
    Ok(fastest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_takes_at_least_what_it_should_and_always_gives_the_same_sum() {
        let at_least = Duration::from_millis(5);
        let database = Database::open(at_least, Duration::from_micros(50), 1).expect("opens");
        let begun = Instant::now();
        let sum = database.query(Key(7)).expect("answers");
        assert!(begun.elapsed() >= at_least);
        assert!(sum > 0);
        assert_eq!(database.query(Key(7)).expect("answers"), sum);
    }
}
