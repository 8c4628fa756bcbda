//! Laws 6 and 7 among processes: leases run out with the dead, last with the living, and go on with
//! those who take over.
#![allow(clippy::unwrap_used)] // what a test cannot go on without, fails it

mod stores;

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use dogpile::backend::{Ask, Leased, Span, Store};
use dogpile::{Answer, Config, Error, Origin, Region, SystemClock};
use stores::{Form, Hand, HandClock, Op, Server, SharedMap};

const LEASE: Duration = Duration::from_secs(10);
const HOUR: Duration = Duration::from_hours(1);

type Asked<'a> = Hand<'a, Result<Answer<u64>, Error>>;

fn opened(config: Config<u64>) -> Region<u64> {
    let region = Region::new("shared");
    let config = config.lease_time(LEASE).creation_limit(HOUR * 2);
    region.configure(config.deadline(HOUR)).unwrap();
    region
}

fn process(map: SharedMap<u64>, clock: &Arc<HandClock>) -> Region<u64> {
    opened(map.config(clock))
}

fn asking(region: &Region<u64>, value: u64) -> Asked<'_> {
    let mut call = Hand::new(region.at("key").create_async(async move || value));
    assert!(call.settle().is_pending(), "it waits for another");
    call
}

fn ready(polled: Poll<Result<Answer<u64>, Error>>) -> (u64, Origin) {
    match polled {
        Poll::Ready(answer) => answer.map(|answer| (answer.value, answer.origin)).unwrap(),
        Poll::Pending => panic!("the call should have ended"),
    }
}

/// A process that took a lease and died.
fn die_with_the_lease(map: &SharedMap<u64>) {
    let ask = Ask {
        fresh: &|_| false,
        held: None,
        stale: None,
        supersede: false,
        time: Span::from(LEASE),
    };
    let leased = map.leases().unwrap().lease(b"key", ask).wait().unwrap();
    assert!(matches!(leased, Leased::Won { .. }));
}

/// A call in a creator that never ends by itself.
fn stuck(region: &Region<u64>) -> Asked<'_> {
    let create = async || std::future::pending().await;
    let mut call = Hand::new(region.at("key").create_async(create));
    assert!(call.settle().is_pending());
    assert!(region.is_being_created("key"));
    call
}

#[test]
fn law_6_a_dead_processes_lease_is_taken_over_when_it_has_run_out() {
    for silent in [false, true] {
        let (server, clock) = Server::by_hand();
        die_with_the_lease(&server.open("dead"));
        let map = server.open("b");
        let b = process(if silent { map.silent() } else { map }, &clock);
        let mut heir = asking(&b, 5);
        for _ in 0..99 {
            clock.advance(LEASE / 100);
            assert!(heir.settle().is_pending(), "the lease may still be renewed");
        }
        clock.advance(LEASE / 100);
        assert!(heir.is_woken(), "no bell rings for the dead");
        assert_eq!(ready(heir.settle()), (5, Origin::Created));
    }
}

#[test]
fn law_6_a_thread_takes_over_from_a_dead_process() {
    for form in Form::ALL {
        let (server, clock) = Server::by_hand();
        die_with_the_lease(&server.open("dead"));
        let b = process(server.open("b").form(form), &clock);
        thread::scope(|scope| {
            let heir = scope.spawn(|| b.at("key").create(|| 5).unwrap());
            clock.wait_for_bookings(1);
            clock.advance(LEASE);
            assert_eq!(heir.join().unwrap().origin, Origin::Created);
        });
    }
}

#[test]
fn law_6_a_waiter_whose_own_time_ends_first_gets_the_deadline() {
    let (server, clock) = Server::by_hand();
    die_with_the_lease(&server.open("dead"));
    let b = process(server.open("b"), &clock);
    let call = b.at("key").deadline(LEASE / 2);
    let mut call = Hand::new(call.create_async(async || unreachable!("it has no lease")));
    assert!(call.settle().is_pending());
    clock.advance(LEASE / 2);
    assert!(call.is_woken());
    match call.poll() {
        Poll::Ready(Err(Error::Deadline { place, waited })) => {
            assert_eq!((&*place.region, &*place.key), ("shared", "\"key\""));
            assert_eq!(waited, LEASE / 2);
        }
        other => panic!("{other:?}"),
    }
    assert!(!b.is_being_created("key"));
}

/// A creator in process `a` and the test's part in it: it has begun, and ends with what is sent.
fn slow_creator<'s>(
    scope: &'s thread::Scope<'s, '_>,
    a: &'s Region<u64>,
) -> (thread::ScopedJoinHandle<'s, Answer<u64>>, mpsc::Sender<u64>) {
    let (begun, has_begun): (_, Receiver<()>) = mpsc::channel();
    let (send, receive) = mpsc::channel();
    let creator = scope.spawn(move || {
        let create = move || {
            begun.send(()).unwrap();
            receive.recv().unwrap()
        };
        a.at("key").create(create).unwrap()
    });
    has_begun.recv().unwrap();
    (creator, send)
}

