//! Regions on a real memcached: the laws among processes, and what becomes of them when the server or
//! the way to it fails.
//!
//! Two regions, each with a `Memcached` of its own, stand for two processes: they share nothing else.
//! Real processes, killed and frozen, are the laboratory's.
#![allow(clippy::unwrap_used)] // what a test cannot go on without, fails it

mod back_off;
mod batches;
mod beginning_anew;
mod by_name;
mod costs;
mod dropped;
mod epochs;
mod failing_server;
#[path = "../support/given_away_on_servers.rs"]
mod given_away;
mod laws;
mod python;
mod round_trips;
mod tags;

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

use dogpile::{Answer, Config, Error, JsonCodec, MemcachedSettings, Region};
use dogpile_test_servers::Memcached as Server;

type Asked = Result<Answer<u64>, Error>;

fn server() -> Server {
    Server::start(&[]).expect("a server starts")
}

/// A lease that no test waits to the end of.
const LONG: Duration = Duration::from_secs(60);

fn settings(url: &str) -> MemcachedSettings {
    MemcachedSettings::server(url).timeout(Duration::from_secs(10))
}

fn config(settings: MemcachedSettings) -> Config<u64> {
    let store = settings.open().unwrap().encoded(JsonCodec::new());
    Config::new(store).lease_time(LONG)
}

/// A process of its own, as far as this test goes.
fn process(config: Config<u64>) -> Region<u64> {
    let region = Region::new("shared");
    region.configure(config).unwrap();
    region
}

fn on(server: &Server) -> Region<u64> {
    process(config(settings(&server.url())))
}

/// Waits for what another thread or process brings about. Only a test that fails waits for long.
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(30), "never: {what}");
        thread::yield_now();
    }
}

/// What the server says of the item under `key` but its value; `EN` where none is.
fn item_of(server: &Server, key: &str) -> String {
    let answer = server.ask(&format!("mg dogpile:v:{key} c f s")).unwrap();
    answer.trim_end().to_owned()
}

/// A call in a thread, in its creator until it is sent what to create.
struct Creating<'s> {
    go: Sender<u64>,
    call: ScopedJoinHandle<'s, Asked>,
}

impl Creating<'_> {
    fn end_with(self, value: u64) -> Asked {
        self.go.send(value).unwrap();
        self.call.join().unwrap()
    }
}

fn creating<'s>(scope: &'s thread::Scope<'s, '_>, region: &'s Region<u64>) -> Creating<'s> {
    let (go, wait): (_, Receiver<u64>) = channel();
    let (begun, has_begun) = channel();
    let call = scope.spawn(move || {
        region.at("key").create(move || {
            begun.send(()).unwrap();
            wait.recv().unwrap()
        })
    });
    has_begun.recv().unwrap();
    Creating { go, call }
}

/// A call in a thread, which waits for another process.
fn waiting<'s>(
    scope: &'s thread::Scope<'s, '_>,
    server: &Server,
    region: &'s Region<u64>,
    create: impl FnOnce() -> u64 + Send + 's,
) -> ScopedJoinHandle<'s, Asked> {
    let reads = || server.count("cmd_get").unwrap();
    let before = reads();
    let call = scope.spawn(move || region.at("key").create(create));
    // It looks, asks for the lease, and looks again and again.
    until("it has looked again", || reads() >= before + 4);
    call
}
