//! The stores by their names, with their arguments.

use std::error::Error;

use dogpile_backend::{Codec, Encoded, JsonCodec};

use super::codec::Written;
use super::words::Words;
use super::{SettingsError, plugin};
use crate::region::Config;

/// Opens the store that is named.
pub(super) fn open<V: Clone + Send + Sync + 'static>(
    words: &mut Words,
) -> Result<Config<V>, SettingsError>
where
    JsonCodec: Codec<V>,
{
    let name = words.needed(
        "backend",
        "`memory`, `file`, `sled`, `redis`, `memcached`, or one that was registered",
    )?;
    let codec = Written::of(words, &name)?;
    match name.as_str() {
        "memory" => memory(words),
        "file" => file(words, codec),
        "sled" => sled(words, codec),
        "redis" | "valkey" => redis(words, codec),
        "memcached" => memcached(words, codec),
        _ => match plugin::open(&name, words) {
            Some(opened) => Ok(Config::new(Encoded::new(opened?, codec))),
            None => Err(SettingsError::Word {
                key: words.full("backend"),
                word: name,
                expected: plugin::all_names(),
            }),
        },
    }
}

#[allow(dead_code)] // a build without backends opens nothing
fn closed(backend: &'static str, why: impl Into<Box<dyn Error + Send + Sync>>) -> SettingsError {
    let (backend, source) = (backend.to_owned(), why.into());
    SettingsError::Store { backend, source }
}

/// Memory in front of the store, where the words ask for it.
#[cfg(feature = "memory")]
pub(super) fn with_near<V: Clone + Send + Sync + 'static>(
    config: Config<V>,
    words: &mut Words,
) -> Result<Config<V>, SettingsError> {
    match (words.number("near")?, words.duration("near_for")?) {
        (None, None) => Ok(config),
        (Some(copies), near_for) => Ok(config.with_near(copies, near_for)),
        (None, Some(_)) => Err(SettingsError::Together {
            what: "`near_for` says how long a copy in memory is used; `near` says how many there are, and \
                   has to be there too"
                .to_owned(),
        }),
    }
}

#[cfg(not(feature = "memory"))]
pub(super) fn with_near<V>(
    config: Config<V>,
    words: &mut Words,
) -> Result<Config<V>, SettingsError> {
    match words.number::<usize>("near")? {
        None => Ok(config),
        Some(_) => Err(SettingsError::NotBuiltIn { backend: "memory" }),
    }
}

#[cfg(feature = "memory")]
fn memory<V: Clone + Send + Sync + 'static>(words: &mut Words) -> Result<Config<V>, SettingsError> {
    use dogpile_memory::Memory;
    let capacity = words.number("arguments.capacity")?;
    Ok(Config::new(match capacity {
        Some(entries) => Memory::bounded(entries),
        None => Memory::unbounded(),
    }))
}

#[cfg(not(feature = "memory"))]
fn memory<V>(_: &mut Words) -> Result<Config<V>, SettingsError> {
    let backend = "memory";
    Err(SettingsError::NotBuiltIn { backend })
}

#[cfg(any(feature = "file", feature = "sled"))]
const FOLDER: &str = "the folder of the store";

#[cfg(feature = "file")]
fn file<V>(words: &mut Words, codec: Written) -> Result<Config<V>, SettingsError>
where
    V: Clone + Send + Sync + 'static,
    JsonCodec: Codec<V>,
{
    use dogpile_file::{Durability, FileSettings, OnDamage};
    let mut settings = FileSettings::path(words.needed("arguments.path", FOLDER)?);
    if let Some(bytes) = words.size("arguments.max_size")? {
        settings = settings.max_size(bytes);
    }
    let all = [
        ("process-crash", Durability::ProcessCrash),
        ("power-loss", Durability::PowerLoss),
    ];
    if let Some(durability) = words.choice("arguments.durability", &all)? {
        settings = settings.durability(durability);
    }
    let all = [("fail", OnDamage::Fail), ("set-aside", OnDamage::SetAside)];
    if let Some(what) = words.choice("arguments.on_damage", &all)? {
        settings = settings.on_damage(what);
    }
    if let Some(timeout) = words.duration("arguments.timeout")? {
        settings = settings.timeout(timeout);
    }
    let opened = settings.open().map_err(|error| closed("file", error))?;
    Ok(Config::new(opened.encoded(codec)))
}

