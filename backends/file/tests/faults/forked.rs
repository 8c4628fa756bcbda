//! Forks without a new program.

use std::io::{Read as _, Write as _};
use std::path::Path;

use dogpile_backend::{Operation, Store};
use dogpile_file::File;

use crate::children::{Child, say, wait};
use crate::{LONG, get, is_out, set, win};

/// Forks; the child does `work` and ends.
fn fork(work: impl FnOnce()) {
    // SAFETY: this process is a test of its own, whose other threads only wait; the child calls what a forked
    // child may, but for memory, which the C library makes safe.
    match unsafe { libc::fork() } {
        -1 => panic!("{}", std::io::Error::last_os_error()),
        0 => {
            work();
            // SAFETY: ends the child at once, without what the parent has registered for its end.
            unsafe { libc::_exit(0) };
        }
        _ => {}
    }
}

/// Takes a lease and leaves a child that outlives it.
pub(crate) fn forks_and_holds(folder: &Path) {
    let store = File::open(folder).unwrap();
    let _lease = win(&store, b"key", LONG);
    let (mut heard, mut told) = std::io::pipe().unwrap();
    fork(|| {
        told.write_all(b"I run").unwrap();
        // Lives for as long as the test's end of the orders is open.
        let mut orders = std::io::stdin().lock();
        let _ = std::io::copy(&mut orders, &mut std::io::sink());
    });
    heard.read_exact(&mut [0; 5]).unwrap();
    say("holds");
    std::thread::park();
}

/// Uses the store in a forked child.
pub(crate) fn forks_and_uses(folder: &Path) {
    let store = File::open(folder).unwrap();
    set(&store, b"parent", "before").unwrap();
    fork(|| {
        let told = match store.get(b"parent").wait() {
            Ok(Some(_)) => match set(&store, b"child", "stored") {
                Ok(()) => "uses it".to_owned(),
                Err(error) => error.to_string(),
            },
            Ok(None) => "finds nothing".to_owned(),
            Err(error) => {
                assert_eq!(error.operation, Operation::Get);
                error.to_string()
            }
        };
        let mut out = std::fs::File::options()
            .append(true)
            .open("/dev/stdout")
            .unwrap();
        out.write_all(format!("> {told}\n").as_bytes()).unwrap();
    });
    wait();
    let found = get(&store, b"child");
    set(&store, b"parent", "after").unwrap();
    say(&format!("finds {found:?}"));
}

#[test]
fn a_lease_is_free_once_its_holder_is_dead_whoever_was_forked_from_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = File::open(folder.path()).unwrap();
    let mut holder = Child::start("forks and holds", folder.path());
    holder.says("holds");
    assert!(is_out(&store, b"key"));
    holder.process.kill().unwrap();
    assert!(!is_out(&store, b"key"));
}

#[test]
fn a_forked_child_opens_the_store_anew() {
    let folder = tempfile::tempdir().unwrap();
    let mut parent = Child::start("forks and uses", folder.path());
    parent.says("uses it");
    parent.go_on();
    parent.says("finds Some([115, 116, 111, 114, 101, 100])");
}
