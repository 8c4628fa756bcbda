//! Laws 1, 3 and 5 among processes: two regions on two handles of one server stand for two
//! processes, for they share nothing else.
#![allow(clippy::unwrap_used)] // what a test cannot go on without, fails it

mod stores;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, mpsc};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use dogpile::{Answer, Error, Origin, Region};
use stores::{Form, Hand, HandClock, Op, Server, SharedMap};
use tokio::sync::oneshot;

const EACH: usize = 32;

/// One process: a region of its own on a handle of its own.
fn process(map: SharedMap<u64>, clock: &Arc<HandClock>) -> Region<u64> {
    let region = Region::new("shared");
    region.configure(map.config(clock)).unwrap();
    region
}

fn two(form: Form) -> (Arc<Server<u64>>, Arc<HandClock>, Region<u64>, Region<u64>) {
    let (server, clock) = Server::by_hand();
    let a = process(server.open("a").form(form), &clock);
    let b = process(server.open("b").form(form), &clock);
    (server, clock, a, b)
}

type Asked<'a> = Hand<'a, Result<Answer<u64>, Error>>;

/// A call whose creator has begun and answers what is sent.
fn creating(region: &Region<u64>) -> (Asked<'_>, oneshot::Sender<u64>) {
    let (send, receive) = oneshot::channel();
    let (begun, has_begun) = mpsc::channel();
    let create = async move || {
        begun.send(()).unwrap();
        receive.await.unwrap()
    };
    let mut call = Hand::new(region.at("key").create_async(create));
    loop {
        assert!(call.poll().is_pending(), "its creator waits");
        if has_begun.try_recv().is_ok() {
            return (call, send);
        }
        call.wait();
    }
}

/// A call that must not create.
fn following(region: &Region<u64>) -> Asked<'_> {
    let create = async || unreachable!("another creates");
    let mut call = Hand::new(region.at("key").create_async(create));
    assert!(call.settle().is_pending(), "it waits for another");
    call
}

fn ready(polled: Poll<Result<Answer<u64>, Error>>) -> (u64, Origin) {
    match polled {
        Poll::Ready(answer) => answer.map(|answer| (answer.value, answer.origin)).unwrap(),
        Poll::Pending => panic!("the call should have ended"),
    }
}

