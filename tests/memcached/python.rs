//! Beside Python's dogpile.cache, which is played here by plain commands: those that its clients send. The
//! real one is asked by `cargo xtask interop`.

use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use dogpile::{Compatibility, Config, Error, Invalidation, Origin, Region};
use dogpile_test_servers::{LongWay, Memcached as Server};

use crate::{config, creating, process, server, settings, until, waiting};

fn on(server: &Server) -> Region<u64> {
    let settings = settings(&server.url()).compatibility(Compatibility::Python);
    process(config(settings))
}

/// Values are stale at once, and for long.
fn stale_on(server: &Server) -> Region<u64> {
    let settings = settings(&server.url()).compatibility(Compatibility::Python);
    let config = config(settings).fresh_for(Duration::from_millis(1));
    process(config.stale_for(Duration::from_secs(3_600)))
}

/// Python's `region.set`.
fn set(server: &Server, value: u64) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let record = format!("{{\"ct\": {:?}, \"v\": 2}}|{value}", now.as_secs_f64());
    let request = format!("set key 0 0 {}\r\n{record}", record.len());
    assert_eq!(server.ask(&request).unwrap(), "STORED\r\n");
}

/// Python's mutex, for so many seconds or, where that is 0, for ever.
fn lock(server: &Server, seconds: u32) {
    let answer = server.ask(&format!("add _lockkey 2 {seconds} 1\r\n1"));
    assert_eq!(answer.unwrap(), "STORED\r\n", "nobody has it");
}

fn unlock(server: &Server) {
    server.ask("delete _lockkey").unwrap();
}

fn is_locked(server: &Server) -> bool {
    server.ask("mg _lockkey").unwrap().starts_with("HD")
}

#[test]
fn what_either_writes_the_other_reads() {
    let server = server();
    let region = on(&server);
    set(&server, 7);
    assert_eq!(region.get("key").unwrap(), Some(7));
    region.set("key", 8).unwrap();
    let item = server.ask("mg key f v").unwrap();
    let (head, record) = item.trim_end().split_once("\r\n").unwrap();
    assert!(head.ends_with(" f0"), "bytes to its clients: {head}");
    let (header, payload) = record.split_once('|').unwrap();
    assert!(header.starts_with("{\"ct\": ") && header.contains(", \"v\": 2, "));
    assert!(header.ends_with('}'), "{header}");
    assert_eq!(payload, "8");
    let created = region.metadata("key").unwrap().unwrap().metadata.created;
    let seconds: f64 = header[7..].split(',').next().unwrap().parse().unwrap();
    let exactly = Duration::from_nanos(created.as_nanos()).as_secs_f64();
    assert!((seconds - exactly).abs() < 1e-6, "{seconds} {exactly}");
}

#[test]
fn law_9_a_pickle_is_a_miss_and_heals() {
    let server = server();
    let region = on(&server);
    // What dogpile.cache has its clients store unless it is given a serializer.
    server.ask("set key 1 0 2\r\nN.").unwrap();
    assert_eq!(region.get("key").unwrap(), None);
    let answer = region.at("key").create(|| 8).unwrap();
    assert_eq!((answer.value, answer.origin), (8, Origin::Created));
    assert_eq!(region.get("key").unwrap(), Some(8));
}

#[test]
fn law_7_who_waits_for_python_s_lock_is_told_of_its_value() {
    let server = server();
    let region = on(&server);
    lock(&server, 0);
    thread::scope(|scope| {
        let waiter = waiting(scope, &server, &region, || unreachable!("Python creates"));
        set(&server, 7);
        unlock(&server);
        let answer = waiter.join().unwrap().unwrap();
        assert_eq!((answer.value, answer.origin), (7, Origin::Shared));
    });
}

#[test]
fn law_7_who_waits_for_python_s_lock_has_it_next_when_it_failed() {
    let server = server();
    let region = on(&server);
    lock(&server, 0);
    thread::scope(|scope| {
        // There is no value, and the lock has no end that could be waited for.
        let waiter = waiting(scope, &server, &region, || 8);
        unlock(&server);
        let answer = waiter.join().unwrap().unwrap();
        assert_eq!((answer.value, answer.origin), (8, Origin::Created));
    });
    assert!(!is_locked(&server));
}

#[test]
fn law_6_a_dead_python_s_lock_is_taken_over_when_it_has_run_out() {
    let server = server();
    lock(&server, 1);
    assert_eq!(on(&server).get_or_create("key", || 8).unwrap(), 8);
}

#[test]
fn law_4_a_stale_value_of_python_s_is_served_while_it_renews_it() {
    let server = server();
    let region = stale_on(&server);
    set(&server, 1);
    until("it is stale", || {
        region.metadata("key").unwrap().unwrap().verdict == dogpile::Verdict::Stale
    });
    lock(&server, 0);
    let create = || unreachable!("Python creates");
    let answer = region.at("key").create(create).unwrap();
    assert_eq!((answer.value, answer.origin), (1, Origin::Stale));
    unlock(&server);
    let answer = region.at("key").create(|| 2).unwrap();
    assert_eq!((answer.value, answer.origin), (2, Origin::Created));
    assert!(!is_locked(&server));
}

