//! One connection: requests out, replies in, each within its time.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::lookup::Lookup;
use dogpile_backend::Patience;

use crate::protocol::{Answer, Code, Garbled, Request, parse};
use crate::settings::Login;
use crate::stream::Stream;
use crate::trouble::{Trouble, is_late};
use crate::voice::{Question, at_once};

/// How much is read at once.
const PIECE: usize = 16 * 1_024;

/// How a server is reached.
#[derive(Clone, Debug)]
pub(crate) struct Reach {
    /// `host:port`.
    pub(crate) server: String,
    /// Where that leads.
    pub(crate) lookup: Lookup,
    /// How long a connection, and how long an answer may take.
    pub(crate) timeout: Duration,
    pub(crate) login: Option<Login>,
    /// How it is encrypted, where it is.
    #[cfg(feature = "tls")]
    pub(crate) tls: Option<crate::tls::Tls>,
}

/// A connection. Whatever breaks leaves it unusable, and its owner drops it.
pub(crate) struct Connection {
    stream: Stream,
    server: String,
    timeout: Duration,
    /// Something was answered.
    heard: bool,
    /// What came and is not read yet, from `read` to `filled`.
    inbox: Vec<u8>,
    read: usize,
    filled: usize,
}

impl Reach {
    /// A new connection, known to the server where it wants to know us.
    pub(crate) fn connect(&self) -> Result<Connection, Trouble> {
        let failed = |cause| Trouble::Connect {
            server: self.server.clone(),
            cause,
        };
        let mut patience = Patience::new(self.timeout, Instant::now());
        let addresses = self.lookup.addresses(&self.server, &mut patience);
        let addresses = addresses.map_err(failed)?;
        let now = Instant::now();
        let until = now + patience.left(now);
        let count = u32::try_from(addresses.len()).unwrap_or(u32::MAX);
        let mut refused = std::io::Error::other("the name leads to no address");
        for (address, to_try) in addresses.iter().zip((1..=count).rev()) {
            let left = until.saturating_duration_since(Instant::now());
            // One that swallows what it is sent leaves their share to the others; one that is far away and answers
            // needs a stretch of time. The system takes no time-out of nothing.
            let share = (left / to_try).max(left.min(Patience::stretch(self.timeout)));
            let share = share.max(Duration::from_millis(1));
            match TcpStream::connect_timeout(address, share) {
                Ok(stream) => return self.begin(stream),
                Err(error) => refused = error,
            }
        }
        Err(failed(Arc::new(refused)))
    }

    fn begin(&self, stream: TcpStream) -> Result<Connection, Trouble> {
        let failed = |cause| Trouble::Connect {
            server: self.server.clone(),
            cause: Arc::new(cause),
        };
        stream.set_nodelay(true).map_err(failed)?;
        let stretch = Patience::stretch(self.timeout);
        stream.set_read_timeout(Some(stretch)).map_err(failed)?;
        stream
            .set_write_timeout(Some(self.timeout))
            .map_err(failed)?;
        let mut connection = Connection {
            stream: self.encrypted(stream)?,
            server: self.server.clone(),
            timeout: self.timeout,
            heard: false,
            inbox: vec![0; PIECE],
            read: 0,
            filled: 0,
        };
        if let Some(login) = &self.login {
            connection.log_in(login)?;
        }
        Ok(connection)
    }

    #[cfg_attr(
        not(feature = "tls"),
        allow(clippy::unused_self, clippy::unnecessary_wraps)
    )]
    fn encrypted(&self, stream: TcpStream) -> Result<Stream, Trouble> {
        #[cfg(feature = "tls")]
        if let Some(tls) = &self.tls {
            let encrypted = tls.encrypt(&self.server, stream, self.timeout);
            let encrypted = encrypted.map_err(|cause| Trouble::Tls {
                server: self.server.clone(),
                advice: crate::tls::advice(&cause),
                cause: Arc::new(cause),
            })?;
            return Ok(Stream::Tls(Box::new(encrypted)));
        }
        Ok(Stream::Plain(stream))
    }
}

impl Connection {
    /// Sends one request and reads its reply.
    pub(crate) fn ask(&mut self, request: Request<'_>) -> Result<Answer, Trouble> {
        self.send(&request.bytes())?;
        self.answer(&mut None)
    }