#[test]
fn law_1_two_processes_of_threads_create_once() {
    for form in Form::ALL {
        let (server, _, a, b) = two(form);
        let (creations, start) = (AtomicUsize::new(0), Barrier::new(2 * EACH));
        let call = |region: &Region<u64>| {
            start.wait();
            let create = || {
                creations.fetch_add(1, Ordering::Relaxed);
                server.wait_for("a", Op::Lease, 1);
                server.wait_for("b", Op::Lease, 1);
                42
            };
            assert_eq!(region.get_or_create("key", create).unwrap(), 42);
        };
        thread::scope(|scope| {
            for _ in 0..EACH {
                scope.spawn(|| call(&a));
                scope.spawn(|| call(&b));
            }
        });
        assert_eq!(creations.into_inner(), 1, "{form:?}");
        assert!(!server.is_leased("key"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn law_1_two_processes_of_tasks_create_once() {
    for form in Form::ALL {
        let (server, _, a, b) = two(form);
        let creations = Arc::new(AtomicUsize::new(0));
        let call = |region: &Region<u64>| {
            let (region, server) = (region.clone(), Arc::clone(&server));
            let creations = Arc::clone(&creations);
            tokio::spawn(async move {
                let create = async || {
                    creations.fetch_add(1, Ordering::Relaxed);
                    let both = move || {
                        server.wait_for("a", Op::Lease, 1);
                        server.wait_for("b", Op::Lease, 1);
                    };
                    tokio::task::spawn_blocking(both).await.unwrap();
                    42
                };
                region.get_or_create_async("key", create).await.unwrap()
            })
        };
        let calls: Vec<_> = (0..EACH).flat_map(|_| [call(&a), call(&b)]).collect();
        for call in calls {
            assert_eq!(call.await.unwrap(), 42);
        }
        assert_eq!(creations.load(Ordering::Relaxed), 1, "{form:?}");
    }
}

#[test]
fn law_5_waiters_in_the_other_process_are_woken_by_the_bell() {
    let (_, _, a, b) = two(Form::Ready);
    let (mut creator, send) = creating(&a);
    let (mut delegate, mut follower) = (following(&b), following(&b));
    send.send(7).unwrap();
    assert!(!delegate.is_woken() && !follower.is_woken());
    assert_eq!(ready(creator.poll()), (7, Origin::Created));
    assert!(delegate.is_woken(), "no clock was moved: the bell rang");
    assert_eq!(ready(delegate.poll()), (7, Origin::Shared));
    assert!(follower.is_woken());
    assert_eq!(ready(follower.poll()), (7, Origin::Shared));
}

#[test]
fn law_5_threads_in_the_other_process_are_woken_by_the_bell() {
    for form in Form::ALL {
        let (server, clock, a, b) = two(form);
        let (begun, has_begun) = mpsc::channel();
        let (send, receive) = mpsc::channel::<u64>();
        thread::scope(|scope| {
            let creator = scope.spawn(|| {
                a.at("key").create(move || {
                    begun.send(()).unwrap();
                    receive.recv().unwrap()
                })
            });
            has_begun.recv().unwrap();
            let call = || b.at("key").create(|| unreachable!("the other creates"));
            let waiters = [scope.spawn(call), scope.spawn(call)];
            clock.wait_for_bookings(2);
            send.send(7).unwrap();
            assert_eq!(creator.join().unwrap().unwrap().origin, Origin::Created);
            for waiter in waiters {
                let answer = waiter.join().unwrap().unwrap();
                assert_eq!((answer.value, answer.origin), (7, Origin::Shared));
            }
        });
        assert!(!server.is_leased("key"));
    }
}

#[test]
fn law_7_without_bells_the_other_process_polls_with_growing_pauses() {
    let (server, clock) = Server::by_hand();
    let a = process(server.open("a").silent(), &clock);
    let silent = process(server.open("b").silent(), &clock);
    let (mut creator, send) = creating(&a);
    let mut waiter = following(&silent);
    for _ in 0..100 {
        clock.advance(Duration::from_millis(40));
        assert!(waiter.settle().is_pending());
    }
    let polls = server.count("b", Op::Lease);
    assert!((16..40).contains(&polls), "{polls} in four seconds");
    send.send(7).unwrap();
    assert_eq!(ready(creator.poll()), (7, Origin::Created));
    assert!(!waiter.is_woken());
    clock.advance(Duration::from_millis(250));
    assert!(waiter.is_woken());
    assert_eq!(ready(waiter.settle()), (7, Origin::Shared));
}

#[test]
fn law_4_a_stale_value_is_served_while_the_other_process_creates() {
    let (server, clock) = Server::by_hand();
    let open = |name| {
        let region = Region::<u64>::new("shared");
        let config = server.open(name).config(&clock);
        region
            .configure(config.fresh_for(Duration::from_secs(10)))
            .unwrap();
        region
    };
    let (a, b) = (open("a"), open("b"));
    a.set("key", 1).unwrap();
    clock.advance(Duration::from_secs(11));
    let (mut creator, send) = creating(&a);
    let old = b.at("key").create(|| unreachable!("the other creates"));
    let old = old.unwrap();
    assert_eq!((old.value, old.origin), (1, Origin::Stale));
    assert_eq!(old.age, Duration::from_secs(11));
    assert!(!b.is_being_created("key"), "it keeps no claim");
    send.send(2).unwrap();
    assert_eq!(ready(creator.poll()), (2, Origin::Created));
    assert_eq!(b.get("key").unwrap(), Some(2));
}

#[test]
fn law_3_a_delete_in_the_other_process_during_creation_is_not_undone() {
    for form in Form::ALL {
        let (server, _, a, b) = two(form);
        let (creator, send) = creating(&a);
        b.delete("key").unwrap();
        send.send(1).unwrap();
        let answer = creator.finish().unwrap();
        assert_eq!((answer.value, answer.origin), (1, Origin::Superseded));
        assert_eq!(server.entry("key"), None, "{form:?}");
        assert_eq!(a.get_or_create("key", || 2).unwrap(), 2);
    }
}

#[test]
fn law_3_a_set_in_the_other_process_during_creation_stays() {
    for form in Form::ALL {
        let (server, _, a, b) = two(form);
        let (creator, send) = creating(&a);
        b.set("key", 9).unwrap();
        send.send(1).unwrap();
        let answer = creator.finish().unwrap();
        assert_eq!((answer.value, answer.origin), (1, Origin::Superseded));
        let stored = server.entry("key").map(|entry| entry.value);
        assert_eq!(stored, Some(9), "{form:?}");
    }
}

#[test]
fn law_5_followers_of_a_superseded_creator_look_again() {
    let (_, _, a, b) = two(Form::Ready);
    let (mut creator, send) = creating(&a);
    let mut follower = following(&a);
    b.set("key", 9).unwrap();
    send.send(1).unwrap();
    assert_eq!(ready(creator.poll()), (1, Origin::Superseded));
    assert_eq!(
        ready(follower.poll()),
        (9, Origin::Hit),
        "not the old value"
    );
}

#[test]
fn law_5_one_failing_call_is_heard_in_every_process() {
    let (server, _, a, b) = two(Form::Ready);
    let (send, receive) = oneshot::channel::<&'static str>();
    let fail = async move || Err::<u64, _>(receive.await.unwrap());
    let mut creator = Hand::new(a.get_or_try_create_async("key", fail));
    assert!(creator.settle().is_pending());
    let (mut delegate, mut follower) = (following(&b), following(&b));
    send.send("no such user").unwrap();
    match creator.poll() {
        Poll::Ready(Err(Error::Creator(error))) => assert_eq!(*error, "no such user"),
        other => panic!("{other:?}"),
    }
    for waiter in [&mut delegate, &mut follower] {
        assert!(waiter.is_woken());
        match waiter.poll() {
            Poll::Ready(Err(Error::CreatorFailedElsewhere { .. })) => {}
            other => panic!("{other:?}"),
        }
    }
    assert!(!server.is_leased("key"));
    assert_eq!(
        b.get_or_create("key", || 2).unwrap(),
        2,
        "who comes later tries"
    );
}

#[test]
fn law_3_the_refresh_that_started_last_wins() {
    let (server, _, a, b) = two(Form::Ready);
    let (mut early, send) = creating(&a);
    let late = b.refresh("key", || Ok::<_, Error>(2)).unwrap();
    send.send(1).unwrap();
    assert_eq!(ready(early.poll()), (1, Origin::Superseded));
    assert_eq!(late, 2);
    assert_eq!(server.entry("key").map(|entry| entry.value), Some(2));
}

#[test]
fn law_2_who_wins_after_the_other_process_created_looks_again() {
    let (server, _, a, b) = two(Form::Ready);
    let faults_at_lease = server.open("c");
    let faults = faults_at_lease.faults();
    let c = process(faults_at_lease, &HandClock::new());
    faults.close(&[Op::Lease]);
    thread::scope(|scope| {
        let call = || c.at("key").create(|| unreachable!("it is there"));
        let late = scope.spawn(call);
        faults.wait_at_gate(1);
        assert_eq!(a.get_or_create("key", || 1).unwrap(), 1);
        faults.open();
        let answer = late.join().unwrap().unwrap();
        assert_eq!((answer.value, answer.origin), (1, Origin::Hit));
    });
    assert_eq!(b.get("key").unwrap(), Some(1));
    assert!(!server.is_leased("key"));
}
