//! Values whose time is over really leave.

use dogpile_backend::{Span, Time};

use crate::node::Held;
use crate::table::Table;
use crate::turn::Turn;

/// Even if no value is about to end, one may be stored that does.
const LONGEST: Span = Span::from_secs(60);

/// The shortest time between two sweeps.
const SHORTEST: Span = Span::from_secs(1);

/// The time between two sweeps grows with the number of entries, so that sweeping takes about one
/// hundredth of one core at most: to look at one takes a tenth of this.
const FOR_EACH_ENTRY: Span = Span::from_nanos(10_000);

/// Lets every value go whose time is over at `now`, and answers when to sweep again: when the next
/// value ends, within bounds.
pub(crate) fn sweep<V>(table: &Table<V>, now: Time) -> Span {
    let guard = table.map.guard();
    let (mut entries, mut next) = (0_u64, Time::END);
    for (key, node) in table.map.iter(&guard) {
        entries += 1;
        let Some(end) = node.value().map(Held::end) else {
            continue;
        };
        if end == Time::END {
            continue;
        }
        if end <= now {
            let mut turn = Turn::take(table, &guard, key.bytes());
            turn.expire(now);
            turn.end();
        } else {
            next = next.min(end);
        }
    }
    let pace = Span::from_nanos(entries.saturating_mul(FOR_EACH_ENTRY.as_nanos()));
    next.since(now).min(LONGEST).max(SHORTEST).max(pace)
}
