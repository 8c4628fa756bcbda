//! A process that stands still, by a real signal, for longer than a server may take to answer.
#![allow(clippy::unwrap_used)] // what a test cannot go on without, fails it

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use dogpile_backend::{
    Backend, CachedValue, Epoch, Metadata, Payload, Span, Stamp, Store, Terms, Time, block_on,
};
use dogpile_memcached::{MemcachedSettings, Pipelined};
use dogpile_test_servers::{Memcached as Server, Process};

/// Where the process asks that is stopped, and which way. It is a child that runs this test alone.
const SERVER: &str = "DOGPILE_STANDSTILL_SERVER";
const AS_TASKS: &str = "DOGPILE_STANDSTILL_AS_TASKS";

const TEST: &str = "law_12_a_process_that_stood_still_hears_what_the_server_said_meanwhile";

const TIMEOUT: Duration = Duration::from_secs(1);
const CALLERS: usize = 4;

/// All that the process does that is stopped. All but one of its callers wait for the only connection.
fn ask(server: String) {
    let settings = MemcachedSettings::server(server).timeout(TIMEOUT);
    let store = settings.connections(1).open().unwrap();
    if std::env::var_os(AS_TASKS).is_some() {
        let store = Pipelined::new(store);
        tell(|| block_on(Store::get(&store, b"key")));
    } else {
        tell(|| store.get(b"key"));
    }
}

fn tell<T: std::fmt::Debug>(ask: impl Fn() -> T + Sync) {
    thread::scope(|scope| {
        for _ in 0..CALLERS {
            scope.spawn(|| println!("\nheard {:?}", ask()));
        }
    });
}

fn asking(server: &TcpListener, as_tasks: bool) -> Process {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", TEST, "--nocapture"]);
    command.env(SERVER, server.local_addr().unwrap().to_string());
    if as_tasks {
        command.env(AS_TASKS, "1");
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    Process::start(command).unwrap()
}

/// Answers every look with a miss; the first only when `before` is over.
fn answer(stream: &TcpStream, before: impl FnOnce(&TcpStream)) {
    let mut requests = BufReader::new(stream).lines().map_while(Result::ok);
    assert!(requests.next().unwrap().starts_with("mg "));
    before(stream);
    for request in requests {
        assert!(request.starts_with("mg "), "{request}");
        { stream }.write_all(b"EN\r\n").unwrap();
    }
}

#[test]
fn law_12_a_process_that_stood_still_hears_what_the_server_said_meanwhile() {
    if let Ok(server) = std::env::var(SERVER) {
        return ask(server);
    }
    for as_tasks in [false, true] {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut asking = asking(&server, as_tasks);
        let (_orders, says) = asking.pipes();
        let says = BufReader::new(says.unwrap());
        let (stream, _) = server.accept().unwrap();
        thread::scope(|scope| {
            let asking = &mut asking;
            scope.spawn(move || {
                answer(&stream, |mut stream| {
                    asking.freeze().unwrap();
                    stream.write_all(b"EN\r\n").unwrap();
                    // It is this long that it stands still.
                    thread::sleep(TIMEOUT * 5 / 4);
                    asking.thaw().unwrap();
                });
            });
            let heard = says.lines().map_while(Result::ok);
            let heard: Vec<_> = heard.filter(|line| line.starts_with("heard")).collect();
            assert_eq!(heard, ["heard Ok(None)"; CALLERS], "tasks: {as_tasks}");
        });
    }
}

#[test]
fn law_12_a_server_that_answers_late_and_in_time_is_waited_for() {
    for server in [Server::start(&[]).unwrap(), Server::encrypted().unwrap()] {
        let settings = match server.tls() {
            None => MemcachedSettings::server(server.url()),
            Some(tls) => MemcachedSettings::server(format!("memcacheds://{}", tls.address()))
                .root_certificate(tls.authority_pem()),
        };
        let store = settings.timeout(TIMEOUT * 2).open().unwrap();
        assert_eq!(store.get(b"key").unwrap(), None);
        server.freeze().unwrap();
        thread::scope(|scope| {
            let asked = scope.spawn(|| store.get(b"key"));
            // More than a quarter of the time, and less than all of it.
            thread::sleep(TIMEOUT * 3 / 4);
            server.thaw().unwrap();
            assert_eq!(asked.join().unwrap().unwrap(), None);
        });
    }
}

#[test]
fn law_12_a_server_that_says_nothing_is_waited_for_as_long_as_was_said() {
    // It takes in whoever comes.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = silent.local_addr().unwrap().to_string();
    let wait = || {
        let settings = MemcachedSettings::server(&server).timeout(TIMEOUT);
        let store = settings.open().unwrap();
        let begun = Instant::now();
        let told = store.get(b"key").unwrap_err().to_string();
        (begun.elapsed(), told)
    };
    thread::scope(|scope| {
        let all: Vec<_> = (0..CALLERS).map(|_| scope.spawn(wait)).collect();
        let all = all.into_iter().map(|one| one.join().unwrap());
        // A busy machine keeps some of them longer.
        let (shortest, told) = all.min().unwrap();
        assert!(told.contains("MemcachedSettings::timeout"), "{told}");
        assert!(
            shortest > TIMEOUT * 7 / 8 && shortest < TIMEOUT * 9 / 8,
            "{shortest:?}"
        );
    });
}

/// The way to a server, on which every byte comes back by itself once it is slow.
fn trickling(server: SocketAddr, slow: &Arc<OnceLock<()>>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let slow = Arc::clone(slow);
    thread::spawn(move || {
        for mut client in listener.incoming().map_while(Result::ok) {
            client.set_nodelay(true).unwrap();
            let server = TcpStream::connect(server).unwrap();
            let (mut there, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            thread::spawn(move || std::io::copy(&mut there, &mut to));
            let slow = Arc::clone(&slow);
            thread::spawn(move || {
                for byte in BufReader::new(server).bytes().map_while(Result::ok) {
                    if slow.get().is_some() {
                        // A part of a stretch of the time-out.
                        thread::sleep(TIMEOUT / 20);
                    }
                    if client.write_all(&[byte]).is_err() {
                        break;
                    }
                }
            });
        }
    });
    address
}

#[test]
fn law_12_a_server_that_trickles_is_left_in_time() {
    let server = Server::encrypted().unwrap();
    let tls = server.tls().unwrap();
    for encrypted in [false, true] {
        let slow = Arc::new(OnceLock::new());
        let settings = match encrypted {
            false => MemcachedSettings::server(trickling(server.address(), &slow).to_string()),
            true => {
                let way = trickling(tls.address(), &slow);
                MemcachedSettings::server(format!("memcacheds://{way}"))
                    .root_certificate(tls.authority_pem())
            }
        };
        let store = settings.timeout(TIMEOUT).open().unwrap();
        let entry = CachedValue {
            value: Payload {
                schema: 0,
                bytes: vec![b'x'; 1_000],
            },
            metadata: Metadata {
                stamp: Stamp::NONE,
                epoch: Epoch::FIRST,
                created: Time::ZERO,
                terms: Terms::NONE,
            },
        };
        store.set(b"key", entry, Span::from_secs(60)).unwrap();
        slow.set(()).unwrap();
        // The second by a new connection.
        for _ in 0..2 {
            let begun = Instant::now();
            let told = store.get(b"key").unwrap_err().to_string();
            assert!(
                begun.elapsed() < TIMEOUT * 5,
                "{:?}: {told}",
                begun.elapsed()
            );
        }
    }
}
