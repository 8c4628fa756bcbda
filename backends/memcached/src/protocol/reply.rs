//! What the server says: one reply off the front of the bytes that came.
//!
//! Nothing here is trusted. Bytes that no memcached sends are a [`Garbled`], a reply that is not
//! whole yet is `None`, and nothing is allocated for what has only been announced.

/// The longest line before a value; memcached's own are far shorter.
const LONGEST_LINE: usize = 2_048;

/// The largest value: what `memcached -I` can be set to.
const LARGEST_VALUE: usize = 1 << 30;

/// What servers before 1.6.10 say to requests that they read otherwise.
const OLD: [&str; 3] = [
    "invalid flag",
    "duplicate flag",
    "incorrect number of tokens",
];

/// A reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// An item with its value.
    Item(Item),
    /// A code, and what was asked of the item beside its value.
    Code(Code, Item),
    /// The server will not.
    Error(Said),
}

/// An item as `mg` answers it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Item {
    /// The value.
    pub(crate) body: Vec<u8>,
    /// The number that clients store beside it (`f`).
    pub(crate) client_flags: u32,
    /// Which version this is (`c`).
    pub(crate) cas: Option<u64>,
    /// How long the value is (`s`).
    pub(crate) size: Option<u64>,
    /// How many seconds are left (`t`); `None`: it has no end, or nobody asked.
    pub(crate) seconds_left: Option<u32>,
    /// Whoever hears this has won the right to create the value (`W`).
    pub(crate) won: bool,
    /// Another has (`Z`).
    pub(crate) sent: bool,
}

/// What happened, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    /// `HD`: done.
    Done,
    /// `EN`: nothing is there.
    Absent,
    /// `NF`: nothing is there to be changed.
    NotFound,
    /// `NS`: not stored, since something is there.
    NotStored,
    /// `EX`: another version is there.
    Exists,
    /// `MN`: the end of all answers before.
    NoOp,
    /// `STORED`: the answer to a log-in.
    Stored,
}

/// An error in the server's own words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Said {
    /// It does not know the command.
    #[error("it does not know the request: is it memcached 1.6.10 or later?")]
    Unknown,
    /// It does not know a flag of the request, which is of memcached 1.6.10.
    #[error("it says: {0}: is it memcached 1.6.10 or later?")]
    Flag(String),
    /// It finds fault with us.
    #[error("it says: {0}")]
    Client(String),
    /// It takes no more connections.
    #[error(
        "it has too many open connections: let it take more (`memcached -c`), or have each process make \
         fewer, by `MemcachedSettings::connections`"
    )]
    Crowded,
    /// It finds fault with itself.
    #[error("it says: {0}")]
    Server(String),
}

impl Answer {
    /// Whether the item is there and has no number, which a server answers that was told to count none.
    ///
    /// What was not stored has none either, and need not.
    pub(crate) fn is_of_no_version(&self) -> bool {
        let (Self::Item(item) | Self::Code(Code::Done, item)) = self else {
            return false;
        };
        item.cas == Some(0)
    }
}

impl Said {
    /// Whether it wants a name and a password before anything else.
    pub(crate) fn asks_who_we_are(&self) -> bool {
        matches!(self, Self::Client(text) if text == "unauthenticated")
    }
}

/// Bytes that are no reply.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Garbled {
    /// A line that memcached does not say.
    #[error("`{line}` is no reply of memcached's: does something else answer there?")]
    Line {
        /// Its beginning, escaped.
        line: String,
    },
    /// A line without an end.
    #[error("a reply's line has no end after {LONGEST_LINE} bytes")]
    TooLong,
    /// A value larger than any.
    #[error(
        "a value of {announced} bytes is announced; the most that memcached can hold is {LARGEST_VALUE}"
    )]
    TooLarge {
        /// How large.
        announced: u64,
    },
    /// A value that is longer or shorter than was said.
    #[error("a value of {announced} bytes does not end where it should")]
    Value {
        /// How long it should be.
        announced: usize,
    },
}

