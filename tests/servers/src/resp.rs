//! The servers' protocol, as far as setting up and reading back needs it.

use std::fmt;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// What a server answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Words or bytes; what is no UTF-8 in them is replaced.
    Text(String),
    /// A number.
    Number(i64),
    /// Nothing there.
    Nil,
    /// Several of these.
    List(Vec<Reply>),
    /// It refused, or failed.
    Error(String),
}

impl Reply {
    /// The words, if it is words.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Number(_) | Self::Nil | Self::List(_) | Self::Error(_) => None,
        }
    }

    /// The number, if it is one.
    pub fn number(&self) -> Option<i64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(_) | Self::Nil | Self::List(_) | Self::Error(_) => None,
        }
    }

    /// Its parts; none if it is no list.
    pub fn parts(&self) -> &[Reply] {
        match self {
            Self::List(parts) => parts,
            Self::Text(_) | Self::Number(_) | Self::Nil | Self::Error(_) => &[],
        }
    }
}

/// One part a line; what is not there is `(nil)`.
impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) | Self::Error(text) => f.write_str(text),
            Self::Number(number) => write!(f, "{number}"),
            Self::Nil => f.write_str("(nil)"),
            Self::List(parts) => {
                let lines: Vec<_> = parts.iter().map(ToString::to_string).collect();
                f.write_str(&lines.join("\n"))
            }
        }
    }
}

/// A connection that asks one thing after the other.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
    local: SocketAddr,
}

impl Connection {
    pub(crate) fn open(server: SocketAddr, patience: Duration) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&server, patience)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(patience))?;
        stream.set_write_timeout(Some(patience))?;
        let local = stream.local_addr()?;
        Ok(Self {
            stream: BufReader::new(stream),
            local,
        })
    }

    /// The address under which the server sees it.
    pub(crate) fn local(&self) -> SocketAddr {
        self.local
    }

    /// The socket, for whoever wants to close it from another thread.
    pub(crate) fn socket(&self) -> io::Result<TcpStream> {
        self.stream.get_ref().try_clone()
    }

    /// From now on lines are waited for without end.
    pub(crate) fn wait_for_ever(&self) -> io::Result<()> {
        self.stream.get_ref().set_read_timeout(None)
    }

    /// Whether the server has not closed it, as far as is known by now.
    pub(crate) fn is_open(&self) -> bool {
        let socket = self.stream.get_ref();
        if socket.set_nonblocking(true).is_err() {
            return false;
        }
        // Nothing was asked, so nothing may come: there is nothing to read, or the end.
        let seen = socket.peek(&mut [0]);
        let waits = seen.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock);
        waits && socket.set_nonblocking(false).is_ok()
    }

    pub(crate) fn ask(&mut self, words: &[&str]) -> io::Result<Reply> {
        let mut request = format!("*{}\r\n", words.len()).into_bytes();
        for word in words {
            request.extend_from_slice(format!("${}\r\n{word}\r\n", word.len()).as_bytes());
        }
        self.stream.get_mut().write_all(&request)?;
        read(&mut self.stream)
    }

    /// The next line that comes unasked.
    pub(crate) fn line(&mut self) -> io::Result<String> {
        line(&mut self.stream)
    }
}

fn read(from: &mut impl BufRead) -> io::Result<Reply> {
    let head = line(from)?;
    let Some((kind, rest)) = head.split_at_checked(1) else {
        return Err(garbled(&head));
    };
    match kind {
        "+" => Ok(Reply::Text(rest.to_owned())),
        "-" => Ok(Reply::Error(rest.to_owned())),
        ":" => Ok(Reply::Number(number(rest)?)),
        "$" => bytes(from, number(rest)?),
        "*" => list(from, number(rest)?),
        _ => Err(garbled(&head)),
    }
}

fn bytes(from: &mut impl BufRead, length: i64) -> io::Result<Reply> {
    let Ok(length) = u64::try_from(length) else {
        return Ok(Reply::Nil);
    };
    let mut bytes = Vec::new();
    from.take(length).read_to_end(&mut bytes)?;
    let mut end = [0; 2];
    from.read_exact(&mut end)?;
    Ok(Reply::Text(String::from_utf8_lossy(&bytes).into_owned()))
}

fn list(from: &mut impl BufRead, length: i64) -> io::Result<Reply> {
    if length < 0 {
        return Ok(Reply::Nil);
    }
    let parts: io::Result<_> = (0..length).map(|_| read(from)).collect();
    Ok(Reply::List(parts?))
}

fn line(from: &mut impl BufRead) -> io::Result<String> {
    let mut bytes = Vec::new();
    from.read_until(b'\n', &mut bytes)?;
    match bytes.strip_suffix(b"\r\n") {
        Some(line) => Ok(String::from_utf8_lossy(line).into_owned()),
        None => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

fn number(text: &str) -> io::Result<i64> {
    text.parse().map_err(|_| garbled(text))
}

fn garbled(text: &str) -> io::Error {
    let what = format!("not an answer of this protocol: {text:?}");
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(text: &str) -> io::Result<Reply> {
        read(&mut text.as_bytes())
    }

    #[test]
    fn each_kind_is_read() {
        let nested = "*5\r\n+OK\r\n:-3\r\n$4\r\na\r\nb\r\n$-1\r\n*1\r\n-ERR no\r\n";
        let Ok(reply) = reply(nested) else {
            panic!("it is well-formed");
        };
        assert_eq!(reply.to_string(), "OK\n-3\na\r\nb\n(nil)\nERR no");
        assert_eq!(reply.parts()[0].text(), Some("OK"));
        assert_eq!(reply.parts()[1].number(), Some(-3));
        assert_eq!(
            reply.parts()[4],
            Reply::List(vec![Reply::Error("ERR no".to_owned())])
        );
    }

    #[test]
    fn what_is_cut_or_garbled_is_an_error() {
        for text in [
            "",
            "\r\n",
            "+OK",
            "$4\r\nab",
            "*2\r\n:1\r\n",
            ":x\r\n",
            "?\r\n",
            "é\r\n",
        ] {
            assert!(reply(text).is_err(), "{text:?}");
        }
    }
}
