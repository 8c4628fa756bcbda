//! Beside Python's dogpile.cache, which is played here by plain commands: those that it sends. The real
//! one is asked by `cargo xtask interop`.

use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use dogpile::backend::Fault;
use dogpile::{Compatibility, Error, OnStoreFailure, Origin, RedisSettings, Region};
use dogpile_test_servers::{Cluster, Flavour, Server};

use crate::{config, creating, listeners, process, server, settings, until, waiting};

/// As `uuid.uuid1().hex` spells it.
const PYTHON_S: &str = "0123456789abcdef0123456789abcdef";

fn beside(settings: RedisSettings) -> RedisSettings {
    settings.compatibility(Compatibility::Python)
}

fn on(server: &Server) -> Region<u64> {
    process(config(beside(settings(&server.url()))))
}

/// Values are stale at once, and for long.
fn stale_on(server: &Server) -> Region<u64> {
    let config = config(beside(settings(&server.url())));
    let config = config.fresh_for(Duration::from_millis(1));
    process(config.stale_for(Duration::from_secs(3_600)))
}

/// Python's `region.set`.
fn set(server: &Server, key: &str, value: u64) {
    server.ask(&["SET", key, &record(value)]).unwrap();
}

fn record(value: u64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    format!("{{\"ct\": {:?}, \"v\": 2}}|{value}", now.as_secs_f64())
}

/// Python's mutex, without a `lock_timeout`.
fn lock(server: &Server) {
    let answer = server.ask(&["SET", "_lockkey", PYTHON_S, "NX"]).unwrap();
    assert_eq!(answer, "OK", "nobody has it");
}

fn holder(server: &Server) -> Option<String> {
    let reply = server.reply(&["GET", "_lockkey"]).unwrap();
    reply.text().map(str::to_owned)
}

#[test]
fn what_either_writes_the_other_reads() {
    let server = server();
    let region = on(&server);
    set(&server, "theirs", 7);
    assert_eq!(region.get("theirs").unwrap(), Some(7));
    region.set("ours", 8).unwrap();
    let bytes = server.ask(&["GET", "ours"]).unwrap();
    // A split at the first bar, a JSON object before it and the payload after it.
    let (header, payload) = bytes.split_once('|').unwrap();
    assert!(
        header.starts_with("{\"ct\": ") && header.contains(", \"v\": 2, "),
        "{header}"
    );
    assert!(header.ends_with('}'), "{header}");
    assert_eq!(payload, "8");
    let created = region.metadata("ours").unwrap().unwrap().metadata.created;
    let seconds: f64 = header[7..].split(',').next().unwrap().parse().unwrap();
    let exactly = Duration::from_nanos(created.as_nanos()).as_secs_f64();
    assert!((seconds - exactly).abs() < 1e-6, "{seconds} {exactly}");
}

#[test]
fn law_9_a_pickle_is_a_miss_and_heals() {
    let server = server();
    let region = on(&server);
    // The pickle of 7, in the protocol that is the default.
    let pickle = record(0).replace("|0", "|\u{5}K\u{7}.");
    server.ask(&["SET", "key", &pickle]).unwrap();
    assert_eq!(region.get("key").unwrap(), None);
    let answer = region.at("key").create(|| 8).unwrap();
    assert_eq!((answer.value, answer.origin), (8, Origin::Created));
    assert_eq!(region.get("key").unwrap(), Some(8));
}

#[test]
fn law_7_who_waits_for_python_s_lock_is_woken_by_its_value() {
    let server = server();
    let region = on(&server);
    lock(&server);
    thread::scope(|scope| {
        let waiter = waiting(scope, &server, &region, || unreachable!("Python creates"));
        set(&server, "key", 7);
        let answer = waiter.join().unwrap().unwrap();
        assert_eq!((answer.value, answer.origin), (7, Origin::Shared));
    });
    assert_eq!(holder(&server).as_deref(), Some(PYTHON_S));
}

#[test]
fn law_7_who_waits_for_python_s_lock_is_woken_by_its_release() {
    let server = server();
    let region = on(&server);
    lock(&server);
    thread::scope(|scope| {
        // Its creator failed: there is no value, and the lock has no end that could be waited for.
        let waiter = waiting(scope, &server, &region, || 8);
        server.ask(&["DEL", "_lockkey"]).unwrap();
        let answer = waiter.join().unwrap().unwrap();
        assert_eq!((answer.value, answer.origin), (8, Origin::Created));
    });
    assert_eq!(holder(&server), None);
}

#[test]
fn law_7_who_waits_for_python_s_lock_is_woken_as_often_as_it_changes_hands() {
    let server = server();
    let region = on(&server);
    lock(&server);
    thread::scope(|scope| {
        let waiter = waiting(scope, &server, &region, || 8);
        for _ in 0..10 {
            let before = crate::scripts_run(&server);
            server.ask(&["SET", "_lockkey", PYTHON_S]).unwrap();
            until("it has looked", || crate::scripts_run(&server) > before);
        }
        server.ask(&["DEL", "_lockkey"]).unwrap();
        assert_eq!(waiter.join().unwrap().unwrap().value, 8);
    });
}

