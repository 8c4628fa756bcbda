//! Laws 1, 3, 5, 6 and 7 under schedules that nobody thought of: tasks of two processes are begun,
//! polled and dropped in any order, while others write.
//!
//! The source is a counter, and a creator's value is what it read when it began. Whoever writes raises
//! the source first and then deletes or sets, as the documentation asks. So whoever calls after a
//! write has returned must never get less than that write left. Schedules that once failed are in
//! `tests/proptest-regressions/random_schedules.txt` and run first.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::task::Poll;

use dogpile::{Config, Error, Invalidation, Memory, Region};
use proptest::prelude::*;

use crate::stores::{Form, Hand, Server};

#[derive(Clone, Debug)]
enum Step {
    /// A call in this process whose creator needs so many polls, and ends like that.
    Begin(usize, u8, End),
    Poll(usize),
    Drop(usize),
    Write(usize, Write),
}

#[derive(Clone, Copy, Debug)]
enum End {
    Value,
    Error,
}

#[derive(Clone, Copy, Debug)]
enum Write {
    Delete,
    Set,
    Invalidate,
}

fn steps(writes: impl Strategy<Value = Write> + 'static) -> impl Strategy<Value = Vec<Step>> {
    let end = prop_oneof![5 => Just(End::Value), 1 => Just(End::Error)];
    let step = prop_oneof![
        4 => (0..2_usize, 0..4_u8, end).prop_map(|(process, polls, end)| Step::Begin(process, polls, end)),
        12 => (0..16_usize).prop_map(Step::Poll),
        2 => (0..16_usize).prop_map(Step::Drop),
        2 => (0..2_usize, writes).prop_map(|(process, write)| Step::Write(process, write)),
    ];
    prop::collection::vec(step, 1..80)
}

/// What all calls share.
#[derive(Default)]
struct Source {
    version: Cell<u64>,
    /// Creators at work by the version that they read.
    at_work: RefCell<HashMap<u64, usize>>,
}

/// A creator at work, until it ends or is dropped.
struct AtWork(Rc<Source>, u64);

impl AtWork {
    fn begin(source: &Rc<Source>) -> Self {
        let version = source.version.get();
        let mut at_work = source.at_work.borrow_mut();
        let others = at_work.entry(version).or_default();
        *others += 1;
        assert_eq!(
            *others, 1,
            "law 1: two creators for what nothing came between"
        );
        drop(at_work);
        Self(Rc::clone(source), version)
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        *self.0.at_work.borrow_mut().get_mut(&self.1).unwrap() -= 1;
    }
}

struct Asked<'a> {
    /// What the source was when it was asked.
    since: u64,
    call: Hand<'a, Result<u64, Error<&'static str>>>,
}

fn begin<'a>(region: &'a Region<u64>, source: &Rc<Source>, polls: u8, end: End) -> Asked<'a> {
    let shared = Rc::clone(source);
    let create = async move || {
        let at_work = AtWork::begin(&shared);
        for _ in 0..polls {
            tokio::task::yield_now().await;
        }
        match end {
            End::Value => Ok(at_work.1),
            End::Error => Err("down"),
        }
    };
    Asked {
        since: source.version.get(),
        call: Hand::new(region.get_or_try_create_async("key", create)),
    }
}

fn write(region: &Region<u64>, source: &Source, write: Write) {
    let version = source.version.get() + 1;
    source.version.set(version);
    match write {
        Write::Delete => region.delete("key").unwrap(),
        Write::Set => region.set("key", version).unwrap(),
        Write::Invalidate => region.invalidate(Invalidation::Hard).unwrap(),
    }
}

/// Polls once; whether the call has ended, which must be well.
fn poll(asked: &mut Asked<'_>) -> bool {
    match asked.call.poll() {
        Poll::Pending => false,
        Poll::Ready(Ok(value)) => {
            assert!(
                value >= asked.since,
                "law 5: {value} is from before {}",
                asked.since
            );
            true
        }
        // Its own creator's failure, or that of one it waited for.
        Poll::Ready(Err(Error::Creator(_) | Error::CreatorFailedElsewhere { .. })) => true,
        Poll::Ready(Err(error)) => panic!("{error}"),
    }
}

fn follow(processes: &[Region<u64>], schedule: &[Step]) {
    let source = Rc::new(Source::default());
    let mut calls = Vec::new();
    for step in schedule {
        match *step {
            Step::Begin(process, polls, end) => {
                let region = &processes[process % processes.len()];
                calls.push(begin(region, &source, polls, end));
            }
            Step::Poll(_) | Step::Drop(_) if calls.is_empty() => {}
            Step::Poll(index) => {
                let index = index % calls.len();
                if poll(&mut calls[index]) {
                    drop(calls.swap_remove(index));
                }
            }
            Step::Drop(index) => drop(calls.swap_remove(index % calls.len())),
            Step::Write(process, how) => {
                write(&processes[process % processes.len()], &source, how);
            }
        }
    }
    end(&mut calls, processes, &source);
}

/// Polls who is woken until all have ended. Nobody may be left waiting for nobody.
fn end(calls: &mut Vec<Asked<'_>>, processes: &[Region<u64>], source: &Rc<Source>) {
    calls.retain_mut(|asked| !poll(asked));
    while !calls.is_empty() {
        let Some(woken) = calls.iter().position(|asked| asked.call.is_woken()) else {
            // The worker gives leases back on its own thread; that wakes one of the delegates.
            Hand::wait_for_any(&calls.iter().map(|asked| &asked.call));
            continue;
        };
        if poll(&mut calls[woken]) {
            drop(calls.swap_remove(woken));
        }
    }
    for region in processes {
        assert!(!region.is_being_created("key"), "law 6");
        if let Some(value) = region.get("key").unwrap() {
            assert!(value >= source.version.get(), "law 3: {value} came back");
        }
    }
}

fn two_processes(forms: [Form; 2], silent: bool) -> Vec<Region<u64>> {
    let (server, clock) = Server::by_hand();
    let open = |name, form| {
        let map = server.open(name).form(form);
        let map = if silent { map.silent() } else { map };
        let region = Region::new("random");
        region.configure(map.config(&clock)).unwrap();
        region
    };
    vec![open("a", forms[0]), open("b", forms[1])]
}

fn writes() -> impl Strategy<Value = Write> {
    prop_oneof![Just(Write::Delete), Just(Write::Set)]
}

fn all_writes() -> impl Strategy<Value = Write> {
    prop_oneof![writes(), Just(Write::Invalidate)]
}

fn form() -> impl Strategy<Value = Form> {
    prop_oneof![Just(Form::Ready), Just(Form::Later)]
}

proptest! {
    #[test]
    fn two_processes_keep_the_laws(a in form(), b in form(), schedule in steps(writes())) {
        follow(&two_processes([a, b], false), &schedule);
    }

    #[test]
    fn one_process_in_memory_keeps_the_laws(schedule in steps(all_writes())) {
        let region = Region::new("random");
        region.configure(Config::new(Memory::unbounded())).unwrap();
        follow(&[region], &schedule);
    }

    #[test]
    fn one_process_on_a_store_keeps_the_laws(form in form(), schedule in steps(all_writes())) {
        let one = two_processes([form, form], false).remove(0);
        follow(&[one], &schedule);
    }
}
