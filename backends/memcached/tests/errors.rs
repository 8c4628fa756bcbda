//! What is told of servers that cannot be used, and what to do.
#![allow(clippy::unwrap_used)] // what a test cannot go on without, fails it

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use dogpile_backend::{Ask, Backend, Fault, LeaseStore, Span};
use dogpile_memcached::MemcachedSettings;
use dogpile_test_servers::Memcached as Server;

#[test]
fn who_is_not_let_in_is_told_what_to_give() {
    let server = Server::guarded("shop", "open-sesame").unwrap();
    for settings in [
        MemcachedSettings::server(server.url()),
        MemcachedSettings::server(server.url()).login("shop", "guessed"),
    ] {
        let error = settings.open().unwrap().get(b"key").unwrap_err();
        assert_eq!(error.fault, Fault::Refused, "{error}");
        let told = error.to_string();
        assert!(!told.contains("guessed"), "{told}");
        assert!(told.contains("MemcachedSettings::login"), "{told}");
    }
}

fn told(settings: MemcachedSettings) -> String {
    let error = settings.open().unwrap().get(b"key").unwrap_err();
    assert_eq!(error.fault, Fault::Unavailable, "{error}");
    error.to_string()
}

/// As one started with `-B binary` does, which waits for more of the request or takes it for none.
#[test]
fn a_server_that_never_says_anything_may_speak_another_protocol() {
    let place = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = place.local_addr().unwrap().to_string();
    let settings = || MemcachedSettings::server(&address).timeout(Duration::from_millis(50));
    let late = told(settings());
    let closing = thread::spawn(move || {
        for client in place.incoming().map_while(Result::ok).take(2) {
            let _ = (&client).read(&mut [0; 100]);
        }
    });
    // The first is the one that was late.
    let closed = told(settings().timeout(Duration::from_secs(10)));
    for told in [late, closed] {
        assert!(told.contains("`memcached -B binary`"), "{told}");
        assert!(
            told.contains("SASL") && told.contains("memcacheds://"),
            "{told}"
        );
    }
    closing.join().unwrap();
}

#[test]
fn what_was_heard_once_is_not_doubted() {
    let server = Server::start(&[]).unwrap();
    let settings = MemcachedSettings::server(server.url()).timeout(Duration::from_millis(300));
    let store = settings.open().unwrap();
    assert_eq!(store.get(b"key").unwrap(), None);
    server.freeze().unwrap();
    let told = store.get(b"key").unwrap_err().to_string();
    assert!(told.contains("MemcachedSettings::timeout"), "{told}");
    assert!(!told.contains("-B binary"), "{told}");
}

#[test]
fn what_cannot_be_encrypted_is_told_with_what_to_do() {
    let server = Server::encrypted().unwrap();
    let tls = server.tls().unwrap().address();
    let encrypted = |address| MemcachedSettings::server(format!("memcacheds://{address}"));
    let stranger = told(encrypted(tls));
    assert!(
        stranger.contains("MemcachedSettings::root_certificate"),
        "{stranger}"
    );
    let plain = told(encrypted(server.address()).timeout(Duration::from_millis(300)));
    assert!(plain.contains("write memcached:// instead"), "{plain}");
    let bare = told(MemcachedSettings::server(tls.to_string()));
    assert!(bare.contains("write memcacheds://"), "{bare}");
}

/// Such as 1.6.9: it would make an item for who asks for a lease, and then take no value over it, since it
/// does not know the flags. What it says is what 1.6.9 said.
#[test]
fn a_server_before_1_6_10_is_told_of_before_it_leases_anything() {
    let place = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = place.local_addr().unwrap();
    let old = thread::spawn(move || {
        let mut made = false;
        // It is left at each refusal.
        for stream in place.incoming().map_while(Result::ok).take(2) {
            let mut lines = BufReader::new(&stream);
            let mut line = String::new();
            while lines.read_line(&mut line).is_ok_and(|length| length > 0) {
                let in_base64 = line.split_whitespace().nth(2) == Some("b");
                made |= line.starts_with("mg ") && !in_base64;
                let reply: &[u8] = match (in_base64, made) {
                    (false, true) => b"VA 0 f0 c1 t30 W\r\n\r\n",
                    _ => b"CLIENT_ERROR invalid flag\r\n",
                };
                (&stream).write_all(reply).unwrap();
                line.clear();
            }
        }
        made
    });
    let store = MemcachedSettings::server(address.to_string())
        .open()
        .unwrap();
    // The longest that is no hash.
    let long = [b'x'; 250 - "dogpile:v:".len()];
    for key in [b"key", &long[..]] {
        let wish = Ask {
            fresh: &|_| false,
            held: None,
            stale: None,
            supersede: false,
            time: Span::from_secs(60),
        };
        let error = store.lease(key, wish).wait().unwrap_err();
        assert_eq!(error.fault, Fault::Refused, "{error}");
        assert!(error.to_string().contains("1.6.10 or later"), "{error}");
    }
    drop(store);
    assert!(!old.join().unwrap(), "nobody finds a lease there");
}