/// The reply that `bytes` begin with and its length; `None` if it is not whole yet.
pub(crate) fn parse(bytes: &[u8]) -> Result<Option<(Answer, usize)>, Garbled> {
    let within = bytes.get(..LONGEST_LINE).unwrap_or(bytes);
    let Some(end) = within.iter().position(|byte| *byte == b'\n') else {
        return if within.len() == LONGEST_LINE {
            Err(Garbled::TooLong)
        } else {
            Ok(None)
        };
    };
    let Some(line) = bytes[..end].strip_suffix(b"\r") else {
        return Err(no_reply(&bytes[..end]));
    };
    let after = end + 1;
    if let Some(rest) = line.strip_prefix(b"VA ") {
        return value(line, rest, bytes, after);
    }
    let answer = match error(line) {
        Some(said) => Answer::Error(said),
        None => code(line)?,
    };
    Ok(Some((answer, after)))
}

#[cold]
fn no_reply(line: &[u8]) -> Garbled {
    const SHOWN: usize = 60;
    let shown = line.get(..SHOWN).unwrap_or(line);
    let line = shown.escape_ascii().to_string();
    Garbled::Line { line }
}

fn value(
    line: &[u8],
    rest: &[u8],
    bytes: &[u8],
    start: usize,
) -> Result<Option<(Answer, usize)>, Garbled> {
    let mut words = rest.split(|byte| *byte == b' ');
    let announced: u64 = words
        .next()
        .and_then(number)
        .ok_or_else(|| no_reply(line))?;
    let length = usize::try_from(announced).ok();
    let Some(length) = length.filter(|length| *length <= LARGEST_VALUE) else {
        return Err(Garbled::TooLarge { announced });
    };
    let mut item = Item::default();
    for word in words {
        item.mark(word).ok_or_else(|| no_reply(line))?;
    }
    let end = start + length;
    match bytes.get(end..) {
        None | Some([] | [b'\r']) => Ok(None),
        Some([b'\r', b'\n', ..]) => {
            item.body = bytes[start..end].to_vec();
            Ok(Some((Answer::Item(item), end + 2)))
        }
        Some(_) => Err(Garbled::Value { announced: length }),
    }
}

impl Item {
    /// Takes one flag of the reply's line in; one that we never ask for is passed over.
    fn mark(&mut self, word: &[u8]) -> Option<()> {
        let (flag, token) = match word {
            [flag, token @ ..] => (*flag, token),
            [] => return Some(()),
        };
        match flag {
            b'f' => self.client_flags = number(token)?,
            b'c' => self.cas = Some(number(token)?),
            b's' => self.size = Some(number(token)?),
            b't' if token == b"-1" => self.seconds_left = None,
            b't' => self.seconds_left = Some(number(token)?),
            b'W' => self.won = true,
            b'Z' => self.sent = true,
            _ => {}
        }
        Some(())
    }
}

fn error(line: &[u8]) -> Option<Said> {
    let text = |rest: &[u8]| rest.escape_ascii().to_string();
    if line == b"ERROR" {
        return Some(Said::Unknown);
    }
    if let Some(rest) = line.strip_prefix(b"CLIENT_ERROR ") {
        let said = text(rest);
        return Some(match OLD.iter().any(|old| said.contains(old)) {
            true => Said::Flag(said),
            false => Said::Client(said),
        });
    }
    if line == b"ERROR Too many open connections" {
        return Some(Said::Crowded);
    }
    let rest = line.strip_prefix(b"SERVER_ERROR ")?;
    Some(Said::Server(text(rest)))
}

fn code(line: &[u8]) -> Result<Answer, Garbled> {
    let mut words = line.split(|byte| *byte == b' ');
    let code = match words.next() {
        Some(b"HD") => Code::Done,
        Some(b"EN") => Code::Absent,
        Some(b"NF") => Code::NotFound,
        Some(b"NS") => Code::NotStored,
        Some(b"EX") => Code::Exists,
        Some(b"MN") => Code::NoOp,
        Some(b"STORED") => Code::Stored,
        _ => return Err(no_reply(line)),
    };
    let mut item = Item::default();
    for word in words {
        item.mark(word).ok_or_else(|| no_reply(line))?;
    }
    Ok(Answer::Code(code, item))
}

/// A decimal number and nothing else.
fn number<N: TryFrom<u64>>(text: &[u8]) -> Option<N> {
    if text.is_empty() {
        return None;
    }
    let number = text.iter().try_fold(0_u64, |number, byte| {
        let digit = byte.wrapping_sub(b'0');
        let number = number.checked_mul(10)?.checked_add(digit.into());
        number.filter(|_| digit < 10)
    });
    N::try_from(number?).ok()
}

#[cfg(test)]
mod tests;
