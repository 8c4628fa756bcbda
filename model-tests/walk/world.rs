//! The exhaustive walk over whole worlds.

use dogpile_model_tests::world::{Adversity, Config, Start, explore, get};

const THREE: Config = Config {
    name: "three callers",
    callers: &[get(0), get(0), get(1)],
    start: Start::Empty,
    expires: true,
    stale: true,
    across: false,
    total: 1,
    adversities: &[
        (Adversity::Delete, 1),
        (Adversity::Crash, 1),
        (Adversity::Cancel, 1),
    ],
};

#[test]
fn three_callers() {
    let began = std::time::Instant::now();
    let report = explore(&THREE);
    println!(
        "{} states, {} edges, depth {}, {:.1?}",
        report.states,
        report.edges,
        report.depth,
        began.elapsed()
    );
}
