//! How many accesses of a recorded trace a bounded [`Memory`] answers: what the figures in
//! `docs/adr/0002-s3-fifo.md` were taken with.
//!
//! ```text
//! xz -dc web12.trace.xz | cargo run --release -p dogpile-memory --example hit_ratio -- 137 1375
//! ```
//!
//! Standard input is a sequence of keys of four bytes, the arguments are capacities in entries, and
//! each access is a get and, on a miss, a set.

use std::collections::HashSet;
use std::io::{self, Read};

use dogpile_backend::{CachedValue, Epoch, Metadata, Span, Stamp, Terms, Time};
use dogpile_memory::Memory;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut trace = Vec::new();
    io::stdin().read_to_end(&mut trace)?;
    let (keys, rest) = trace.as_chunks::<4>();
    if !rest.is_empty() || keys.is_empty() {
        return Err("standard input is not a sequence of keys of four bytes".into());
    }
    let distinct = keys.iter().collect::<HashSet<_>>().len();
    println!("{} accesses, {distinct} distinct keys", keys.len());
    for argument in std::env::args().skip(1) {
        let capacity = argument.parse()?;
        let hits = replay(keys, capacity);
        #[allow(clippy::cast_precision_loss)] // far below 2^52
        let ratio = 100.0 * hits as f64 / keys.len() as f64;
        println!("capacity {capacity}: {ratio:.2} % hits");
    }
    Ok(())
}

fn replay(keys: &[[u8; 4]], capacity: usize) -> usize {
    let memory = Memory::bounded(capacity);
    let metadata = Metadata {
        stamp: Stamp::NONE,
        epoch: Epoch::FIRST,
        created: Time::ZERO,
        terms: Terms::NONE,
    };
    let mut hits = 0;
    for key in keys {
        if memory.lend(key, |_| ()).is_some() {
            hits += 1;
        } else {
            memory.set(
                key,
                CachedValue {
                    value: (),
                    metadata,
                },
                Span::FOREVER,
            );
        }
    }
    hits
}
