//! What is found in a folder and cannot be used.

use std::fs;
use std::path::Path;

use dogpile_backend::Store as _;
use dogpile_file::{Damage, File, FileSettings, OnDamage, OpenError, Unreadable};
use heed::types::Bytes;
use heed::{CommitOrAbort, EnvOpenOptions};

use crate::{get, set};

/// Changes the store in `folder` behind its back.
fn change(folder: &Path, key: &[u8], bytes: &[u8]) {
    fs::create_dir_all(folder).unwrap();
    // SAFETY: nobody else has it open.
    let engine = unsafe { EnvOpenOptions::new().open(folder) }.unwrap();
    let writing = engine.write_txn().unwrap();
    let done = engine.create_databases_and_commit(writing, |opener, writing| {
        let tree = opener.create_database::<Bytes, Bytes>(writing, None)?;
        tree.put(writing, key, bytes)?;
        Ok::<_, heed::Error>(CommitOrAbort::<(), ()>::Commit(()))
    });
    done.unwrap();
}

fn made(path: &Path) {
    let store = File::open(path).unwrap();
    for number in 0..2_000_u64 {
        set(&store, &number.to_be_bytes(), vec![7; 1_000]).unwrap();
    }
}

/// What is told of the damage that `harm` does; the store is then set aside, whole, and a new one begun.
fn found(harm: impl FnOnce(&Path)) -> Damage {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    harm(&path);
    let data = fs::read(path.join("data.mdb")).unwrap();
    let Err(OpenError::Damaged { damage, .. }) = File::open(&path) else {
        panic!("it cannot be used");
    };
    assert_eq!(
        fs::read(path.join("data.mdb")).unwrap(),
        data,
        "it is left alone"
    );
    let store = FileSettings::path(&path)
        .on_damage(OnDamage::SetAside)
        .open()
        .unwrap();
    set(&store, b"key", "value").unwrap();
    assert_eq!(get(&store, b"key").as_deref(), Some(&b"value"[..]));
    let beside = fs::read_dir(folder.path())
        .unwrap()
        .map(|found| found.unwrap().path());
    let aside: Vec<_> = beside.filter(|found| *found != path).collect();
    assert_eq!(aside.len(), 1, "{aside:?}");
    assert_eq!(
        fs::read(aside[0].join("data.mdb")).unwrap(),
        data,
        "nothing is deleted"
    );
    damage
}

fn data(path: &Path) -> fs::File {
    let file = fs::File::options().write(true).open(path.join("data.mdb"));
    file.unwrap()
}

#[test]
fn another_programs_data_are_not_touched() {
    let damage = found(|path| change(path, b"somebody's", b"data"));
    assert!(matches!(damage, Damage::Foreign), "{damage}");
}

#[test]
fn a_newer_format_is_told() {
    let damage = found(|path| {
        made(path);
        let about = [
            &b"dogpile\0"[..],
            &2_u32.to_le_bytes(),
            &(1_u64 << 30).to_le_bytes(),
        ];
        change(path, b"A", &about.concat());
    });
    assert!(
        matches!(damage, Damage::Format { found: 2, known: 1 }),
        "{damage}"
    );
}

#[test]
fn a_file_that_is_no_store_is_told() {
    let damage = found(|path| {
        fs::create_dir_all(path).unwrap();
        fs::write(path.join("data.mdb"), vec![b'x'; 100_000]).unwrap();
    });
    assert!(matches!(damage, Damage::NoStore), "{damage}");
}

#[test]
fn a_destroyed_first_page_is_told() {
    use std::os::unix::fs::FileExt as _;
    for page in [0, 1] {
        let damage = found(|path| {
            made(path);
            data(path).write_all_at(&[0; 4096], page * 4096).unwrap();
        });
        assert!(matches!(damage, Damage::NoStore), "{damage}");
    }
}

#[test]
fn a_file_cut_short_is_told_wherever_it_ends() {
    for share in [0, 1, 5, 9] {
        let damage = found(|path| {
            made(path);
            let whole = data(path).metadata().unwrap().len();
            data(path).set_len((whole * share / 10).max(100)).unwrap();
        });
        assert!(matches!(damage, Damage::Short { .. }), "{damage}");
    }
}