#[cfg(not(feature = "file"))]
fn file<V>(_: &mut Words, _: Written) -> Result<Config<V>, SettingsError> {
    let backend = "file";
    Err(SettingsError::NotBuiltIn { backend })
}

#[cfg(feature = "sled")]
fn sled<V>(words: &mut Words, codec: Written) -> Result<Config<V>, SettingsError>
where
    V: Clone + Send + Sync + 'static,
    JsonCodec: Codec<V>,
{
    use dogpile_sled::{Durability, SledSettings};
    let mut settings = SledSettings::path(words.needed("arguments.path", FOLDER)?);
    let all = [
        ("background", Durability::Background),
        ("every-write", Durability::EveryWrite),
    ];
    if let Some(durability) = words.choice("arguments.durability", &all)? {
        settings = settings.durability(durability);
    }
    if let Some(bytes) = words.size("arguments.cache_capacity")? {
        settings = settings.cache_capacity(bytes);
    }
    if let Some(name) = words.text("arguments.keyspace") {
        settings = settings.keyspace(name);
    }
    let opened = settings.open().map_err(|error| closed("sled", error))?;
    Ok(Config::new(opened.encoded(codec)))
}

#[cfg(not(feature = "sled"))]
fn sled<V>(_: &mut Words, _: Written) -> Result<Config<V>, SettingsError> {
    let backend = "sled";
    Err(SettingsError::NotBuiltIn { backend })
}

