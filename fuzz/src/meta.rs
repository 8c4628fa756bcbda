//! Whatever a memcached says, or another program that answers in its place: every operation ends with an
//! answer, or with an error that names its backend and its key, and no value is found that was not said
//! (law 12).

use arbitrary::Arbitrary;
use dogpile_backend::{
    Ask, Backend, CachedValue, Commit, Epoch, EpochStore, Invalidation, Lease, LeaseStore, Leased,
    Metadata, Payload, Span, Stamp, StoreError, Terms, Time,
};
use dogpile_memcached::{Memcached, MemcachedSettings};

use crate::replies::impostor::{AT_FIRST, Impostor};

/// What is asked, and what is said.
#[derive(Arbitrary, Clone, Debug)]
pub struct Input {
    asked: Vec<Operation>,
    said: Vec<Said>,
}

#[derive(Arbitrary, Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    Get,
    Set,
    Delete,
    Lease,
    Refresh,
    Commit,
    Release,
    Shut,
    Renew,
    Epochs,
    Invalidate,
}

/// One reply, or what stands in its place.
#[derive(Arbitrary, Clone, Debug)]
enum Said {
    /// A code of two letters.
    Code(u8),
    /// The same, with the item's number.
    Numbered(u8, u64),
    /// The caller has won.
    Won(u64),
    Item {
        body: Body,
        client_flags: Flags,
        left: Option<u32>,
        sent: bool,
    },
    Failure(String),
    Bytes(Vec<u8>),
}

#[derive(Arbitrary, Clone, Debug)]
enum Body {
    Empty,
    Record(Vec<u8>),
    /// A lease beside a record.
    Pending(u32, Vec<u8>),
    Epochs(u64, u64),
    Bytes(Vec<u8>),
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Flags {
    None,
    /// Ours: a lease, a failure, a slot that is shut.
    Ours(u8),
    Any(u32),
}

const KEY: &[u8] = b"a key";
const REGION: &str = "a region";

/// How many operations are tried at most.
const MOST: usize = 6;

/// Asks one thing after the other of whoever says these things.
///
/// # Panics
/// If an operation panics, if an error does not say what was asked of whom, or if a value is found
/// that was not said.
pub fn check(input: &Input) {
    let answers: Vec<Vec<u8>> = input.said.iter().map(Said::bytes).collect();
    let everything = answers.concat();
    let impostor = Impostor::begin(answers).expect("a port of this machine");
    let mut asking = Asking::of(&impostor);
    for operation in input.asked.iter().take(MOST) {
        match asking.carry_out(*operation) {
            Ok(found) => {
                let bytes = found.map(|entry| entry.value.bytes);
                let is_said = bytes.is_none_or(|bytes| is_in(&bytes, &everything));
                assert!(is_said, "{operation:?} found what nobody said");
            }
            Err(error) => {
                assert_eq!(error.backend, "memcached", "{operation:?}: {error}");
                let named = [KEY, REGION.as_bytes()].map(|key| is_in(key, error.key.as_bytes()));
                assert!(named.contains(&true), "{operation:?}: {error}");
            }
        }
    }
}

fn is_in(part: &[u8], whole: &[u8]) -> bool {
    part.is_empty() || whole.windows(part.len()).any(|there| there == part)
}

type Found = Option<CachedValue<Payload>>;

/// A store, and the lease that it gave last.
struct Asking {
    store: Memcached,
    lease: Lease,
}

impl Asking {
    fn of(impostor: &Impostor) -> Self {
        let settings = MemcachedSettings::server(impostor.address.to_string());
        Self {
            store: settings.timeout(AT_FIRST).open().expect("an address"),
            lease: Lease {
                stamp: Stamp::new(7),
                foreign: None,
            },
        }
    }

    fn carry_out(&mut self, operation: Operation) -> Result<Found, StoreError> {
        let (store, lease, time) = (&self.store, &self.lease, Span::from_secs(5));
        let nothing = |_: Commit| None;
        match operation {
            Operation::Get => store.get(KEY),
            Operation::Set => store.set(KEY, entry(), Span::FOREVER).map(|()| None),
            Operation::Delete => store.delete(KEY).map(|()| None),
            Operation::Lease => self.lease(false),
            Operation::Refresh => self.lease(true),
            Operation::Commit => {
                let commit = store.commit(KEY, lease, entry(), Span::FOREVER);
                commit.wait().map(nothing)
            }
            Operation::Release => store.release(KEY, lease, true).wait().map(nothing),
            Operation::Shut => store.shut(KEY, lease, time).wait().map(nothing),
            Operation::Renew => store.renew(KEY, lease, time).wait().map(nothing),
            Operation::Epochs => EpochStore::read(store, REGION).wait().map(|_| None),
            Operation::Invalidate => {
                let raised = store.raise(REGION, Invalidation::Hard).wait();
                raised.map(|_| None)
            }
        }
    }

