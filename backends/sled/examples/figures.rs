//! What sled does in a second here, and what a kill costs.
//!
//! ```sh
//! cargo run --release -p dogpile-sled --example figures
//! ```

#![allow(clippy::unwrap_used)] // a measurement ends at what it did not expect

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use dogpile_backend::{
    Ask, CachedValue, Epoch, LeaseStore, Leased, Metadata, Payload, Span, Stamp, Store, Terms, Time,
};
use dogpile_sled::{Durability, Sled, SledSettings};

const LONG: Span = Span::from_secs(3_600);

/// How long each measurement lasts.
const LASTS: Duration = Duration::from_secs(5);

/// How many keys are written again and again.
const KEYS: u64 = 100_000;

fn main() {
    let mut words = std::env::args().skip(1);
    if let (Some(folder), Some(durability)) = (words.next(), words.next()) {
        write_until_killed(Path::new(&folder), named(&durability));
    }
    println!("values of 100 bytes, {KEYS} keys, {LASTS:?} each\n");
    for durability in [Durability::Background, Durability::EveryWrite] {
        for threads in [1, 2, 8] {
            rates(durability, threads);
        }
    }
    for durability in [Durability::Background, Durability::EveryWrite] {
        for _ in 0..5 {
            kill(durability);
        }
    }
}

fn named(durability: &str) -> Durability {
    match durability {
        "EveryWrite" => Durability::EveryWrite,
        _ => Durability::Background,
    }
}

fn open(folder: &Path, durability: Durability) -> Sled {
    let settings = SledSettings::path(folder).durability(durability);
    settings.open().unwrap()
}

fn entry() -> CachedValue<Payload> {
    CachedValue {
        value: Payload {
            schema: 0,
            bytes: vec![7; 100],
        },
        metadata: Metadata {
            stamp: Stamp::NONE,
            epoch: Epoch::FIRST,
            created: Time::END,
            terms: Terms::NONE,
        },
    }
}

/// A key that is not the neighbour of the one before.
fn key(number: u64) -> [u8; 8] {
    number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes()
}

fn each_second(threads: u64, work: impl Fn(u64) + Sync) -> u64 {
    let begun = Instant::now();
    let done: u64 = thread::scope(|scope| {
        let run = |thread| {
            let work = &work;
            scope.spawn(move || {
                let mut done = 0;
                while begun.elapsed() < LASTS {
                    work((thread * 7_919 + done) % KEYS);
                    done += 1;
                }
                done
            })
        };
        let running: Vec<_> = (0..threads).map(run).collect();
        running
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum()
    });
    done * 1_000 / u64::try_from(begun.elapsed().as_millis()).unwrap()
}

fn rates(durability: Durability, threads: u64) {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), durability);
    let filling = open(folder.path(), durability);
    let sets = each_second(threads, |number| {
        filling.set(&key(number), entry(), LONG).wait().unwrap();
    });
    let gets = each_second(threads, |number| {
        store.get(&key(number)).wait().unwrap();
    });
    let creations = each_second(threads, |number| create(&store, &key(number)));
    let size = store.size_on_disk().unwrap() / 1_000_000;
    println!(
        "{durability:?}, {threads} threads: {sets} sets/s, {gets} gets/s, \
         {creations} leases with commit/s; {size} MB on disk"
    );
}

/// A lease, which is given where nobody else has it, and a commit under it.
fn create(store: &Sled, key: &[u8]) {
    let ask = Ask {
        fresh: &|_| false,
        held: None,
        stale: None,
        supersede: false,
        time: LONG,
    };
    if let Leased::Won { lease, .. } = store.lease(key, ask).wait().unwrap() {
        store.commit(key, &lease, entry(), LONG).wait().unwrap();
    }
}

/// Answers each write by one byte.
fn write_until_killed(folder: &Path, durability: Durability) {
    let store = open(folder, durability);
    let mut out = std::io::stdout().lock();
    for number in 0.. {
        store.set(&key(number), entry(), LONG).wait().unwrap();
        out.write_all(&[1]).unwrap();
        out.flush().unwrap();
    }
}

/// Kills a process amid its writes, and counts those that it was answered and that are gone.
fn kill(durability: Durability) {
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .arg(folder.path())
        .arg(format!("{durability:?}"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = child.stdout.take().unwrap();
    let (all, counted) = mpsc::channel();
    thread::spawn(move || {
        let (mut answered, mut some) = (0, vec![0; 1 << 16]);
        while let Ok(more @ 1..) = out.read(&mut some) {
            answered += more as u64;
        }
        all.send(answered).unwrap();
    });
    // The count ends with the child, which does not end by itself.
    assert!(counted.recv_timeout(LASTS).is_err());
    child.kill().unwrap();
    child.wait().unwrap();
    let answered = counted.recv().unwrap();
    let begun = Instant::now();
    let store = open(folder.path(), durability);
    let opened = begun.elapsed();
    let is_gone = |number: &u64| store.get(&key(*number)).wait().unwrap().is_none();
    let lost = (0..answered).filter(is_gone).count();
    println!("{durability:?}: {answered} answered, {lost} lost; opened again in {opened:.0?}");
}
