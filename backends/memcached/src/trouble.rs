//! What went wrong, whether the connection is done with, and what to tell.

use std::any::Any;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use dogpile_backend::{Fault, Operation, StoreError};

use crate::protocol::{Answer, Garbled, Said};

/// The name by which errors speak of this backend.
pub(crate) const NAME: &str = "memcached";

/// Why there is no good answer.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum Trouble {
    /// The server's name leads nowhere, or nobody listens there.
    #[error("cannot connect to {server}: {cause}")]
    Connect {
        server: String,
        cause: Arc<io::Error>,
    },
    /// The connection broke.
    #[error("the connection to {server} broke: {cause}{}", never(*heard))]
    Io {
        server: String,
        cause: Arc<io::Error>,
        /// Something was answered on it before.
        heard: bool,
    },
    /// No answer in time.
    #[error(
        "{server} did not answer in time, which `MemcachedSettings::timeout` sets{}",
        never(*heard)
    )]
    Late {
        server: String,
        /// Something was answered on this connection before.
        heard: bool,
    },
    /// It is there, and no secret is shared with it.
    #[cfg(feature = "tls")]
    #[error("cannot speak TLS with {server}: {cause}; {advice}")]
    Tls {
        server: String,
        cause: Arc<io::Error>,
        /// What to do.
        advice: &'static str,
    },
    /// It was not asked, since it did not answer a moment ago.
    #[error(
        "{server} is left alone for a moment, since it did not answer in time before; `MemcachedSettings::retry_after` says for how long at most"
    )]
    Ejected { server: String },
    /// It was not asked, since others had all connections.
    #[error(
        "all {connections} connections to {server} that could be used were others' for {waited:?}; let there be more, by \
         `MemcachedSettings::connections`, or wait longer, by `MemcachedSettings::timeout`"
    )]
    Busy {
        server: String,
        connections: usize,
        waited: Duration,
    },
    /// Bytes that are no reply.
    #[error("{server} answers what cannot be understood: {cause}")]
    Garbled { server: String, cause: Garbled },
    /// An error of the server's.
    #[error("{server} refuses; {cause}")]
    Said { server: String, cause: Said },
    /// A reply to something else.
    #[error("{server} answers with something else than was asked: {answer}")]
    Odd { server: String, answer: String },
    /// Leases could not be told apart there.
    #[error(
        "{server} gives items no version numbers (CAS), by which leases are told apart; start it without `-C` \
         (`--disable-cas`)"
    )]
    NoCas { server: String },
    /// A key that cannot be shared with Python.
    #[error(
        "Python's clients do not take this key: {why}; give the region a key mangler and Python the same \
         one, such as `Config::key_mangler(Sha1)` and `key_mangler=sha1_mangle_key`"
    )]
    Key { why: &'static str },
    /// There is nobody to ask it.
    #[error("{server} cannot be asked: the system gives no thread: {cause}")]
    NoThread {
        server: String,
        cause: Arc<io::Error>,
    },
    /// Code of the user's, which hears of entries that cannot be read, or an error of ours.
    #[error("something panicked on the way, `MemcachedSettings::report` maybe: {message}")]
    Panicked { message: String },
    /// The server knows us not.
    #[error(
        "{server} does not let us in: {answer}; give the name and the password that its file says, by `MemcachedSettings::login`"
    )]
    Login { server: String, answer: String },
}

impl Trouble {
    /// An answer that this request never gets.
    #[cold]
    pub(crate) fn odd(server: &str, answer: &Answer) -> Self {
        let server = server.to_owned();
        match answer {
            Answer::Error(cause) if cause.asks_who_we_are() => Self::Login {
                server,
                answer: cause.to_string(),
            },
            Answer::Error(cause) => Self::Said {
                server,
                cause: cause.clone(),
            },
            Answer::Item(_) => Self::Odd {
                server,
                answer: "an item".to_owned(),
            },
            Answer::Code(code, _) => Self::Odd {
                server,
                answer: format!("{code:?}"),
            },
        }
    }

