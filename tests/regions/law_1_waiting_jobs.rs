//! Law 1 among processes for creations that wait for a thread of their runner: the lease that they have in the
//! store lasts as long as their creator may, however long they waited before it began.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use dogpile::{Answer, Error, Job, Origin, Region};

use crate::stores::{Faults, Form, Hand, HandClock, Op, Server};

/// Renewed at every third of it, by the machine's clock.
const LEASE: Duration = Duration::from_millis(30);
const STEP: Duration = Duration::from_millis(10);
const LIMIT: Duration = Duration::from_millis(100);

type Asked<'a> = Hand<'a, Result<Answer<u64>, Error<String>>>;

/// Two processes on one server, all moved by hand. The test decides on the jobs of the first.
#[derive(Clone)]
struct Two {
    server: Arc<Server<u64>>,
    clock: Arc<HandClock>,
    a: Region<u64>,
    b: Region<u64>,
    created: Arc<AtomicUsize>,
}

impl Two {
    fn new(lease: Duration) -> (Self, Receiver<Job>) {
        let (two, jobs, _) = Self::answering(Form::Ready, lease);
        (two, jobs)
    }

    /// The same with a server that answers so, and what may befall it on its way to the first.
    fn answering(form: Form, lease: Duration) -> (Self, Receiver<Job>, Arc<Faults>) {
        let (server, clock) = Server::by_hand();
        let (send, jobs) = mpsc::channel::<Job>();
        let stores = ["a", "b"].map(|name| server.open(name).form(form));
        let faults = stores[0].faults();
        let [a, b] = stores.map(|store| {
            let (region, send) = (Region::new("shared"), send.clone());
            let config = store.config(&clock);
            let config = config
                .lease_time(lease)
                .creation_limit(LIMIT)
                .deadline(LIMIT * 100)
                .runner(move |job| send.send(job).map_err(|refused| refused.0));
            region.configure(config).unwrap();
            region
        });
        let created = Arc::default();
        let two = Self {
            server,
            clock,
            a,
            b,
            created,
        };
        (two, jobs, faults)
    }

    /// Time passes, and the lease is renewed meanwhile.
    fn step(&self) {
        self.clock.advance(STEP);
        // One may have been on its way before.
        let renewed = self.server.count("a", Op::Renew);
        self.server.wait_for("a", Op::Renew, renewed + 2);
    }

