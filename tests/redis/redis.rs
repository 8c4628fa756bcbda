//! Regions on real Redis servers: the laws among processes, and what becomes of them when the server
//! or the way to it fails.
//!
//! Two regions, each with a `Redis` of its own, stand for two processes: they share nothing else. Real
//! processes, killed and frozen, are the laboratory's.
#![allow(clippy::unwrap_used)] // what a test cannot go on without, fails it

mod back_off;
mod batches;
mod clients;
mod costs;
mod dropped;
mod epochs;
mod failing_server;
mod failover;
#[path = "../support/given_away_on_servers.rs"]
mod given_away;
mod laws;
mod operators;
mod python;
mod round_trips;
mod sentinels;
mod tags;
mod tiers;

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

use dogpile::{Answer, Config, Error, JsonCodec, RedisSettings, Region};
use dogpile_test_servers::{Flavour, Server};

type Asked = Result<Answer<u64>, Error>;

fn server() -> Server {
    Server::start(Flavour::Redis).expect("a server starts")
}

/// A lease that no test waits to the end of.
const LONG: Duration = Duration::from_secs(60);

fn settings(url: &str) -> RedisSettings {
    RedisSettings::url(url).timeout(Duration::from_secs(10))
}

fn config(settings: RedisSettings) -> Config<u64> {
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

/// How many processes listen for news of `key`.
fn listeners(server: &Server, key: &str) -> i64 {
    let channel = format!("dogpile:w:{{{key}}}");
    let reply = server.reply(&["PUBSUB", "NUMSUB", &channel]).unwrap();
    reply.parts()[1].number().unwrap()
}

/// The token of the lease that is out on `key`, if one is.
fn lease_of(server: &Server, key: &str) -> Option<String> {
    let lease = format!("dogpile:l:{{{key}}}");
    let reply = server.reply(&["GET", &lease]).unwrap();
    reply.text().map(str::to_owned)
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
    let (before, scripts) = (listeners(server, "key"), scripts_run(server));
    let call = scope.spawn(move || region.at("key").create(create));
    until("it listens", || listeners(server, "key") > before);
    // It asked for the lease before it listened, and asks again once it does.
    until("it has looked again", || scripts_run(server) >= scripts + 2);
    call
}

/// How often a client has named a script to the server.
fn scripts_run(server: &Server) -> u64 {
    let statistics = server.ask(&["INFO", "commandstats"]).unwrap();
    let counts = statistics
        .lines()
        .find_map(|line| line.strip_prefix("cmdstat_evalsha:calls="));
    let count = counts.and_then(|counts| counts.split(',').next());
    count.map_or(0, |count| count.parse().unwrap())
}
