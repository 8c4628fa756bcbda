//! What is left of a process that was killed, in short; the example `figures` measures it at length.

#![allow(clippy::unwrap_used)] // a test ends at what it did not expect

mod common;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use dogpile_backend::{EpochStore, Invalidation, Store};
use dogpile_sled::{Durability, SledSettings};

use common::{Temporary, entry, number, set, win};

/// So many writes are answered before the kill: more than sled keeps in its buffer.
const MANY: u64 = 3_000;

/// Fewer than that: only what was asked for has been written down.
const FEW: u64 = 10;

fn settings(path: &Path, durability: Durability) -> SledSettings {
    SledSettings::path(path).durability(durability)
}

/// Writes and says so until it is killed: run by the tests below in a process of its own.
#[test]
fn writes_until_it_is_killed() {
    let Some(path) = std::env::var_os("DOGPILE_SLED_FOLDER") else {
        return;
    };
    let durability = match std::env::var_os("DOGPILE_SLED_EVERY_WRITE") {
        Some(_) => Durability::EveryWrite,
        None => Durability::Background,
    };
    let store = settings(Path::new(&path), durability).open().unwrap();
    set(&store, b"deleted", 1);
    store.delete(b"deleted").wait().unwrap();
    store.raise("pages", Invalidation::Hard).wait().unwrap();
    let lease = win(&store, b"leased");
    let mut out = std::io::stdout().lock();
    for number in 0.. {
        set(&store, &u64::to_be_bytes(number), number);
        writeln!(out, "answered {number} {}", lease.stamp.number()).unwrap();
    }
}

/// Kills a child once it was answered so many `writes`, and says how many it was answered before it
/// died, and what it left.
fn killed(durability: Durability, writes: u64) -> (u64, Temporary) {
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "writes_until_it_is_killed", "--nocapture"]);
    child.env("DOGPILE_SLED_FOLDER", folder.path());
    if durability == Durability::EveryWrite {
        child.env("DOGPILE_SLED_EVERY_WRITE", "yes");
    }
    let mut child = child.stdout(Stdio::piped()).spawn().unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    let mut answered = 0;
    for line in out.lines() {
        let line = line.unwrap();
        let mut words = line.split_whitespace();
        if words.next() != Some("answered") {
            continue;
        }
        // The last line may be cut short; without its end it does not count.
        let (Some(number), Some(_)) = (words.next(), words.next()) else {
            continue;
        };
        answered = number.parse::<u64>().unwrap() + 1;
        if answered == writes {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    let sled = settings(folder.path(), durability).open().unwrap();
    (answered, Temporary { sled, folder })
}

fn found(store: &Temporary, answered: u64) -> u64 {
    let whole = |key: &u64| match store.get(&key.to_be_bytes()).wait().unwrap() {
        Some(found) => {
            assert_eq!(found.value, entry(*key).value);
            true
        }
        None => false,
    };
    (0..answered).filter(whole).count() as u64
}

#[test]
fn every_write_that_was_answered_is_there() {
    let (answered, store) = killed(Durability::EveryWrite, MANY);
    assert!(answered >= MANY);
    assert_eq!(found(&store, answered), answered);
    assert_eq!(number(&store, b"deleted"), None);
    win(&store, b"leased");
    assert_eq!(store.sled.unreadable(), 0);
}

#[test]
fn in_the_background_the_last_are_lost_and_the_rest_is_whole() {
    let (answered, store) = killed(Durability::Background, MANY);
    assert!(answered >= MANY);
    let found = found(&store, answered);
    // What was written first was written down first.
    for key in 0..found {
        assert_eq!(number(&store, &key.to_be_bytes()), Some(key));
    }
    win(&store, b"leased");
    assert_eq!(store.sled.unreadable(), 0);
}

#[test]
fn an_invalidation_that_was_answered_is_there_in_either() {
    for durability in [Durability::Background, Durability::EveryWrite] {
        let (_, store) = killed(durability, FEW);
        let epochs = store.sled.read("pages").wait().unwrap();
        assert!(
            epochs.hard > dogpile_backend::Epoch::FIRST,
            "{durability:?}"
        );
    }
}
