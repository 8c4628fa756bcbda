//! What is said to the server.

use std::io::Write as _;

use super::{LONGEST_KEY, base64};
use crate::keys::Key;

/// One request, as it is sent.
///
/// Flags stand in the order in which they were asked for, and the server answers in that order.
#[derive(Debug)]
pub(crate) struct Request<'b> {
    bytes: Vec<u8>,
    body: Option<&'b [u8]>,
}

/// When `ms` stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Whatever is there.
    Always,
    /// Where nothing is.
    Absent,
    /// Where exactly the item with this CAS number is.
    Exactly(u64),
}

impl<'b> Request<'b> {
    /// Reads an item: its value, its client flags, and what else is asked for.
    pub(crate) fn get(key: &Key<'_>) -> Self {
        let mut request = Self::new(b"mg ", key, None);
        request.bytes.extend_from_slice(b" f v");
        request
    }

    /// Reads an item, and makes an empty one for `seconds` where none is; one caller is told that it won.
    ///
    /// The key is sent in base64 wherever that [fits](Self::fits_in_base64). Servers before 1.6.10 know nothing of
    /// it and refuse, instead of making an item that stands in the way, since nothing of ours can be stored over
    /// it there.
    pub(crate) fn get_or_make(key: &Key<'_>, seconds: u32) -> Self {
        let mut request = match Self::fits_in_base64(key) {
            true => Self::encoded(b"mg ", key, None),
            false => Self::new(b"mg ", key, None),
        };
        request.bytes.extend_from_slice(b" f v c t");
        request.number(b'N', seconds)
    }

    /// Whether this key can be sent in base64; else a server is asked first whether it [knows](Self::in_base64) it.
    pub(crate) fn fits_in_base64(key: &Key<'_>) -> bool {
        base64::encoded_length(key.bytes().len()) <= LONGEST_KEY
    }

    /// Reads what is known of an item, by its key in base64.
    pub(crate) fn in_base64(key: &Key<'_>) -> Self {
        Self::encoded(b"mg ", key, None)
    }

    /// Reads what is known of an item, and not its value.
    pub(crate) fn look(key: &Key<'_>) -> Self {
        let mut request = Self::new(b"mg ", key, None);
        request.bytes.extend_from_slice(b" f s c");
        request
    }

    /// Stores `body` for `seconds`, or for ever where that is 0.
    pub(crate) fn store(
        key: &Key<'_>,
        body: &'b [u8],
        client_flags: u32,
        seconds: u32,
        mode: Mode,
    ) -> Self {
        let request = Self::new(b"ms ", key, Some(body));
        let request = request.number(b'F', client_flags).number(b'T', seconds);
        match mode {
            Mode::Always => request,
            Mode::Absent => request.flag(b"ME"),
            Mode::Exactly(cas) => request.number(b'C', cas),
        }
    }

    /// Removes an item.
    pub(crate) fn delete(key: &Key<'_>) -> Self {
        Self::new(b"md ", key, None)
    }

    /// Asks only for an answer, which comes after those to all earlier requests.
    pub(crate) fn nothing() -> Self {
        Self {
            bytes: b"mn".to_vec(),
            body: None,
        }
    }

    /// Says who we are, to a server that wants to know (`-Y`): the old `set` under any key.
    pub(crate) fn log_in(login: &'b [u8]) -> Self {
        let mut bytes = Vec::with_capacity(32 + login.len());
        // Writing to a vector cannot fail.
        let _ = write!(bytes, "set login 0 0 {}", login.len());
        let body = Some(login);
        Self { bytes, body }
    }

    fn new(verb: &[u8], key: &Key<'_>, body: Option<&'b [u8]>) -> Self {
        if !key.is_plain() {
            return Self::encoded(verb, key, body);
        }
        Self::begun(verb, body, |bytes| bytes.extend_from_slice(key.bytes()))
    }

    fn encoded(verb: &[u8], key: &Key<'_>, body: Option<&'b [u8]>) -> Self {
        Self::begun(verb, body, |bytes| base64::encode(key.bytes(), bytes)).flag(b"b")
    }

    fn begun(verb: &[u8], body: Option<&'b [u8]>, key: impl FnOnce(&mut Vec<u8>)) -> Self {
        let room = body.map_or(0, <[u8]>::len);
        let mut bytes = Vec::with_capacity(64 + LONGEST_KEY + room);
        bytes.extend_from_slice(verb);
        key(&mut bytes);
        if let Some(body) = body {
            // Writing to a vector cannot fail.
            let _ = write!(bytes, " {}", body.len());
        }
        Self { bytes, body }
    }

    /// With a flag that stands alone.
    pub(crate) fn flag(mut self, flag: &[u8]) -> Self {
        self.bytes.push(b' ');
        self.bytes.extend_from_slice(flag);
        self
    }

    /// With a flag and its number.
    pub(crate) fn number(mut self, flag: u8, number: impl Into<u64>) -> Self {
        let _ = write!(self.bytes, " {}{}", char::from(flag), number.into());
        self
    }

    /// Whether its reply brings a value, which may be large.
    pub(crate) fn reads(&self) -> bool {
        self.bytes.starts_with(b"mg ")
    }

    /// All its bytes.
    pub(crate) fn bytes(self) -> Vec<u8> {
        let mut bytes = self.bytes;
        bytes.extend_from_slice(b"\r\n");
        if let Some(body) = self.body {
            bytes.extend_from_slice(body);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{Keys, Room};

    fn said(request: Request<'_>) -> String {
        String::from_utf8(request.bytes()).expect("text")
    }

    #[test]
    fn a_request_says_its_key_then_its_length_then_its_flags() {
        let keys = Keys::native("shop");
        let key = keys.key(Room::Value, b"a");
        assert_eq!(
            said(Request::get(&key).flag(b"c").number(b'N', 30_u32)),
            "mg shop:v:a f v c N30\r\n"
        );
        assert_eq!(said(Request::look(&key)), "mg shop:v:a f s c\r\n");
        assert_eq!(
            said(Request::get_or_make(&key, 30)),
            "mg c2hvcDp2OmE= b f v c t N30\r\n"
        );
        let long = keys.key(Room::Value, &[b'a'; 200]);
        let long = said(Request::get_or_make(&long, 30));
        assert!(long.starts_with("mg shop:v:aaa"), "{long}");
        let store = |mode| said(Request::store(&key, b"body", 7, 60, mode));
        assert_eq!(store(Mode::Always), "ms shop:v:a 4 F7 T60\r\nbody\r\n");
        assert_eq!(store(Mode::Absent), "ms shop:v:a 4 F7 T60 ME\r\nbody\r\n");
        assert_eq!(
            store(Mode::Exactly(12)),
            "ms shop:v:a 4 F7 T60 C12\r\nbody\r\n"
        );
        assert_eq!(said(Request::delete(&key)), "md shop:v:a\r\n");
        assert_eq!(said(Request::nothing()), "mn\r\n");
        assert_eq!(
            said(Request::log_in(b"me secret")),
            "set login 0 0 9\r\nme secret\r\n"
        );
    }

    #[test]
    fn a_key_that_is_no_word_is_sent_in_base64() {
        let keys = Keys::native("p");
        let key = keys.key(Room::Value, b"a b");
        let request = Request::store(&key, b"", 0, 0, Mode::Always);
        assert_eq!(said(request), "ms cDp2OmEgYg== 0 b F0 T0\r\n\r\n");
        assert_eq!(said(Request::delete(&key)), "md cDp2OmEgYg== b\r\n");
    }
}
