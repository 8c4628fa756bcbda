//! Blocked threads on one cold key.

use std::time::Instant;

use super::asked_for;
use super::wake::{Entrant, Gathering, SETTLE, WakeOptions, Woken};
use crate::contender::{Contender, Stock, ThreadDoor};
use crate::error::PeersError;

/// Those who can block threads.
pub fn entrants(contenders: &[&'static dyn Contender], options: &WakeOptions) -> Vec<Entrant> {
    if options.threads == 0 {
        return Vec::new();
    }
    let callers = options.threads;
    contenders
        .iter()
        .filter(|contender| asked_for(contender.name(), &options.only))
        .filter_map(|contender| {
            let door = contender.thread_door()?;
            let name = contender.name();
            Some(Entrant {
                contender: *contender,
                round: Box::new(move |round| wake(name, &door, callers, round)),
            })
        })
        .collect()
}

fn wake(
    contender: &'static str,
    door: &ThreadDoor,
    callers: usize,
    round: usize,
) -> Result<Woken, PeersError> {
    let gathering = Gathering::default();
    let key = format!("cold key of round {round}");
    let times: Result<Vec<Instant>, PeersError> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..callers)
            .map(|_| {
                scope.spawn(|| {
                    // What a cache sets up for a new thread belongs to the thread, not to the wake.
                    door("warm key", &Stock::value);
                    gathering.arrive();
                    door(&key, &|| {
                        gathering.begin();
                        while !gathering.complete(callers) {
                            std::thread::yield_now();
                        }
                        std::thread::sleep(SETTLE);
                        let value = Stock::value();
                        gathering.end();
                        value
                    });
                    Instant::now()
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| {
                thread
                    .join()
                    .map_err(|_| PeersError::Panicked { contender })
            })
            .collect()
    });
    let last = times?.into_iter().max().unwrap_or_else(Instant::now);
    Ok(gathering.woken(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_creator_serves_all_threads_of_every_contender() {
        let options = WakeOptions {
            rounds: 1,
            threads: 8,
            tasks: 0,
            only: Vec::new(),
        };
        let entrants = entrants(&crate::contenders::all(), &options);
        assert!(entrants.len() >= 4);
        for mut entrant in entrants {
            let woken = (entrant.round)(0).expect("nobody panics");
            assert_eq!(woken.creators, 1, "{}", entrant.contender.name());
        }
    }
}
