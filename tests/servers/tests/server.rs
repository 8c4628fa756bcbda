//! A server of one's own, shown on the real ones.
#![allow(clippy::unwrap_used)] // what a test cannot go on without, fails it

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use dogpile_test_servers::{Error, Flavour, Server};

/// Long enough for an answer, short enough to wait for none.
const SHORT: Duration = Duration::from_millis(200);

/// Whether a process of this id runs; one that ended and was not fetched yet does not.
fn runs(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit(") ").next().unwrap_or_default();
    !state.is_empty() && !state.starts_with(['Z', 'X'])
}

fn is_gone(pid: u32) -> bool {
    !Path::new(&format!("/proc/{pid}")).exists()
}

#[test]
fn each_flavour_starts_and_answers() {
    for flavour in Flavour::ALL {
        let server = Server::start(flavour).unwrap();
        assert_eq!(server.ask(&["SET", "k", "v w"]).unwrap(), "OK");
        assert_eq!(server.ask(&["GET", "k"]).unwrap(), "v w");
        assert_eq!(server.ask(&["GET", "none"]).unwrap(), "(nil)");
        let about = server.ask(&["INFO", "server"]).unwrap();
        assert!(
            about.contains(&format!("process_id:{}", server.pid().unwrap())),
            "{about}"
        );
        assert_eq!(
            about.contains("valkey_version"),
            flavour == Flavour::Valkey,
            "{about}"
        );
        assert_ne!(server.port(), 6379);
        assert_eq!(
            server.url(),
            format!("redis://127.0.0.1:{}/0", server.port())
        );
    }
}

#[test]
fn kill_leaves_no_process_and_restart_keeps_the_port() {
    for flavour in Flavour::ALL {
        let server = Server::start(flavour).unwrap();
        let (port, pid) = (server.port(), server.pid().unwrap());
        server.ask(&["SET", "k", "v"]).unwrap();
        server.kill().unwrap();
        assert!(is_gone(pid) && server.pid().is_none() && !server.is_up());
        assert!(server.ping(SHORT).is_err());
        server.kill().unwrap();
        server.restart().unwrap();
        assert_eq!(server.port(), port);
        assert_ne!(server.pid(), Some(pid));
        assert_eq!(server.ask(&["GET", "k"]).unwrap(), "(nil)");
    }
}

#[test]
fn dropping_it_leaves_nothing() {
    let server = Server::start(Flavour::Redis).unwrap();
    let (pid, folder) = (server.pid().unwrap(), PathBuf::from(server.folder()));
    assert!(folder.is_dir());
    drop(server);
    assert!(is_gone(pid) && !folder.exists());
}

#[test]
fn a_panic_leaves_nothing() {
    let (send, receive) = std::sync::mpsc::channel();
    let ended = thread::spawn(move || {
        let server = Server::start(Flavour::Redis).unwrap();
        send.send(server.pid().unwrap()).unwrap();
        panic!("as a failing test does");
    });
    let pid = receive.recv().unwrap();
    assert!(ended.join().is_err());
    assert!(is_gone(pid));
}

#[test]
fn it_outlives_the_thread_that_started_it() {
    let server = thread::spawn(|| Server::start(Flavour::Redis).unwrap());
    let server = server.join().unwrap();
    assert_eq!(server.ask(&["ECHO", "here"]).unwrap(), "here");
}

/// The test runs itself again, and kills what it started so.
#[test]
fn it_does_not_outlive_a_process_that_is_killed() {
    const SECOND: &str = "DOGPILE_TEST_SERVERS_SECOND";
    if std::env::var_os(SECOND).is_some() {
        let server = Server::start(Flavour::Redis).unwrap();
        println!(
            "\npid {} {}",
            server.pid().unwrap(),
            server.folder().display()
        );
        let _ = std::io::stdin().read(&mut [0]);
        return;
    }
    let name = "it_does_not_outlive_a_process_that_is_killed";
    let mut second = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(SECOND, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(second.stdout.take().unwrap()).lines();
    let line = lines
        .map_while(Result::ok)
        .find_map(|line| line.strip_prefix("pid ").map(str::to_owned))
        .unwrap();
    let (pid, folder) = line.split_once(' ').unwrap();
    let pid = pid.parse().unwrap();
    assert!(runs(pid));
    second.kill().unwrap();
    second.wait().unwrap();
    let start = Instant::now();
    while runs(pid) || Path::new(folder).exists() {
        let waits = start.elapsed() < Duration::from_secs(10);
        assert!(waits, "{pid} or {folder} is still there");
        thread::yield_now();
    }
}

#[test]
fn what_is_durable_survives_a_kill() {
    for flavour in Flavour::ALL {
        let server = Server::of(flavour).durable().start().unwrap();
        server.ask(&["SET", "k", "v"]).unwrap();
        server.kill().unwrap();
        server.restart().unwrap();
        assert_eq!(server.ask(&["GET", "k"]).unwrap(), "v");
    }
}

#[test]
fn a_stop_writes_what_is_to_be_saved() {
    for flavour in Flavour::ALL {
        let server = Server::of(flavour).config("save 3600 1").start().unwrap();
        server.ask(&["SET", "k", "v"]).unwrap();
        let pid = server.pid().unwrap();
        server.stop().unwrap();
        assert!(is_gone(pid));
        server.restart().unwrap();
        assert_eq!(server.ask(&["GET", "k"]).unwrap(), "v");
    }
}

#[test]
fn a_frozen_server_is_there_and_does_not_answer() {
    for flavour in Flavour::ALL {
        let server = Server::start(flavour).unwrap();
        server.freeze().unwrap();
        assert!(runs(server.pid().unwrap()) && !server.is_up());
        assert!(matches!(server.ping(SHORT), Err(Error::Io { .. })));
        server.thaw().unwrap();
        server.ping(Duration::from_secs(10)).unwrap();
        server.freeze().unwrap();
        server.restart().unwrap();
        server.freeze().unwrap();
        server.stop().unwrap();
        assert!(matches!(server.freeze(), Err(Error::NotRunning { .. })));
    }
}

#[test]
fn it_is_as_its_configuration_says() {
    for flavour in Flavour::ALL {
        let server = Server::of(flavour)
            .config("maxmemory 5mb")
            .config("maxmemory-policy allkeys-lru")
            .password("secret")
            .user("reader", "on >word ~* -@all +get")
            .start()
            .unwrap();
        let policy = server.ask(&["CONFIG", "GET", "maxmemory-policy"]).unwrap();
        assert_eq!(policy, "maxmemory-policy\nallkeys-lru");
        assert_eq!(
            server.url(),
            format!("redis://:secret@127.0.0.1:{}/0", server.port())
        );
        assert!(matches!(
            server.ask(&["AUTH", "wrong"]),
            Err(Error::Refused { message, .. }) if message.starts_with("WRONGPASS")
        ));
        assert_eq!(server.ask(&["AUTH", "reader", "word"]).unwrap(), "OK");
        assert!(matches!(
            server.ask(&["SET", "k", "v"]),
            Err(Error::Refused { message, .. }) if message.starts_with("NOPERM")
        ));
    }
}

#[test]
fn one_that_cannot_start_says_why() {
    let started = Server::of(Flavour::Redis).config("no-such-line 1").start();
    let Err(Error::Ended { log }) = started else {
        panic!("{started:?}");
    };
    assert!(log.contains("no-such-line"), "{log}");
}
