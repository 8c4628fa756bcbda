//! A process that stands still, by a real signal, for longer than a server may take to answer.
#![allow(clippy::unwrap_used)] // what a test cannot go on without, fails it

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use dogpile_backend::{Store, block_on};
use dogpile_redis::RedisSettings;
use dogpile_test_servers::{Flavour, Process, Server};

/// Where the process asks that is stopped, and which way. It is a child that runs this test alone.
const SERVER: &str = "DOGPILE_STANDSTILL_SERVER";
const AS_TASKS: &str = "DOGPILE_STANDSTILL_AS_TASKS";

const TEST: &str = "law_12_a_process_that_stood_still_hears_what_the_server_said_meanwhile";

const TIMEOUT: Duration = Duration::from_secs(1);
const CALLERS: usize = 4;
const KEY: &[u8] = b"amid-a-look";

/// All that the process does that is stopped. All but one of its callers wait for the only connection.
fn ask(server: String) {
    let settings = RedisSettings::url(server).timeout(TIMEOUT);
    let store = settings.connections(1).open().unwrap();
    let as_tasks = std::env::var_os(AS_TASKS).is_some();
    let look = || match as_tasks {
        true => block_on(store.get(KEY)),
        false => store.get(KEY).wait(),
    };
    thread::scope(|scope| {
        for _ in 0..CALLERS {
            scope.spawn(|| println!("\nheard {:?}", look()));
        }
    });
}

fn asking(server: SocketAddr, as_tasks: bool) -> Process {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", TEST, "--nocapture"]);
    command.env(SERVER, format!("redis://{server}/0"));
    if as_tasks {
        command.env(AS_TASKS, "1");
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    Process::start(command).unwrap()
}

/// The first look: told of, and passed on when this is said.
type Look = Arc<Mutex<Option<(Sender<()>, Receiver<()>)>>>;

/// A way to the server on which the first look is held back.
fn way_to(server: SocketAddr, look: &Look) -> SocketAddr {
    let way = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, look) = (way.local_addr().unwrap(), Arc::clone(look));
    thread::spawn(move || {
        for client in way.incoming().map_while(Result::ok) {
            let server = TcpStream::connect(server).unwrap();
            let (back, to) = (server.try_clone().unwrap(), client.try_clone().unwrap());
            let look = Arc::clone(&look);
            thread::spawn(move || {
                carry(client, server, |said| {
                    let is_it = said.windows(KEY.len()).any(|part| part == KEY);
                    let first = is_it.then(|| look.lock().unwrap().take()).flatten();
                    if let Some((told, go)) = first {
                        told.send(()).unwrap();
                        go.recv().unwrap();
                    }
                });
            });
            thread::spawn(move || carry(back, to, |_| ()));
        }
    });
    address
}

fn carry(mut from: TcpStream, mut to: TcpStream, before: impl Fn(&[u8])) {
    let mut bytes = [0; 4_096];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        before(&bytes[..count]);
        if to.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}

#[test]
fn law_12_a_process_that_stood_still_hears_what_the_server_said_meanwhile() {
    if let Ok(server) = std::env::var(SERVER) {
        return ask(server);
    }
    let redis = Server::start(Flavour::Redis).unwrap();
    // Of a task it depends on whether its alarm or its answer is seen first: more than once.
    for as_tasks in [false, true, true] {
        let ((told, looks), (go, may_go)) = (channel(), channel());
        let look: Look = Arc::new(Mutex::new(Some((told, may_go))));
        let mut asking = asking(way_to(redis.address(), &look), as_tasks);
        let (_orders, says) = asking.pipes();
        looks.recv().unwrap();
        asking.freeze().unwrap();
        go.send(()).unwrap();
        // It is this long that it stands still.
        thread::sleep(TIMEOUT * 5 / 4);
        asking.thaw().unwrap();
        let heard = BufReader::new(says.unwrap()).lines().map_while(Result::ok);
        let heard: Vec<_> = heard.filter(|line| line.starts_with("heard")).collect();
        assert_eq!(heard, ["heard Ok(None)"; CALLERS], "tasks: {as_tasks}");
    }
}
