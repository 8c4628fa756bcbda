//! The connection that tasks share. It is made when it is first needed and again when it broke;
//! whoever comes meanwhile waits for the same new one.

mod end;

use std::ops::ControlFlow;
use std::sync::{Arc, PoisonError};
use std::time::Instant;

use dogpile_backend::{Clock, Span, StoreError, SystemClock, Time};
use redis::{RedisError, Value};

use super::Background;
use crate::request::Request;
use crate::server::{Server, Shared};
use crate::trouble::{Attempt, breaks_connection};
use end::End;

/// Silence after which a request that must not be sent twice asks first whether anybody is there.
pub(super) const SILENCE: Span = Span::from_secs(1);

/// How many ends lie ready at most.
const ENDS: usize = 256;

pub(super) struct Line {
    server: Arc<Server>,
    background: Background,
    current: Arc<std::sync::Mutex<Current>>,
    /// Held while a connection is made.
    making: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Current {
    connection: Option<Shared>,
    /// When it was used the last time.
    used: Time,
    /// Ends of it that nobody uses.
    ends: Vec<End>,
    /// How many there were before; tells a broken one from its successor.
    number: u64,
    /// When none could be made the last time, and why.
    failure: Option<(Instant, RedisError)>,
}

impl Current {
    /// Uses the connection that was made from now on.
    fn take(&mut self, made: Result<Shared, RedisError>) -> Result<(Shared, u64), RedisError> {
        match made {
            Ok(connection) => {
                self.number += 1;
                self.used = SystemClock.coarse();
                self.ends.clear();
                self.connection = Some(connection.clone());
                Ok((connection, self.number))
            }
            Err(error) => {
                self.failure = Some((Instant::now(), error.clone()));
                Err(error)
            }
        }
    }
}

impl Line {
    pub(super) fn new(server: Arc<Server>, background: Background) -> Self {
        Self {
            server,
            background,
            current: Arc::default(),
            making: tokio::sync::Mutex::new(()),
        }
    }

    pub(super) async fn ask(&self, request: &Request<'_>) -> Result<Value, StoreError> {
        let mut attempt = Attempt::first();
        loop {
            let answer = self.send(request, &attempt).await;
            if let ControlFlow::Break(end) = attempt.heard(request, answer) {
                return end.inspect_err(|error| self.server.reach.failed(error));
            }
        }
    }

    async fn send(&self, request: &Request<'_>, attempt: &Attempt) -> Result<Value, RedisError> {
        let (mut end, silent) = self.end().await?;
        if silent && !request.repeatable && end.ask(&redis::cmd("PING")).await.is_err() {
            self.broken(end.number);
            (end, _) = self.end().await?;
        }
        let answer = end.ask(&request.packed(attempt.form)).await;
        if answer.as_ref().is_err_and(breaks_connection) {
            self.broken(end.number);
        }
        self.put_back(end);
        answer
    }

    fn current(&self) -> std::sync::MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An end of the connection that there is, and whether that was silent for long.
    fn ready(&self) -> Option<(End, bool)> {
        let mut current = self.current();
        let now = SystemClock.coarse();
        let used = std::mem::replace(&mut current.used, now);
        let silent = now.since(used) > SILENCE;
        if let Some(end) = current.ends.pop() {
            return Some((end, silent));
        }
        let (connection, number) = (current.connection.clone()?, current.number);
        drop(current);
        let end = End::new(connection, number, &self.background, self.server.timeout());
        Some((end, silent))
    }

    /// Leaves an end whose request was answered to the next one, if its connection is still the one.
    fn put_back(&self, end: End) {
        let mut current = self.current();
        if current.number == end.number && current.connection.is_some() && current.ends.len() < ENDS
        {
            current.ends.push(end);
        }
    }

    async fn end(&self) -> Result<(End, bool), RedisError> {
        match self.ready() {
            Some(ready) => Ok(ready),
            // Apart: every request would carry the room that this takes.
            None => Box::pin(self.make()).await,
        }
    }

    async fn make(&self) -> Result<(End, bool), RedisError> {
        let asked = Instant::now();
        let _making = self.making.lock().await;
        if let Some(ready) = self.ready() {
            return Ok(ready);
        }
        // Else each of those who wait here would wait for an attempt of its own.
        if let Some((_, error)) = self.failed_since(asked) {
            return Err(error);
        }
        let (server, current) = (Arc::clone(&self.server), Arc::clone(&self.current));
        // There: its tasks must outlive the executor of whoever asked first, and it is there for the
        // next one if that goes away.
        let made = self.background.there(async move {
            let made = server.connect_shared().await;
            let mut current = current.lock().unwrap_or_else(PoisonError::into_inner);
            current.take(made)
        });
        let made = made.await.unwrap_or_else(|| {
            let why = std::io::Error::other("the thread of the connections has ended");
            Err(RedisError::from(why))
        });
        let (connection, number) = made?;
        let end = End::new(connection, number, &self.background, self.server.timeout());
        Ok((end, false))
    }

    fn failed_since(&self, asked: Instant) -> Option<(Instant, RedisError)> {
        let failure = self.current().failure.clone();
        failure.filter(|(when, _)| *when >= asked)
    }

    pub(super) fn let_go(&self) {
        let number = self.current().number;
        self.broken(number);
    }

    /// The connection with this number is not used again.
    fn broken(&self, number: u64) {
        let mut current = self.current();
        if current.number == number {
            let broken = (current.connection.take(), std::mem::take(&mut current.ends));
            drop(current);
            drop(broken);
        }
    }
}
