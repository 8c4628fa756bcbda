//! What is told late.

use std::sync::mpsc::{Receiver, channel};

use dogpile_backend::{LeaseStore, News, Watch};
use dogpile_file::File;

use super::children::Child;
use super::{LONG, win};

fn hang(store: &File) -> (Watch, Receiver<News>) {
    let (says, heard) = channel();
    let bell = Box::new(move |news| {
        let _ = says.send(news);
    });
    (store.watch(b"key", bell).unwrap(), heard)
}

fn is_told_of_a_failure(heard: &Receiver<News>) -> bool {
    heard.try_iter().any(|news| news == News::Failed)
}

#[test]
fn law_5_a_failure_that_is_told_late_is_not_for_those_who_came_later() {
    let folder = tempfile::tempdir().unwrap();
    let store = File::open(folder.path()).unwrap();
    let mut elsewhere = Child::start("fails", folder.path());
    elsewhere.says("holds");
    let (_waits, waited) = hang(&store);
    // Nobody holds this lease, so it is rung for whenever the thread that listens looks: it stands still
    // there until it may go on.
    let (comes, has_come) = channel();
    let (go_on, may_go_on) = channel::<()>();
    let may_go_on = std::sync::Mutex::new(may_go_on);
    let bell = Box::new(move |_| {
        let _ = comes.send(());
        let _ = may_go_on.lock().unwrap().recv();
    });
    let gate = store.watch(b"gate", bell).unwrap();
    has_come.recv().unwrap();
    elsewhere.go_on();
    elsewhere.says("has failed");
    // Another has the lease, and somebody waits for that one.
    let lease = win(&store, b"key", LONG);
    let (_waits_too, later) = hang(&store);
    go_on.send(()).unwrap();
    has_come.recv().unwrap();
    assert!(is_told_of_a_failure(&waited));
    assert!(!is_told_of_a_failure(&later), "it was another's");
    drop((go_on, gate));
    store.release(b"key", &lease, true).wait().unwrap();
    assert!(is_told_of_a_failure(&later));
}