#[cfg(feature = "redis")]
fn redis<V>(words: &mut Words, codec: Written) -> Result<Config<V>, SettingsError>
where
    V: Clone + Send + Sync + 'static,
    JsonCodec: Codec<V>,
{
    use dogpile_redis::Compatibility;
    let mut settings = server(words)?;
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
    let opened = settings.open().map_err(|error| closed("redis", error))?;
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

/// One server, Sentinels or a cluster.
#[cfg(feature = "redis")]
fn server(words: &mut Words) -> Result<dogpile_redis::RedisSettings, SettingsError> {
    use dogpile_redis::RedisSettings;
    let url = words.text("arguments.url");
    let nodes = words.list("arguments.nodes");
    let sentinels = words.list("arguments.sentinels");
    let service = words.text("arguments.service");
    match (url, nodes, sentinels, service) {
        (Some(url), None, None, None) => Ok(RedisSettings::url(url)),
        (None, Some(nodes), None, None) => Ok(RedisSettings::cluster(nodes)),
        (None, None, Some(sentinels), Some(service)) => {
            Ok(RedisSettings::sentinel(sentinels, service))
        }
        _ => Err(SettingsError::Together {
            what: "the backend `redis` is told where the server is by `arguments.url`, or by \
                   `arguments.nodes` of a cluster, or by `arguments.sentinels` and \
                   `arguments.service`: by one of the three"
                .to_owned(),
        }),
    }
}

#[cfg(not(feature = "redis"))]
fn redis<V>(_: &mut Words, _: Written) -> Result<Config<V>, SettingsError> {
    let backend = "redis";
    Err(SettingsError::NotBuiltIn { backend })
}

#[cfg(feature = "memcached")]
fn memcached<V>(words: &mut Words, codec: Written) -> Result<Config<V>, SettingsError>
where
    V: Clone + Send + Sync + 'static,
    JsonCodec: Codec<V>,
{
    let (mut settings, place) = servers(words)?;
    if let Some(prefix) = words.text("arguments.prefix") {
        settings = settings.prefix(prefix);
    }
    settings = shared(words, settings)?;
    settings = root_certificate(words, settings)?;
    let login = (
        words.text("arguments.username"),
        words.text("arguments.password"),
    );
    settings = match login {
        (None, None) => settings,
        (Some(name), Some(password)) => settings.login(name, password),
        _ => {
            return Err(SettingsError::Together {
                what: "the backend `memcached` needs `arguments.username` and \
                       `arguments.password` together, or neither"
                    .to_owned(),
            });
        }
    };
    if let Some(timeout) = words.duration("arguments.timeout")? {
        settings = settings.timeout(timeout);
    }
    if let Some(span) = words.duration("arguments.retry_after")? {
        settings = settings.retry_after(span);
    }
    if let Some(most) = words.number("arguments.connections")? {
        settings = settings.connections(most);
    }
    if let Some(span) = words.duration("arguments.time_to_live")? {
        settings = settings.time_to_live(span);
    }
    let opened = settings.open().map_err(|error| {
        let key = words.full(key_of(&error, place));
        closed("memcached", Unmeant { key, source: error })
    })?;
    Ok(Config::new(opened.encoded(codec)))
}

/// A word that the backend cannot take, by its key.
#[cfg(feature = "memcached")]
#[derive(Debug, thiserror::Error)]
#[error("`{key}`: {source}")]
struct Unmeant {
    key: String,
    source: dogpile_memcached::BadSettings,
}

/// One server or several, and the key that says which.
#[cfg(feature = "memcached")]
fn servers(
    words: &mut Words,
) -> Result<(dogpile_memcached::MemcachedSettings, &'static str), SettingsError> {
    use dogpile_memcached::MemcachedSettings;
    let (url, servers) = ("arguments.url", "arguments.servers");
    let together = |what: &str| {
        let what = what.to_owned();
        Err(SettingsError::Together { what })
    };
    match (words.text(url), words.list(servers)) {
        (Some(several), None) if several.contains(',') => together(
            "`arguments.url` of the backend `memcached` is one server; `arguments.servers` names several",
        ),
        (Some(one), None) => Ok((MemcachedSettings::server(one), url)),
        (None, Some(several)) => Ok((MemcachedSettings::servers(several), servers)),
        _ => together(
            "the backend `memcached` is told where it is by `arguments.url`, or by \
             `arguments.servers` of several: by one of the two",
        ),
    }
}

/// Which key it is that cannot be meant so.
#[cfg(feature = "memcached")]
fn key_of(error: &dogpile_memcached::BadSettings, place: &'static str) -> &'static str {
    use dogpile_memcached::Setting;
    match error.setting() {
        Setting::RootCertificate => "arguments.root_certificate",
        Setting::Prefix => "arguments.prefix",
        Setting::Name => "arguments.username",
        Setting::Password => "arguments.password",
        Setting::Timeout => "arguments.timeout",
        Setting::Connections => "arguments.connections",
        _ => place,
    }
}

/// Who vouches for servers that are spoken to by TLS.
#[cfg(feature = "memcached-tls")]
fn root_certificate(
    words: &mut Words,
    settings: dogpile_memcached::MemcachedSettings,
) -> Result<dogpile_memcached::MemcachedSettings, SettingsError> {
    let key = "arguments.root_certificate";
    let Some(file) = words.text(key) else {
        return Ok(settings);
    };
    match std::fs::read(&file) {
        Ok(pem) => Ok(settings.root_certificate(pem)),
        Err(error) => {
            let why = format!("`{}`: {file} cannot be read: {error}", words.full(key));
            Err(closed("memcached", why))
        }
    }
}

#[cfg(all(feature = "memcached", not(feature = "memcached-tls")))]
fn root_certificate(
    words: &mut Words,
    settings: dogpile_memcached::MemcachedSettings,
) -> Result<dogpile_memcached::MemcachedSettings, SettingsError> {
    match words.text("arguments.root_certificate") {
        None => Ok(settings),
        Some(_) => Err(closed(
            "memcached",
            "`arguments.root_certificate`: TLS is not built in; turn on the feature `memcached-tls`",
        )),
    }
}

/// With whom it is shared.
#[cfg(feature = "memcached")]
fn shared(
    words: &mut Words,
    settings: dogpile_memcached::MemcachedSettings,
) -> Result<dogpile_memcached::MemcachedSettings, SettingsError> {
    use dogpile_memcached::{Compatibility, MemcachedSettings};
    type Share = fn(MemcachedSettings) -> MemcachedSettings;
    let all: [(&str, Share); 3] = [
        ("native", |settings| settings),
        ("python", |settings| {
            settings.compatibility(Compatibility::Python)
        }),
        ("python-bmemcached", MemcachedSettings::bmemcached),
    ];
    let share = words.choice("arguments.compatibility", &all)?;
    Ok(match share {
        Some(share) => share(settings),
        None => settings,
    })
}

#[cfg(not(feature = "memcached"))]
fn memcached<V>(_: &mut Words, _: Written) -> Result<Config<V>, SettingsError> {
    let backend = "memcached";
    Err(SettingsError::NotBuiltIn { backend })
}
