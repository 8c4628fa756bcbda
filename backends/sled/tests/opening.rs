//! What opens, what is shared, and what is refused with words that help.

#![allow(clippy::unwrap_used)] // a test ends at what it did not expect

mod common;

use std::fs;
use std::path::Path;
use std::process::Command;

use dogpile_backend::Store;
use dogpile_sled::{CannotOpen, Durability, Sled, SledSettings};

use common::{Temporary, number, set};

fn refused(path: &Path) -> CannotOpen {
    match Sled::open(path) {
        Ok(_) => panic!("`{}` must be refused", path.display()),
        Err(error) => error,
    }
}

#[test]
fn two_openings_of_one_folder_share_it() {
    let store = Temporary::new();
    let path = store.folder.path();
    let again = Sled::open(path.join("..").join(path.file_name().unwrap())).unwrap();
    assert_eq!(store.sled.identity(), again.identity());
    set(&store, b"key", 1);
    assert_eq!(number(&again, b"key"), Some(1));
    let elsewhere = SledSettings::path(path).keyspace("other").open().unwrap();
    assert_ne!(store.sled.identity(), elsewhere.identity());
    // The folder stays open until the last handle is gone.
    let folder = store.closed();
    drop(again);
    assert_eq!(number(&elsewhere, b"key"), None);
    drop(elsewhere);
    assert_eq!(number(&Sled::open(folder.path()).unwrap(), b"key"), Some(1));
}

#[test]
fn another_setting_for_the_same_folder_is_refused() {
    let store = Temporary::new();
    let again = SledSettings::path(store.folder.path()).durability(Durability::EveryWrite);
    let error = again.open().err().unwrap();
    assert!(
        matches!(error, CannotOpen::Otherwise { .. }),
        "{error}: {error:?}"
    );
    assert!(error.to_string().contains("EveryWrite"), "{error}");
    let again = SledSettings::path(store.folder.path()).cache_capacity(32 << 20);
    let error = again.open().err().unwrap();
    assert!(error.to_string().contains("cache capacity"), "{error}");
    let small = SledSettings::path(store.folder.path()).cache_capacity(0);
    let error = small.open().err().unwrap();
    assert!(error.to_string().contains("1 MiB"), "{error}");
}

/// Who else has the folder open: run by the test below in a process of its own.
#[test]
fn in_another_process() {
    let Some(path) = std::env::var_os("DOGPILE_SLED_FOLDER") else {
        return;
    };
    let error = refused(Path::new(&path));
    assert!(matches!(error, CannotOpen::Locked { .. }), "{error}");
    assert!(error.to_string().contains("in another process"), "{error}");
}

#[test]
fn a_second_process_is_refused() {
    let store = Temporary::new();
    set(&store, b"key", 1);
    let second = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "in_another_process", "--nocapture"])
        .env("DOGPILE_SLED_FOLDER", store.folder.path())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&second.stdout);
    assert!(second.status.success(), "{told}");
    assert!(told.contains("1 passed"), "{told}");
    assert_eq!(number(&store, b"key"), Some(1));
}

#[test]
fn a_folder_that_this_process_has_open_by_itself_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let _open = sled::open(folder.path()).unwrap();
    let error = refused(folder.path());
    assert!(matches!(error, CannotOpen::Locked { .. }), "{error}");
}

#[test]
fn what_dogpile_did_not_make_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    for tree in ["theirs", "__sled__default"] {
        let folder = folder.path().join(tree);
        let db = sled::open(&folder).unwrap();
        db.open_tree(tree).unwrap().insert("a", "b").unwrap();
        db.flush().unwrap();
        drop(db);
        // sled lets go of a file a moment after it was dropped.
        let error = loop {
            match refused(&folder) {
                CannotOpen::Locked { .. } => std::thread::yield_now(),
                error => break error,
            }
        };
        assert!(matches!(error, CannotOpen::Foreign { .. }), "{error}");
        let db = open_bare(&folder);
        let kept = db.open_tree(tree).unwrap().get("a").unwrap();
        assert_eq!(kept.as_deref(), Some(&b"b"[..]));
    }
}

#[test]
fn another_format_is_told() {
    let store = Temporary::new();
    let folder = store.closed();
    for (number, newer) in [(&[0, 0, 0, 2][..], true), (&[0; 4], false), (b"x", false)] {
        let db = open_bare(folder.path());
        db.insert("dogpile-format", number).unwrap();
        db.flush().unwrap();
        drop(db);
        let error = refused(folder.path());
        match error {
            CannotOpen::Newer { found: 2, .. } => assert!(newer),
            CannotOpen::Foreign { .. } => assert!(!newer),
            error => panic!("{error}: {error:?}"),
        }
    }
}

/// Opens without this crate what it has just let go, which may take a moment.
fn open_bare(path: &Path) -> sled::Db {
    loop {
        match sled::open(path) {
            Ok(db) => return db,
            Err(error) if error.to_string().contains("lock") => std::thread::yield_now(),
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn a_place_that_cannot_be_written_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "x").unwrap();
    for path in [&file, &file.join("below")] {
        let error = refused(path);
        assert!(matches!(error, CannotOpen::Folder { .. }), "{error}");
        assert!(error.to_string().contains("may write"), "{error}");
    }
    assert_eq!(fs::read(&file).unwrap(), b"x");
}

#[cfg(unix)]
#[test]
fn a_folder_without_the_right_to_write_is_refused() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let mode = |mode| fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode));
    mode(0o555).unwrap();
    // Who may do anything, may write here too; the kernel's own folders refuse even them.
    let superuser = fs::write(folder.path().join("x"), "x").is_ok();
    let path = if superuser && cfg!(target_os = "linux") {
        Path::new("/sys/dogpile")
    } else {
        folder.path()
    };
    let error = refused(path);
    assert!(matches!(error, CannotOpen::Folder { .. }), "{error}");
    mode(0o755).unwrap();
}

/// sled reads a damaged log up to the damage, refuses the file, or panics: whichever it is, opening
/// answers.
#[test]
fn damaged_files_make_no_panic() {
    let store = Temporary::new();
    for number in 0..2_000 {
        set(&store, &number.to_string().into_bytes(), number);
    }
    let folder = store.closed();
    drop(open_bare(folder.path()));
    let log = folder.path().join("db");
    let whole = fs::read(&log).unwrap();
    for at in (0..whole.len()).step_by(whole.len() / 16) {
        let mut damaged = whole.clone();
        let end = whole.len().min(at + 64);
        damaged[at..end].fill(0xA5);
        fs::write(&log, &damaged).unwrap();
        match Sled::open(folder.path()) {
            Ok(store) => {
                for number in 0..2_000_u64 {
                    let key = number.to_string().into_bytes();
                    if let Ok(Some(found)) = store.get(&key).wait() {
                        assert_eq!(found.value.bytes, key);
                    }
                }
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
}
