//! Python sets or deletes a value while one of ours creates it: what Python did stands.

use serde_json::{Value, json};

use super::{Outcome, begin, one, stale_record};
use crate::fleet::{Fleet, Kind};
use crate::problem::Problem;
use crate::report::Check;

/// Asked of a creator of this kind.
pub(crate) fn of(fleet: &mut Fleet<'_>, kind: Kind, rounds: usize) -> Result<Check, Problem> {
    let mut check = Check::new(
        format!("python writes while {kind} creates"),
        "what python did stands",
    );
    let old = json!({"by": "before", "number": 0});
    let mut cases = vec![
        (true, Some(json!("set"))),
        (true, None),
        (false, Some(json!("set"))),
    ];
    // Without an old value, a deletion is what nobody can see on Redis.
    if fleet.ground.sees_all_deletions() {
        cases.push((false, None));
    }
    let count = cases.len();
    for (number, (stale, left)) in cases.into_iter().cycle().take(rounds * count).enumerate() {
        let round = number / count;
        let key = format!("{kind}-meanwhile-{round}-{stale}-{}", left.is_some());
        if stale {
            let record = stale_record(&old, round % 2 == 1);
            fleet.ground.put(&key, &record)?;
        }
        let python = fleet.ground.python(number);
        let (creator, python) = (fleet.one(kind, round), fleet.one(python, round));
        begin(&mut fleet.workers[creator], one(&key, 0.2))?;
        match &left {
            Some(value) => fleet.workers[python].set(&key, value.clone())?,
            None => fleet.workers[python].delete(&key)?,
        }
        let outcome = Outcome::of(&fleet.workers[creator])?;
        let own = outcome.value().and_then(|value| value.get("by"));
        check.ensure(own.is_some_and(|by| by != "before"), || {
            format!("{key}: its caller has {:?}", outcome.answers)
        });
        reads(fleet, &mut check, &key, left.as_ref(), round)?;
        // A lock of a lease that is void would stand in everybody's way.
        let is_locked = fleet.ground.is_locked(&key)?;
        check.ensure(!is_locked, || format!("{key}: its lock is left"));
    }
    check.measured("cases", rounds * count);
    Ok(check)
}

fn reads(
    fleet: &mut Fleet<'_>,
    check: &mut Check,
    key: &str,
    left: Option<&Value>,
    round: usize,
) -> Result<(), Problem> {
    for kind in fleet.ground.kinds() {
        let at = fleet.one(kind, round);
        let found = fleet.workers[at].read(key)?.value;
        check.ensure(found.as_ref() == left, || {
            format!("{key}: {kind} reads {found:?}, not {left:?}")
        });
    }
    Ok(())
}
