//! Who asks a memcached for values: a region, and a socket by itself.

use std::hint::black_box;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use dogpile::backend::{Codec, record};
use dogpile::{Config, JsonCodec, Memcached, Region};
use dogpile_test_servers::Memcached as Server;

use crate::bench::user::User;
use crate::bench::workload;
use crate::error::PeersError;

/// One thread's way to ask.
pub(super) trait Caller: Send {
    /// Makes so many calls, each a hit.
    ///
    /// # Errors
    /// If one failed.
    fn call(&mut self, calls: usize) -> Result<(), PeersError>;
}

/// The keys that are in the server, and how many calls found nothing.
#[derive(Clone)]
pub(super) struct Stock {
    url: Arc<str>,
    keys: Arc<[String]>,
    missed: Arc<AtomicU64>,
}

impl Stock {
    /// Puts `keys` values into the server.
    ///
    /// # Errors
    /// If it does not take them.
    pub(super) fn put(there: &Server, keys: usize) -> Result<Self, PeersError> {
        let stock = Self {
            url: there.url().into(),
            keys: (0..keys).map(workload::key).collect(),
            missed: Arc::default(),
        };
        let region = stock.region()?;
        for key in &*stock.keys {
            region.set(key, User::sample()).map_err(server)?;
        }
        Ok(stock)
    }

    /// A region that has these values.
    ///
    /// # Errors
    /// If the address is none.
    pub(super) fn region(&self) -> Result<Arc<Region<User>>, PeersError> {
        let store = Memcached::open(&self.url).map_err(server)?;
        let config = Config::new(store.encoded(JsonCodec::new()));
        let region = Region::new("stock");
        let configured = region.configure(config.fresh_for(Duration::from_hours(1)));
        configured.map_err(server)?;
        Ok(Arc::new(region))
    }

    /// Whether all calls until now were hits.
    ///
    /// # Errors
    /// If they were not.
    pub(super) fn all_hit(&self, contender: &'static str) -> Result<(), PeersError> {
        match self.missed.swap(0, Ordering::Relaxed) {
            0 => Ok(()),
            misses => Err(PeersError::Missed { contender, misses }),
        }
    }

    fn missed(&self) -> User {
        self.missed.fetch_add(1, Ordering::Relaxed);
        User::sample()
    }

    /// The value in a record, by the same steps as a region's.
    fn decoded(&self, record: &[u8]) -> User {
        let entry = record::decode(record).ok();
        let value = entry.and_then(|entry| JsonCodec::new().decode(&entry.value.bytes).ok());
        value.unwrap_or_else(|| self.missed())
    }
}

/// Has all callers make so many calls at once, and tells how long that took.
///
/// # Errors
/// If one failed.
pub(super) fn together(
    callers: &mut [Box<dyn Caller>],
    calls: usize,
) -> Result<Duration, PeersError> {
    if let [alone] = callers {
        let begun = Instant::now();
        alone.call(calls)?;
        return Ok(begun.elapsed());
    }
    let start = Barrier::new(callers.len() + 1);
    thread::scope(|scope| {
        let start = &start;
        let run = |caller| scope.spawn(move || call_at(start, caller, calls));
        let running: Vec<_> = callers.iter_mut().map(run).collect();
        start.wait();
        let begun = Instant::now();
        for thread in running {
            let panicked = |_| server("a caller panicked");
            thread.join().map_err(panicked)??;
        }
        Ok(begun.elapsed())
    })
}

fn call_at(start: &Barrier, caller: &mut Box<dyn Caller>, calls: usize) -> Result<(), PeersError> {
    start.wait();
    caller.call(calls)
}

/// A region; all threads share it.
pub(super) struct Dogpile {
    region: Arc<Region<User>>,
    stock: Stock,
}

impl Dogpile {
    pub(super) fn new(region: Arc<Region<User>>, stock: &Stock) -> Self {
        let stock = stock.clone();
        Self { region, stock }
    }
}

impl Caller for Dogpile {
    fn call(&mut self, calls: usize) -> Result<(), PeersError> {
        for key in self.stock.keys.iter().cycle().take(calls) {
            let user = self.region.get_or_create(key, || self.stock.missed());
            black_box(user.map_err(server)?);
        }
        Ok(())
    }
}

/// A socket of one thread's own, which asks for one item and decodes what comes.
pub(super) struct Bare {
    socket: TcpStream,
    stock: Stock,
    reply: Vec<u8>,
}

impl Bare {
    /// # Errors
    /// If the server is not there.
    pub(super) fn connect(stock: &Stock) -> Result<Self, PeersError> {
        let address = stock.url.trim_start_matches("memcached://");
        let socket = TcpStream::connect(address).map_err(server)?;
        socket.set_nodelay(true).map_err(server)?;
        Ok(Self {
            socket,
            stock: stock.clone(),
            reply: vec![0; 16 * 1_024],
        })
    }

    /// Asks, and answers where in the reply the value is.
    fn ask(&mut self, key: &str) -> std::io::Result<std::ops::Range<usize>> {
        let request = format!("mg dogpile:v:{key} f v\r\n");
        self.socket.write_all(request.as_bytes())?;
        let mut filled = 0;
        loop {
            filled += match self.socket.read(&mut self.reply[filled..])? {
                0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
                count => count,
            };
            if let Some(value) = whole(&self.reply[..filled]) {
                return Ok(value);
            }
        }
    }
}

/// Where the value is in a reply that is all there.
fn whole(reply: &[u8]) -> Option<std::ops::Range<usize>> {
    let line = reply.iter().position(|byte| *byte == b'\n')? + 1;
    let text = str::from_utf8(&reply[..line]).ok()?;
    let mut words = text.split_ascii_whitespace();
    let length: usize = match words.next() {
        Some("VA") => words.next()?.parse().ok()?,
        _ => 0,
    };
    (reply.len() >= line + length + 2 || length == 0).then_some(line..line + length)
}

impl Caller for Bare {
    fn call(&mut self, calls: usize) -> Result<(), PeersError> {
        let keys = Arc::clone(&self.stock.keys);
        for key in keys.iter().cycle().take(calls) {
            let value = self.ask(key).map_err(server)?;
            black_box(self.stock.decoded(&self.reply[value]));
        }
        Ok(())
    }
}

/// A server, or a client of it, that would not do as asked.
pub(super) fn server(error: impl std::fmt::Display) -> PeersError {
    PeersError::Server(error.to_string())
}
