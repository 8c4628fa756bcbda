//! A stampede of several processes, which share nothing but a server.
//!
//! The run starts the server and the processes, which are this same program (`worker`). They speak in lines
//! of JSON over pipes (`protocol`). In each process stands one stage of the engine, with a region and a
//! table of creations of its own; here their rounds are directed (`round`), what befalls them is brought about
//! (`strike`), and what they report is put together (`figures`).

mod figures;
mod fleet;
mod protocol;
mod round;
mod strike;
mod worker;

use indicatif::ProgressBar;

pub(crate) use worker::work;

use crate::engine::Measured;
use crate::error::LabError;
use crate::keys::Key;
use crate::sabotage;
use crate::scenario::{Arrivals, Scenario};
use round::Ground;

/// Runs a valid scenario whose callers are processes; `progress` is for people.
///
/// # Errors
/// A process or the server could not be set up, or went away by itself.
pub(crate) fn run(
    scenario: &Scenario,
    sabotage: Option<sabotage::Fault>,
    progress: &ProgressBar,
) -> Result<Vec<Measured>, LabError> {
    let Arrivals::Together { rounds, mode } = scenario.arrivals else {
        unreachable!("a valid scenario of processes is a stampede")
    };
    let mut ground = Ground::prepare(scenario, mode, sabotage)?;
    progress.set_message("dogpile");
    progress.set_length(u64::from(rounds));
    let mut played = Vec::new();
    for number in 0..rounds {
        let round = ground.round(&Key::of_round(number).and_others(scenario.keys.at_once()))?;
        progress.inc(1);
        let hung = round.counts.hung > 0;
        played.push(round);
        if hung {
            progress.println("a caller is hung: no further rounds");
            break;
        }
    }
    Ok(vec![figures::measured(scenario, played)])
}
