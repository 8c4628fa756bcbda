//! Durations as people write them: `2ms`, `1s`, `1m 30s`.

use std::time::Duration;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serializer};

pub(super) fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(input)?;
    humantime::parse_duration(&text).map_err(|error| {
        D::Error::custom(format!(
            "`{text}` is no duration ({error}); write 2ms, 1s, 1m 30s"
        ))
    })
}

pub(super) fn serialize<S: Serializer>(span: &Duration, output: S) -> Result<S::Ok, S::Error> {
    output.collect_str(&humantime::format_duration(*span))
}
