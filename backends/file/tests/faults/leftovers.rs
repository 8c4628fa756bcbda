//! What nobody comes back for must not burden those who stay.

use std::fs::File;
use std::os::fd::AsRawFd as _;
use std::path::Path;

use dogpile_backend::{Ask, LeaseStore, Leased, Span, Store};
use dogpile_file::FileSettings;

use crate::{LONG, entry, get, set, win};

fn small(folder: &Path) -> dogpile_file::File {
    FileSettings::path(folder).max_size(1 << 20).open().unwrap()
}

#[test]
fn notes_of_watches_that_ended_leave() {
    let folder = tempfile::tempdir().unwrap();
    let store = small(folder.path());
    for number in 0..20_000_u64 {
        drop(
            store
                .watch(&number.to_be_bytes(), Box::new(|_| {}))
                .unwrap(),
        );
    }
    for number in 0..200_u64 {
        set(&store, &number.to_le_bytes(), "value").unwrap();
    }
    let found = (0..200_u64).filter(|number| get(&store, &number.to_le_bytes()).is_some());
    assert_eq!((found.count(), store.dropped()), (200, 0));
}

#[test]
fn claims_that_ran_out_leave() {
    let folder = tempfile::tempdir().unwrap();
    let store = small(folder.path());
    for number in 0..8_000_u64 {
        win(&store, &number.to_be_bytes(), Span::from_nanos(1));
    }
    for number in 0..200_u64 {
        set(&store, &number.to_le_bytes(), "value").unwrap();
    }
    let found = (0..200_u64).filter(|number| get(&store, &number.to_le_bytes()).is_some());
    assert_eq!((found.count(), store.dropped()), (200, 0));
}

/// Whether any of the bytes is locked that leases lock in the folder's file. The kernel is asked for all at
/// once: its list of locks is not read in one step, and was seen to leave out and repeat some.
fn a_lease_is_locked(folder: &Path) -> bool {
    // Beyond are those that say who has the store open, writes or begins to read.
    const LEASES: libc::off_t = 1 << 62;
    let file = File::options().write(true).open(folder.join("locks"));
    let file = file.unwrap();
    let mut lock = libc::flock {
        l_type: libc::F_WRLCK.try_into().unwrap(),
        l_whence: libc::SEEK_SET.try_into().unwrap(),
        l_start: 0,
        l_len: LEASES,
        l_pid: 0,
    };
    // SAFETY: the file is open, and the kernel reads and writes one `flock` there.
    let done = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_OFD_GETLK, &raw mut lock) };
    assert_eq!(done, 0);
    i32::from(lock.l_type) != libc::F_UNLCK
}

#[test]
fn a_lease_that_an_heir_took_over_leaves_no_lock() {
    let folder = tempfile::tempdir().unwrap();
    let store = small(folder.path());
    for number in 0..100_u64 {
        let key = number.to_be_bytes();
        let ask =
            |held, fresh: &'static (dyn Fn(&dogpile_backend::Metadata) -> bool + Send + Sync)| {
                Ask {
                    fresh,
                    held: Some(held),
                    stale: None,
                    supersede: false,
                    time: LONG,
                }
            };
        let held = win(&store, &key, LONG);
        assert!(a_lease_is_locked(folder.path()));
        let Leased::Won { lease, .. } = store.lease(&key, ask(held, &|_| false)).wait().unwrap()
        else {
            panic!("an heir gets the lease");
        };
        store
            .commit(&key, &lease, entry("value"), Span::FOREVER)
            .wait()
            .unwrap();
        let held = win(&store, &key, LONG);
        let leased = store.lease(&key, ask(held, &|_| true)).wait().unwrap();
        assert!(matches!(leased, Leased::Fresh(_)));
    }
    assert!(!a_lease_is_locked(folder.path()));
}

#[test]
fn a_replaced_entry_does_not_expire_when_the_old_one_would_have() {
    let folder = tempfile::tempdir().unwrap();
    let store = small(folder.path());
    let soon = Span::from_nanos(1);
    store.set(b"key", entry("old"), soon).wait().unwrap();
    set(&store, b"key", "new").unwrap();
    for number in 0..10_u64 {
        set(&store, &number.to_be_bytes(), "value").unwrap();
    }
    assert_eq!(get(&store, b"key").as_deref(), Some(&b"new"[..]));
}
