//! What one writes, the others read, and when it was written.

use serde_json::{Value, json};

use crate::fleet::Fleet;
use crate::problem::Problem;
use crate::report::Check;
use crate::worker::now;

/// What a float of seconds keeps of a time of today, and some more.
const CLOSE: f64 = 2e-6;

/// Whatever JSON has, and what could be taken for the end of a header.
fn samples() -> Vec<Value> {
    vec![
        json!({"name": "Zoë | 水", "tags": ["a|b", "", "\u{0}\n\"\\"], "none": null, "yes": true}),
        json!([1, -1, 0.1, 1e300, 9_007_199_254_740_993_i64, 1.5, 5e-324]),
        json!("|"),
        json!(""),
        json!(false),
        json!([]),
        json!({}),
        json!("x".repeat(100_000)),
    ]
}

/// Each kind writes, each kind reads.
pub(crate) fn check(fleet: &mut Fleet<'_>) -> Result<Check, Problem> {
    let mut check = Check::new(
        "values",
        "each reads what each wrote, and when it was created",
    );
    let (mut reads, mut apart, mut off) = (0, 0.0_f64, 0.0_f64);
    for writer in fleet.ground.kinds() {
        for (number, value) in samples().into_iter().enumerate() {
            let key = format!("written-by-{writer}-{number}");
            let at = fleet.one(writer, number);
            let before = now();
            fleet.workers[at].set(&key, value.clone())?;
            let after = now();
            let mut created = Vec::new();
            for reader in fleet.ground.kinds() {
                let at = fleet.one(reader, number + 1);
                let found = fleet.workers[at].read(&key)?;
                reads += 1;
                check.ensure(found.value.as_ref() == Some(&value), || {
                    format!("{key}: {reader} reads another value")
                });
                let (Some(ct), Some(age)) = (found.created, found.age) else {
                    check.ensure(false, || format!("{key}: {reader} reads no metadata"));
                    continue;
                };
                check.ensure((before - CLOSE..=after + CLOSE).contains(&ct), || {
                    format!("{key}: {reader} reads that it was created at {ct}")
                });
                off = off.max((now() - ct - age).abs());
                created.push(ct);
            }
            created.sort_by(f64::total_cmp);
            if let [first, .., last] = created[..] {
                apart = apart.max(last - first);
            }
        }
    }
    check.ensure(apart <= CLOSE, || {
        format!("the times they read are {apart} s apart")
    });
    check.ensure(off <= 1.0, || format!("the ages they read are {off} s off"));
    check.measured("reads", reads);
    check.measured("created_apart_us", (apart * 1e7).round() / 10.0);
    check.measured("age_off_ms", (off * 1e4).round() / 10.0);
    Ok(check)
}