    /// Sends all of these at once, and reads all replies in their order.
    pub(crate) fn ask_all<'r>(
        &mut self,
        requests: impl Iterator<Item = Request<'r>>,
    ) -> Result<Vec<Answer>, Trouble> {
        let (mut bytes, mut count) = (Vec::new(), 0);
        for request in requests {
            bytes.append(&mut request.bytes());
            count += 1;
        }
        self.send(&bytes)?;
        let mut patience = Some(Patience::new(self.timeout, Instant::now()));
        (0..count).map(|_| self.answer(&mut patience)).collect()
    }

    /// Sends all of these, as many at once as neither side has to stop for, and has each reply heard in
    /// its turn. What was heard before something broke was heard.
    pub(crate) fn ask_in_turn(
        &mut self,
        questions: &[Question],
        mut heard: impl FnMut(&Question, Answer),
    ) -> Result<(), Trouble> {
        let mut left = questions;
        while !left.is_empty() {
            let (now, later) = left.split_at(at_once(left));
            let bytes: Vec<&[u8]> = now.iter().map(|one| &*one.bytes).collect();
            self.send(&bytes.concat())?;
            for one in now {
                let answer = self.answer(&mut None)?;
                heard(one, answer);
            }
            left = later;
        }
        Ok(())
    }

    /// Whether the other side has closed it, as far as the system knows already.
    pub(crate) fn is_closed(&self) -> bool {
        let socket = self.stream.socket();
        let peek = || {
            socket.set_nonblocking(true)?;
            let seen = socket.peek(&mut [0]);
            socket.set_nonblocking(false)?;
            seen
        };
        match peek() {
            Ok(count) => count == 0,
            Err(error) => !is_late(&error),
        }
    }

    /// The server's name.
    pub(crate) fn server(&self) -> &str {
        &self.server
    }

    /// An error for an answer that the request never gets.
    #[cold]
    pub(crate) fn odd(&self, answer: &Answer) -> Trouble {
        Trouble::odd(&self.server, answer)
    }

    /// Says who we are, where the server asks for that: any other would store the password as a value.
    fn log_in(&mut self, login: &Login) -> Result<(), Trouble> {
        match self.ask(Request::nothing())? {
            Answer::Code(Code::NoOp, _) => return Ok(()),
            Answer::Error(said) if said.asks_who_we_are() => {}
            other => return Err(self.odd(&other)),
        }
        let answer = match self.ask(Request::log_in(&login.text()))? {
            Answer::Code(Code::Stored, _) => return Ok(()),
            Answer::Error(said) => said.to_string(),
            other => self.odd(&other).to_string(),
        };
        Err(Trouble::Login {
            server: self.server.clone(),
            answer,
        })
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), Trouble> {
        self.stream
            .write_all(bytes)
            .and_then(|()| self.stream.flush())
            .map_err(|cause| self.broken(cause))
    }

    /// The next reply, as long as there is patience with it. It begins after the first look into the socket, which
    /// may have taken a stretch of it: most replies are there by then, and for them no clock is looked at.
    fn answer(&mut self, patience: &mut Option<Patience>) -> Result<Answer, Trouble> {
        let mut waited = None;
        loop {
            let unread = &self.inbox[self.read..self.filled];
            let parsed = parse(unread).map_err(|cause| self.garbled(cause))?;
            if let Some((answer, length)) = parsed {
                self.read += length;
                self.heard = true;
                if self.read == self.filled {
                    self.tidy();
                }
                if answer.is_of_no_version() {
                    return Err(self.no_cas());
                }
                return Ok(answer);
            }
            // The system counts each piece's time by itself; a server that trickles must not hold us.
            if patience.is_some() || waited.is_some() {
                let now = Instant::now();
                let begun = patience.get_or_insert_with(|| Patience::new(self.timeout, now));
                if waited == Some(true) {
                    begun.pass(now);
                }
                if begun.next(now).is_none() {
                    return Err(self.late());
                }
            }
            waited = Some(self.receive()?);
        }
    }

    /// Reads what comes within a stretch, and says whether it waited that long in vain.
    fn receive(&mut self) -> Result<bool, Trouble> {
        if self.read > 0 {
            self.tidy();
        }
        if self.filled == self.inbox.len() {
            // Twice what has come, never what was only announced.
            let more = self.inbox.len().max(PIECE);
            self.inbox.resize(self.inbox.len() + more, 0);
        }
        match self.stream.read(&mut self.inbox[self.filled..]) {
            Ok(0) => {
                let cause = std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
                Err(self.broken(cause))
            }
            Ok(count) => {
                self.filled += count;
                Ok(false)
            }
            // Nothing came in this stretch, or this process was stopped: it may have come meanwhile.
            Err(cause) if is_late(&cause) => Ok(true),
            Err(cause) if cause.kind() == std::io::ErrorKind::Interrupted => Ok(false),
            Err(cause) => Err(self.broken(cause)),
        }
    }

    /// Moves what is unread to the front, and lets go of the room that one large value took.
    fn tidy(&mut self) {
        self.inbox.copy_within(self.read..self.filled, 0);
        self.filled -= self.read;
        self.read = 0;
        if self.filled <= PIECE && self.inbox.len() > 4 * PIECE {
            self.inbox.truncate(PIECE);
            self.inbox.shrink_to_fit();
        }
    }

    #[cold]
    fn garbled(&self, cause: Garbled) -> Trouble {
        let server = self.server.clone();
        Trouble::Garbled { server, cause }
    }

    #[cold]
    fn no_cas(&self) -> Trouble {
        let server = self.server.clone();
        Trouble::NoCas { server }
    }

    #[cold]
    fn broken(&self, cause: std::io::Error) -> Trouble {
        if is_late(&cause) {
            return self.late();
        }
        Trouble::Io {
            server: self.server.clone(),
            cause: Arc::new(cause),
            heard: self.heard,
        }
    }

    #[cold]
    fn late(&self) -> Trouble {
        let (server, heard) = (self.server.clone(), self.heard);
        Trouble::Late { server, heard }
    }
}
