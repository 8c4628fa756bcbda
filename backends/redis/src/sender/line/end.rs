//! An end of the connection that tasks share: what one request at a time goes through.
//!
//! It is made once and used by one request after the other. The client library's own end, and a timer
//! that is set up for one request and torn down after it, cost more than all the rest of a request.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::task::{Poll, ready};
use std::time::{Duration, Instant};

use dogpile_backend::Patience;
use redis::{Cmd, RedisResult, Value};
use tokio::time::Sleep;

use crate::sender::Background;
use crate::server::Shared;

pub(super) struct End {
    connection: Shared,
    /// Of which connection it is an end.
    pub(super) number: u64,
    timeout: Duration,
    /// Goes off when the server has not answered for a stretch. Between requests it is left as it is:
    /// to put it off is cheaper than to stop it.
    alarm: Pin<Box<Sleep>>,
}

impl End {
    pub(super) fn new(
        connection: Shared,
        number: u64,
        background: &Background,
        timeout: Duration,
    ) -> Self {
        Self {
            connection,
            number,
            timeout,
            alarm: Box::pin(background.alarm(timeout)),
        }
    }

    /// The server's answer, or an error when it takes too long. On any executor.
    pub(super) async fn ask(&mut self, command: &Cmd) -> RedisResult<Value> {
        let Self {
            connection,
            timeout,
            alarm,
            ..
        } = self;
        let begun = Instant::now();
        let mut patience = Patience::new(*timeout, begun);
        let first = begun + Patience::stretch(*timeout);
        alarm.as_mut().reset(first.into());
        let mut answer = pin!(connection.ask(command));
        poll_fn(|context| {
            loop {
                if let Poll::Ready(answer) = answer.as_mut().poll(context) {
                    return Poll::Ready(answer);
                }
                ready!(alarm.as_mut().poll(context));
                let now = Instant::now();
                match patience.next(now) {
                    // Also where this process stood still: then the answer is about to be read.
                    Some(stretch) => alarm.as_mut().reset((now + stretch).into()),
                    None => {
                        let late = io::Error::from(io::ErrorKind::TimedOut);
                        return Poll::Ready(Err(late.into()));
                    }
                }
            }
        })
        .await
    }
}
