//! One instance as a process, and what it says of its queries.

use std::io::{BufRead, BufReader, Lines};
use std::process::{ChildStdout, Command, Stdio};
use std::thread::{self, JoinHandle};

use dogpile_test_servers::Process;

use crate::problem::Problem;
use crate::service::{LISTENS, QUERIES};

pub(crate) struct Instance {
    process: Process,
    pub(crate) address: String,
    queries: JoinHandle<Vec<u64>>,
}

impl Instance {
    /// This very program on a free port, once it listens.
    pub(crate) fn start(store: &str, query_ms: u64) -> Result<Self, Problem> {
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--store", store])
            .args(["--query-ms", &query_ms.to_string()])
            .stdout(Stdio::piped());
        let mut process = Process::start(command)?;
        let (_, Some(said)) = process.pipes() else {
            return Err(Problem::NoInstance);
        };
        let mut said = BufReader::new(said).lines();
        let first = said.next().ok_or(Problem::NoInstance)??;
        let address = first.strip_prefix(LISTENS).ok_or(Problem::NoInstance)?;
        Ok(Self {
            process,
            address: address.to_owned(),
            queries: thread::spawn(|| queries(said)),
        })
    }

    /// Tells it to end, and waits until it has: which articles it has queried for.
    pub(crate) fn end(mut self) -> Result<Vec<u64>, Problem> {
        self.process.end()?;
        Ok(self.queries.join().unwrap_or_default())
    }
}

fn queries(said: Lines<BufReader<ChildStdout>>) -> Vec<u64> {
    let numbers = said.map_while(Result::ok);
    let numbers = numbers.filter_map(|line| line.strip_prefix(QUERIES)?.parse().ok());
    numbers.collect()
}
