//! Python's lock, and what a lease of ours is worth beside it.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};

use dogpile_backend::{Ask, Backend, Commit, Lease, LeaseStore, Leased, Metadata, News, Span};
use dogpile_memcached::Memcached;
use dogpile_test_servers::Memcached as Server;

use crate::{LONG, ask, ask_for, commit, delete, entry, item, lock, open, set, text, win};

fn waits(store: &Memcached) -> Receiver<News> {
    let (rope, rung) = channel();
    let bell = Box::new(move |news| {
        let _ = rope.send(news);
    });
    // It stands for as long as the test.
    std::mem::forget(store.watch(b"key", bell).unwrap());
    rung
}

#[test]
fn law_1_a_lease_is_python_s_lock_and_nothing_to_read() {
    let server = Server::start(&[]).unwrap();
    let store = open(&server.url());
    let lease = win(&store);
    assert!(!lock(&server), "Python has to wait");
    // A pickle of `None`, by flags that say nothing else to any client.
    let stub = item(&server, "key");
    let head = stub.lines().next().unwrap();
    let flags = head.rsplit_once(" f").unwrap().1;
    assert_eq!(flags.parse::<u32>().unwrap() & 0b1_1111, 1);
    assert!(stub.contains("\r\nN."), "{stub}");
    assert_eq!(text(&store), None);
    assert_eq!(store.unreadable(), 0);
    assert_eq!(commit(&store, &lease), Commit::Stored);
    assert!(lock(&server), "and may go on");
}

#[test]
fn law_3_what_python_set_or_deleted_meanwhile_stands() {
    let server = Server::start(&[]).unwrap();
    let store = open(&server.url());
    for (before, sets) in [
        (None, true),
        (None, false),
        (Some(0), true),
        (Some(0), false),
        (Some(1), true),
        (Some(1), false),
    ] {
        store.delete(b"key").unwrap();
        if let Some(flags) = before {
            set(&server, "old", flags);
        }
        let lease = win(&store);
        match sets {
            // The very same bytes: only the item's number can tell.
            true => set(&server, "old", 0),
            false => delete(&server, "key"),
        }
        assert_eq!(commit(&store, &lease), Commit::Refused, "{before:?} {sets}");
        assert_eq!(text(&store).as_deref(), sets.then_some("old"));
        assert_eq!(item(&server, "_lockkey"), "", "nobody has to wait for it");
    }
}

#[test]
fn law_3_python_s_lock_is_left_to_it_whatever_is_asked() {
    let server = Server::start(&[]).unwrap();
    let store = open(&server.url());
    assert!(lock(&server));
    for supersede in [false, true] {
        let Leased::Lost { remaining, seen } = ask_for(&store, LONG, supersede) else {
            panic!("Python has it");
        };
        // It has no end, and nobody is left waiting for that.
        assert_eq!((remaining, seen), (Span::from_secs(1), None));
    }
    store.set(b"key", entry("ours"), LONG).unwrap();
    store.delete(b"key").unwrap();
    assert!(item(&server, "_lockkey").ends_with("\r\n1"));
    delete(&server, "_lockkey");
    let first = win(&store);
    let Leased::Won { lease: second, .. } = ask_for(&store, LONG, true) else {
        panic!("ours is taken over");
    };
    assert_eq!(commit(&store, &first), Commit::Refused);
    assert!(!lock(&server), "the second has it");
    assert_eq!(commit(&store, &second), Commit::Stored);
}

#[test]
fn law_3_set_and_delete_free_the_lock_of_the_lease_that_they_make_void() {
    let server = Server::start(&[]).unwrap();
    let (holder, other) = (open(&server.url()), open(&server.url()));
    for (stale, sets) in [(false, true), (false, false), (true, true), (true, false)] {
        other.delete(b"key").unwrap();
        if stale {
            set(&server, "old", 0);
        }
        let lease = win(&holder);
        match sets {
            true => other.set(b"key", entry("new"), LONG).unwrap(),
            false => other.delete(b"key").unwrap(),
        }
        assert_eq!(
            item(&server, "_lockkey"),
            "",
            "nobody waits for a void lease"
        );
        assert!(lock(&server), "Python has it next");
        assert_eq!(commit(&holder, &lease), Commit::Refused);
        assert!(!lock(&server), "and keeps it");
        delete(&server, "_lockkey");
        assert_eq!(text(&other).as_deref(), sets.then_some("new"));
    }
}

