use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Mutex;

use super::*;
use crate::lookup::Lookup;
use dogpile_backend::Operation;

/// To somebody who takes connections in and says nothing, which nobody here waits for.
fn pool(connections: usize) -> (TcpListener, Pool) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let server = listener.local_addr().expect("it has one").to_string();
    let reach = reach(server, Lookup::default(), Duration::from_millis(20));
    (
        listener,
        Pool::new(reach, connections, Duration::from_secs(1)),
    )
}

fn reach(server: String, lookup: Lookup, timeout: Duration) -> Reach {
    Reach {
        server,
        lookup,
        timeout,
        login: None,
        #[cfg(feature = "tls")]
        tls: None,
    }
}

/// An address where nobody answers: its listener takes in no more than it has, for others wait to be let in.
fn swallowing() -> (TcpListener, Vec<TcpStream>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("it has one");
    let briefly = Duration::from_millis(100);
    let waiting = std::iter::from_fn(|| TcpStream::connect_timeout(&address, briefly).ok());
    let waiting = waiting.collect();
    (listener, waiting)
}

/// Where the name of the test below leads.
static ADDRESSES: Mutex<Vec<SocketAddr>> = Mutex::new(Vec::new());

#[test]
fn law_12_an_address_that_swallows_everything_leaves_time_for_the_next_of_its_name() {
    let (dead, _waiting) = swallowing();
    let alive = TcpListener::bind("127.0.0.1:0").expect("a port");
    let all = [&dead, &alive].map(|listener| listener.local_addr().expect("it has one"));
    *ADDRESSES.lock().expect("nobody panicked") = all.to_vec();
    let lookup = Lookup::by(|_| Ok(ADDRESSES.lock().expect("nobody panicked").clone()));
    let reach = reach("cache:11211".to_owned(), lookup, Duration::from_secs(4));
    let begun = Instant::now();
    assert!(reach.connect().is_ok());
    // Else what is left for the next is a millisecond, by which one that is farther away is not reached.
    assert!(begun.elapsed() < reach.timeout, "its share and no more");
}

#[test]
fn law_12_who_waits_in_vain_for_a_connection_is_told_what_to_do() {
    let (_listener, pool) = pool(1);
    let talked = pool.talk(Again::Never, |_| {
        let beside = pool.talk(Again::Never, |_| Ok(()));
        Ok(beside.expect_err("another has the only connection"))
    });
    let (trouble, line) = talked.expect("nothing was asked");
    let error = trouble.told(Operation::Get, b"key").to_string();
    assert!(error.contains("all 1 connections"), "{error}");
    assert!(error.contains("MemcachedSettings::connections"), "{error}");
    assert!(error.contains("MemcachedSettings::timeout"), "{error}");
    // It is free again, and no reason to leave the server alone.
    let again = pool.talk_on_line(line, |_| {
        assert!(matches!(
            pool.talk_on_line(line, |_| Ok(())),
            Err(Trouble::Busy { .. })
        ));
        Ok(())
    });
    assert!(matches!(again, Ok(Some(()))));
}
