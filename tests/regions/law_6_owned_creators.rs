//! Law 6 for creators that run elsewhere: a runner that never comes to one does not keep its key.

use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::Duration;

use dogpile::backend::Span;
use dogpile::{Config, Invalidation, Job, ManualClock, Memory, Origin, Region};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn law_6_a_queued_refresh_is_taken_over_at_the_limit() {
    let (clock, queue) = (
        Arc::new(ManualClock::new()),
        Arc::new(Mutex::new(Vec::<Job>::new())),
    );
    let region: Region<u64> = Region::new("queued");
    let parked = Arc::clone(&queue);
    let config = Config::new(Memory::unbounded())
        .fresh_for(SECOND)
        .stale_for(SECOND)
        .creation_limit(SECOND * 5)
        .clock(clock.clone())
        .runner(move |job| {
            parked.lock().unwrap().push(job);
            Ok(())
        });
    region.configure(config).unwrap();
    region.set("key", 1).unwrap();
    clock.advance(SECOND);
    assert_eq!(
        region.get_or_refresh("key", || Ok::<_, String>(2)).unwrap(),
        1
    );
    clock.advance(SECOND);
    let answer = thread::scope(|scope| {
        let waiter = scope.spawn(|| region.at("key").create(|| 3).unwrap());
        while clock.booked() == 0 {
            thread::yield_now();
        }
        clock.advance(Span::from(SECOND * 5));
        waiter.join().unwrap()
    });
    assert_eq!((answer.value, answer.origin), (3, Origin::Created));
    let late = queue.lock().unwrap().pop().unwrap();
    late.run();
    assert_eq!(
        region.get("key").unwrap(),
        Some(3),
        "the late refresh came too late"
    );
}

#[test]
fn law_11_where_nothing_stale_may_be_served_a_soft_invalidation_is_not_shared() {
    let region: Region<u64> = Region::new("soft");
    region
        .configure(Config::new(Memory::unbounded()).stale_for(Duration::ZERO))
        .unwrap();
    let (begun, end) = (Barrier::new(2), Barrier::new(2));
    thread::scope(|scope| {
        let old = scope.spawn(|| {
            region.get_or_create("key", || {
                begun.wait();
                end.wait();
                1
            })
        });
        begun.wait();
        region.invalidate(Invalidation::Soft).unwrap();
        let new = scope.spawn(|| region.get_or_create("key", || 2));
        end.wait();
        assert_eq!(old.join().unwrap().unwrap(), 1);
        assert_eq!(new.join().unwrap().unwrap(), 2);
    });
}
