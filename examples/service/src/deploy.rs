//! A deploy under load: two instances that share a store are replaced one after the other while clients ask.

use std::process::ExitCode;

use dogpile_test_servers::{Flavour, Memcached, Server};
use tempfile::TempDir;

use crate::instance::Instance;
use crate::load::{Load, Tally};
use crate::problem::Problem;

/// What several instances can share.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Shared {
    Redis,
    Memcached,
    File,
}

/// The place itself; it goes with the deploy.
enum Place {
    Redis(Server),
    Memcached(Memcached),
    Folder(TempDir),
}

impl Place {
    fn of(shared: Shared) -> Result<Self, Problem> {
        Ok(match shared {
            Shared::Redis => Self::Redis(Server::start(Flavour::Redis)?),
            Shared::Memcached => Self::Memcached(Memcached::start(&[])?),
            Shared::File => Self::Folder(tempfile::tempdir()?),
        })
    }

    /// As `--store` has it.
    fn store(&self) -> String {
        match self {
            Self::Redis(server) => server.url(),
            Self::Memcached(server) => server.url(),
            Self::Folder(folder) => format!("file:{}", folder.path().display()),
        }
    }
}

/// How much load.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Clients that ask at once.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..))]
    clients: u16,
    /// Articles that there are.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..))]
    articles: u64,
    /// How long the database takes for an article, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 300)]
    query_ms: u64,
    /// What the instances share: a server, or a folder.
    #[arg(long, value_enum, default_value_t = Shared::Redis)]
    store: Shared,
    /// Print one line of JSON, and nothing else on standard output.
    #[arg(long)]
    json: bool,
}

/// Deploys, and tells what the clients saw; fails where one saw more than a slow answer.
pub(crate) fn run(options: &Options) -> Result<ExitCode, Problem> {
    let say = |what: &str| {
        if !options.json {
            println!("{what}");
        }
    };
    let place = Place::of(options.store)?;
    let start = || Instance::start(&place.store(), options.query_ms);
    let old = [start()?, start()?];
    say("two instances, nothing cached: all clients begin at once");
    let addresses = old.each_ref().map(|instance| &*instance.address);
    let load = Load::begin(options.clients.into(), options.articles, &addresses);
    load.lap();
    let mut queries = Vec::new();
    let mut new = Vec::new();
    for instance in old {
        let successor = start()?;
        say(&format!(
            "{} takes the place of {}",
            successor.address, instance.address
        ));
        load.replace(&instance.address, &successor.address);
        queries.extend(instance.end()?);
        new.push(successor);
        load.lap();
    }
    let tally = load.end();
    for instance in new {
        queries.extend(instance.end()?);
    }
    let holds = tally.failed == 0 && queries.len() as u64 == options.articles;
    if options.json {
        println!("{}", json(options, &tally, queries.len(), holds));
    } else {
        tell(options, &tally, queries.len());
    }
    Ok(if holds {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn json(options: &Options, tally: &Tally, queries: usize, holds: bool) -> serde_json::Value {
    serde_json::json!({
        "instances": 4,
        "clients": options.clients,
        "articles": options.articles,
        "requests": tally.requests,
        "failed": tally.failed,
        "moved": tally.moved,
        "queries": queries,
        "by_origin": tally.by_origin,
        "slowest_ms": tally.slowest.as_secs_f64() * 1e3,
        "holds": holds,
    })
}

fn tell(options: &Options, tally: &Tally, queries: usize) {
    let Tally {
        requests,
        failed,
        moved,
        by_origin,
        slowest,
    } = tally;
    println!(
        "{requests} requests of {} clients, {failed} failed, {moved} moved on",
        options.clients
    );
    println!(
        "{queries} queries for {} articles by four instances",
        options.articles
    );
    for (origin, count) in by_origin {
        println!("  {count:>8}  {origin}");
    }
    println!(
        "the slowest took {slowest:.0?}, a query takes {} ms",
        options.query_ms
    );
}
