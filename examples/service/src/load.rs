//! Clients that ask and ask, by way of a list of instances that may change under them.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::service::ORIGIN;

/// How many instances a client tries before it says that its request has failed.
const TRIES: usize = 5;

/// What all clients know, and what became of their requests.
#[derive(Default)]
struct State {
    instances: Vec<String>,
    is_over: bool,
    /// How often each client has asked for every article.
    laps: Vec<u64>,
    tally: Tally,
}

/// What became of all requests.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) requests: u64,
    pub(crate) failed: u64,
    /// Requests that found an instance closed, and went to another.
    pub(crate) moved: u64,
    pub(crate) by_origin: BTreeMap<String, u64>,
    pub(crate) slowest: Duration,
}

#[derive(Default)]
struct Board {
    state: Mutex<State>,
    changed: Condvar,
}

/// Clients at work.
pub(crate) struct Load {
    board: Arc<Board>,
    clients: Vec<JoinHandle<()>>,
}

impl Load {
    /// So many clients begin at once to ask for `articles` articles each, round and round.
    pub(crate) fn begin(clients: usize, articles: u64, instances: &[&str]) -> Self {
        let board = Arc::new(Board::default());
        {
            let mut state = board.state();
            state.laps = vec![0; clients];
            state.instances = instances
                .iter()
                .map(|&address| address.to_owned())
                .collect();
        }
        let client = |number| {
            let board = Arc::clone(&board);
            thread::spawn(move || board.ask_on(number, articles))
        };
        Self {
            clients: (0..clients).map(client).collect(),
            board,
        }
    }

    /// Waits until each client has ended the lap under way, and another one.
    pub(crate) fn lap(&self) {
        let mut state = self.board.state();
        let wanted: Vec<u64> = state.laps.iter().map(|laps| laps + 2).collect();
        while state
            .laps
            .iter()
            .zip(&wanted)
            .any(|(laps, wanted)| laps < wanted)
        {
            let woken = self.board.changed.wait(state);
            state = woken.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// From now on `new` is asked in the place of `old`.
    pub(crate) fn replace(&self, old: &str, new: &str) {
        let mut state = self.board.state();
        for address in &mut state.instances {
            if address == old {
                new.clone_into(address);
            }
        }
    }

    /// Has all clients finish their laps.
    pub(crate) fn end(self) -> Tally {
        self.board.state().is_over = true;
        for client in self.clients {
            // One that panicked has said so; its requests are counted all the same.
            let _ = client.join();
        }
        self.board.state().tally.clone()
    }
}

impl Board {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ask_on(&self, client: usize, articles: u64) {
        let agent = ureq::Agent::new_with_defaults();
        let mut turn = client;
        while !self.state().is_over {
            for number in 0..articles {
                self.ask(&agent, &mut turn, number);
            }
            self.state().laps[client] += 1;
            self.changed.notify_all();
        }
    }

    fn ask(&self, agent: &ureq::Agent, turn: &mut usize, number: u64) {
        let began = Instant::now();
        let (mut origin, mut moved) = (None, 0);
        for _ in 0..TRIES {
            let address = {
                let state = self.state();
                state.instances[*turn % state.instances.len()].clone()
            };
            *turn += 1;
            let url = format!("http://{address}/articles/{number}");
            match agent.get(&url).call() {
                Ok(response) => {
                    let said = response.headers().get(ORIGIN);
                    origin = said.and_then(|said| said.to_str().ok()).map(str::to_owned);
                    break;
                }
                Err(ureq::Error::StatusCode(_)) => break,
                Err(_) => moved += 1,
            }
        }
        let mut state = self.state();
        let tally = &mut state.tally;
        tally.requests += 1;
        tally.moved += moved;
        tally.slowest = tally.slowest.max(began.elapsed());
        match origin {
            Some(origin) => *tally.by_origin.entry(origin).or_default() += 1,
            None => tally.failed += 1,
        }
    }
}
