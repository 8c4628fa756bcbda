//! A server that speaks TLS is trusted by who knows its authority, and by nobody else.
#![allow(clippy::unwrap_used)] // what a test cannot go on without, fails it

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use dogpile_test_servers::{Flavour, Server};

/// What a client gets for a PING over TLS that trusts this authority only.
fn ping(server: &Server, host: &str, authority: &Path) -> String {
    let port = server.tls().unwrap().port();
    let mut client = Command::new("openssl")
        .args(["s_client", "-quiet", "-verify_return_error", "-no-CApath"])
        .args(["-connect", &format!("127.0.0.1:{port}")])
        .args(if host == "127.0.0.1" {
            ["-verify_ip", host]
        } else {
            ["-verify_hostname", host]
        })
        .arg("-CAfile")
        .arg(authority)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // One that does not trust the server is gone before it reads this.
    let _ = client.stdin.take().unwrap().write_all(b"PING\r\nQUIT\r\n");
    let output = client.wait_with_output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn who_knows_the_authority_trusts_it() {
    let server = Server::of(Flavour::Redis).tls().start().unwrap();
    let other = Server::of(Flavour::Redis).tls().start().unwrap();
    let tls = server.tls().unwrap();
    let authority = tls.authority();
    assert_eq!(tls.url(), format!("rediss://127.0.0.1:{}/0", tls.port()));
    assert!(
        tls.authority_pem()
            .starts_with("-----BEGIN CERTIFICATE-----")
    );
    assert_eq!(ping(&server, "127.0.0.1", authority), "+PONG\r\n+OK\r\n");
    assert_eq!(ping(&server, "localhost", authority), "+PONG\r\n+OK\r\n");
    assert_eq!(ping(&server, "elsewhere", authority), "");
    assert_eq!(ping(&other, "127.0.0.1", authority), "");
    server.restart().unwrap();
    assert_eq!(ping(&server, "127.0.0.1", authority), "+PONG\r\n+OK\r\n");
    // The port without TLS is there as well.
    assert_eq!(server.ask(&["PING"]).unwrap(), "PONG");
}
