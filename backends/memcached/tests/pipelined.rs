//! What tasks ask at once on one connection.
#![allow(clippy::unwrap_used)] // what a test cannot go on without, fails it

use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use dogpile_backend::{
    Ask, CachedValue, Commit, Epoch, Lease, LeaseStore, Leased, Metadata, Payload, Reply, Span,
    Stamp, Store, StoreError, Terms, Time, block_on, in_one_pass,
};
use dogpile_memcached::{MemcachedSettings, Pipelined};
use dogpile_test_servers::Memcached as Server;

const LONG: Span = Span::from_secs(3_600);

fn settings(url: &str) -> MemcachedSettings {
    MemcachedSettings::server(url).timeout(Duration::from_secs(10))
}

fn open(url: &str) -> Pipelined {
    Pipelined::new(settings(url).open().unwrap())
}

fn entry(text: &str) -> CachedValue<Payload> {
    CachedValue {
        value: Payload {
            schema: 0,
            bytes: text.into(),
        },
        metadata: Metadata {
            stamp: Stamp::NONE,
            epoch: Epoch::UNKNOWN,
            created: Time::from_nanos(1_700_000_000_000_000_000),
            terms: Terms::NONE,
        },
    }
}

fn ask() -> Ask<'static> {
    Ask {
        fresh: &|_| false,
        held: None,
        stale: None,
        supersede: false,
        time: LONG,
    }
}

fn win(store: &Pipelined) -> Lease {
    match block_on(store.lease(b"key", ask())).unwrap() {
        Leased::Won { lease, .. } => lease,
        other => panic!("nobody holds it, and the answer is {other:?}"),
    }
}

fn text(store: &Pipelined, key: &[u8]) -> Option<String> {
    let found = block_on(store.get(key)).unwrap()?;
    Some(String::from_utf8(found.value.bytes).unwrap())
}

/// A call that has begun, and maybe ended.
struct Begun<'a, T> {
    reply: Reply<'a, T>,
    answer: Option<Result<T, StoreError>>,
}

fn begin<T>(mut reply: Reply<'_, T>) -> Begun<'_, T> {
    let polled = Pin::new(&mut reply).poll(&mut Context::from_waker(Waker::noop()));
    let answer = match polled {
        Poll::Ready(answer) => Some(answer),
        Poll::Pending => None,
    };
    Begun { reply, answer }
}

impl<T> Begun<'_, T> {
    fn end(self) -> Result<T, StoreError> {
        let Self { reply, answer } = self;
        answer.unwrap_or_else(|| block_on(reply))
    }
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(30), "never: {what}");
        std::thread::yield_now();
    }
}

#[test]
fn law_3_a_task_s_lease_is_void_once_its_connection_is_gone() {
    let server = Server::start(&[]).unwrap();
    let store = open(&server.url());
    let lease = win(&store);
    server.restart().unwrap();
    let other = open(&server.url());
    let theirs = win(&other);
    // The same number of the same key, in another life of the server.
    match block_on(store.commit(b"key", &lease, entry("late"), LONG)) {
        Ok(Commit::Refused) | Err(_) => {}
        Ok(Commit::Stored) => panic!("a lease of another life of the server was good"),
    }
    assert_eq!(text(&store, b"key"), None);
    let committed = block_on(other.commit(b"key", &theirs, entry("value"), LONG));
    assert_eq!(committed.unwrap(), Commit::Stored);
    assert_eq!(text(&store, b"key").as_deref(), Some("value"));
}