#[test]
fn law_6_renewal_keeps_a_slow_creators_lease() {
    const LEASE: Duration = Duration::from_millis(60);
    for form in Form::ALL {
        // The store's clock only moves while the lease was just renewed, and every time by more than half
        // of it: without renewals it would run out at the second move.
        let (server, clock) = Server::by_hand();
        let open = |name| {
            let region = Region::<u64>::new("shared");
            let config = server.open(name).form(form).config(&clock);
            let config = config.lease_time(LEASE).creation_limit(HOUR).deadline(HOUR);
            region.configure(config).unwrap();
            region
        };
        let (a, b) = (open("a"), open("b"));
        thread::scope(|scope| {
            let (creator, send) = slow_creator(scope, &a);
            let call = || b.at("key").create(|| unreachable!("the lease is kept"));
            let waiter = scope.spawn(call);
            clock.wait_for_bookings(1);
            for _ in 0..5 {
                let renewed = server.count("a", Op::Renew);
                server.wait_for("a", Op::Renew, renewed + 2);
                clock.advance(LEASE * 2 / 3);
            }
            send.send(3).unwrap();
            assert_eq!(creator.join().unwrap().origin, Origin::Created);
            assert_eq!(waiter.join().unwrap().unwrap().origin, Origin::Shared);
        });
    }
}

#[test]
fn law_6_renewals_do_not_pile_up_behind_a_store_that_answers_late() {
    let [(late, here), (other, there)] = ["late", "other"].map(|name| {
        let (server, clock) = Server::by_hand();
        let map = server.open(name).form(Form::Later);
        let faults = map.faults();
        let often = Duration::from_millis(3);
        let region = Region::new("shared");
        let config = map.config(&clock).creation_limit(HOUR).lease_time(often);
        region.configure(config).unwrap();
        (server, (region, faults))
    });
    here.1.close(&[Op::Renew]);
    let _creators = (stuck(&here.0), stuck(&there.0));
    other.wait_for("other", Op::Renew, 20);
    assert_eq!(here.1.at_gate(), 3, "as many as one lease lasts for");
    here.1.open();
    late.wait_for("late", Op::Renew, 3 + 3);
}

#[test]
fn law_6_renewal_ends_at_the_creation_limit() {
    let server = Server::<u64>::new(Arc::new(SystemClock));
    let open = |name| {
        let region = Region::<u64>::new("shared");
        let config = Config::new(server.open(name)).lease_time(Duration::from_millis(60));
        let limit = Duration::from_millis(200);
        region.configure(config.creation_limit(limit)).unwrap();
        region
    };
    let (a, b) = (open("a"), open("b"));
    thread::scope(|scope| {
        let (late, send) = slow_creator(scope, &a);
        let answer = b.at("key").create(|| 2).unwrap();
        assert_eq!(answer.origin, Origin::Created, "it took over");
        send.send(1).unwrap();
        let late = late.join().unwrap();
        assert_eq!((late.value, late.origin), (1, Origin::Superseded));
    });
    assert_eq!(server.entry("key").map(|entry| entry.value), Some(2));
}

#[test]
fn law_6_a_lease_outlasts_no_creation_limit() {
    let (server, clock) = Server::by_hand();
    let (a, b) = (
        process(server.open("a"), &clock),
        process(server.open("b"), &clock),
    );
    let brief = a.at("key").creation_limit(LEASE / 2);
    let mut stuck = Hand::new(brief.create_async(async || std::future::pending().await));
    assert!(stuck.settle().is_pending());
    let mut heir = asking(&b, 2);
    clock.advance(LEASE / 2);
    assert!(heir.is_woken(), "the limit has come");
    assert_eq!(ready(heir.settle()), (2, Origin::Created));
}

#[test]
fn law_3_a_frozen_holders_commit_is_refused_and_its_caller_gets_its_value() {
    for form in Form::ALL {
        let (server, clock) = Server::by_hand();
        let a = process(server.open("a").form(form), &clock);
        let b = process(server.open("b").form(form), &clock);
        thread::scope(|scope| {
            let (frozen, send) = slow_creator(scope, &a);
            // Nobody renews by a clock that jumps.
            clock.advance(LEASE * 2);
            let answer = b.at("key").create(|| 2).unwrap();
            assert_eq!(answer.origin, Origin::Created, "the lease had run out");
            send.send(1).unwrap();
            let frozen = frozen.join().unwrap();
            assert_eq!((frozen.value, frozen.origin), (1, Origin::Superseded));
        });
        assert_eq!(server.entry("key").map(|entry| entry.value), Some(2));
    }
}

