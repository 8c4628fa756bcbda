//! Folders that are opened by many at once, or cannot be.

use std::cell::RefCell;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use dogpile_file::{File, FileSettings, OpenError};

use crate::children::{Child, say};
use crate::{get, set};

#[test]
fn many_processes_open_one_folder_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("not there yet");
    let mut children: Vec<_> = (0..32).map(|_| Child::start("opens", &path)).collect();
    for child in &mut children {
        child.says("stands");
    }
    children.iter_mut().for_each(Child::go_on);
    let all: Vec<_> = children
        .iter_mut()
        .map(|child| child.hear().unwrap())
        .collect();
    let all = all.join(" ");
    for child in &mut children {
        child.go_on();
        child.tell(&all);
        child.says("misses 0");
    }
}

#[test]
fn in_one_process_a_path_is_one_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let one = File::open(&path).unwrap();
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let other = File::open(&link).unwrap();
    set(&one, b"key", "value").unwrap();
    assert_eq!(get(&other, b"key").as_deref(), Some(&b"value"[..]));
    drop((one, other));
    let again = File::open(&path).unwrap();
    assert_eq!(
        get(&again, b"key").as_deref(),
        Some(&b"value"[..]),
        "it outlives all"
    );
}

#[test]
fn a_folder_with_a_long_name_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder
        .path()
        .join("long".repeat(50))
        .join("longer".repeat(30));
    let store = File::open(&path).unwrap();
    let mut waiter = Child::start("waits", &path);
    waiter.says_at_last("waits");
    set(&store, b"key", "value").unwrap();
    waiter.says_at_last("Changed");
}

#[test]
fn bounds_that_cannot_be_meant_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for most in [0, 1, (1 << 20) - 1, u64::MAX] {
        let refused = FileSettings::path(folder.path()).max_size(most).open();
        assert!(matches!(refused, Err(OpenError::Size { found }) if found == most));
    }
}

#[test]
fn a_file_in_the_folders_place_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    std::fs::write(&path, "text").unwrap();
    let told = File::open(&path).unwrap_err().to_string();
    assert!(
        told.contains("cannot be used as a store's folder"),
        "{told}"
    );
    assert_eq!(std::fs::read(&path).unwrap(), b"text");
}

#[test]
fn a_folder_that_may_not_be_written_to_is_told() {
    let folder = tempfile::tempdir().unwrap();
    drop(File::open(folder.path().join("store")).unwrap());
    let path = folder.path().display();
    let mount = format!("mount --bind '{path}' '{path}' && mount -o remount,ro,bind '{path}'");
    let mut child = Child::apart(&mount, "cannot write", folder.path());
    let told = child.hear().unwrap();
    assert!(
        told.contains("has to be one that this process may write to"),
        "{told}"
    );
}

pub(crate) fn cannot_write(folder: &Path) {
    say(&File::open(folder.join("store")).unwrap_err().to_string());
}

#[test]
fn having_no_descriptors_left_is_told_and_passes() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = Child::start("has no descriptors", folder.path());
    let told = child.hear().unwrap();
    assert!(told.contains("Too many open files"), "{told}");
    child.says("opens now");
}

pub(crate) fn has_no_descriptors(folder: &Path) {
    let mut all = Vec::new();
    while let Ok(file) = std::fs::File::open("/dev/null") {
        all.push(file);
        // However many the machine allows, at each number left it is told, and nothing is left open.
        assert!(all.len() < 5_000_000);
    }
    let mut told = None;
    let store = loop {
        match File::open(folder) {
            Ok(store) => break store,
            Err(error) => told = Some(error.to_string()),
        }
        all.pop().unwrap();
    };
    say(&told.unwrap());
    set(&store, b"key", "value").unwrap();
    say("opens now");
}

/// Ends after what the store keeps for its thread, and before what the C library does for the engine.
struct Last(Sender<()>);

impl Drop for Last {
    fn drop(&mut self) {
        self.0.send(()).unwrap();
        // Nothing is waited for: it is the store that has to wait, for longer than it takes to close.
        std::thread::sleep(Duration::from_millis(20));
    }
}

thread_local! {
    static LAST: RefCell<Option<Last>> = const { RefCell::new(None) };
}

/// The engine keeps a place for each thread, which is freed at the thread's end: in memory that closing takes away.
#[test]
fn a_store_may_be_closed_while_a_thread_ends_that_has_read() {
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..5 {
        let store = Arc::new(File::open(folder.path()).unwrap());
        let (tell, told) = channel();
        let reader = Arc::clone(&store);
        std::thread::spawn(move || {
            LAST.set(Some(Last(tell)));
            assert!(get(&reader, b"key").is_none());
            drop(reader);
        });
        told.recv().unwrap();
        drop(store);
    }
}

#[test]
fn the_longest_timeout_is_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let store = FileSettings::path(folder.path())
        .timeout(Duration::MAX)
        .open()
        .unwrap();
    set(&store, b"key", "value").unwrap();
    let refused = FileSettings::path(folder.path())
        .timeout(Duration::ZERO)
        .open();
    assert!(matches!(refused, Err(OpenError::NoTime)));
}
