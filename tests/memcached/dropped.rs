//! Law 6: a call that is dropped at any point leaves nothing behind that others would wait for.

use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use dogpile::Region;
use dogpile::backend::block_on;
use dogpile_test_servers::Memcached as Server;

use crate::{item_of, on, server, until};

/// Polls `future` as often as `polls` says, waiting to be woken in between, and drops it. Whether
/// it ended before.
fn dropped_after<T>(polls: usize, future: impl Future<Output = T>) -> bool {
    let mut future = pin!(future);
    let mut left = polls;
    block_on(std::future::poll_fn(|context: &mut Context<'_>| {
        if left == 0 {
            return Poll::Ready(false);
        }
        left -= 1;
        future.as_mut().poll(context).map(|_| true)
    }))
}

#[test]
fn law_6_a_creation_that_is_dropped_at_any_point_frees_its_key() {
    let server = server();
    let (a, b) = (on(&server), on(&server));
    let mut sweep = 0;
    // A server that has answered by the time it is asked makes a point less.
    until("it is dropped at look, lease, creator and commit", || {
        sweep += 1;
        points_of_one_sweep(&server, &a, &b, sweep) > 4
    });
}

/// Drops a creation at one point after the other, until it ends before it is dropped. How many
/// points there were.
fn points_of_one_sweep(server: &Server, a: &Region<u64>, b: &Region<u64>, sweep: usize) -> usize {
    let mut ended = false;
    let mut polls = 0;
    while !ended {
        let key = format!("key-{polls}-of-{sweep}");
        let create = async || {
            tokio::task::yield_now().await;
            1
        };
        // `yield_now` of a runtime that is not there wakes at once.
        ended = dropped_after(polls, a.get_or_create_async(&key, create));
        // Its lease would last a minute, and this waits for two thirds of one at most.
        let creations = AtomicUsize::new(0);
        let value = b.at(&key).deadline(Duration::from_secs(40)).create(|| {
            creations.fetch_add(1, Ordering::Relaxed);
            2
        });
        let created = creations.load(Ordering::Relaxed) == 1;
        assert_eq!(value.unwrap().value, if created { 2 } else { 1 });
        // Who looks may be the first to look, so the item may say so; its flags are a value's.
        until("no lease is left", || {
            item_of(server, &key).contains(" f0 ")
        });
        polls += 1;
    }
    polls
}

#[test]
fn law_6_a_batch_that_is_dropped_at_any_point_frees_all_its_keys() {
    let server = server();
    let (a, b) = (on(&server), on(&server));
    let mut ended = false;
    let mut polls = 0;
    while !ended {
        let keys: Vec<_> = (0..20).map(|n| format!("{polls}-{n}")).collect();
        let create = async |keys: Vec<String>| {
            tokio::task::yield_now().await;
            vec![1; keys.len()]
        };
        ended = dropped_after(polls, a.get_or_create_many_async(&keys, create));
        for key in &keys {
            let made = b.at(key).deadline(Duration::from_secs(40)).create(|| 2);
            assert!(matches!(made.unwrap().value, 1 | 2));
        }
        polls += 1;
    }
    assert!(polls > 2, "it was dropped on its way");
}
