//! `epochs.json`: how an epoch is raised, and what a region's two epochs say.

use dogpile_core::cached_value::{Epoch, Epochs};
use dogpile_core::epochs::EpochCell;
use dogpile_core::kit::Std;
use dogpile_core::time::Time;
use serde_json::{Value, json};

use crate::file::{File, number};

/// One change of a region's epochs.
#[derive(Clone, Copy)]
enum Change {
    Hard(u64),
    Soft(u64),
    Merge { hard: u64, soft: u64 },
}

pub(crate) fn file() -> File {
    let epochs = [0, 1, 5_000, u64::MAX - 2, u64::MAX - 1, u64::MAX];
    let nanos = [0, 999, 1_000, 5_000_000, 5_001_999, u64::MAX];
    let raised = epochs.into_iter().flat_map(|epoch| {
        nanos.map(|now| {
            let raised = Epoch::new(epoch).raised(Time::from_nanos(now));
            json!({"epoch": number(epoch), "now": number(now), "raised": number(raised.number())})
        })
    });
    File::new(
        "epochs",
        "An epoch's successor; and what a region's epochs are after each of a row of changes.",
    )
    .with("raised", raised.collect())
    .with("rows", rows().iter().map(|row| run(row)).collect())
}

/// Every row of three changes of these, from an untouched cell.
fn rows() -> Vec<[Change; 3]> {
    let changes = [
        Change::Hard(0),
        Change::Hard(7_000),
        Change::Soft(0),
        Change::Soft(3_000_500),
        Change::Merge { hard: 2, soft: 9 },
        Change::Merge {
            hard: 4_000,
            soft: 1,
        },
    ];
    let pairs = |a| changes.map(|b| (a, b));
    let of = |(a, b)| changes.map(|c| [a, b, c]);
    changes.into_iter().flat_map(pairs).flat_map(of).collect()
}

fn run(row: &[Change]) -> Value {
    let cell = EpochCell::<Std>::from_parts(0.into(), 0.into(), 0.into());
    let steps = row.iter().map(|change| {
        let (what, facts) = match *change {
            Change::Hard(now) => {
                cell.raise_hard(Time::from_nanos(now));
                ("raise_hard", json!({"now": number(now)}))
            }
            Change::Soft(now) => {
                cell.raise_soft(Time::from_nanos(now));
                ("raise_soft", json!({"now": number(now)}))
            }
            Change::Merge { hard, soft } => {
                cell.merge(Epochs {
                    hard: Epoch::new(hard),
                    soft: Epoch::new(soft),
                });
                ("merge", json!({"hard": number(hard), "soft": number(soft)}))
            }
        };
        let after = cell.read();
        json!({
            "do": what,
            "with": facts,
            "hard": number(after.hard.number()),
            "soft": number(after.soft.number()),
            "floor": number(cell.floor().number()),
        })
    });
    json!({"steps": steps.collect::<Vec<Value>>()})
}
