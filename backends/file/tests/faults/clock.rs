//! A clock that was set back. Nobody sets the machine's for a test: what was written while it was ahead
//! is written here as it would have been.

use dogpile_backend::{Clock, Epoch, EpochStore, Epochs, Invalidation, Span, Store, SystemClock};
use dogpile_file::File;

use crate::{LONG, entry, get, is_out, win};

#[test]
fn law_11_no_epoch_is_lowered() {
    let folder = tempfile::tempdir().unwrap();
    let store = File::open(folder.path()).unwrap();
    let tomorrow = SystemClock.wall().after(Span::from_secs(86_400));
    let hard = Epoch::FIRST.raised(tomorrow);
    let known = Epochs {
        hard,
        soft: Epoch::FIRST,
    };
    store.restore("region", known).wait().unwrap();
    for how in [Invalidation::Hard, Invalidation::Soft, Invalidation::Hard] {
        let before = store.read("region").wait().unwrap().current();
        let after = store.raise("region", how).wait().unwrap().current();
        assert!(after > before);
    }
}

#[test]
fn what_was_written_tomorrow_is_there_and_leases_go_by_another_clock() {
    let folder = tempfile::tempdir().unwrap();
    let store = File::open(folder.path()).unwrap();
    let mut ahead = entry("value");
    ahead.metadata.created = SystemClock.wall().after(Span::from_secs(86_400));
    store
        .set(b"key", ahead, Span::from_secs(2 * 86_400))
        .wait()
        .unwrap();
    let _lease = win(&store, b"leased", LONG);
    assert_eq!(get(&store, b"key").as_deref(), Some(&b"value"[..]));
    assert!(is_out(&store, b"leased"));
}
