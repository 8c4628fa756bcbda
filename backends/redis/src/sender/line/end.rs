//! An end of the connection that tasks share: what one request at a time goes through.
//!
//! It is made once and used by one request after the other. The client library's own end, and a timer
//! that is set up for one request and torn down after it, cost more than all the rest of a request.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use redis::{Cmd, RedisResult, Value};
use tokio::time::{Instant, Sleep};

use crate::sender::Background;
use crate::server::Shared;

pub(super) struct End {
    connection: Shared,
    /// Of which connection it is an end.
    pub(super) number: u64,
    timeout: Duration,
    /// Goes off when the server has not answered for too long. Between requests it is left as it is:
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
        alarm.as_mut().reset(Instant::now() + *timeout);
        let mut answer = pin!(connection.ask(command));
        poll_fn(|context| {
            if let Poll::Ready(answer) = answer.as_mut().poll(context) {
                return Poll::Ready(answer);
            }
            let too_late = || Err(io::Error::from(io::ErrorKind::TimedOut).into());
            alarm.as_mut().poll(context).map(|()| too_late())
        })
        .await
    }
}
