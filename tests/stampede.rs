//! Laws 1, 4 and 5: what a stampede costs.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use dogpile::{Config, Memory, Origin, Region};

const CALLERS: usize = 64;

#[test]
fn law_1_a_cold_stampede_creates_once() {
    let region: Region<u64> = Region::new("cold");
    region.configure(Config::new(Memory::unbounded())).unwrap();
    let (creations, start) = (AtomicUsize::new(0), Barrier::new(CALLERS));
    let origins = thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS)
            .map(|_| {
                scope.spawn(|| {
                    start.wait();
                    let answer = region.at("key").create(|| {
                        creations.fetch_add(1, Ordering::Relaxed);
                        thread::sleep(Duration::from_millis(50));
                        42
                    });
                    let answer = answer.unwrap();
                    assert_eq!(answer.value, 42);
                    answer.origin
                })
            })
            .collect();
        callers
            .into_iter()
            .map(|caller| caller.join().unwrap())
            .collect::<Vec<_>>()
    });
    assert_eq!(creations.into_inner(), 1);
    assert_eq!(
        origins
            .iter()
            .filter(|origin| **origin == Origin::Created)
            .count(),
        1
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn law_1_a_cold_stampede_of_tasks_creates_once() {
    let region: Region<u64> = Region::new("cold tasks");
    region.configure(Config::new(Memory::unbounded())).unwrap();
    let creations = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = (0..1_000)
        .map(|_| {
            let (region, creations) = (region.clone(), Arc::clone(&creations));
            tokio::spawn(async move {
                let create = async || {
                    creations.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    42
                };
                region.get_or_create_async("key", create).await
            })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap().unwrap(), 42);
    }
    assert_eq!(creations.load(Ordering::Relaxed), 1);
}
