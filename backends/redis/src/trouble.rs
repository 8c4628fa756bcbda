//! What went wrong: whether to ask again, whether the connection is done with, and what to tell.

use std::error::Error;
use std::fmt;
use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;

use dogpile_backend::{Fault, StoreError};
use redis::{ErrorKind, RedisError, ServerErrorKind, Value};

use crate::request::{Form, Request};

/// The name by which errors speak of this backend.
pub(crate) const NAME: &str = "redis";

/// Stands for a value of another type than the request is for: not ours, and no error either.
pub(crate) const OTHER_TYPE: Value = Value::Okay;

/// How often a request was sent, and how it is sent next.
#[derive(Debug)]
pub(crate) struct Attempt {
    pub(crate) form: Form,
    again: bool,
}

impl Attempt {
    pub(crate) fn first() -> Self {
        Self {
            form: Form::Short,
            again: false,
        }
    }

    /// What the server's answer, or the lack of one, leads to: an end, or another attempt.
    ///
    /// A request is sent again once: where the connection was gone, or a signal came in between, and the
    /// request may be carried out twice, or where the server says that it did nothing. Never after a
    /// time-out: the caller has waited long enough.
    pub(crate) fn heard(
        &mut self,
        request: &Request<'_>,
        answer: Result<Value, RedisError>,
    ) -> ControlFlow<Result<Value, StoreError>> {
        let error = match answer {
            Ok(value) => return ControlFlow::Break(Ok(value)),
            Err(error) => error,
        };
        if is(&error, ServerErrorKind::NoScript) && self.form == Form::Short {
            self.form = Form::Full;
            return ControlFlow::Continue(());
        }
        if error.code() == Some("WRONGTYPE") {
            return ControlFlow::Break(Ok(OTHER_TYPE));
        }
        let gone = error.is_connection_dropped() && !error.is_timeout();
        let unheard = (gone || was_interrupted(&error)) && request.repeatable;
        if !self.again && (unheard || is(&error, ServerErrorKind::ReadOnly)) {
            self.again = true;
            return ControlFlow::Continue(());
        }
        ControlFlow::Break(Err(told(request, error)))
    }
}

fn is(error: &RedisError, kind: ServerErrorKind) -> bool {
    error.kind() == ErrorKind::Server(kind)
}

/// Whether a signal came before the answer, as where the process was stopped and goes on. The library does not
/// go on to read then.
fn was_interrupted(error: &RedisError) -> bool {
    let cause = error
        .source()
        .and_then(<dyn Error>::downcast_ref::<Arc<dyn Error + Send + Sync>>);
    let cause = cause.and_then(|cause| cause.downcast_ref::<io::Error>());
    cause.is_some_and(|cause| cause.kind() == io::ErrorKind::Interrupted)
}

/// Whether the connection that brought this error must not be used again: what comes next on it
/// could be another's reply, or it leads to a server that is no master any more.
pub(crate) fn breaks_connection(error: &RedisError) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Io | ErrorKind::Parse | ErrorKind::ClusterConnectionNotFound
    ) || is(error, ServerErrorKind::ReadOnly)
        || error.is_unrecoverable_error()
}

/// The error as a store tells it.
pub(crate) fn told(request: &Request<'_>, error: RedisError) -> StoreError {
    let fault = fault(&error);
    match words(&error) {
        Some(words) => told_ourselves(request, fault, words),
        None => StoreError::new(NAME, request.operation, &request.about, fault, error),
    }
}

/// An error in words that help, where the library's own do not.
pub(crate) struct InWords<'e>(pub(crate) &'e RedisError);

impl fmt::Display for InWords<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match words(self.0) {
            Some(words) => f.write_str(words),
            None => self.0.fmt(f),
        }
    }
}

fn words(error: &RedisError) -> Option<&'static str> {
    let late = "the server did not answer in time, which `RedisSettings::timeout` sets";
    error.is_timeout().then_some(late)
}

