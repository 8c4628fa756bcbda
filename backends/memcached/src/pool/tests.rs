use std::net::TcpListener;

use super::*;
use crate::lookup::Lookup;
use dogpile_backend::Operation;

/// To somebody who takes connections in and says nothing, which nobody here waits for.
fn pool(connections: usize) -> (TcpListener, Pool) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let reach = Reach {
        server: listener.local_addr().expect("it has one").to_string(),
        lookup: Lookup::default(),
        timeout: Duration::from_millis(20),
        login: None,
        #[cfg(feature = "tls")]
        tls: None,
    };
    (
        listener,
        Pool::new(reach, connections, Duration::from_secs(1)),
    )
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
