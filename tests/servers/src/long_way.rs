//! The way to a server that is very far away, on which round trips can be counted.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::Error;

/// For how long nobody on the way has to say anything, to be waiting for what is held back.
const SILENCE: Duration = Duration::from_millis(100);

/// Answers stay on the way until the server's clients have nothing more to ask without them. Then all
/// arrive, and that is one round trip.
///
/// Its port stays open for as long as the process lives.
#[derive(Debug)]
pub struct LongWay {
    address: SocketAddr,
    held: Arc<(Mutex<Held>, Condvar)>,
}

#[derive(Debug, Default)]
struct Held {
    answers: Vec<(Arc<TcpStream>, Vec<u8>)>,
    last_word: Option<Instant>,
    trips: u64,
}

impl LongWay {
    /// A way to the server at this address.
    ///
    /// # Errors
    /// The system gives no port.
    pub fn to(server: SocketAddr) -> Result<Self, Error> {
        let listened = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .and_then(|listener| Ok((listener.local_addr()?, listener)));
        let (address, listener) = listened.map_err(Error::io("listen for clients"))?;
        let way = Self {
            address,
            held: Arc::default(),
        };
        let held = Arc::clone(&way.held);
        thread::spawn(move || arrive(&held));
        let held = Arc::clone(&way.held);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                // A client that nobody carries for sees its connection closed.
                let _ = TcpStream::connect(server).and_then(|server| carry(client, server, &held));
            }
        });
        Ok(way)
    }

    /// Where clients find it.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many trips there were since this was last asked.
    pub fn trips(&self) -> u64 {
        std::mem::take(&mut lock(&self.held.0).trips)
    }
}

fn lock(held: &Mutex<Held>) -> MutexGuard<'_, Held> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Questions pass at once, answers are held.
fn carry(
    client: TcpStream,
    server: TcpStream,
    held: &Arc<(Mutex<Held>, Condvar)>,
) -> std::io::Result<()> {
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (questions, answers) = (client.try_clone()?, server.try_clone()?);
    let known = Arc::clone(held);
    thread::spawn(move || {
        each_piece(questions, |piece| {
            lock(&known.0).last_word = Some(Instant::now());
            (&server).write_all(piece).is_ok()
        });
    });
    let (client, held) = (Arc::new(client), Arc::clone(held));
    thread::spawn(move || {
        each_piece(answers, |piece| {
            let mut all = lock(&held.0);
            all.last_word = Some(Instant::now());
            all.answers.push((Arc::clone(&client), piece.to_vec()));
            held.1.notify_all();
            true
        });
    });
    Ok(())
}

fn each_piece(mut from: TcpStream, mut take: impl FnMut(&[u8]) -> bool) {
    let mut piece = vec![0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut piece) {
        if !take(&piece[..count]) {
            return;
        }
    }
}

/// Lets answers arrive whenever both ends are silent.
fn arrive((held, come): &(Mutex<Held>, Condvar)) {
    loop {
        let waited = come.wait_while(lock(held), |all| all.answers.is_empty());
        let mut all = waited.unwrap_or_else(PoisonError::into_inner);
        while let Some(left) = all
            .last_word
            .and_then(|word| SILENCE.checked_sub(word.elapsed()))
        {
            let waited = come.wait_timeout(all, left);
            all = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        all.trips += 1;
        for (client, piece) in std::mem::take(&mut all.answers) {
            // A client that has gone needs no answer.
            let _ = (&*client).write_all(&piece);
        }
    }
}
