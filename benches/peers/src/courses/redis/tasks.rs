//! Many tasks: a region, and the client library's connection that tasks share.

use std::future::Future;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dogpile::Region;
use redis::Client;
use redis::aio::MultiplexedConnection;
use tokio::runtime::Runtime;

use super::Crowd;
use super::stock::{Entrant, Stock, server};
use crate::bench::environment::version_of;
use crate::bench::user::User;
use crate::error::PeersError;

/// Workers of the runtime.
pub(super) const WORKERS: usize = 2;

/// Both, in this order, on one runtime.
///
/// # Errors
/// If the server is not there, or no runtime can be had.
pub(super) fn entrants(stock: &Stock) -> Result<Vec<Box<dyn Entrant>>, PeersError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .enable_all()
        .build()
        .map_err(PeersError::system("cannot start the runtime"))?;
    let runtime = Arc::new(runtime);
    let client = Client::open(&*stock.url).map_err(server)?;
    let connection = runtime
        .block_on(client.get_multiplexed_async_connection())
        .map_err(server)?;
    Ok(vec![
        Box::new(Dogpile {
            region: stock.region("tasks")?,
            runtime: Arc::clone(&runtime),
            stock: stock.clone(),
        }),
        Box::new(Bare {
            connection,
            runtime,
            stock: stock.clone(),
        }),
    ])
}

struct Dogpile {
    region: Region<User>,
    runtime: Arc<Runtime>,
    stock: Stock,
}

impl Entrant for Dogpile {
    fn name(&self) -> &'static str {
        "dogpile"
    }

    fn package(&self) -> (&'static str, String) {
        ("dogpile-redis", version_of("dogpile-redis").to_owned())
    }

    fn run(&mut self, crowd: Crowd, calls: usize) -> Result<Duration, PeersError> {
        let task = |first| {
            let (region, stock) = (self.region.clone(), self.stock.clone());
            async move {
                let keys = stock.keys.iter().cycle().skip(first);
                for key in keys.take(calls / crowd.callers()) {
                    let creator = || async { stock.missed() };
                    let user = region.get_or_create_async(key, creator).await;
                    black_box(user.unwrap_or_else(|_| stock.missed()));
                }
                Ok(())
            }
        };
        let took = all(&self.runtime, crowd, &self.stock, task)?;
        self.stock.all_hit(self.name())?;
        Ok(took)
    }
}

struct Bare {
    connection: MultiplexedConnection,
    runtime: Arc<Runtime>,
    stock: Stock,
}

impl Entrant for Bare {
    fn name(&self) -> &'static str {
        "bare client"
    }

    fn package(&self) -> (&'static str, String) {
        ("redis", version_of("redis").to_owned())
    }

    fn run(&mut self, crowd: Crowd, calls: usize) -> Result<Duration, PeersError> {
        let task = |first| {
            let (mut connection, stock) = (self.connection.clone(), self.stock.clone());
            async move {
                let keys = stock.keys_there.iter().cycle().skip(first);
                for key in keys.take(calls / crowd.callers()) {
                    let record: Option<Vec<u8>> = redis::cmd("GET")
                        .arg(key)
                        .query_async(&mut connection)
                        .await
                        .map_err(server)?;
                    black_box(stock.decoded(record.as_deref()));
                }
                Ok(())
            }
        };
        let took = all(&self.runtime, crowd, &self.stock, task)?;
        self.stock.all_hit(self.name())?;
        Ok(took)
    }
}

/// The time that all of a crowd of `task`s take, each beginning at another key.
fn all<F>(
    runtime: &Runtime,
    crowd: Crowd,
    stock: &Stock,
    task: impl Fn(usize) -> F,
) -> Result<Duration, PeersError>
where
    F: Future<Output = Result<(), PeersError>> + Send + 'static,
{
    let callers = crowd.callers();
    let began = Instant::now();
    let tasks: Vec<_> = (0..callers)
        .map(|number| runtime.spawn(task(number * stock.keys.len() / callers)))
        .collect();
    runtime.block_on(async {
        for task in tasks {
            task.await.map_err(server)??;
        }
        Ok(began.elapsed())
    })
}
