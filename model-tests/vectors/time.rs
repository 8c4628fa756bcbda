//! `time.json`: sums and differences that saturate.

use dogpile_core::time::{Span, Time};
use serde_json::json;

use crate::file::{File, number};

pub(crate) fn file() -> File {
    let edges = [
        0,
        1,
        999,
        1_000_000_000,
        u64::MAX / 2,
        u64::MAX / 2 + 1,
        u64::MAX - 1,
        u64::MAX,
    ];
    let mut sums = Vec::new();
    for a in edges {
        for b in edges {
            let (time, span) = (Time::from_nanos(a), Span::from_nanos(b));
            sums.push(json!({
                "a": number(a),
                "b": number(b),
                "after": number(time.after(span).as_nanos()),
                "since": number(time.since(Time::from_nanos(b)).as_nanos()),
                "plus": number(Span::from_nanos(a).plus(span).as_nanos()),
            }));
        }
    }
    let counts = [
        0,
        1,
        60,
        18_446_744_073,
        18_446_744_074,
        18_446_744_073_709,
        18_446_744_073_710,
        u64::MAX,
    ];
    let spans = counts.map(|count| {
        json!({
            "count": number(count),
            "seconds": number(Span::from_secs(count).as_nanos()),
            "milliseconds": number(Span::from_millis(count).as_nanos()),
        })
    });
    File::new(
        "time",
        "Nanoseconds in 64 bits without a sign; nothing wraps.",
    )
    .with("sums", sums)
    .with("spans", spans.into())
}
