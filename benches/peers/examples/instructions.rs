//! Instructions of one hit, free of the machine's noise, for whoever has valgrind:
//!
//! ```sh
//! cargo build --release -p dogpile-peers --example instructions
//! valgrind --tool=callgrind --toggle-collect='*measured*' target/release/examples/instructions "dogpile read" hot
//! ```
//!
//! The total that valgrind prints, divided by the calls that this program prints, is the figure.

use std::process::ExitCode;

use dogpile_peers::bench::workload::{self, Workload};
use dogpile_peers::contender::{HitCall, Stock};
use dogpile_peers::contenders;

/// A lap of the hot sequence is 64 calls; the other workload's is longer.
const LAPS: u64 = 16;

#[inline(never)]
fn measured(call: &HitCall, keys: &[&str]) {
    call.run(keys, LAPS);
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (name, workload) = (arguments.next(), arguments.next());
    let workload = match workload.as_deref() {
        Some("zipf") => Workload::Zipf,
        _ => Workload::Hot,
    };
    let stock = Stock::new(workload::keys());
    let calls: Vec<HitCall> = contenders::all()
        .iter()
        .flat_map(|contender| contender.hits(&stock))
        .collect();
    let Some(call) = calls.iter().find(|call| Some(call.name) == name.as_deref()) else {
        let names: Vec<_> = calls.iter().map(|call| call.name).collect();
        eprintln!("usage: instructions CONTENDER [hot|zipf]; contenders: {names:?}");
        return ExitCode::FAILURE;
    };
    let keys = workload.sequence(stock.keys(), 0);
    call.run(&keys, 1);
    measured(call, &keys);
    println!("{} calls", LAPS * keys.len() as u64);
    ExitCode::SUCCESS
}
