//! What holds among processes while all is well.

use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use dogpile::{Error, Origin};

use crate::{config, creating, lease_of, on, process, server, settings, waiting};

#[test]
fn law_1_two_processes_of_threads_and_tasks_create_once() {
    let server = server();
    let processes = [on(&server), on(&server)];
    let (creations, start) = (AtomicUsize::new(0), Barrier::new(32));
    let create = || {
        // Everybody is on the way by now; a second creator would not be hidden by the first's speed.
        creations.fetch_add(1, Ordering::Relaxed);
        7
    };
    thread::scope(|scope| {
        for number in 0..32 {
            let (region, start) = (&processes[number % 2], &start);
            scope.spawn(move || {
                start.wait();
                let value = if number % 4 < 2 {
                    region.get_or_create("key", create).unwrap()
                } else {
                    dogpile::backend::block_on(region.get_or_create_async("key", async || create()))
                        .unwrap()
                };
                assert_eq!(value, 7);
            });
        }
    });
    assert_eq!(creations.load(Ordering::Relaxed), 1);
}

#[test]
fn law_7_a_waiter_in_another_process_is_woken_with_the_value() {
    let server = server();
    let (a, b) = (on(&server), on(&server));
    thread::scope(|scope| {
        let creator = creating(scope, &a);
        let waiter = waiting(scope, &server, &b, || unreachable!("another creates"));
        assert_eq!(creator.end_with(3).unwrap().origin, Origin::Created);
        let answer = waiter.join().unwrap().unwrap();
        assert_eq!((answer.value, answer.origin), (3, Origin::Shared));
    });
}

#[test]
fn law_5_one_failing_call_is_heard_in_every_process() {
    let server = server();
    let (a, b) = (on(&server), on(&server));
    let (failing, may_fail) = std::sync::mpsc::channel::<()>();
    let (begun, has_begun) = std::sync::mpsc::channel();
    thread::scope(|scope| {
        let region = &a;
        let creator = scope.spawn(move || {
            region.get_or_try_create("key", || {
                begun.send(()).unwrap();
                may_fail.recv().unwrap();
                Err::<u64, _>("no such user")
            })
        });
        has_begun.recv().unwrap();
        let waiter = waiting(scope, &server, &b, || {
            unreachable!("one failing call for all")
        });
        failing.send(()).unwrap();
        assert!(matches!(creator.join().unwrap(), Err(Error::Creator(_))));
        let heard = waiter.join().unwrap();
        assert!(
            matches!(heard, Err(Error::CreatorFailedElsewhere { .. })),
            "{heard:?}"
        );
    });
    assert_eq!(lease_of(&server, "key"), None, "the lease is free at once");
    assert_eq!(b.get_or_create("key", || 4).unwrap(), 4);
}

#[test]
fn law_4_a_stale_value_is_served_at_once_in_every_process() {
    let server = server();
    let short = || config(settings(&server.url())).fresh_for(Duration::from_millis(1));
    let short = || process(short().stale_for(Duration::from_secs(3_600)));
    let (a, b) = (short(), short());
    a.set("key", 1).unwrap();
    crate::until("it is stale", || {
        a.metadata("key").unwrap().unwrap().verdict == dogpile::Verdict::Stale
    });
    thread::scope(|scope| {
        let creator = creating(scope, &a);
        let served = b
            .at("key")
            .create(|| unreachable!("another creates"))
            .unwrap();
        assert_eq!((served.value, served.origin), (1, Origin::Stale));
        assert_eq!(creator.end_with(2).unwrap().value, 2);
    });
}

#[test]
fn law_3_what_was_set_or_deleted_elsewhere_is_not_overwritten() {
    let server = server();
    let (a, b) = (on(&server), on(&server));
    thread::scope(|scope| {
        let creator = creating(scope, &a);
        b.set("key", 5).unwrap();
        let late = creator.end_with(4).unwrap();
        assert_eq!((late.value, late.origin), (4, Origin::Superseded));
        assert_eq!(b.get("key").unwrap(), Some(5));
        b.delete("key").unwrap();
        let creator = creating(scope, &a);
        b.delete("key").unwrap();
        assert_eq!(creator.end_with(6).unwrap().origin, Origin::Superseded);
        assert_eq!(
            b.get("key").unwrap(),
            None,
            "a deleted value never comes back"
        );
    });
}

#[test]
fn law_3_the_refresh_that_started_last_wins() {
    let server = server();
    let (a, b) = (on(&server), on(&server));
    thread::scope(|scope| {
        let early = creating(scope, &a);
        assert_eq!(b.refresh("key", || Ok::<_, Error>(2)).unwrap(), 2);
        assert_eq!(early.end_with(1).unwrap().origin, Origin::Superseded);
        assert_eq!(a.get("key").unwrap(), Some(2));
    });
}

#[test]
fn law_6_a_dead_process_s_lease_is_taken_over_when_it_has_run_out() {
    let server = server();
    let b = on(&server);
    let holder = ["SET", "dogpile:l:{key}", "a process that died", "PX", "200"];
    server.ask(&holder).unwrap();
    assert_eq!(b.get_or_create("key", || 8).unwrap(), 8);
}

#[test]
fn law_6_a_creator_beyond_its_limit_is_taken_over_and_its_commit_refused() {
    let server = server();
    let brief = Duration::from_millis(150);
    let limited = || {
        let config = config(settings(&server.url()));
        process(config.lease_time(brief).creation_limit(brief * 2))
    };
    let (a, b) = (limited(), limited());
    thread::scope(|scope| {
        let slow = creating(scope, &a);
        assert_eq!(b.get_or_create("key", || 2).unwrap(), 2, "it takes over");
        let late = slow.end_with(1).unwrap();
        assert_eq!((late.value, late.origin), (1, Origin::Superseded));
    });
    assert_eq!(b.get("key").unwrap(), Some(2));
}

#[test]
fn law_6_a_live_slow_creator_keeps_its_lease() {
    let server = server();
    // So long that a busy machine still gets to renew it.
    let brief = Duration::from_millis(600);
    let renewing = || process(config(settings(&server.url())).lease_time(brief));
    let (a, b) = (renewing(), renewing());
    thread::scope(|scope| {
        let slow = creating(scope, &a);
        let token = lease_of(&server, "key");
        let waiter = waiting(scope, &server, &b, || unreachable!("the creator lives"));
        let begun = std::time::Instant::now();
        crate::until("three lease times have passed", || {
            assert_eq!(
                lease_of(&server, "key"),
                token,
                "it is renewed, and not another's"
            );
            begun.elapsed() > brief * 3
        });
        assert_eq!(slow.end_with(1).unwrap().origin, Origin::Created);
        assert_eq!(waiter.join().unwrap().unwrap().value, 1);
    });
}
