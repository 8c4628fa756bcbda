//! One caller's conversation, as it is left with the thread that has many of them at once.

use std::future::Future;
use std::pin::Pin;
use std::task::Waker;

use crate::mail::Mail;
use crate::pool::{Again, Line};
use crate::trouble::Trouble;
use crate::voice::Turn;

/// A conversation on its way. It stays on its thread.
pub(crate) type Talk<T> = Pin<Box<dyn Future<Output = Result<T, Trouble>>>>;

/// What a caller wants done, whatever it comes to.
pub(crate) trait Job: Send {
    /// Whether it may be said again, when nobody knows what became of it.
    fn again(&self) -> Again;

    /// The only connection on which it means something; `None`: any.
    fn line(&self) -> Option<Line>;

    /// Whether somebody still waits for it, or it is to be done all the same.
    fn is_wanted(&self) -> bool;

    /// Begins it. What it comes to is left with its caller, who is then to be woken.
    fn talk(&self, turn: Turn) -> Talk<Option<Waker>>;

    /// It ends without: by this trouble, or because its connection is no more.
    fn end(self: Box<Self>, trouble: Option<Trouble>);
}

/// A job whose answer is a `T`; the caller hears `None` if the connection is no more.
pub(crate) struct Talking<T, F> {
    pub(crate) again: Again,
    pub(crate) line: Option<Line>,
    /// It is done even if its caller is gone before it has begun.
    pub(crate) always: bool,
    pub(crate) talk: F,
    pub(crate) mail: Mail<Option<T>>,
}

impl<T, F> Job for Talking<T, F>
where
    T: Send + 'static,
    F: Fn(Turn) -> Talk<T> + Send,
{
    fn again(&self) -> Again {
        self.again
    }

    fn line(&self) -> Option<Line> {
        self.line
    }

    fn is_wanted(&self) -> bool {
        self.always || self.mail.is_wanted()
    }

    fn talk(&self, turn: Turn) -> Talk<Option<Waker>> {
        let (talk, mail) = ((self.talk)(turn), self.mail.clone());
        Box::pin(async move { Ok(mail.put(Ok(Some(talk.await?)))) })
    }

    fn end(self: Box<Self>, trouble: Option<Trouble>) {
        self.mail.leave(trouble.map_or(Ok(None), Err));
    }
}

/// A job that is lost leaves nobody waiting: after its answer, this is nothing.
impl<T, F> Drop for Talking<T, F> {
    fn drop(&mut self) {
        let message = "the thread that asks for tasks lost it".to_owned();
        self.mail.leave(Err(Trouble::Panicked { message }));
    }
}
