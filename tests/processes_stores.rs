//! Law 6 where one process uses several stores: what becomes of one is nothing to the leases of another.
#![allow(clippy::unwrap_used)] // what a test cannot go on without, fails it

mod stores;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use dogpile::Region;
use stores::{Form, Hand, Op, Server};

const HOUR: Duration = Duration::from_hours(1);

#[test]
fn law_6_a_store_that_never_answers_keeps_no_other_s_lease_from_renewal() {
    for form in [Form::Blocking, Form::Later] {
        let open = |server: &Arc<Server<u64>>, clock, name| {
            let (map, region) = (server.open(name).form(form), Region::<u64>::new("shared"));
            let faults = map.faults();
            let config = map.config(clock).lease_time(Duration::from_millis(60));
            region.configure(config.creation_limit(HOUR)).unwrap();
            (region, faults)
        };
        let begun = AtomicUsize::new(0);
        let create = async || {
            begun.fetch_add(1, Ordering::Relaxed);
            std::future::pending::<u64>().await
        };
        // Where the store answers late, some of this goes on in its own threads.
        let to_its_creator = |call: &mut Hand<'_, _>| {
            let before = begun.load(Ordering::Relaxed);
            while begun.load(Ordering::Relaxed) == before {
                assert!(call.poll().is_pending());
            }
        };
        let ((stuck, its_clock), (server, clock)) = (Server::by_hand(), Server::by_hand());
        let (silent, faults) = open(&stuck, &its_clock, "stuck");
        faults.close(&[Op::Renew]);
        let keys: Vec<_> = (0..8).map(|number| format!("key:{number}")).collect();
        let call = |key| {
            let mut call = Hand::new(silent.at(key).create_async(create));
            to_its_creator(&mut call);
            call
        };
        let calls: Vec<_> = keys.iter().map(call).collect();
        faults.wait_at_gate(2);
        let (region, _) = open(&server, &clock, "b");
        let mut call = Hand::new(region.at("key").create_async(create));
        to_its_creator(&mut call);
        while call.settle().is_pending() && server.count("b", Op::Renew) < 3 {
            thread::yield_now();
        }
        faults.open();
        drop(calls);
    }
}
