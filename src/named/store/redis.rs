//! Redis by its name, with its arguments.

#[cfg(feature = "redis")]
use dogpile_backend::{Codec, JsonCodec};

use super::super::SettingsError;
use super::super::codec::Written;
use super::super::words::Words;
#[cfg(feature = "redis")]
use super::unmeant;
use crate::region::Config;

#[cfg(feature = "redis")]
pub(in crate::named) fn open<V>(
    words: &mut Words,
    codec: Written,
) -> Result<Config<V>, SettingsError>
where
    V: Clone + Send + Sync + 'static,
    JsonCodec: Codec<V>,
{
    use dogpile_redis::Compatibility;
    let (mut settings, place) = server(words)?;
    for (key, set) in TEXTS {
        if let Some(text) = words.text(key) {
            settings = set(settings, text);
        }
    }
    if let Some(number) = words.number("arguments.database")? {
        settings = settings.database(number);
    }
    if let Some(timeout) = words.duration("arguments.timeout")? {
        settings = settings.timeout(timeout);
    }
    if let Some(most) = words.number("arguments.connections")? {
        settings = settings.connections(most);
    }
    if let Some(span) = words.duration("arguments.time_to_live")? {
        settings = settings.time_to_live(span);
    }
    let all = [
        ("native", Compatibility::Native),
        ("python", Compatibility::Python),
    ];
    if let Some(whom) = words.choice("arguments.compatibility", &all)? {
        settings = settings.compatibility(whom);
    }
    let opened = settings.open().map_err(|error| {
        let key = words.full(key_of(&error, place));
        unmeant("redis", key, error)
    })?;
    Ok(Config::new(opened.encoded(codec)))
}

#[cfg(feature = "redis")]
type Said = fn(dogpile_redis::RedisSettings, String) -> dogpile_redis::RedisSettings;

#[cfg(feature = "redis")]
const TEXTS: [(&str, Said); 4] = [
    ("arguments.prefix", |settings, text| settings.prefix(text)),
    ("arguments.lease_prefix", |settings, text| {
        settings.lease_prefix(text)
    }),
    ("arguments.username", |settings, text| {
        settings.username(text)
    }),
    ("arguments.password", |settings, text| {
        settings.password(text)
    }),
];

/// One server, Sentinels or a cluster, and the key that says which.
#[cfg(feature = "redis")]
fn server(
    words: &mut Words,
) -> Result<(dogpile_redis::RedisSettings, &'static str), SettingsError> {
    use dogpile_redis::RedisSettings;
    let keys @ [url, nodes, sentinels, service] = [
        "arguments.url",
        "arguments.nodes",
        "arguments.sentinels",
        "arguments.service",
    ];
    match (
        words.text(url),
        words.list(nodes),
        words.list(sentinels),
        words.text(service),
    ) {
        (Some(one), None, None, None) => Ok((RedisSettings::url(one), url)),
        (None, Some(all), None, None) => Ok((RedisSettings::cluster(all), nodes)),
        (None, None, Some(all), Some(name)) => Ok((RedisSettings::sentinel(all, name), sentinels)),
        _ => {
            let [url, nodes, sentinels, service] = keys.map(|key| words.full(key));
            Err(SettingsError::Together {
                what: format!(
                    "the backend `redis` is told where the server is by `{url}`, or by `{nodes}` of a \
                     cluster, or by `{sentinels}` and `{service}`: by one of the three"
                ),
            })
        }
    }
}

/// Which key it is that cannot be meant so.
#[cfg(feature = "redis")]
fn key_of(error: &dogpile_redis::BadSettings, place: &'static str) -> &'static str {
    use dogpile_redis::BadSettings;
    match error {
        BadSettings::Prefix { what, .. } if what.contains("leases") => "arguments.lease_prefix",
        BadSettings::Prefix { .. } => "arguments.prefix",
        BadSettings::Database { .. } => "arguments.database",
        BadSettings::Together { what, .. } if what.contains("database") => "arguments.database",
        BadSettings::Together { .. } => "arguments.username",
        BadSettings::Zero { what } if what.contains("timeout") => "arguments.timeout",
        BadSettings::Zero { .. } => "arguments.connections",
        _ => place,
    }
}

#[cfg(not(feature = "redis"))]
pub(in crate::named) fn open<V>(_: &mut Words, _: Written) -> Result<Config<V>, SettingsError> {
    let backend = "redis";
    Err(SettingsError::NotBuiltIn { backend })
}