#[test]
fn law_6_a_cancelled_creators_lease_is_given_back() {
    for form in Form::ALL {
        let (server, clock) = Server::by_hand();
        let a = process(server.open("a").form(form), &clock);
        let b = process(server.open("b"), &clock);
        let (begun, has_begun) = mpsc::channel();
        let create = async move || {
            begun.send(()).unwrap();
            std::future::pending().await
        };
        let mut call = Hand::new(a.at("key").create_async(create));
        while call.poll().is_pending() && has_begun.try_recv().is_err() {
            call.wait();
        }
        let mut waiter = asking(&b, 5);
        drop(call);
        server.wait_for("a", Op::Release, 1);
        assert!(!a.is_being_created("key"));
        assert_eq!(ready(waiter.settle()), (5, Origin::Created), "{form:?}");
    }
}

#[test]
fn law_6_a_cancelled_creators_heir_takes_its_lease_over() {
    let (server, clock) = Server::by_hand();
    let a = process(server.open("a"), &clock);
    let b = process(server.open("b"), &clock);
    let first = stuck(&a);
    let mut heir = Hand::new(a.at("key").create_async(async || 6));
    assert!(heir.settle().is_pending());
    let mut elsewhere = asking(&b, 7);
    drop(first);
    assert!(heir.is_woken());
    assert!(!elsewhere.is_woken() && server.is_leased("key"), "no gap");
    assert_eq!(ready(heir.settle()), (6, Origin::Created));
    assert_eq!(ready(elsewhere.settle()), (6, Origin::Shared));
}

#[test]
fn law_7_a_cancelled_delegate_hands_over() {
    let (server, clock) = Server::by_hand();
    let a = process(server.open("a"), &clock);
    let b = process(server.open("b"), &clock);
    let creator = stuck(&a);
    let delegate = asking(&b, 1);
    let (mut second, mut third) = (asking(&b, 2), asking(&b, 3));
    drop(delegate);
    assert!(second.is_woken() && !third.is_woken(), "one heir");
    assert!(
        second.settle().is_pending(),
        "it waits for the other process"
    );
    a.set("key", 9).unwrap();
    assert_eq!(ready(second.settle()), (9, Origin::Shared));
    assert_eq!(ready(third.settle()), (9, Origin::Shared));
    drop(creator);
    assert_eq!(server.entry("key").map(|entry| entry.value), Some(9));
}

#[test]
fn law_7_a_delegate_hands_over_at_its_deadline() {
    let (server, clock) = Server::by_hand();
    let a = process(server.open("a"), &clock);
    let b = process(server.open("b"), &clock);
    let _creator = stuck(&a);
    let impatient = b.at("key").deadline(Duration::from_secs(1));
    let mut delegate = Hand::new(impatient.create_async(async || 1));
    assert!(delegate.settle().is_pending());
    let mut second = asking(&b, 2);
    clock.advance(Duration::from_secs(1));
    let ended = delegate.settle();
    assert!(matches!(ended, Poll::Ready(Err(Error::Deadline { .. }))));
    assert!(second.is_woken(), "the delegate's part goes on");
    assert!(second.settle().is_pending());
    clock.advance(LEASE);
    assert_eq!(
        ready(second.settle()),
        (2, Origin::Created),
        "its lease ran out"
    );
}

#[test]
fn law_7_a_delegate_that_is_a_thread_hands_over_at_its_deadline() {
    let (server, clock) = Server::by_hand();
    die_with_the_lease(&server.open("dead"));
    let b = process(server.open("b"), &clock);
    thread::scope(|scope| {
        let delegate = scope.spawn(|| {
            let call = b.at("key").deadline(Duration::from_secs(1));
            call.create(|| unreachable!("it has no lease"))
        });
        clock.wait_for_bookings(1);
        let second = scope.spawn(|| b.at("key").create(|| 2));
        clock.wait_for_bookings(2);
        clock.advance(Duration::from_secs(1));
        let ended = delegate.join().unwrap();
        assert!(matches!(ended, Err(Error::Deadline { .. })));
        clock.wait_for_bookings(3);
        clock.advance(LEASE);
        let answer = second.join().unwrap().unwrap();
        assert_eq!((answer.value, answer.origin), (2, Origin::Created));
    });
}

#[test]
fn law_6_a_call_cancelled_at_any_point_leaves_the_key_free() {
    for polls in 0..100 {
        let (server, clock) = Server::by_hand();
        let a = process(server.open("a").form(Form::Later), &clock);
        let b = process(server.open("b"), &clock);
        let create = async || {
            tokio::task::yield_now().await;
            1
        };
        let mut call = Hand::new(a.at("key").create_async(create));
        let ended = (0..polls).any(|_| call.poll().is_ready());
        drop(call);
        if ended {
            assert!(polls > 4, "every reply came later");
            return;
        }
        assert!(!a.is_being_created("key"), "after {polls} polls");
        let waiter = Hand::new(b.at("key").create_async(async || 2));
        assert_eq!(waiter.finish().unwrap().value, 2, "after {polls} polls");
        assert_eq!(a.get("key").unwrap(), Some(2));
    }
    unreachable!("the call ends");
}
