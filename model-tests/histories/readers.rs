//! Readers beside one writer, both as fast as they can: what is read is whole, and never older
//! than what was read before.

use std::sync::{Arc, Barrier};
use std::thread;

use dogpile::{Config, ManualClock, Region};
use dogpile_proof::{Property, Size, Tool, shown, size};

use crate::backends::all;
use crate::history::Call;
use crate::whole::Whole;

const KEY: &str = "key";

/// Writes the values 1 to `last`, one after the other, in every way in which a value is written.
fn write(region: &Region<Whole>, last: Call) {
    for by in 1..=last {
        if by % 128 == 0 {
            // So that readers come to it also where there are fewer processors than threads.
            thread::yield_now();
        }
        let value = || Whole::new(by, false);
        match by % 4 {
            0 | 1 => region.set(KEY, value()).expect("no store here fails"),
            2 => drop(region.refresh(KEY, || Ok::<_, ()>(value()))),
            _ => {
                region.delete(KEY).expect("no store here fails");
                let created = region.get_or_create(KEY, value);
                assert_eq!(created.expect("no store here fails").read(), by);
            }
        }
    }
}

/// Reads until the last value is there; answers how often the value was another than before.
fn read(region: &Region<Whole>, last: Call) -> usize {
    let (mut latest, mut changes) = (0, 0);
    while latest < last {
        let lent = region.read(KEY, Whole::read).expect("no store here fails");
        let copied = region.get(KEY).expect("no store here fails");
        for by in [lent, copied.map(|value| value.read())]
            .into_iter()
            .flatten()
        {
            assert!(by >= latest, "#{by} came back after #{latest}");
            changes += usize::from(by > latest);
            latest = by;
        }
    }
    changes
}

#[test]
fn readers_see_whole_values_in_the_order_in_which_they_were_written() {
    const READERS: usize = 2;
    let last = match size() {
        Size::Short => 10_000,
        Size::Full => 40_000,
        Size::Nightly => Call::MAX,
    };
    let (mut writes, mut changes) = (0, 0);
    for kind in all() {
        let region = Region::new("readers");
        let handle = (kind.open)(Arc::new(ManualClock::new()), 1).remove(0);
        region
            .configure(Config::new(handle))
            .expect("configured once");
        let gate = Barrier::new(READERS + 1);
        changes += thread::scope(|scope| {
            let read = || {
                gate.wait();
                read(&region, last)
            };
            let readers = [(); READERS].map(|()| scope.spawn(read));
            gate.wait();
            write(&region, last);
            readers
                .into_iter()
                .map(|reader| {
                    reader
                        .join()
                        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
                })
                .sum::<usize>()
        });
        writes += usize::from(last);
    }
    println!("{changes} changes seen of {writes} writes");
    let scope = "2 readers beside a writer, 6 stores";
    shown(
        Property::WholeValues,
        Tool::Histories,
        scope,
        writes,
        changes,
    );
    shown(
        Property::VersionsNeverGoBack,
        Tool::Histories,
        scope,
        writes,
        changes,
    );
}
