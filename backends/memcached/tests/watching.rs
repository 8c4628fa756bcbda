//! Who waits, where the server rings for nobody.
#![allow(clippy::unwrap_used)] // what a test cannot go on without, fails it

use std::sync::mpsc::channel;
use std::time::Duration;

use dogpile_backend::{Ask, Lease, LeaseStore, Leased, News, Span};
use dogpile_memcached::MemcachedSettings;
use dogpile_test_servers::Memcached as Server;

const LONG: Span = Span::from_secs(3_600);

#[test]
fn law_7_who_waits_on_one_server_is_woken_while_another_stands_still() {
    let servers = [Server::start(&[]).unwrap(), Server::start(&[]).unwrap()];
    let settings = MemcachedSettings::servers(servers.each_ref().map(Server::url));
    // Longer than any test may take.
    let store = settings.timeout(Duration::from_secs(60)).open().unwrap();
    let has = |server: &Server, key: &str| {
        let answer = server.ask(&format!("mg dogpile:v:{key} s")).unwrap();
        answer != "EN\r\n"
    };
    let keys: Vec<String> = (0..20).map(|number| number.to_string()).collect();
    let wish = || Ask {
        fresh: &|_| false,
        held: None,
        stale: None,
        supersede: false,
        time: LONG,
    };
    let win = |key: &String| match store.lease(key.as_bytes(), wish()).wait().unwrap() {
        Leased::Won { lease, .. } => lease,
        other => panic!("{other:?}"),
    };
    let leases: Vec<Lease> = keys.iter().map(win).collect();
    let on = |server| keys.iter().position(|key| has(server, key)).unwrap();
    let (frozen, living) = (on(&servers[0]), on(&servers[1]));
    let watch = |at: usize| {
        let (rope, rung) = channel();
        let bell = Box::new(move |news| {
            let _ = rope.send(news);
        });
        (store.watch(keys[at].as_bytes(), bell).unwrap(), rung)
    };
    servers[0].freeze().unwrap();
    let _first = watch(frozen);
    let (_second, rung) = watch(living);
    let (lease, key) = (&leases[living], keys[living].as_bytes());
    store.release(key, lease, false).wait().unwrap();
    let news = rung.recv_timeout(Duration::from_secs(20));
    servers[0].thaw().unwrap();
    assert_eq!(news, Ok(News::Changed));
}
