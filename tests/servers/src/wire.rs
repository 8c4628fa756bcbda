//! A wire between clients and a server that can be cut and held.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use crate::error::Error;

/// Passes on what clients and a server say to each other, until it is told not to.
///
/// Dropped, it closes every connection and its port.
#[derive(Debug)]
pub struct Wire {
    address: SocketAddr,
    login: String,
    exchange: Arc<Exchange>,
    acceptor: Option<JoinHandle<()>>,
}

/// What the threads of one wire share.
#[derive(Debug, Default)]
struct Exchange {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    lines: HashMap<u64, Ends>,
    /// The name of the next line.
    next: u64,
    held: bool,
    /// How many bytes may still go to clients before all is cut.
    left: Option<usize>,
    closed: bool,
}

/// Both ends of one line.
#[derive(Debug)]
struct Ends {
    client: TcpStream,
    server: TcpStream,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Way {
    ToServer,
    ToClient,
}

/// How much of a piece passes, and whether all is cut behind it.
#[derive(Debug, PartialEq, Eq)]
struct Pass {
    bytes: usize,
    then_cut: bool,
}

impl Wire {
    /// A wire to this server, on a port of its own.
    ///
    /// # Errors
    /// If the system gives no port or no thread.
    pub fn to(server: SocketAddr) -> Result<Self, Error> {
        Self::with_login(server, String::new())
    }

    pub(crate) fn with_login(server: SocketAddr, login: String) -> Result<Self, Error> {
        let failed = || Error::io("lay a wire");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(failed())?;
        let address = listener.local_addr().map_err(failed())?;
        let exchange = Arc::new(Exchange::default());
        let acceptor = thread::Builder::new()
            .name("wire".to_owned())
            .spawn({
                let exchange = Arc::clone(&exchange);
                move || accept(&listener, server, &exchange)
            })
            .map_err(failed())?;
        Ok(Self {
            address,
            login,
            exchange,
            acceptor: Some(acceptor),
        })
    }

    /// Where clients find its near end.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The same as an address of Redis, with the server's password if it has one.
    pub fn url(&self) -> String {
        format!("redis://{}{}/0", self.login, self.address)
    }

    /// Closes all connections now, whatever is on its way. New ones are taken.
    pub fn cut(&self) {
        self.exchange.cut();
    }

    /// Cuts once so many more bytes have gone to clients, over whichever connection: the client
    /// gets exactly these, and then the end, amid an answer if there it falls.
    pub fn cut_after(&self, bytes: usize) {
        if bytes == 0 {
            self.cut();
        } else {
            self.exchange.state().left = Some(bytes);
        }
    }

    /// Holds back every byte that is not on its way yet, in both directions. Connections stay,
    /// and new ones are taken.
    pub fn hold(&self) {
        self.exchange.state().held = true;
    }

    /// Passes on what was held back, and what comes.
    pub fn release(&self) {
        self.exchange.state().held = false;
        self.exchange.changed.notify_all();
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.exchange.state().closed = true;
        self.cut();
        // The acceptor looks up when somebody comes.
        let woken = TcpStream::connect(self.address).is_ok();
        if let (true, Some(acceptor)) = (woken, self.acceptor.take()) {
            let _ = acceptor.join();
        }
    }
}

fn accept(listener: &TcpListener, server: SocketAddr, exchange: &Arc<Exchange>) {
    for client in listener.incoming() {
        if exchange.state().closed {
            return;
        }
        // A client that cannot be served is let go: it sees its connection closed.
        if let Ok(client) = client {
            let _ = serve(client, server, exchange);
        }
    }
}

/// Two threads for a client, one each way.
fn serve(client: TcpStream, server: SocketAddr, exchange: &Arc<Exchange>) -> std::io::Result<()> {
    let server = TcpStream::connect(server)?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let line = exchange.open(Ends {
        client: client.try_clone()?,
        server: server.try_clone()?,
    });
    let there = (client.try_clone()?, server.try_clone()?, Way::ToServer);
    for (from, to, way) in [there, (server, client, Way::ToClient)] {
        let exchange = Arc::clone(exchange);
        thread::Builder::new()
            .name("wire".to_owned())
            .spawn(move || {
                carry(
                    from,
                    to,
                    |bytes| exchange.pass(line, way, bytes),
                    || exchange.cut(),
                );
                exchange.close(line);
            })?;
    }
    Ok(())
}

/// Carries bytes until one end closes or `pass` lets no more through.
fn carry(
    mut from: TcpStream,
    mut to: TcpStream,
    pass: impl Fn(usize) -> Option<Pass>,
    cut: impl Fn(),
) {
    let mut piece = vec![0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut piece) {
        let Some(pass) = pass(count) else {
            return;
        };
        let written = to.write_all(&piece[..pass.bytes]);
        if pass.then_cut {
            cut();
        }
        if written.is_err() {
            return;
        }
    }
}

impl Exchange {
    fn open(&self, ends: Ends) -> u64 {
        let mut state = self.state();
        let line = state.next;
        state.next += 1;
        state.lines.insert(line, ends);
        line
    }

    fn close(&self, line: u64) {
        if let Some(ends) = self.state().lines.remove(&line) {
            ends.close();
        }
        self.changed.notify_all();
    }

    fn cut(&self) {
        let lines = {
            let mut state = self.state();
            state.left = None;
            std::mem::take(&mut state.lines)
        };
        for ends in lines.into_values() {
            ends.close();
        }
        self.changed.notify_all();
    }

    /// How much of a piece of so many bytes passes, once nothing is held; nothing if its line was
    /// cut.
    fn pass(&self, line: u64, way: Way, bytes: usize) -> Option<Pass> {
        let held = |state: &mut State| state.held && state.lines.contains_key(&line);
        let mut state = self
            .changed
            .wait_while(self.state(), held)
            .unwrap_or_else(PoisonError::into_inner);
        state
            .lines
            .contains_key(&line)
            .then(|| state.pass(way, bytes))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn pass(&mut self, way: Way, bytes: usize) -> Pass {
        let whole = Pass {
            bytes,
            then_cut: false,
        };
        match (way, &mut self.left) {
            (Way::ToServer, _) | (Way::ToClient, None) => whole,
            (Way::ToClient, Some(left)) if *left > bytes => {
                *left -= bytes;
                whole
            }
            (Way::ToClient, Some(left)) => {
                // Whoever comes between this and the cut gets nothing more.
                let bytes = std::mem::take(left);
                Pass {
                    bytes,
                    then_cut: true,
                }
            }
        }
    }
}

impl Ends {
    /// Both know at once. What was written before still arrives.
    fn close(&self) {
        for end in [&self.client, &self.server] {
            // It may be closed from the far side already.
            let _ = end.shutdown(Shutdown::Both);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_spent_to_the_byte() {
        let mut state = State {
            left: Some(10),
            ..State::default()
        };
        let mut pass = |way, bytes| {
            let pass = state.pass(way, bytes);
            (pass.bytes, pass.then_cut)
        };
        assert_eq!(pass(Way::ToServer, 100), (100, false));
        assert_eq!(pass(Way::ToClient, 4), (4, false));
        assert_eq!(pass(Way::ToClient, 7), (6, true));
        assert_eq!(pass(Way::ToClient, 7), (0, true));
        let mut state = State {
            left: Some(10),
            ..State::default()
        };
        assert!(state.pass(Way::ToClient, 10).then_cut, "the last byte");
    }
}