#[test]
fn law_3_a_holder_whose_lock_was_succeeded_stores_nothing() {
    let server = Server::start(&[]).unwrap();
    let (late, next) = (open(&server.url()), open(&server.url()));
    for stale in [false, true] {
        next.delete(b"key").unwrap();
        if stale {
            set(&server, "old", 0);
        }
        let lease = win(&late);
        // As it is when its time is up, or a creator of Python's that was too slow has ended.
        delete(&server, "_lockkey");
        let theirs = win(&next);
        assert_eq!(commit(&late, &lease), Commit::Refused);
        assert!(!lock(&server), "what is the next one's is left to it");
        assert_eq!(commit(&next, &theirs), Commit::Stored);
    }
}

/// An asker that something befalls each time it has seen a value and not taken anything for it yet.
fn ask_while(
    store: &Memcached,
    held: Option<Lease>,
    befalls: impl FnMut() -> bool + Send,
) -> Leased<dogpile_backend::Payload> {
    let befalls = Mutex::new(befalls);
    let fresh = |_: &Metadata| (befalls.lock().unwrap())();
    let old = store.get(b"key").unwrap().unwrap();
    let ask = Ask {
        fresh: &fresh,
        held,
        stale: Some(old.metadata.stamp),
        supersede: false,
        time: LONG,
    };
    store.lease(b"key", ask).wait().unwrap()
}

#[test]
fn law_3_a_slow_asker_does_not_void_the_lease_of_a_refresh_that_began_after_it() {
    let server = Server::start(&[]).unwrap();
    let (slow, refreshes) = (open(&server.url()), open(&server.url()));
    // The refresh comes before the slow one has the lock, and when it has it and is about to look again.
    for seen_before in [0, 1] {
        set(&server, "old", 0);
        let (mut seen, mut last) = (0, None);
        let asked = ask_while(&slow, None, || {
            match seen - seen_before {
                0 => last = Some(ask_for(&refreshes, LONG, true)),
                -1 => set(&server, "older", 0),
                _ => {}
            }
            seen += 1;
            false
        });
        assert!(matches!(asked, Leased::Lost { .. }), "{asked:?}");
        let Some(Leased::Won { lease, .. }) = last else {
            panic!("a refresh takes ours over");
        };
        assert_eq!(commit(&refreshes, &lease), Commit::Stored, "{seen_before}");
        assert_eq!(text(&slow).as_deref(), Some("late"));
        assert_eq!(item(&server, "_lockkey"), "");
    }
}

#[test]
fn law_3_a_lease_whose_lock_ran_out_is_good_until_another_is_given() {
    let each = [(false, false), (false, true), (true, false), (true, true)];
    let late = each.map(|(stale, is_taken)| {
        let server = Server::start(&[]).unwrap();
        let store = open(&server.url());
        if stale {
            set(&server, "old", 0);
        }
        let Leased::Won { lease, .. } = ask_for(&store, Span::from_secs(1), false) else {
            panic!("nobody has it");
        };
        (server, store, lease, is_taken)
    });
    for (server, store, lease, is_taken) in late {
        // As where many calls go over a long way: nobody came to renew it.
        while !item(&server, "_lockkey").is_empty() {
            std::thread::yield_now();
        }
        let theirs = is_taken.then(|| win(&open(&server.url())));
        let wanted = match is_taken {
            true => Commit::Refused,
            false => Commit::Stored,
        };
        assert_eq!(commit(&store, &lease), wanted);
        assert_eq!(item(&server, "_lockkey").is_empty(), theirs.is_none());
    }
}

#[test]
fn law_6_who_holds_a_lease_and_finds_a_fresh_value_frees_the_lock() {
    let server = Server::start(&[]).unwrap();
    let store = open(&server.url());
    set(&server, "old", 0);
    let lease = win(&store);
    set(&server, "fresh", 0);
    let asked = ask_while(&store, Some(lease), || true);
    assert!(matches!(asked, Leased::Fresh(_)), "{asked:?}");
    assert_eq!(item(&server, "_lockkey"), "", "Python has not to wait");
}

