//! A folder that is removed or replaced while it is open.

use dogpile_file::File;

use crate::{get, is_out, set, until, win};

#[test]
fn a_removed_folder_is_noticed_and_begun_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let (store, other) = (File::open(&path).unwrap(), File::open(&path).unwrap());
    set(&store, b"key", "old").unwrap();
    let lease = win(&store, b"leased", crate::LONG);
    std::fs::remove_dir_all(&path).unwrap();
    // The one write that notices may fail, and say so.
    until("it is noticed", || {
        let _ = set(&store, b"other", "value");
        path.join("data.mdb").exists()
    });
    set(&store, b"other", "value").unwrap();
    assert_eq!(
        get(&store, b"key"),
        None,
        "whoever removes it wants it forgotten"
    );
    assert_eq!(get(&other, b"other").as_deref(), Some(&b"value"[..]));
    let late = crate::commit(&store, b"leased", &lease, "late");
    assert_eq!(late, dogpile_backend::Commit::Refused);
    assert!(!is_out(&store, b"leased"));
}
