//! The connection that tasks share. It is made when it is first needed and again when it broke;
//! whoever comes meanwhile waits for the same new one.

use std::ops::ControlFlow;
use std::sync::{Arc, PoisonError};
use std::time::Instant;

use dogpile_backend::{Clock, Span, StoreError, SystemClock, Time};
use redis::{RedisError, Value};

use super::Background;
use crate::request::Request;
use crate::server::{Server, Shared};
use crate::trouble::{Attempt, breaks_connection};

/// Silence after which a request that must not be sent twice asks first whether anybody is there.
pub(super) const SILENCE: Span = Span::from_secs(1);

pub(super) struct Line {
    server: Arc<Server>,
    background: Background,
    current: std::sync::Mutex<Current>,
    /// Held while a connection is made.
    making: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Current {
    connection: Option<(Shared, Time)>,
    /// How many there were before; tells a broken one from its successor.
    number: u64,
    /// When none could be made the last time, and why.
    failure: Option<(Instant, RedisError)>,
}

impl Line {
    pub(super) fn new(server: Arc<Server>, background: Background) -> Self {
        Self {
            server,
            background,
            current: std::sync::Mutex::default(),
            making: tokio::sync::Mutex::new(()),
        }
    }

    pub(super) async fn ask(&self, request: &Request<'_>) -> Result<Value, StoreError> {
        let mut attempt = Attempt::first();
        loop {
            let answer = self.send(request, &attempt).await;
            if let ControlFlow::Break(end) = attempt.heard(request, answer) {
                return end;
            }
        }
    }

    async fn send(&self, request: &Request<'_>, attempt: &Attempt) -> Result<Value, RedisError> {
        let (mut connection, number, silent) = self.connection().await?;
        if silent && !request.repeatable {
            let ping = redis::cmd("PING");
            let alive = self.background.here(connection.ask(&ping)).await;
            if alive.is_err() {
                self.broken(number);
                (connection, ..) = self.connection().await?;
            }
        }
        let command = request.packed(attempt.form);
        let answer = self.background.here(connection.ask(&command)).await;
        if answer.as_ref().is_err_and(breaks_connection) {
            self.broken(number);
        }
        answer
    }

    fn current(&self) -> std::sync::MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection that there is, its number, and whether it was silent for long.
    fn ready(&self) -> Option<(Shared, u64, bool)> {
        let mut current = self.current();
        let number = current.number;
        let (connection, used) = current.connection.as_mut()?;
        let now = SystemClock.coarse();
        let silent = now.since(std::mem::replace(used, now)) > SILENCE;
        Some((connection.clone(), number, silent))
    }

    async fn connection(&self) -> Result<(Shared, u64, bool), RedisError> {
        if let Some(ready) = self.ready() {
            return Ok(ready);
        }
        let asked = Instant::now();
        let _making = self.making.lock().await;
        if let Some(ready) = self.ready() {
            return Ok(ready);
        }
        // Else each of those who wait here would wait for an attempt of its own.
        if let Some((_, error)) = self.failed_since(asked) {
            return Err(error);
        }
        let server = Arc::clone(&self.server);
        // There: its tasks must outlive the executor of whoever asked first.
        let made = self
            .background
            .there(async move { server.connect_shared().await });
        let made = made.await.unwrap_or_else(|| {
            let why = std::io::Error::other("the thread of the connections has ended");
            Err(RedisError::from(why))
        });
        let mut current = self.current();
        let connection = match made {
            Ok(connection) => connection,
            Err(error) => {
                current.failure = Some((Instant::now(), error.clone()));
                return Err(error);
            }
        };
        current.number += 1;
        current.connection = Some((connection.clone(), SystemClock.coarse()));
        Ok((connection, current.number, false))
    }

    fn failed_since(&self, asked: Instant) -> Option<(Instant, RedisError)> {
        let failure = self.current().failure.clone();
        failure.filter(|(when, _)| *when >= asked)
    }

    /// The connection with this number is not used again.
    fn broken(&self, number: u64) {
        let mut current = self.current();
        if current.number == number {
            current.connection = None;
        }
    }
}
