//! `cargo peers`: other caches beside dogpile, in one run.

mod arguments;

use std::process::ExitCode;

use arguments::{Arguments, Command};
use clap::Parser;
use comfy_table::Table;
use dogpile_peers::bench::counting::Counting;
use dogpile_peers::bench::report::{print_json, print_table};
use dogpile_peers::bench::trace::Trace;
use dogpile_peers::contenders;
use dogpile_peers::courses::{file, hit, hit_ratio, memcached, memory, redis, wake};
use dogpile_peers::error::PeersError;
use serde::Serialize;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<(), PeersError> {
    let contenders = contenders::all();
    match command {
        Command::Hit(hit) => {
            let rows = hit::run(&contenders, &hit.options())?;
            show(hit.common.json, &rows, hit::as_table, &hit::NOTES)
        }
        Command::Wake(wake) => {
            let rows = wake::run(&contenders, &wake.options())?;
            show(wake.common.json, &rows, wake::as_table, &wake::NOTES)
        }
        Command::Hitratio(ratio) => {
            let traces = if ratio.trace.is_empty() {
                Trace::bundled()?
            } else {
                ratio
                    .trace
                    .iter()
                    .map(|path| Trace::open(path))
                    .collect::<Result<_, _>>()?
            };
            let rows = hit_ratio::run(&contenders, &traces, &ratio.options())?;
            show(
                ratio.common.json,
                &rows,
                hit_ratio::as_table,
                &hit_ratio::NOTES,
            )
        }
        Command::Memory(memory) => {
            let rows = memory::run(&contenders, &memory.options())?;
            show(memory.common.json, &rows, memory::as_table, &memory::NOTES)
        }
        Command::Redis(redis) => {
            let rows = redis::run(&redis.options())?;
            show(redis.common.json, &rows, redis::as_table, &redis::NOTES)
        }
        Command::Memcached(options) => {
            let rows = memcached::run(&options.options())?;
            let (table, notes) = (memcached::as_table, &memcached::NOTES);
            show(options.common.json, &rows, table, notes)
        }
        Command::File(options) => {
            let rows = file::run(&options.options())?;
            show(options.common.json, &rows, file::as_table, &file::NOTES)
        }
        Command::Footprint { contender, entries } => {
            let footprint = memory::footprint(&contenders, &contender, entries)?;
            print_json(&footprint).map_err(PeersError::system("cannot print"))
        }
    }
}

fn show<R: Serialize>(
    json: bool,
    rows: &[R],
    table: impl Fn(&[R]) -> Table,
    notes: &[&str],
) -> Result<(), PeersError> {
    let printed = if json {
        print_json(&rows)
    } else {
        print_table(&table(rows), notes)
    };
    printed.map_err(PeersError::system("cannot print"))
}
