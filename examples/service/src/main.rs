//! An HTTP service on axum whose instances share a store, and its deploy under load.

mod deploy;
mod instance;
mod load;
mod problem;
mod service;
mod store;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use problem::Problem;

/// Articles over HTTP. Instances that share a store query the database once for all of them.
#[derive(Parser)]
#[command(after_help = "Try it:\n  cargo run -p dogpile-example-service -- deploy")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run one instance.
    Serve(service::Settings),
    /// Start a Redis or a memcached, or make a folder, and two instances, put them under load, and replace both.
    Deploy(deploy::Options),
}

fn main() -> ExitCode {
    let ended = match Arguments::parse().command {
        Command::Serve(settings) => serve(settings).map(|()| ExitCode::SUCCESS),
        Command::Deploy(options) => deploy::run(&options),
    };
    ended.unwrap_or_else(|problem| {
        eprintln!("{problem}");
        ExitCode::from(2)
    })
}

fn serve(settings: service::Settings) -> Result<(), Problem> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(service::run(settings))
}
