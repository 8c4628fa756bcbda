//! A parser for the record's header: a JSON object of which eight keys matter.

use super::Unreadable;
use super::number::Number;
use crate::{Span, Tags, Terms};

/// How deep what we do not know may be nested.
const DEEPEST: usize = 32;

/// What the header says; what it does not say is `None`.
#[derive(Debug, Default)]
pub(super) struct Header {
    pub(super) created: Option<u64>,
    pub(super) format: Option<u64>,
    pub(super) stamp: Option<u128>,
    pub(super) epoch: Option<u64>,
    pub(super) schema: Option<u32>,
    pub(super) terms: Terms,
}

impl Header {
    /// Reads a header without its bar. Of a key that comes twice the last one counts; a key that is
    /// written with escapes is none of ours.
    pub(super) fn parse(text: &[u8]) -> Result<Self, Unreadable> {
        if let Err(error) = std::str::from_utf8(text) {
            return Err(expected(error.valid_up_to(), "UTF-8"));
        }
        let mut parser = Parser { text, at: 0 };
        let mut header = Self::default();
        parser.space();
        parser.object(|parser, key| header.field(parser, key))?;
        parser.space();
        match text.get(parser.at) {
            None => Ok(header),
            Some(_) => Err(parser.expected("`|`")),
        }
    }

    fn field(&mut self, parser: &mut Parser<'_>, key: &[u8]) -> Result<(), Unreadable> {
        match key {
            b"ct" => self.created = Some(parser.nanos()?),
            b"v" => self.format = Some(parser.integer("a format number")?),
            b"st" => self.stamp = Some(parser.digits("a stamp of 32 hexadecimal digits")?),
            b"ep" => self.epoch = Some(parser.integer("an epoch's number")?),
            b"sc" => self.schema = Some(parser.integer("a schema number")?),
            b"ff" => self.terms.fresh_for = Some(parser.span()?),
            b"sf" => self.terms.stale_for = Some(parser.span()?),
            b"tg" => self.terms.tags = Tags::new(parser.digits("tags of 32 hexadecimal digits")?),
            _ => parser.skip(0)?,
        }
        Ok(())
    }
}

fn expected(at: usize, expected: &'static str) -> Unreadable {
    Unreadable::Header { at, expected }
}

struct Parser<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Parser<'a> {
    fn expected(&self, what: &'static str) -> Unreadable {
        expected(self.at, what)
    }

    fn rest(&self) -> &'a [u8] {
        &self.text[self.at..]
    }

    fn space(&mut self) {
        let rest = self.rest().iter();
        self.at += rest.take_while(|byte| b" \t\r\n".contains(byte)).count();
    }

    fn take(&mut self, text: &[u8]) -> bool {
        let found = self.rest().starts_with(text);
        self.at += if found { text.len() } else { 0 };
        found
    }

    fn need(&mut self, text: &'static str) -> Result<(), Unreadable> {
        if self.take(text.as_bytes()) {
            Ok(())
        } else {
            Err(self.expected(text))
        }
    }

    /// An object; `field` reads the value of each key.
    fn object(
        &mut self,
        mut field: impl FnMut(&mut Self, &[u8]) -> Result<(), Unreadable>,
    ) -> Result<(), Unreadable> {
        self.need("{")?;
        self.list(b"}", |parser| {
            let key = parser.string()?;
            parser.space();
            parser.need(":")?;
            parser.space();
            field(parser, key)
        })
    }

    /// What stands between commas up to `end`.
    fn list(
        &mut self,
        end: &[u8],
        mut element: impl FnMut(&mut Self) -> Result<(), Unreadable>,
    ) -> Result<(), Unreadable> {
        self.space();
        if self.take(end) {
            return Ok(());
        }
        loop {
            self.space();
            element(self)?;
            self.space();
            if self.take(end) {
                return Ok(());
            }
            self.need(",")?;
        }
    }

    /// A string as it is written, between its quotes.
    fn string(&mut self) -> Result<&'a [u8], Unreadable> {
        self.need("\"")?;
        let start = self.at;
        loop {
            match self.rest() {
                [b'"', ..] => {
                    self.at += 1;
                    return Ok(&self.text[start..self.at - 1]);
                }
                [
                    b'\\',
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't',
                    ..,
                ] => self.at += 2,
                [b'\\', b'u', code @ ..] => match code.get(..4) {
                    Some(code) if code.iter().all(u8::is_ascii_hexdigit) => self.at += 6,
                    _ => return Err(self.expected("four hexadecimal digits after `\\u`")),
                },
                [b'\\' | ..0x20, ..] | [] => return Err(self.expected("the rest of a string")),
                _ => self.at += 1,
            }
        }
    }

    fn number(&mut self) -> Option<Number<'a>> {
        let (number, length) = Number::parse(self.rest())?;
        self.at += length;
        Some(number)
    }

    /// Seconds in nanoseconds, in all forms in which Python's JSON writes a float.
    fn nanos(&mut self) -> Result<u64, Unreadable> {
        if self.take(b"Infinity") {
            return Ok(u64::MAX);
        }
        if self.take(b"-Infinity") {
            return Ok(0);
        }
        match self.number() {
            Some(number) => Ok(number.nanos()),
            None => Err(self.expected("seconds since 1970")),
        }
    }

    fn integer<N: TryFrom<u64>>(&mut self, what: &'static str) -> Result<N, Unreadable> {
        let start = self.at;
        self.number()
            .and_then(Number::integer)
            .and_then(|number| N::try_from(number).ok())
            .ok_or(expected(start, what))
    }

    fn span(&mut self) -> Result<Span, Unreadable> {
        self.integer("nanoseconds").map(Span::from_nanos)
    }

    fn digits(&mut self, what: &'static str) -> Result<u128, Unreadable> {
        const DIGITS: usize = 32;
        let start = self.at;
        let text = self.string()?;
        str::from_utf8(text)
            .ok()
            .filter(|text| {
                text.len() == DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit())
            })
            .and_then(|text| u128::from_str_radix(text, 16).ok())
            .ok_or(expected(start, what))
    }

    /// Goes past a value of any kind.
    fn skip(&mut self, depth: usize) -> Result<(), Unreadable> {
        if depth > DEEPEST {
            return Err(self.expected("less nesting"));
        }
        match self.rest() {
            [b'{', ..] => self.object(|parser, _| parser.skip(depth + 1)),
            [b'[', ..] => {
                self.at += 1;
                self.list(b"]", |parser| parser.skip(depth + 1))
            }
            [b'"', ..] => self.string().map(drop),
            _ => self.skip_plain(),
        }
    }

    fn skip_plain(&mut self) -> Result<(), Unreadable> {
        const WORDS: [&[u8]; 6] = [
            b"true",
            b"false",
            b"null",
            b"NaN",
            b"Infinity",
            b"-Infinity",
        ];
        if WORDS.iter().any(|word| self.take(word)) || self.number().is_some() {
            return Ok(());
        }
        Err(self.expected("a value"))
    }
}