    /// A creation of 2 that `a` has given away.
    fn given(&self, work: impl FnOnce(&Self) + Send + 'static) -> Asked<'_> {
        let two = self.clone();
        let mut call = Hand::new(self.a.at("key").try_create_detached_async(async move || {
            two.created.fetch_add(1, Ordering::Relaxed);
            work(&two);
            Ok(2)
        }));
        assert!(call.settle().is_pending());
        call
    }

    fn created(&self) -> usize {
        self.created.load(Ordering::Relaxed)
    }
}

fn given(answer: Result<Answer<u64>, Error<String>>) -> (u64, Origin) {
    let answer = answer.unwrap();
    (answer.value, answer.origin)
}

#[test]
fn law_1_a_creator_has_its_whole_time_however_long_its_job_has_waited() {
    for (lease, waits) in [(LEASE, 0), (LEASE, 8), (LIMIT * 9, 2), (LIMIT * 9, 8)] {
        let (two, jobs) = Two::new(lease);
        let call = two.given(|two| {
            for _ in 0..9 {
                two.step();
            }
            let mut other = Hand::new(two.b.at("key").create_async(async || 3));
            assert!(other.settle().is_pending(), "one creator for both");
        });
        for _ in 0..waits {
            two.step();
        }
        jobs.recv().unwrap().run();
        assert_eq!(given(call.finish()), (2, Origin::Shared));
        assert_eq!(two.b.get("key").unwrap(), Some(2), "it was stored");
        assert_eq!(two.created(), 1);
    }
}

#[test]
fn law_1_a_job_that_comes_after_the_end_of_its_lease_creates_nothing_that_is_there() {
    let (two, jobs) = Two::new(LEASE);
    let call = two.given(|_| ());
    two.clock.advance(LIMIT);
    assert_eq!(two.b.get_or_create("key", || 3).unwrap(), 3);
    jobs.recv().unwrap().run();
    assert_eq!(given(call.finish()), (3, Origin::Shared));
    assert_eq!(two.created(), 0);
}

#[test]
fn law_1_a_job_that_comes_after_the_end_of_its_lease_waits_for_who_has_it_now() {
    let (two, jobs) = Two::new(LEASE);
    let mut call = two.given(|_| ());
    two.clock.advance(LIMIT);
    let (end, ends) = tokio::sync::oneshot::channel();
    let other = two.b.at("key").create_async(async || ends.await.unwrap());
    let mut other = Hand::new(other);
    assert!(other.settle().is_pending());
    let asked = two.server.count("a", Op::Lease);
    let job = jobs.recv().unwrap();
    thread::scope(|scope| {
        scope.spawn(|| job.run());
        two.server.wait_for("a", Op::Lease, asked + 1);
        assert!(matches!(call.settle(), Poll::Pending));
        end.send(3).unwrap();
        assert_eq!(other.finish().unwrap().value, 3);
    });
    assert_eq!(given(call.finish()), (3, Origin::Shared));
    assert_eq!(two.created(), 0);
}

#[test]
fn law_6_who_gave_a_creation_away_that_came_to_nothing_gets_what_another_process_creates() {
    let (two, jobs) = Two::new(LEASE);
    let mut call = two.given(|_| ());
    two.clock.advance(LIMIT);
    let (end, ends) = tokio::sync::oneshot::channel();
    let other = two.b.at("key").create_async(async || ends.await.unwrap());
    let mut other = Hand::new(other);
    assert!(other.settle().is_pending());
    drop(jobs.recv().unwrap());
    assert!(call.settle().is_pending(), "somebody creates");
    end.send(3).unwrap();
    assert_eq!(other.finish().unwrap().value, 3);
    assert_eq!(given(call.finish()), (3, Origin::Shared));
}

#[test]
fn law_1_a_job_whose_lease_has_ended_creates_where_nobody_else_does() {
    let (two, jobs) = Two::new(LEASE);
    let call = two.given(|_| ());
    two.clock.advance(LIMIT);
    // As one who wrote the source; nothing is there.
    two.b.delete("key").unwrap();
    jobs.recv().unwrap().run();
    assert_eq!(given(call.finish()), (2, Origin::Shared));
    assert_eq!(
        two.b.get("key").unwrap(),
        Some(2),
        "under a lease of its own"
    );
}

#[test]
fn law_5_a_late_job_creates_for_who_gave_it_away_though_the_key_was_deleted_before_its_lease() {
    // The deletion comes to the server before the wish for the lease, and after it.
    for (close, stored) in [
        (Faults::close as fn(&Faults, &[Op]), Some(2)),
        (Faults::hold_answers, None),
    ] {
        let (two, jobs, faults) = Two::answering(Form::Later, LEASE);
        let mut call = two.given(|_| ());
        two.clock.advance(LIMIT);
        let mut job = Hand::new(jobs.recv().unwrap().into_future());
        close(&faults, &[Op::Lease]);
        assert!(job.settle().is_pending(), "it asks for its lease again");
        two.a.delete("key").unwrap();
        faults.open();
        // The one, then the other, step by step: neither may be told that there is nobody left.
        let mut is_done = false;
        let answer = loop {
            is_done = is_done || job.poll().is_ready();
            if let Poll::Ready(answer) = call.settle() {
                break answer;
            }
        };
        assert_eq!(given(answer), (2, Origin::Shared));
        assert_eq!(two.created(), 1);
        assert_eq!(two.b.get("key").unwrap(), stored);
    }
}
