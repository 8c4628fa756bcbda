//! Random programs: what each client asks for, one thing after the other.

use crate::dice::Dice;
use crate::history::{Asked, Call, End, Op};
use crate::setting::{FOREVER, Setting};

/// One call of a client.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
    pub(crate) call: Call,
    pub(crate) asked: Asked,
    /// Through the call that does not tell whence the value came.
    pub(crate) is_plain: bool,
    /// How its creator ends, and how often it lets others go on before.
    pub(crate) end: End,
    pub(crate) length: usize,
    /// The future is dropped after so many polls.
    pub(crate) dropped_after: Option<usize>,
}

#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(crate) setting: Setting,
    pub(crate) clients: Vec<Vec<Planned>>,
}

/// What a program may consist of.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::struct_excessive_bools)] // independent traits, not states of one thing
pub(crate) struct Shape {
    pub(crate) processes: u8,
    pub(crate) evicts: bool,
    /// What was asked is done also when the call is dropped.
    pub(crate) outlives: bool,
    /// Leases run out by the clock.
    pub(crate) expires: bool,
    /// Values age: by a clock that the program moves.
    pub(crate) ages: bool,
    /// Calls are dropped half-way: those of tasks.
    pub(crate) drops: bool,
}

const CLIENTS: usize = 4;
const CALLS: usize = 6;

/// The program of this seed.
pub(crate) fn program(shape: Shape, dice: &mut Dice) -> Program {
    let setting = setting(shape, dice);
    let mut call = 0;
    let clients = (0..CLIENTS).map(|client| {
        let calls = 2 + dice.below(CALLS - 1);
        let planned = (0..calls).map(|_| {
            call += 1;
            planned(shape, &setting, call, client, dice)
        });
        planned.collect()
    });
    Program {
        clients: clients.collect(),
        setting,
    }
}

fn setting(shape: Shape, dice: &mut Dice) -> Setting {
    let (fresh_for, stale_for) = if shape.ages {
        dice.weighed(&[
            (2, (FOREVER, FOREVER)),
            (3, (2, 2)),
            (2, (1, 3)),
            (2, (2, 0)),
            (1, (0, 4)),
            (1, (0, 0)),
        ])
    } else {
        (FOREVER, FOREVER)
    };
    let limit = if shape.ages && !shape.expires {
        dice.weighed(&[(2, FOREVER), (1, 2)])
    } else {
        FOREVER
    };
    Setting {
        fresh_for,
        stale_for,
        creation_limit: limit,
        lease_time: if shape.expires { 3 } else { FOREVER },
        stale_if_error: !dice.once_in(3),
        evicts: shape.evicts,
        outlives: shape.outlives,
        // Two keys, so that one can push the other out, and an invalidation meets both.
        keys: dice.weighed(&[(3, 1), (2, 2)]),
        processes: shape.processes,
    }
}

fn planned(shape: Shape, setting: &Setting, call: Call, client: usize, dice: &mut Dice) -> Planned {
    let alone = shape.processes == 1;
    let op = dice.weighed(&[
        (4, Op::Get),
        (2, Op::Set),
        (3, Op::Delete),
        (9, Op::Create),
        (2, Op::Refresh),
        // Other processes learn of an invalidation when they next look for one.
        (usize::from(alone), Op::Hard),
        (usize::from(alone), Op::Soft),
        (2 * usize::from(shape.ages), Op::Advance(1)),
        (usize::from(shape.ages), Op::Advance(2)),
    ]);
    let process = client % usize::from(setting.processes);
    let creates = matches!(op, Op::Create | Op::Refresh);
    Planned {
        call,
        asked: Asked {
            client: small(client),
            process: small(process),
            key: if op.is_everywhere() {
                0
            } else {
                small(dice.below(usize::from(setting.keys)))
            },
            op,
        },
        is_plain: dice.once_in(3),
        end: dice.weighed(&[
            (7, End::Value),
            (1, End::Declined),
            (1, End::Error),
            (1, End::Panic),
        ]),
        length: dice.below(5),
        dropped_after: (shape.drops && creates && dice.once_in(6)).then(|| dice.below(8)),
    }
}

#[allow(clippy::cast_possible_truncation)] // there are a few clients, processes and keys
const fn small(number: usize) -> u8 {
    number as u8
}