#[test]
fn law_6_a_lock_that_python_deleted_is_put_back_unless_another_has_it() {
    let server = Server::start(&[]).unwrap();
    let store = open(&server.url());
    for stale in [false, true] {
        store.delete(b"key").unwrap();
        if stale {
            set(&server, "old", 0);
        }
        let lease = win(&store);
        delete(&server, "_lockkey");
        let renewed = || store.renew(b"key", &lease, LONG).wait().unwrap();
        assert_eq!(renewed(), Commit::Stored);
        assert!(!lock(&server), "it is there again");
        delete(&server, "_lockkey");
        assert!(lock(&server));
        assert_eq!(renewed(), Commit::Refused);
        assert_eq!(commit(&store, &lease), Commit::Refused);
        assert!(!lock(&server), "Python's is left to it");
        delete(&server, "_lockkey");
    }
}

#[test]
fn law_6_a_lease_that_was_renewed_lasts_and_takes_no_value_with_it() {
    let server = Server::start(&[]).unwrap();
    let store = open(&server.url());
    let left = |key: &str| {
        let answer = server.ask(&format!("mg {key} t")).unwrap();
        let word = answer.trim_end().strip_prefix("HD t").unwrap().to_owned();
        word.parse::<i64>().unwrap()
    };
    let second = Span::from_secs(1);
    let Leased::Won { lease, .. } = ask_for(&store, second, false) else {
        panic!("nobody has it");
    };
    assert!(left("_lockkey") <= 2);
    store.renew(b"key", &lease, LONG).wait().unwrap();
    assert!(left("_lockkey") > 3_500 && left("key") > 3_500);
    store.release(b"key", &lease, false).wait().unwrap();
    assert_eq!(
        (item(&server, "_lockkey"), item(&server, "key")),
        (String::new(), String::new())
    );
    // A value without an end keeps having none; one with an end outlives the lease beside it.
    for (ttl, wanted) in [
        (Span::FOREVER, -1..=-1),
        (Span::from_secs(1_000), 3_500..=3_602),
        (Span::from_secs(9_000), 8_900..=9_001),
    ] {
        store.set(b"key", entry("old"), ttl).unwrap();
        let lease = win(&store);
        assert_eq!(text(&store).as_deref(), Some("old"));
        store.renew(b"key", &lease, LONG).wait().unwrap();
        store.release(b"key", &lease, true).wait().unwrap();
        assert!(wanted.contains(&left("key")), "{} of {ttl:?}", left("key"));
    }
}

#[test]
fn law_6_a_lease_whose_connection_is_gone_frees_the_lock_all_the_same() {
    let server = Server::start(&[]).unwrap();
    let wire = server.wire().unwrap();
    let store = open(&format!("memcached://{}", wire.address()));
    let lease = win(&store);
    wire.cut();
    // It is void: on another connection its number may be another item's.
    let end = store.commit(b"key", &lease, entry("late"), LONG).wait();
    assert!(!matches!(end, Ok(Commit::Stored)), "{end:?}");
    assert_eq!(text(&store), None);
    assert_eq!(item(&server, "_lockkey"), "");
}

#[test]
fn law_5_a_failure_is_heard_by_those_who_wait_and_not_by_those_who_come_later() {
    let server = Server::start(&[]).unwrap();
    let (holder, other) = (open(&server.url()), open(&server.url()));
    let lease = win(&holder);
    let rung = waits(&other);
    holder.release(b"key", &lease, true).wait().unwrap();
    assert_eq!(rung.recv().unwrap(), News::Failed);
    // Python takes the lock while the word of that failure still stands, and fails too.
    assert!(lock(&server));
    assert!(matches!(ask(&other), Leased::Lost { .. }));
    let later = waits(&other);
    delete(&server, "_lockkey");
    assert_eq!(later.recv().unwrap(), News::Changed);
}

#[test]
fn law_7_who_watches_is_rung_for_what_changes_and_not_at_each_look() {
    let server = Server::start(&[]).unwrap();
    let store = open(&server.url());
    set(&server, "old", 0);
    let rung = waits(&store);
    assert_eq!(rung.recv().unwrap(), News::Changed, "it is free");
    let looks = |count: u64| {
        let reads = || server.count("cmd_get").unwrap();
        let before = reads();
        while reads() < before + count {
            std::thread::yield_now();
        }
    };
    looks(8);
    assert!(rung.try_recv().is_err(), "nothing has changed");
    set(&server, "new", 0);
    assert_eq!(rung.recv().unwrap(), News::Changed);
    assert!(lock(&server));
    looks(8);
    assert!(rung.try_recv().is_err(), "it is held");
    delete(&server, "_lockkey");
    assert_eq!(rung.recv().unwrap(), News::Changed, "it is free again");
}