#[test]
fn law_3_what_python_set_or_deleted_meanwhile_stands() {
    let server = server();
    for stale in [false, true] {
        for left in [Some(3), None] {
            server.ask("delete key").unwrap();
            let region = stale_on(&server);
            if stale {
                set(&server, 1);
            }
            until("there is nothing fresh", || {
                region.get("key").unwrap().is_none()
            });
            thread::scope(|scope| {
                let creator = creating(scope, &region);
                match left {
                    Some(value) => set(&server, value),
                    None => drop(server.ask("delete key").unwrap()),
                }
                let late = creator.end_with(2).unwrap();
                assert_eq!((late.value, late.origin), (2, Origin::Superseded));
            });
            assert_eq!(on(&server).get("key").unwrap(), left, "{stale}");
            assert!(!is_locked(&server), "what is void stands in nobody's way");
        }
    }
}

#[test]
fn law_3_set_and_delete_void_our_leases_and_leave_python_s_lock() {
    let server = server();
    let (a, b) = (on(&server), on(&server));
    thread::scope(|scope| {
        let creator = creating(scope, &a);
        b.set("key", 5).unwrap();
        assert_eq!(creator.end_with(4).unwrap().origin, Origin::Superseded);
        b.delete("key").unwrap();
        let creator = creating(scope, &a);
        b.delete("key").unwrap();
        assert_eq!(creator.end_with(6).unwrap().origin, Origin::Superseded);
    });
    lock(&server, 0);
    b.set("key", 7).unwrap();
    b.delete("key").unwrap();
    assert!(is_locked(&server));
}

#[test]
fn law_3_a_refresh_supersedes_ours_and_waits_for_python_s() {
    let server = server();
    let (a, b) = (on(&server), on(&server));
    let refresh = |region: &Region<u64>, value| region.refresh("key", || Ok::<_, Error>(value));
    thread::scope(|scope| {
        let early = creating(scope, &a);
        assert_eq!(refresh(&b, 2).unwrap(), 2);
        assert_eq!(early.end_with(1).unwrap().origin, Origin::Superseded);
    });
    lock(&server, 0);
    thread::scope(|scope| {
        let reads = || server.count("cmd_get").unwrap();
        let (before, region) = (reads(), &b);
        let refresher = scope.spawn(move || refresh(region, 4));
        until("it waits", || reads() >= before + 4);
        set(&server, 3);
        unlock(&server);
        assert_eq!(refresher.join().unwrap().unwrap(), 4);
    });
    assert_eq!(a.get("key").unwrap(), Some(4), "the refresh came last");
}

#[test]
fn law_5_one_failing_call_is_heard_in_every_process_of_ours() {
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
    assert!(!is_locked(&server), "Python may go on");
}

#[test]
fn law_11_an_invalidation_is_seen_by_our_processes_and_counts_python_s_values_by_their_time() {
    let server = server();
    let (a, b) = (on(&server), on(&server));
    // A minute before: beyond what clocks may differ.
    let created = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() - Duration::from_secs(60);
    let record = format!("{{\"ct\": {:?}, \"v\": 2}}|7", created.as_secs_f64());
    let request = format!("set key 0 0 {}\r\n{record}", record.len());
    server.ask(&request).unwrap();
    assert_eq!(b.get("key").unwrap(), Some(7));
    a.invalidate(Invalidation::Hard).unwrap();
    assert_eq!(a.get("key").unwrap(), None);
    until("the other has heard", || b.get("key").unwrap().is_none());
    assert!(server.ask("mg dogpile:e:shared").unwrap().starts_with("HD"));
}

#[test]
fn it_is_had_by_name() {
    let server = server();
    let url = server.url();
    for (word, flags) in [("python", " f0"), ("python-bmemcached", " f16")] {
        let words = [
            ("backend", "memcached"),
            ("arguments.url", &*url),
            ("arguments.prefix", "shop:"),
            ("arguments.compatibility", word),
        ];
        let region = process(Config::<u64>::from_map(words, "").unwrap());
        region.set("key", 7).unwrap();
        let item = server.ask("mg shop:key f v").unwrap();
        let head = item.lines().next().unwrap();
        assert!(head.ends_with(flags), "{item}");
    }
}

#[test]
fn a_lease_that_a_server_without_version_numbers_cannot_have_leaves_no_lock() {
    let server = Server::start(&["-C"]).unwrap();
    let region = on(&server);
    for _ in 0..2 {
        let made = region.at("key").create(|| 1).unwrap();
        assert_eq!(made.origin, Origin::NotStored);
        assert!(!is_locked(&server), "Python would wait for it");
    }
}

#[test]
fn law_3_a_batch_that_takes_longer_than_its_locks_is_stored() {
    let server = server();
    let way = LongWay::to(server.address()).unwrap();
    let far = settings(&format!("memcached://{}", way.address()));
    let far = config(far.compatibility(Compatibility::Python));
    // Its renewals have their turn among all its calls: too late.
    let region = process(far.lease_time(Duration::from_secs(1)));
    let keys: Vec<_> = (0..64).map(|number| format!("key:{number}")).collect();
    let values: Vec<u64> = (0..64).collect();
    let mut created = 0;
    let made = region.get_or_create_many(&keys, |asked| {
        created += asked.len();
        values.clone()
    });
    assert_eq!(made.unwrap(), values);
    assert_eq!(created, 64);
    let stored = values.iter().copied().map(Some).collect::<Vec<_>>();
    assert_eq!(on(&server).get_many(&keys).unwrap(), stored);
}
