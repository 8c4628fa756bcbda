//! Two thin ways to say something to the server: a thread takes a connection from a pool, tasks share
//! one line. Neither knows what is said; both ask [`Attempt`](crate::trouble::Attempt) how to go on.

mod background;
mod line;
mod pool;

use std::ops::ControlFlow;
use std::sync::Arc;

use dogpile_backend::{Coming, Reply, StoreError, TwoWay, block_on};
use redis::Value;

pub(crate) use background::Background;
use line::Line;
use pool::Pool;

use crate::request::Request;
use crate::server::Server;

/// A conversation of one or more requests, each decided by the answer to the one before.
pub(crate) trait Dialogue: Send {
    type Answer;

    /// What is to be said now.
    fn request(&mut self) -> &Request<'_>;

    /// What the server said to it: an end, or the next request.
    fn heard(&mut self, value: Value) -> Result<ControlFlow<Self::Answer>, StoreError>;
}

pub(crate) struct Sender {
    pool: Arc<Pool>,
    line: Arc<Line>,
    background: Background,
    /// Threads go the way of tasks: a cluster has no connections of theirs.
    one_way: bool,
}

impl Sender {
    pub(crate) fn new(server: Arc<Server>, connections: usize) -> std::io::Result<Self> {
        let background = Background::start()?;
        Ok(Self {
            one_way: server.has_slots(),
            pool: Arc::new(Pool::new(Arc::clone(&server), connections)),
            line: Arc::new(Line::new(server, background.clone())),
            background,
        })
    }

    pub(crate) fn background(&self) -> &Background {
        &self.background
    }

    /// Lets go of all connections that lie idle: for who has found that nobody is there any more.
    pub(crate) fn letting_go(&self) -> impl Fn() + Send + Sync + 'static {
        let (pool, line) = (Arc::clone(&self.pool), Arc::clone(&self.line));
        move || {
            pool.let_go();
            line.let_go();
        }
    }

    /// Has `dialogue` whichever way its answer is taken.
    pub(crate) fn talk<'a, D: Dialogue + 'a>(&'a self, dialogue: D) -> Reply<'a, D::Answer> {
        Reply::either(Talk {
            sender: self,
            dialogue,
        })
    }

    /// Asks one thing and has the answer understood.
    pub(crate) fn ask<'a, T: 'a>(
        &'a self,
        request: Request<'a>,
        understand: impl FnOnce(&Request<'_>, Value) -> Result<T, StoreError> + Send + 'a,
    ) -> Reply<'a, T> {
        self.talk(Once {
            request,
            understand: Some(understand),
        })
    }

    /// Says `request` without waiting for what becomes of it.
    pub(crate) fn mention(&self, request: Request<'static>) {
        let line = Arc::clone(&self.line);
        self.background.spawn(async move {
            // Nobody is there to be told of a failure.
            let _ = line.ask(&request).await;
        });
    }
}

struct Talk<'a, D> {
    sender: &'a Sender,
    dialogue: D,
}

impl<'a, D: Dialogue + 'a> TwoWay<'a, D::Answer> for Talk<'a, D> {
    fn wait(mut self: Box<Self>) -> Result<D::Answer, StoreError> {
        if self.sender.one_way {
            return block_on(self.later());
        }
        loop {
            let value = self.sender.pool.ask(self.dialogue.request())?;
            if let ControlFlow::Break(answer) = self.dialogue.heard(value)? {
                return Ok(answer);
            }
        }
    }

    fn later(mut self: Box<Self>) -> Coming<'a, D::Answer> {
        Box::pin(async move {
            loop {
                let value = self.sender.line.ask(self.dialogue.request()).await?;
                if let ControlFlow::Break(answer) = self.dialogue.heard(value)? {
                    return Ok(answer);
                }
            }
        })
    }
}

struct Once<'a, F> {
    request: Request<'a>,
    understand: Option<F>,
}

impl<T, F> Dialogue for Once<'_, F>
where
    F: FnOnce(&Request<'_>, Value) -> Result<T, StoreError> + Send,
{
    type Answer = T;

    fn request(&mut self) -> &Request<'_> {
        &self.request
    }

    fn heard(&mut self, value: Value) -> Result<ControlFlow<T>, StoreError> {
        match self.understand.take() {
            Some(understand) => understand(&self.request, value).map(ControlFlow::Break),
            None => unreachable!("one request has one answer"),
        }
    }
}
