//! A server of its own for this test program.

use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
pub(crate) fn server() -> u16 {
    static S: OnceLock<(Child, u16)> = OnceLock::new();
    S.get_or_init(|| {
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let child = Command::new("redis-server")
            .args(["--port", &port.to_string(), "--save", "", "--dir", "/tmp"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {}
        (child, port)
    })
    .1
}
pub(crate) fn open(port: u16) -> dogpile_redis::Redis {
    dogpile_redis::Redis::open(&format!("redis://127.0.0.1:{port}/0")).unwrap()
}
