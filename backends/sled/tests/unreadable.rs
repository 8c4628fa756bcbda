//! What cannot be read is a miss: counted, reported, overwritten.

#![allow(clippy::unwrap_used)] // a test ends at what it did not expect

mod common;

use std::sync::{Arc, Mutex};

use dogpile_backend::{Epoch, EpochStore, Invalidation, Leased, Store, show_key};
use dogpile_sled::{SledSettings, Unreadable};
use tempfile::TempDir;

use common::{Temporary, at, lease, number, set};

/// Changes what is under `key` in a tree of the folder, as a disk might.
fn damage(folder: &TempDir, tree: &str, key: &[u8], change: impl Fn(&mut Vec<u8>)) {
    let db = loop {
        match sled::open(folder.path()) {
            Ok(db) => break db,
            Err(error) => assert!(error.to_string().contains("lock"), "{error}"),
        }
    };
    let tree = db.open_tree(tree).unwrap();
    let mut bytes = tree.get(key).unwrap().unwrap().to_vec();
    change(&mut bytes);
    tree.insert(key, bytes).unwrap();
    db.flush().unwrap();
}

type Heard = Arc<Mutex<Vec<(String, Unreadable)>>>;

fn listening(folder: TempDir) -> (Temporary, Heard) {
    let heard = Heard::default();
    let tell = Arc::clone(&heard);
    let settings = SledSettings::path(folder.path())
        .report(move |key, why| tell.lock().unwrap().push((show_key(key), *why)));
    let sled = settings.open().unwrap();
    (Temporary { sled, folder }, heard)
}

#[test]
fn an_entry_that_cannot_be_read_is_a_miss_that_heals() {
    let store = Temporary::new();
    for key in [&b"flipped"[..], b"cut", b"leased", b"swept"] {
        set(&store, key, 1);
    }
    let folder = store.closed();
    let entries = "entries:dogpile";
    damage(&folder, entries, b"flipped", |bytes| bytes[30] ^= 1);
    damage(&folder, entries, b"cut", |bytes| bytes.truncate(3));
    damage(&folder, entries, b"leased", |bytes| bytes.push(0));
    damage(&folder, entries, b"swept", |bytes| bytes[0] ^= 1);
    let (store, heard) = listening(folder);
    assert_eq!(number(&store, b"flipped"), None);
    assert_eq!(number(&store, b"cut"), None);
    let Leased::Won { seen: None, .. } = lease(&store, b"leased") else {
        panic!("there is nothing to see, and nobody has it");
    };
    {
        let heard = heard.lock().unwrap();
        let [(first, why), (second, short), (third, _)] = &heard[..] else {
            panic!("{heard:?}");
        };
        assert_eq!(
            (&**first, &**second, &**third),
            ("\"flipped\"", "\"cut\"", "\"leased\"")
        );
        assert!(matches!(why, Unreadable::Checksum { .. }), "{why}");
        assert_eq!(*short, Unreadable::Short { length: 3 });
    }
    set(&store, b"flipped", 2);
    store.delete(b"cut").wait().unwrap();
    assert_eq!(number(&store, b"flipped"), Some(2));
    assert_eq!(store.sled.unreadable(), 3);
    // Of what nobody asks for again the sweep makes room, and says so.
    store.maintain(at(0));
    assert_eq!(store.sled.unreadable(), 4);
    assert_eq!(number(&store, b"swept"), None);
    assert_eq!(store.sled.unreadable(), 4);
}

/// Taken for nothing, they would bring back everything that they had ended.
#[test]
fn epochs_that_cannot_be_read_are_raised() {
    let store = Temporary::new();
    let raised = store
        .sled
        .raise("pages", Invalidation::Soft)
        .wait()
        .unwrap();
    let folder = store.closed();
    damage(&folder, "epochs:dogpile", b"pages", |bytes| bytes[20] ^= 1);
    let (store, heard) = listening(folder);
    let read = store.sled.read("pages").wait().unwrap();
    assert!(read.hard > raised.soft, "{read:?} after {raised:?}");
    assert_eq!(heard.lock().unwrap()[0].0, "\"pages\"");
    assert_eq!(store.sled.read("pages").wait().unwrap(), read);
    let known = dogpile_backend::Epochs {
        hard: Epoch::FIRST,
        soft: Epoch::new(u64::MAX - 7),
    };
    store.sled.restore("pages", known).wait().unwrap();
    let restored = store.sled.read("pages").wait().unwrap();
    assert_eq!((restored.hard, restored.soft), (read.hard, known.soft));
}