#[test]
fn a_changed_entry_is_a_miss_that_is_counted_reported_and_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    drop(File::open(&path).unwrap());
    change(&path, b"vkey", &[7; 100]);
    change(&path, b"vshort", b"short");
    let (tell, told) = std::sync::mpsc::channel();
    let store = FileSettings::path(&path)
        .report(move |key, why| tell.send((key.to_vec(), why.clone())).unwrap())
        .open()
        .unwrap();
    assert_eq!((get(&store, b"key"), get(&store, b"short")), (None, None));
    assert_eq!(store.unreadable(), 2);
    let all: Vec<_> = told.try_iter().collect();
    let wanted = [
        (b"key".to_vec(), Unreadable::Checksum),
        (b"short".to_vec(), Unreadable::Short { length: 5 }),
    ];
    assert_eq!(all, wanted);
    set(&store, b"key", "value").unwrap();
    assert_eq!(get(&store, b"key").as_deref(), Some(&b"value"[..]));
}

/// What stands under `key` in the engine.
fn raw(folder: &Path, key: &[u8]) -> Vec<u8> {
    // SAFETY: nobody else has it open.
    let engine = unsafe { EnvOpenOptions::new().open(folder) }.unwrap();
    let reading = engine.read_txn().unwrap();
    let tree = engine.open_databases_and_commit(reading, |opener, reading| {
        let tree = opener.open_database::<Bytes, Bytes>(reading, None)?;
        Ok::<_, heed::Error>(CommitOrAbort::<_, ()>::Commit(tree))
    });
    let CommitOrAbort::Commit(Some(tree)) = tree.unwrap() else {
        panic!("there is a tree");
    };
    let reading = engine.read_txn().unwrap();
    tree.get(&reading, key).unwrap().unwrap().to_vec()
}

#[test]
fn one_bit_of_a_value_is_enough() {
    let folder = tempfile::tempdir().unwrap();
    let store = File::open(folder.path()).unwrap();
    set(&store, b"key", "value").unwrap();
    drop(store);
    let mut bytes = raw(folder.path(), b"vkey");
    *bytes.last_mut().unwrap() ^= 1;
    change(folder.path(), b"vkey", &bytes);
    let store = File::open(folder.path()).unwrap();
    assert_eq!((get(&store, b"key"), store.unreadable()), (None, 1));
}

#[test]
fn damaged_epochs_bring_nothing_back() {
    use dogpile_backend::{EpochStore as _, Invalidation};
    let folder = tempfile::tempdir().unwrap();
    let store = File::open(folder.path()).unwrap();
    let raised = store.raise("pages", Invalidation::Hard).wait().unwrap();
    drop(store);
    let bytes = raw(folder.path(), b"epages");
    change(folder.path(), b"epages", &vec![0; bytes.len()]);
    let store = File::open(folder.path()).unwrap();
    let read = store.read("pages").wait().unwrap();
    assert!(read.hard >= raised.hard, "{read:?}");
    assert_eq!(
        store.read("pages").wait().unwrap(),
        read,
        "once, and not again"
    );
}

#[test]
fn whoever_is_told_of_damage_may_use_the_store() {
    let folder = tempfile::tempdir().unwrap();
    drop(File::open(folder.path()).unwrap());
    change(folder.path(), b"vkey", &[7; 100]);
    let there = std::sync::Arc::new(std::sync::OnceLock::<File>::new());
    let told = std::sync::Arc::clone(&there);
    let store = FileSettings::path(folder.path())
        .report(move |key, _| told.get().unwrap().delete(key).wait().unwrap())
        .open()
        .unwrap();
    assert!(there.set(File::open(folder.path()).unwrap()).is_ok());
    assert_eq!(get(&store, b"key"), None);
    change_again(&store);
    crate::win(&store, b"key", crate::LONG);
    assert_eq!(store.unreadable(), 1, "it was deleted when it was found");
}

/// The store works on.
fn change_again(store: &File) {
    set(store, b"other", "value").unwrap();
    assert_eq!(get(store, b"other").as_deref(), Some(&b"value"[..]));
}