/// An error of our own about a request.
pub(crate) fn told_ourselves(request: &Request<'_>, fault: Fault, why: &str) -> StoreError {
    StoreError::new(NAME, request.operation, &request.about, fault, why)
}

/// Whether the server said no, and will say it again.
pub(crate) fn is_refused(error: &RedisError) -> bool {
    fault(error) == Fault::Refused
}

fn fault(error: &RedisError) -> Fault {
    match error.kind() {
        ErrorKind::AuthenticationFailed
        | ErrorKind::InvalidClientConfig
        | ErrorKind::RESP3NotSupported
        | ErrorKind::Server(ServerErrorKind::NoPerm | ServerErrorKind::CrossSlot) => Fault::Refused,
        ErrorKind::Io
        | ErrorKind::Parse
        | ErrorKind::MasterNameNotFoundBySentinel
        | ErrorKind::ClusterConnectionNotFound
        | ErrorKind::Server(
            ServerErrorKind::BusyLoading
            | ServerErrorKind::ClusterDown
            | ServerErrorKind::MasterDown
            | ServerErrorKind::ReadOnly
            | ServerErrorKind::TryAgain
            | ServerErrorKind::Moved
            | ServerErrorKind::Ask,
        ) => Fault::Unavailable,
        _ => match error.code() {
            Some("OOM") => Fault::Full,
            Some("WRONGPASS" | "NOAUTH") => Fault::Refused,
            Some("NOREPLICAS" | "MISCONF" | "BUSY" | "UNBLOCKED") => Fault::Unavailable,
            // A script's own error carries the code of the command that failed in it.
            _ if error.detail().is_some_and(|detail| detail.contains("OOM ")) => Fault::Full,
            _ => Fault::Other,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dogpile_backend::Operation;

    fn request() -> Request<'static> {
        Request::command(Operation::Get, b"key", "GET", &[b"key"])
    }

    fn gone() -> RedisError {
        std::io::Error::from(std::io::ErrorKind::BrokenPipe).into()
    }

    fn server(code: &str) -> RedisError {
        redis::make_extension_error(code.into(), Some("said so".into()))
    }

    #[test]
    fn a_lost_request_is_sent_again_once_and_only_if_it_may_be() {
        let mut attempt = Attempt::first();
        assert!(attempt.heard(&request(), Err(gone())).is_continue());
        assert!(attempt.heard(&request(), Err(gone())).is_break());
        let once = request().once();
        assert!(Attempt::first().heard(&once, Err(gone())).is_break());
    }

    #[test]
    fn law_12_a_signal_amid_a_request_is_no_failure_of_the_server() {
        let interrupted = || io::Error::from(io::ErrorKind::Interrupted).into();
        let mut attempt = Attempt::first();
        assert!(attempt.heard(&request(), Err(interrupted())).is_continue());
        assert!(attempt.heard(&request(), Err(interrupted())).is_break());
        let once = request().once();
        assert!(Attempt::first().heard(&once, Err(interrupted())).is_break());
    }

    #[test]
    fn nobody_waits_twice() {
        let late: RedisError = std::io::Error::from(std::io::ErrorKind::WouldBlock).into();
        assert!(breaks_connection(&late));
        let ControlFlow::Break(Err(error)) = Attempt::first().heard(&request(), Err(late)) else {
            panic!("a late answer ends the attempts");
        };
        assert_eq!(error.fault, Fault::Unavailable);
        let told = error.to_string();
        assert!(told.contains("did not answer in time"), "{told}");
    }

    #[test]
    fn a_full_server_is_told_from_others() {
        assert_eq!(fault(&server("OOM")), Fault::Full);
        assert_eq!(fault(&server("WRONGPASS")), Fault::Refused);
        assert_eq!(fault(&server("ODD")), Fault::Other);
        assert!(!breaks_connection(&server("OOM")));
    }
}
