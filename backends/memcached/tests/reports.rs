//! Who is told of entries that cannot be read.
#![allow(clippy::unwrap_used)] // what a test cannot go on without, fails it

use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use dogpile_backend::{Ask, Fault, LeaseStore, Leased, Span, Stamp, Store, StoreError, block_on};
use dogpile_memcached::{Compatibility, MemcachedSettings, Pipelined};
use dogpile_test_servers::Memcached as Server;

fn wish() -> Ask<'static> {
    Ask {
        fresh: &|_| false,
        held: None,
        stale: Some(Stamp::NONE),
        supersede: false,
        time: Span::from_secs(3_600),
    }
}

/// As a program that asks the store again when it hears of something that cannot be read.
fn curious(settings: MemcachedSettings) -> (Arc<Pipelined>, Receiver<bool>) {
    let (heard, hears) = channel();
    let itself: Arc<OnceLock<Weak<Pipelined>>> = Arc::default();
    let known = Arc::clone(&itself);
    let settings = settings.connections(1).report(move |_, _| {
        let store = known.get().and_then(Weak::upgrade).unwrap();
        let now = store.get(b"other").wait();
        let later = block_on(store.get(b"other"));
        heard.send(now.is_ok() && later.is_ok()).unwrap();
    });
    let store = Arc::new(Pipelined::new(settings.open().unwrap()));
    itself.set(Arc::downgrade(&store)).unwrap();
    (store, hears)
}

#[test]
fn who_is_told_of_what_cannot_be_read_may_ask_the_store_whatever_found_it() {
    let server = Server::start(&[]).unwrap();
    let settings = || MemcachedSettings::server(server.url()).timeout(Duration::from_secs(10));
    let python = || settings().compatibility(Compatibility::Python);
    let ways: [fn(&Pipelined); 4] = [
        |store| drop(store.get(b"key").wait().unwrap()),
        |store| drop(block_on(store.get(b"key")).unwrap()),
        |store| drop(store.lease(b"key", wish()).wait().unwrap()),
        |store| drop(block_on(store.lease(b"key", wish())).unwrap()),
    ];
    for settings in [settings(), python()] {
        let (store, hears) = curious(settings);
        let item = item(&store);
        for way in ways {
            server.ask("flush_all").unwrap();
            server.ask(&format!("ms {item} 4\r\njunk")).unwrap();
            let store = Arc::clone(&store);
            std::thread::spawn(move || way(&store));
            let heard = hears.recv_timeout(Duration::from_secs(30));
            assert_eq!(heard, Ok(true), "{item}");
        }
    }
}

#[test]
fn law_6_a_lease_whose_caller_was_told_of_something_and_panicked_is_given_back() {
    let server = Server::start(&[]).unwrap();
    for compatibility in [Compatibility::Native, Compatibility::Python] {
        let settings = MemcachedSettings::server(server.url()).compatibility(compatibility);
        let settings = settings.report(|_, _| panic!("as a test has it"));
        let store = Pipelined::new(settings.open().unwrap());
        let ways: [&dyn Fn() -> Result<Leased<_>, StoreError>; 2] =
            [&|| store.lease(b"key", wish()).wait(), &|| {
                block_on(store.lease(b"key", wish()))
            }];
        for way in ways {
            server
                .ask(&format!("ms {} 4\r\njunk", item(&store)))
                .unwrap();
            let error = way().unwrap_err();
            assert_eq!(error.fault, Fault::Other);
            assert!(error.to_string().contains("as a test has it"), "{error}");
            server.ask(&format!("md {}", item(&store))).unwrap();
            let next = store.lease(b"key", wish()).wait().unwrap();
            let Leased::Won { lease, .. } = next else {
                panic!("somebody holds it: {next:?}");
            };
            store.release(b"key", &lease, false).wait().unwrap();
        }
    }
}

fn item(store: &Pipelined) -> String {
    String::from_utf8(store.memcached().item_key(b"key")).unwrap()
}
