//! The connections of threads. Each is used by one thread at a time, so that no reply can reach
//! another caller; one that broke is thrown away with all that lie idle beside it.

use std::ops::ControlFlow;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use dogpile_backend::{Clock, Fault, Patience, StoreError, SystemClock, Time};
use redis::{Cmd, ConnectionLike, RedisError, Value};

use super::line::SILENCE;
use crate::request::Request;
use crate::server::{Alone, Server};
use crate::trouble::{Attempt, breaks_connection, told_ourselves};

pub(super) struct Pool {
    server: Arc<Server>,
    most: usize,
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Default)]
struct State {
    /// Those that lie idle, and since when. The last one used is used first.
    idle: Vec<(Alone, Time)>,
    /// How many there are, in use or idle.
    open: usize,
    /// How many threads wait for one. Ringing where nobody listens is a call of the system all the same.
    waiting: usize,
    /// Raised when one broke: those from before are not put back.
    generation: u64,
}

/// A connection in use. Dropped without being put back, it is closed.
struct Taken<'p> {
    pool: &'p Pool,
    connection: Option<Alone>,
    generation: u64,
    since: Option<Time>,
}

impl Pool {
    pub(super) fn new(server: Arc<Server>, most: usize) -> Self {
        Self {
            server,
            most,
            state: Mutex::default(),
            freed: Condvar::new(),
        }
    }

    pub(super) fn ask(&self, request: &Request<'_>) -> Result<Value, StoreError> {
        let mut attempt = Attempt::first();
        loop {
            let Some(mut taken) = self.take() else {
                let why = "all connections are in use; allow the pool more of them";
                return Err(told_ourselves(request, Fault::Unavailable, why));
            };
            let answer = taken.send(request, &attempt);
            if let ControlFlow::Break(end) = attempt.heard(request, answer) {
                return end.inspect_err(|error| self.server.reach.failed(error));
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An idle connection, or room for a new one; `None` if there was neither for too long.
    fn take(&self) -> Option<Taken<'_>> {
        let mut patience: Option<Patience> = None;
        let mut state = self.state();
        loop {
            let generation = state.generation;
            let taken = |connection, since| Taken {
                pool: self,
                connection,
                generation,
                since,
            };
            if let Some((connection, since)) = state.idle.pop() {
                return Some(taken(Some(connection), Some(since)));
            }
            if state.open < self.most {
                state.open += 1;
                return Some(taken(None, None));
            }
            let now = Instant::now();
            let all = || Patience::new(self.server.timeout(), now);
            let stretch = patience.get_or_insert_with(all).next(now)?;
            state.waiting += 1;
            let woken = self.freed.wait_timeout(state, stretch);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
            state.waiting -= 1;
        }
    }
}

impl Taken<'_> {
    fn send(&mut self, request: &Request<'_>, attempt: &Attempt) -> Result<Value, RedisError> {
        let silent = |since| SystemClock.coarse().since(since) > SILENCE;
        if !request.repeatable && self.since.is_some_and(silent) {
            // Whether anybody is there is asked first: a lost request could not be sent again.
            if self.exchange(&redis::cmd("PING")).is_err() {
                self.connection = None;
            }
        }
        if self.connection.is_none() {
            self.connection = Some(self.pool.server.connect()?);
        }
        self.since = None;
        let answer = self.exchange(&request.packed(attempt.form));
        if answer.as_ref().is_err_and(breaks_connection) {
            self.connection = None;
            self.pool.break_idle(self.generation);
        }
        answer
    }

    fn exchange(&mut self, command: &Cmd) -> Result<Value, RedisError> {
        match &mut self.connection {
            Some(connection) => connection
                .req_command(command)
                .and_then(Value::extract_error),
            None => unreachable!("it is connected before it is used"),
        }
    }
}

impl Pool {
    pub(super) fn let_go(&self) {
        let generation = self.state().generation;
        self.break_idle(generation);
    }

    /// Those that lie idle have most likely broken with one of theirs.
    fn break_idle(&self, generation: u64) {
        let mut state = self.state();
        if state.generation != generation {
            return;
        }
        state.generation += 1;
        let broken = std::mem::take(&mut state.idle);
        state.open -= broken.len();
        drop(state);
        drop(broken);
    }
}

impl Drop for Taken<'_> {
    /// Puts it back, unless it broke, or a panic came between a request and its reply.
    fn drop(&mut self) {
        let connection = self.connection.take().filter(|_| !std::thread::panicking());
        let mut state = self.pool.state();
        let somebody_waits = state.waiting > 0;
        match connection {
            Some(connection) if state.generation == self.generation => {
                state.idle.push((connection, SystemClock.coarse()));
                drop(state);
            }
            late => {
                state.open -= 1;
                drop(state);
                drop(late);
            }
        }
        if somebody_waits {
            self.pool.freed.notify_one();
        }
    }
}
