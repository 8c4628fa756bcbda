//! The counter counts what clients send: all of it, and nothing else.
#![allow(clippy::unwrap_used)] // what a test cannot go on without, fails it

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;

use dogpile_test_servers::{Error, Flavour, Server};

/// A client that speaks in lines.
struct Client(TcpStream);

impl Client {
    fn of(server: &Server) -> Self {
        Self(TcpStream::connect(server.address()).unwrap())
    }

    /// Sends one line, or several as a pipeline, and gets as many lines back.
    fn say(&mut self, lines: &[&str]) -> String {
        let text = lines.join("\r\n") + "\r\n";
        self.0.write_all(text.as_bytes()).unwrap();
        let mut answer = String::new();
        while answer.matches("\r\n").count() < lines.len() {
            let mut bytes = [0; 4096];
            let count = self.0.read(&mut bytes).unwrap();
            assert_ne!(count, 0, "closed after {answer:?}");
            answer.push_str(std::str::from_utf8(&bytes[..count]).unwrap());
        }
        answer
    }
}

#[test]
fn it_counts_each_command_by_its_name() {
    for flavour in Flavour::ALL {
        let server = Server::start(flavour).unwrap();
        let mut client = Client::of(&server);
        client.say(&["SET before 1"]);
        let counter = server.counter().unwrap();
        assert_eq!(counter.count().unwrap(), 0);
        client.say(&["SET a 1"]);
        client.say(&["set b 1", "DEL a", "INCR b"]);
        assert_eq!(counter.count().unwrap(), 4);
        let by = counter.by_command().unwrap();
        let by: Vec<_> = by
            .iter()
            .map(|(name, count)| (name.as_str(), *count))
            .collect();
        assert_eq!(by, [("DEL", 1), ("INCR", 1), ("SET", 2)]);
    }
}

#[test]
fn what_a_script_calls_is_not_the_clients() {
    let script = "EVAL \"for i = 1, 10 do redis.call('INCR', KEYS[1]) end return 1\" 1 k";
    for flavour in Flavour::ALL {
        let server = Server::start(flavour).unwrap();
        let counter = server.counter().unwrap();
        let mut client = Client::of(&server);
        client.say(&[script, script, "INCR k"]);
        assert_eq!(server.ask(&["GET", "k"]).unwrap(), "21");
        let by = counter.by_command().unwrap();
        assert_eq!((by["EVAL"], by["INCR"], by.len()), (2, 1, 2), "{by:?}");
        // A script that the server does not know was asked for all the same.
        client.say(&["EVALSHA ffffffffffffffffffffffffffffffffffffffff 0"]);
        assert_eq!(counter.count().unwrap(), 4);
    }
}

#[test]
fn setting_up_and_the_house_itself_are_not_counted() {
    for flavour in Flavour::ALL {
        let server = Server::start(flavour).unwrap();
        let counter = server.counter().unwrap();
        let mut client = Client::of(&server);
        client.say(&["PING", "SELECT 0", "CLIENT SETNAME me", "CLIENT ID"]);
        server.ask(&["SET", "k", "v"]).unwrap();
        let other = server.counter().unwrap();
        assert_eq!((other.count().unwrap(), counter.count().unwrap()), (0, 0));
        client.say(&["SUBSCRIBE channel"]);
        assert_eq!((other.count().unwrap(), counter.count().unwrap()), (1, 1));
    }
}

#[test]
fn nothing_is_missed_among_many() {
    const EACH: usize = 2_000;
    for flavour in Flavour::ALL {
        let server = Server::start(flavour).unwrap();
        let counter = server.counter().unwrap();
        thread::scope(|scope| {
            for client in 0..4 {
                let mut connection = Client::of(&server);
                scope.spawn(move || {
                    for round in 0..EACH / 10 {
                        let line = format!("SET \"k]{client} \\\" [{round}\" v");
                        connection.say(&[line.as_str(); 10]);
                    }
                });
            }
        });
        assert_eq!(counter.count().unwrap(), 4 * EACH as u64);
    }
}

#[test]
fn a_killed_server_is_told_and_not_guessed() {
    let server = Server::start(Flavour::Redis).unwrap();
    let counter = server.counter().unwrap();
    server.kill().unwrap();
    server.restart().unwrap();
    assert!(matches!(counter.count(), Err(Error::CounterLost(_))));
    assert_eq!(server.counter().unwrap().count().unwrap(), 0);
}