    fn lease(&mut self, supersede: bool) -> Result<Found, StoreError> {
        let ask = Ask {
            fresh: &|_| true,
            held: Some(self.lease.clone()),
            stale: None,
            supersede,
            time: Span::from_secs(5),
        };
        Ok(match LeaseStore::lease(&self.store, KEY, ask).wait()? {
            Leased::Fresh(entry) => Some(entry),
            Leased::Won { lease, seen } => {
                self.lease = lease;
                seen
            }
            Leased::Lost { seen, .. } | Leased::Shut { seen, .. } => seen,
        })
    }
}

fn entry() -> CachedValue<Payload> {
    CachedValue {
        value: Payload {
            schema: 1,
            bytes: b"1".to_vec(),
        },
        metadata: Metadata {
            stamp: Stamp::new(7),
            epoch: Epoch::FIRST,
            created: Time::ZERO,
            terms: Terms::NONE,
        },
    }
}

impl Said {
    /// As it goes over the wire.
    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Code(which) => format!("{}\r\n", code(*which)).into(),
            Self::Numbered(which, cas) => format!("{} c{cas}\r\n", code(*which)).into(),
            Self::Won(cas) => format!("VA 0 f0 c{cas} t-1 W\r\n\r\n").into(),
            Self::Item {
                body,
                client_flags,
                left,
                sent,
            } => {
                let (body, flags) = (body.bytes(), client_flags.number());
                let left = left.map_or(-1, i64::from);
                let sent = if *sent { " Z" } else { "" };
                let line = format!("VA {} f{flags} c7 t{left}{sent}\r\n", body.len());
                [line.as_bytes(), &body, b"\r\n"].concat()
            }
            Self::Failure(text) => {
                let text = text.replace(['\r', '\n'], " ");
                format!("SERVER_ERROR {text}\r\n").into()
            }
            Self::Bytes(bytes) => bytes.clone(),
        }
    }
}

fn code(which: u8) -> &'static str {
    let all = ["HD", "EN", "NF", "NS", "EX", "MN", "STORED", "ERROR"];
    all[usize::from(which) % all.len()]
}

impl Flags {
    fn number(self) -> u32 {
        match self {
            Self::None => 0,
            Self::Ours(which) => 0xd09b_11e0 + u32::from(which % 4),
            Self::Any(number) => number,
        }
    }
}

impl Body {
    fn bytes(&self) -> Vec<u8> {
        let record = |payload: &[u8]| [&b"{\"ct\": 1.5, \"v\": 2}|"[..], payload].concat();
        match self {
            Self::Empty => Vec::new(),
            Self::Record(payload) => record(payload),
            Self::Pending(floor, payload) => {
                let header = format!("{:032x} {floor} +|", 7);
                [header.as_bytes(), &record(payload)].concat()
            }
            Self::Epochs(hard, soft) => format!("{hard} {soft}").into(),
            Self::Bytes(bytes) => bytes.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(operation: Operation, said: &[Said]) -> Result<Found, StoreError> {
        let answers = said.iter().map(Said::bytes).collect();
        let impostor = Impostor::begin(answers).expect("a port of this machine");
        Asking::of(&impostor).carry_out(operation)
    }

    fn item(body: Body, client_flags: Flags) -> Said {
        Said::Item {
            body,
            client_flags,
            left: Some(100),
            sent: false,
        }
    }

    #[test]
    fn law_12_what_is_said_properly_is_understood() {
        let record = item(Body::Record(b"paid".to_vec()), Flags::None);
        let found = said(Operation::Get, std::slice::from_ref(&record)).expect("an answer");
        assert_eq!(found.expect("a record").value.bytes, b"paid");
        assert_eq!(
            said(Operation::Get, &[Said::Code(1)]).expect("an answer"),
            None
        );
        let pending = item(Body::Pending(50, b"paid".to_vec()), Flags::Ours(0));
        let found = said(Operation::Get, &[pending]).expect("an answer");
        assert_eq!(found.expect("beside a lease").value.bytes, b"paid");
        let refreshed = [record, Said::Numbered(0, 8)];
        let found = said(Operation::Refresh, &refreshed).expect("an answer");
        assert_eq!(found.expect("beside it").value.bytes, b"paid");
    }

    #[test]
    fn law_12_what_cannot_be_understood_is_an_error_about_the_key() {
        for (operation, pieces) in [
            (Operation::Get, vec![]),
            (Operation::Get, vec![Said::Code(0)]),
            (Operation::Get, vec![Said::Bytes(b"+PONG\r\n".to_vec())]),
            (
                Operation::Get,
                vec![Said::Bytes(b"VA 9 f0\r\nhalf".to_vec())],
            ),
            (Operation::Set, vec![Said::Code(3)]),
            (Operation::Delete, vec![Said::Failure("odd".to_owned())]),
            (Operation::Lease, vec![Said::Code(1)]),
        ] {
            let Err(error) = said(operation, &pieces) else {
                panic!("{operation:?} was answered by {pieces:?}");
            };
            assert!(
                error.to_string().contains("a key"),
                "{operation:?}: {error}"
            );
        }
    }
}