#[test]
fn law_3_threads_and_tasks_use_up_each_other_s_leases() {
    let server = Server::start(&[]).unwrap();
    let store = open(&server.url());
    let by_a_task = win(&store);
    let renewed = store.renew(b"key", &by_a_task, LONG).wait().unwrap();
    assert_eq!(renewed, Commit::Stored);
    let committed = store.commit(b"key", &by_a_task, entry("one"), LONG);
    assert_eq!(block_on(committed).unwrap(), Commit::Stored);
    let Leased::Won { lease, .. } = store.lease(b"key", ask()).wait().unwrap() else {
        panic!("nobody holds it");
    };
    // Renewed and committed at once: one after the other, or the second would compare the number of
    // before.
    let (renewal, commit) = in_one_pass(|| {
        let commit = store.commit(b"key", &lease, entry("two"), LONG);
        (begin(store.renew(b"key", &lease, LONG)), begin(commit))
    });
    assert_eq!(renewal.end().unwrap(), Commit::Stored);
    assert_eq!(commit.end().unwrap(), Commit::Stored);
    assert_eq!(text(&store, b"key").as_deref(), Some("two"));
    let void = block_on(store.release(b"key", &lease, false));
    assert_eq!(void.unwrap(), Commit::Refused, "it is used up");
}

#[test]
fn a_write_whose_task_is_gone_is_not_overtaken_by_a_later_one() {
    let server = Server::start(&[]).unwrap();
    let store = open(&server.url());
    for number in 0..200_u32 {
        let key = number.to_be_bytes();
        let set = begin(store.set(&key, entry("old"), LONG));
        if number % 2 == 0 {
            std::thread::yield_now();
        }
        drop(set);
        block_on(store.set(&key, entry("new"), LONG)).unwrap();
        assert_eq!(text(&store, &key).as_deref(), Some("new"), "{number}");
    }
}

#[test]
fn law_6_a_lease_that_is_won_for_a_task_who_is_gone_is_given_back() {
    let server = Server::start(&[]).unwrap();
    let wire = server.wire().unwrap();
    let store = open(&wire.address().to_string());
    assert_eq!(text(&store, b"key"), None);
    wire.hold();
    let lease = begin(store.lease(b"key", ask()));
    // It is sent, and its answer will come when nobody waits for it.
    let before = server.count("cmd_get").unwrap();
    until("it is on its way", || {
        wire.release();
        server.count("cmd_get").unwrap() > before
    });
    drop(lease);
    until("it is given back", || {
        server.ask("mg dogpile:v:key s").unwrap() == "EN\r\n"
    });
    drop(win(&store));
}

#[test]
fn law_6_a_task_that_goes_away_before_it_has_taken_a_lease_over_leaves_it_as_it_was() {
    let server = Server::start(&[]).unwrap();
    let store = open(&server.url());
    for is_said in [false, true] {
        let lease = win(&store);
        let wish = || Ask {
            held: Some(lease.clone()),
            ..ask()
        };
        // In a pass nothing is said before its end.
        let taken = match is_said {
            false => in_one_pass(|| begin(store.lease(b"key", wish())).answer),
            true => begin(store.lease(b"key", wish())).answer,
        };
        // The server's thread may be so fast that the task is not gone before: then it has a lease.
        if let Some(taken) = taken {
            let Leased::Won { lease, .. } = taken.unwrap() else {
                panic!("it was held by who asked");
            };
            block_on(store.release(b"key", &lease, false)).unwrap();
            continue;
        }
        // Whoever has it from there on has it still, or it has been given back.
        block_on(store.release(b"key", &lease, false)).unwrap();
        until("nobody has it", || {
            server.ask("mg dogpile:v:key s").unwrap() == "EN\r\n"
        });
    }
}

#[test]
fn law_9_what_a_user_s_report_panics_with_is_one_call_s_error() {
    let server = Server::start(&[]).unwrap();
    let settings = settings(&server.url()).report(|_, _| panic!("no room for reports"));
    let store = Pipelined::new(settings.open().unwrap());
    server.ask("ms dogpile:v:junk 4\r\njunk").unwrap();
    let (lease, get) = in_one_pass(|| {
        let lease = begin(store.lease(b"junk", ask()));
        (lease, begin(store.get(b"another")))
    });
    let error = lease.end().unwrap_err().to_string();
    assert!(error.contains("no room for reports"), "{error}");
    assert_eq!(get.end().unwrap(), None);
    assert_eq!(store.unreadable(), 1, "it was counted before that");
    assert_eq!(text(&store, b"another"), None, "its thread goes on");
}
