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
    until("it is noticed", || {
        set(&store, b"other", "value").unwrap();
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

#[test]
fn a_replaced_file_is_noticed_in_a_folder_that_stays() {
    let folder = tempfile::tempdir().unwrap();
    let store = File::open(folder.path()).unwrap();
    set(&store, b"key", "old").unwrap();
    let data = folder.path().join("data.mdb");
    std::fs::rename(&data, folder.path().join("moved")).unwrap();
    until("it is noticed", || {
        set(&store, b"other", "value").unwrap();
        data.exists()
    });
    assert_eq!(get(&store, b"key"), None);
    assert!(get(&store, b"other").is_some());
}