    /// An error for what was thrown.
    pub(crate) fn panicked(panic: &(dyn Any + Send)) -> Self {
        let text = panic.downcast_ref::<&str>().copied();
        let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        let message = text.unwrap_or("it does not say why").to_owned();
        Self::Panicked { message }
    }

    /// Whether the connection must not be used again: what comes next on it could be another's reply.
    pub(crate) fn breaks_connection(&self) -> bool {
        match self {
            // The server has read the request to its end, and so have we the answer.
            Self::Said { cause, .. } => !matches!(cause, Said::Server(_)),
            // It happened between an answer and the next question.
            Self::Panicked { .. } => false,
            _ => true,
        }
    }

    /// Whether the other side had closed the connection, most likely before we asked.
    pub(crate) fn is_gone(&self) -> bool {
        matches!(self, Self::Io { .. })
    }

    /// Whether the server let us wait in vain.
    pub(crate) fn is_late(&self) -> bool {
        match self {
            Self::Late { .. } => true,
            Self::Connect { cause, .. } => is_late(cause),
            #[cfg(feature = "tls")]
            Self::Tls { cause, .. } => is_late(cause),
            _ => false,
        }
    }

    /// The error as a store tells it.
    #[cold]
    pub(crate) fn told(self, operation: Operation, key: &[u8]) -> StoreError {
        StoreError::new(NAME, operation, key, self.fault(), self)
    }

    fn fault(&self) -> Fault {
        match self {
            Self::Connect { .. }
            | Self::Io { .. }
            | Self::Late { .. }
            | Self::Ejected { .. }
            | Self::Busy { .. }
            | Self::NoThread { .. } => Fault::Unavailable,
            #[cfg(feature = "tls")]
            Self::Tls { .. } => Fault::Unavailable,
            Self::Login { .. } | Self::Key { .. } | Self::NoCas { .. } => Fault::Refused,
            Self::Said { cause, .. } => match cause {
                Said::Server(text) if text.contains("too large") => Fault::Refused,
                Said::Server(text) if text.contains("out of memory") => Fault::Full,
                Said::Crowded => Fault::Unavailable,
                Said::Unknown | Said::Flag(_) => Fault::Refused,
                _ => Fault::Other,
            },
            Self::Garbled { .. } | Self::Odd { .. } | Self::Panicked { .. } => Fault::Other,
        }
    }
}

/// What may be wrong with a server that never says anything.
const fn never(heard: bool) -> &'static str {
    if heard {
        return "";
    }
    "; it said nothing on this connection: where that stays so, is it one that speaks only the binary protocol \
     (`memcached -B binary`, or `-S` for SASL; leave it to `-B auto`, and use `-Y` for passwords), or only TLS \
     (write memcacheds://)?"
}

/// Whether the system gave up waiting.
pub(crate) fn is_late(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Trouble {
        let cause = Said::Server(text.to_owned());
        Trouble::Said {
            server: "here".to_owned(),
            cause,
        }
    }

    #[test]
    fn what_can_be_done_is_told() {
        let full = said("out of memory storing object");
        assert!(!full.breaks_connection());
        assert_eq!(full.told(Operation::Set, b"key").fault, Fault::Full);
        let large = said("object too large for cache").told(Operation::Set, b"key");
        assert_eq!(large.fault, Fault::Refused);
        let text = large.to_string();
        assert!(text.contains("`memcached` failed to set key"), "{text}");
        let late = Trouble::Late {
            server: "here".to_owned(),
            heard: true,
        };
        assert!(late.is_late() && late.breaks_connection() && !late.is_gone());
        let late = late.told(Operation::Get, b"key");
        assert_eq!(late.fault, Fault::Unavailable);
        assert!(late.to_string().contains("timeout"), "{late}");
    }
}
