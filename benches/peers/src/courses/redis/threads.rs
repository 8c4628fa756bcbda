//! One thread: a region, and the client library by itself.

use std::hint::black_box;
use std::time::{Duration, Instant};

use dogpile::Region;
use redis::{Client, Connection};

use super::Crowd;
use super::stock::{Entrant, Stock, server};
use crate::bench::environment::version_of;
use crate::bench::user::User;
use crate::error::PeersError;

/// Both, in this order.
///
/// # Errors
/// If the server is not there.
pub(super) fn entrants(stock: &Stock) -> Result<Vec<Box<dyn Entrant>>, PeersError> {
    let client = Client::open(&*stock.url).map_err(server)?;
    Ok(vec![
        Box::new(Dogpile {
            region: stock.region("thread")?,
            stock: stock.clone(),
        }),
        Box::new(Bare {
            connection: client.get_connection().map_err(server)?,
            stock: stock.clone(),
        }),
    ])
}

struct Dogpile {
    region: Region<User>,
    stock: Stock,
}

impl Entrant for Dogpile {
    fn name(&self) -> &'static str {
        "dogpile"
    }

    fn package(&self) -> (&'static str, String) {
        ("dogpile-redis", version_of("dogpile-redis").to_owned())
    }

    fn run(&mut self, _: Crowd, calls: usize) -> Result<Duration, PeersError> {
        let began = Instant::now();
        for key in self.stock.keys.iter().cycle().take(calls) {
            let user = self.region.get_or_create(key, || self.stock.missed());
            black_box(user.unwrap_or_else(|_| self.stock.missed()));
        }
        let took = began.elapsed();
        self.stock.all_hit(self.name())?;
        Ok(took)
    }
}

struct Bare {
    connection: Connection,
    stock: Stock,
}

impl Entrant for Bare {
    fn name(&self) -> &'static str {
        "bare client"
    }

    fn package(&self) -> (&'static str, String) {
        ("redis", version_of("redis").to_owned())
    }

    fn run(&mut self, _: Crowd, calls: usize) -> Result<Duration, PeersError> {
        let began = Instant::now();
        for key in self.stock.keys_there.iter().cycle().take(calls) {
            let record: Option<Vec<u8>> = redis::cmd("GET")
                .arg(key)
                .query(&mut self.connection)
                .map_err(server)?;
            black_box(self.stock.decoded(record.as_deref()));
        }
        let took = began.elapsed();
        self.stock.all_hit(self.name())?;
        Ok(took)
    }
}
