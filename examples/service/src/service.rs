//! The service: articles over HTTP, from a slow database, through a region in a store of one's choice.

use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Router, serve};
use dogpile::Region;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::problem::Problem;
use crate::store::Store;

/// Of each article the answer says here whence it came.
pub(crate) const ORIGIN: &str = "x-origin";

/// How a line of output begins that tells where the service listens.
pub(crate) const LISTENS: &str = "listening on ";

/// And one that tells of a query.
pub(crate) const QUERIES: &str = "querying for article ";

/// What an instance has to know.
#[derive(Debug, clap::Args)]
pub(crate) struct Settings {
    /// Where articles are kept: `memory`, `file:FOLDER`, `sled:FOLDER`, a Redis as `redis://HOST:PORT/0`, or a
    /// memcached as `memcached://HOST:PORT`.
    #[arg(long, default_value = "redis://127.0.0.1:6379/0")]
    store: Store,
    /// Where to listen; port 0 takes a free one, and says which.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: String,
    /// How long the database takes for an article, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 300)]
    query_ms: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Article {
    title: String,
}

#[derive(Clone)]
struct Service {
    articles: Region<Article>,
    query: Duration,
}

/// Serves until it is told to end, and then finishes what it has begun.
pub(crate) async fn run(settings: Settings) -> Result<(), Problem> {
    let articles = Region::new("articles");
    // A minute is fresh; for an hour more the old one is served while one caller of all instances creates.
    let config = settings
        .store
        .config()?
        .fresh_for(Duration::from_secs(60))
        .stale_for(Duration::from_secs(3_600));
    articles.configure(config)?;
    let service = Service {
        articles,
        query: Duration::from_millis(settings.query_ms),
    };
    let router = Router::new()
        .route("/articles/{number}", get(article).delete(changed))
        .with_state(service);
    let listener = TcpListener::bind(&settings.listen).await?;
    println!("{LISTENS}{}", listener.local_addr()?);
    let mut end = signal(SignalKind::terminate())?;
    let told_to_end = async move {
        end.recv().await;
    };
    serve(listener, router)
        .with_graceful_shutdown(told_to_end)
        .await?;
    Ok(())
}

async fn article(
    State(service): State<Service>,
    Path(number): Path<u64>,
) -> Result<Response, Unavailable> {
    let query = || query(number, service.query);
    let answer = service.articles.at(key(number)).create_async(query).await?;
    let origin = format!("{:?}", answer.origin);
    Ok(([(ORIGIN, origin)], answer.value.title).into_response())
}

/// The article was changed: the next who asks, of whichever instance, has the new one created.
async fn changed(
    State(service): State<Service>,
    Path(number): Path<u64>,
) -> Result<StatusCode, Unavailable> {
    service.articles.delete_async(key(number)).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn key(number: u64) -> String {
    number.to_string()
}

/// What stands for the database.
async fn query(number: u64, takes: Duration) -> Article {
    println!("{QUERIES}{number}");
    tokio::time::sleep(takes).await;
    Article {
        title: format!("Article {number}\n"),
    }
}

/// Neither a value nor a creator's: the wait was too long, or the store failed a write.
struct Unavailable(dogpile::Error);

impl From<dogpile::Error> for Unavailable {
    fn from(error: dogpile::Error) -> Self {
        Self(error)
    }
}

impl IntoResponse for Unavailable {
    fn into_response(self) -> Response {
        (StatusCode::SERVICE_UNAVAILABLE, format!("{}\n", self.0)).into_response()
    }
}
