//! Whatever a server says, or another program that answers in its place: every operation ends with an
//! answer, or with an error that names its backend and its key, and no value is found that was not said
//! (law 12).

pub(crate) mod impostor;
mod said;

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use arbitrary::Arbitrary;
use dogpile_backend::{
    Ask, CachedValue, Epoch, EpochStore, Lease, LeaseStore, Leased, Metadata, Payload, Reply, Span,
    Stamp, Store, StoreError, Terms, Time,
};
use dogpile_redis::{Redis, RedisSettings};

use impostor::{AT_FIRST, Impostor};
use said::Said;

/// What is asked, and what is said.
#[derive(Arbitrary, Clone, Debug)]
pub struct Input {
    asked: Vec<Operation>,
    said: Vec<Said>,
}

/// Each by a thread, or in a task.
#[derive(Arbitrary, Clone, Copy, Debug)]
struct Operation {
    what: What,
    in_task: bool,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum What {
    Get,
    Set,
    Delete,
    Lease,
    Refresh,
    Commit,
    Release,
    Renew,
    Epochs,
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
    let answers = said::answers(&input.said);
    let everything = answers.concat();
    let impostor = Impostor::begin(answers).expect("a port of this machine");
    let store = open(&impostor);
    for operation in input.asked.iter().take(MOST) {
        match carry_out(&store, *operation) {
            Ok(found) => {
                let bytes = found.map(|entry| entry.value.bytes);
                let is_said = bytes.is_none_or(|bytes| is_in(&bytes, &everything));
                assert!(is_said, "{operation:?} found what nobody said");
            }
            Err(error) => {
                assert_eq!(error.backend, "redis", "{operation:?}: {error}");
                let named = [KEY, REGION.as_bytes()].map(|key| shown(&error, key));
                assert!(named.contains(&true), "{operation:?}: {error}");
            }
        }
    }
}

fn open(impostor: &Impostor) -> Redis {
    RedisSettings::url(format!("redis://{}", impostor.address))
        .timeout(AT_FIRST)
        .open()
        .expect("an address")
}

/// Whether the error names this key.
fn shown(error: &StoreError, key: &[u8]) -> bool {
    is_in(key, error.key.as_bytes())
}

fn is_in(part: &[u8], whole: &[u8]) -> bool {
    part.is_empty() || whole.windows(part.len()).any(|there| there == part)
}

type Found = Option<CachedValue<Payload>>;

fn carry_out(store: &Redis, operation: Operation) -> Result<Found, StoreError> {
    let Operation { what, in_task } = operation;
    let (leases, epochs) = ports(store);
    let lease = Lease {
        stamp: Stamp::new(7),
        foreign: None,
    };
    let fresh = |_: &Metadata| true;
    match what {
        What::Get => answer(store.get(KEY), in_task),
        What::Set => answer(store.set(KEY, entry(), Span::FOREVER), in_task).map(|()| None),
        What::Delete => answer(store.delete(KEY), in_task).map(|()| None),
        What::Lease | What::Refresh => {
            let ask = Ask {
                fresh: &fresh,
                held: None,
                stale: None,
                supersede: matches!(what, What::Refresh),
                time: Span::from_secs(5),
            };
            answer(leases.lease(KEY, ask), in_task).map(|leased| match leased {
                Leased::Fresh(entry) => Some(entry),
                Leased::Won { seen, .. }
                | Leased::Shut { seen, .. }
                | Leased::Lost { seen, .. } => seen,
            })
        }
        What::Commit => {
            answer(leases.commit(KEY, &lease, entry(), Span::FOREVER), in_task).map(|_| None)
        }
        What::Release => answer(leases.release(KEY, &lease, true), in_task).map(|_| None),
        What::Renew => answer(leases.renew(KEY, &lease, Span::from_secs(5)), in_task).map(|_| None),
        What::Epochs => answer(epochs.read(REGION), in_task).map(|_| None),
    }
}

fn ports(store: &Redis) -> (&dyn LeaseStore<Payload>, &dyn EpochStore) {
    match (store.leases(), store.epochs()) {
        (Some(leases), Some(epochs)) => (leases, epochs),
        _ => unreachable!("it has both"),
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

fn answer<T>(reply: Reply<'_, T>, in_task: bool) -> Result<T, StoreError> {
    if in_task {
        block_on(reply)
    } else {
        reply.wait()
    }
}

struct Sleeper(Thread);

impl Wake for Sleeper {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn block_on<T>(task: impl Future<Output = T>) -> T {
    let mut task = pin!(task);
    let waker = Waker::from(Arc::new(Sleeper(thread::current())));
    loop {
        if let Poll::Ready(answer) = task.as_mut().poll(&mut Context::from_waker(&waker)) {
            return answer;
        }
        thread::park();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What one operation comes to when these things are said, by a thread and in a task alike.
    fn said(what: What, said: &[Said]) -> Result<Found, StoreError> {
        let [here, there] = [false, true].map(|in_task| {
            let impostor = Impostor::begin(said::answers(said)).expect("a port of this machine");
            carry_out(&open(&impostor), Operation { what, in_task })
        });
        assert_eq!(here.as_ref().ok(), there.as_ref().ok(), "{what:?}");
        here
    }

    #[test]
    fn law_12_what_is_said_properly_is_understood() {
        let record = Said::Record(b"paid".to_vec());
        let found = said(What::Get, std::slice::from_ref(&record)).expect("an answer");
        assert_eq!(found.expect("a record").value.bytes, b"paid");
        assert_eq!(said(What::Get, &[Said::Nothing]).expect("an answer"), None);
        let won = [Said::List(2), Said::Won, record];
        let beside = said(What::Lease, &won).expect("an answer");
        assert_eq!(beside.expect("a record").value.bytes, b"paid");
    }

    #[test]
    fn law_12_what_cannot_be_understood_is_an_error_about_the_key() {
        let odd = [
            (What::Get, vec![]),
            (What::Get, vec![Said::Bytes(b"?".to_vec())]),
            (What::Get, vec![Said::Bytes(b"$9\r\nhalf".to_vec())]),
            (What::Get, vec![Said::Failure("ODD".to_owned())]),
            (What::Lease, vec![Said::Number(1)]),
            (
                What::Lease,
                vec![Said::List(3), Said::Lost, Said::Nothing, Said::Nothing],
            ),
            (What::Commit, vec![Said::Nothing]),
        ];
        for (what, pieces) in odd {
            let Err(error) = said(what, &pieces) else {
                panic!("{what:?} was answered by {pieces:?}");
            };
            assert!(error.to_string().contains("a key"), "{what:?}: {error}");
        }
    }
}