#[test]
fn law_7_where_the_server_tells_nobody_who_waits_looks_by_itself() {
    let server = server();
    let rules = ["ACL", "SETUSER", "deaf", "on", ">pw", "~*", "&*", "+@all"];
    let rules: Vec<_> = rules.into_iter().chain(["-client|tracking"]).collect();
    server.ask(&rules).unwrap();
    let deaf = settings(&server.url()).username("deaf").password("pw");
    let region = process(config(beside(deaf)));
    for key in ["_lockkey", "key"] {
        lock(&server);
        thread::scope(|scope| {
            let waiter = waiting(scope, &server, &region, || 7);
            if key == "key" {
                set(&server, "key", 7);
            } else {
                server.ask(&["DEL", "_lockkey"]).unwrap();
            }
            assert_eq!(waiter.join().unwrap().unwrap().value, 7);
        });
        server.ask(&["DEL", "key"]).unwrap();
        until("nobody listens any more", || listeners(&server, "key") == 0);
    }
}

#[test]
fn law_6_a_dead_python_s_lock_is_taken_over_when_it_has_run_out() {
    let server = server();
    let dead = ["SET", "_lockkey", PYTHON_S, "NX", "PX", "200"];
    server.ask(&dead).unwrap();
    assert_eq!(on(&server).get_or_create("key", || 8).unwrap(), 8);
}

#[test]
fn law_4_a_stale_value_of_python_s_is_served_while_it_renews_it() {
    let server = server();
    let region = stale_on(&server);
    set(&server, "key", 1);
    until("it is stale", || {
        region.metadata("key").unwrap().unwrap().verdict == dogpile::Verdict::Stale
    });
    lock(&server);
    let answer = region
        .at("key")
        .create(|| unreachable!("Python creates"))
        .unwrap();
    assert_eq!((answer.value, answer.origin), (1, Origin::Stale));
    server.ask(&["DEL", "_lockkey"]).unwrap();
    let answer = region.at("key").create(|| 2).unwrap();
    assert_eq!((answer.value, answer.origin), (2, Origin::Created));
    assert_eq!(holder(&server), None);
}

type Put<'s> = dyn Fn(&Region<u64>) + 's;

#[test]
fn law_3_what_python_set_or_deleted_meanwhile_stands() {
    let server = server();
    // What was there before the creation: nothing, a value of Python's, one of ours.
    let nothing = |_: &Region<u64>| {};
    let theirs = |_: &Region<u64>| set(&server, "key", 1);
    let ours = |region: &Region<u64>| region.set("key", 1).unwrap();
    let before: [&Put<'_>; 3] = [&nothing, &theirs, &ours];
    let set_it = || set(&server, "key", 3);
    let delete_it = || drop(server.ask(&["DEL", "key"]).unwrap());
    let meanwhile: [(&dyn Fn(), _); 2] = [(&set_it, Some(3)), (&delete_it, None)];
    for (number, put) in before.iter().enumerate() {
        for (act, left) in meanwhile {
            if number == 0 && left.is_none() {
                continue; // nothing before and nothing after: nobody can see that
            }
            server.ask(&["DEL", "key"]).unwrap();
            let region = stale_on(&server);
            put(&region);
            until("there is nothing fresh", || {
                region.get("key").unwrap().is_none()
            });
            thread::scope(|scope| {
                let creator = creating(scope, &region);
                act();
                let late = creator.end_with(2).unwrap();
                assert_eq!((late.value, late.origin), (2, Origin::Superseded));
            });
            let found = on(&server).get("key").unwrap();
            assert_eq!(found, left, "{number}");
            assert_eq!(holder(&server), None, "what is void stands in nobody's way");
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
    lock(&server);
    b.set("key", 7).unwrap();
    b.delete("key").unwrap();
    assert_eq!(holder(&server).as_deref(), Some(PYTHON_S));
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
    lock(&server);
    thread::scope(|scope| {
        let (before, region) = (crate::listeners(&server, "key"), &b);
        let refresher = scope.spawn(move || refresh(region, 4));
        until("it waits", || crate::listeners(&server, "key") > before);
        set(&server, "key", 3);
        server.ask(&["DEL", "_lockkey"]).unwrap();
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
}

#[test]
fn a_cluster_takes_keys_with_a_tag_and_says_so_of_others() {
    let cluster = Cluster::start(Flavour::Redis).unwrap();
    let settings = RedisSettings::cluster(cluster.urls()).timeout(Duration::from_secs(10));
    let config = config(beside(settings)).on_store_failure(OnStoreFailure::Fail);
    let region = process(config);
    let refusals = [
        region.get("key").map(drop),
        region.set("key", 1),
        region.delete("key").map(drop),
        region.get_or_create("key", || 1).map(drop),
    ];
    for refusal in refusals {
        let Err(Error::Store(error)) = refusal else {
            panic!("a key without a tag is refused: {refusal:?}");
        };
        assert_eq!(error.fault, Fault::Refused, "{error}");
        assert!(error.to_string().contains("hash tag"), "{error}");
    }
    let node = cluster.master_of("{42}key").unwrap();
    node.ask(&["SET", "_lock{42}key", PYTHON_S, "NX"]).unwrap();
    thread::scope(|scope| {
        let region = &region;
        let waiter = scope.spawn(move || region.at("{42}key").create(|| 8));
        until("it waits", || region.is_being_created("{42}key"));
        node.ask(&["DEL", "_lock{42}key"]).unwrap();
        assert_eq!(waiter.join().unwrap().unwrap().value, 8);
    });
    assert_eq!(region.get("{42}key").unwrap(), Some(8));
}
