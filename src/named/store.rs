//! The stores by their names, with their arguments.

mod memcached;
mod redis;

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
        "`memory`, `file`, `sled`, `redis`, `memcached`, `null`, or one that was registered",
    )?;
    let codec = Written::of(words, &name)?;
    match name.as_str() {
        "memory" => memory(words),
        "serializing-memory" => serializing_memory(words, codec),
        "null" => null(words),
        "file" => file(words, codec),
        "sled" => sled(words, codec),
        "redis" | "valkey" => redis::open(words, codec),
        "memcached" => memcached::open(words, codec),
        _ => match plugin::open(&name, words) {
            Some(opened) => Ok(Config::new(Encoded::new(opened?, codec))),
            None => Err(plugin::unknown(words.full("backend"), name)),
        },
    }
}

#[allow(dead_code)] // a build without backends opens nothing
fn closed(backend: &'static str, why: impl Into<Box<dyn Error + Send + Sync>>) -> SettingsError {
    let (backend, source) = (backend.to_owned(), why.into());
    SettingsError::Store { backend, source }
}

/// A word that the backend cannot take, by its key.
#[cfg(any(feature = "file", feature = "memcached", feature = "redis"))]
#[derive(Debug, thiserror::Error)]
#[error("`{key}`: {source}")]
struct Unmeant {
    key: String,
    source: Box<dyn Error + Send + Sync>,
}

/// As [`closed`], for a word that the backend cannot take.
#[cfg(any(feature = "file", feature = "memcached", feature = "redis"))]
fn unmeant(
    backend: &'static str,
    key: String,
    source: impl Into<Box<dyn Error + Send + Sync>>,
) -> SettingsError {
    let source = source.into();
    closed(backend, Unmeant { key, source })
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
            what: format!(
                "`{}` says how long a copy in memory is used; `{}` says how many there are, and has to be \
                 there too",
                words.full("near_for"),
                words.full("near")
            ),
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
    Ok(Config::new(in_memory::<V>(words)?))
}

/// Every caller has a value of its own.
#[cfg(feature = "memory")]
fn serializing_memory<V>(words: &mut Words, codec: Written) -> Result<Config<V>, SettingsError>
where
    V: Clone + Send + Sync + 'static,
    JsonCodec: Codec<V>,
{
    Ok(Config::new(in_memory(words)?.serializing(codec)))
}

#[cfg(feature = "memory")]
fn in_memory<V: Clone + Send + Sync + 'static>(
    words: &mut Words,
) -> Result<dogpile_memory::Memory<V>, SettingsError> {
    use dogpile_memory::Memory;
    let capacity = words.number("arguments.capacity")?;
    Ok(match capacity {
        Some(entries) => Memory::bounded(entries),
        None => Memory::unbounded(),
    })
}

/// Whatever the words say of the backend that stood there before.
#[cfg(feature = "memory")]
#[allow(clippy::unnecessary_wraps)] // a build without it cannot
fn null<V: Clone + Send + Sync + 'static>(words: &mut Words) -> Result<Config<V>, SettingsError> {
    words.ignore("arguments.");
    Ok(Config::new(dogpile_memory::Null::new()))
}

#[cfg(not(feature = "memory"))]
fn memory<V>(_: &mut Words) -> Result<Config<V>, SettingsError> {
    let backend = "memory";
    Err(SettingsError::NotBuiltIn { backend })
}

#[cfg(not(feature = "memory"))]
fn serializing_memory<V>(words: &mut Words, _: Written) -> Result<Config<V>, SettingsError> {
    memory(words)
}

#[cfg(not(feature = "memory"))]
fn null<V>(words: &mut Words) -> Result<Config<V>, SettingsError> {
    memory(words)
}

#[cfg(any(feature = "file", feature = "sled"))]
const FOLDER: &str = "the folder of the store";

#[cfg(feature = "file")]
fn file<V>(words: &mut Words, codec: Written) -> Result<Config<V>, SettingsError>
where
    V: Clone + Send + Sync + 'static,
    JsonCodec: Codec<V>,
{
    use dogpile_file::{Durability, FileSettings, OnDamage, OpenError};
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
    let opened = settings.open().map_err(|error| match error {
        OpenError::Size { .. } => unmeant("file", words.full("arguments.max_size"), error),
        OpenError::NoTime => unmeant("file", words.full("arguments.timeout"), error),
        other => closed("file", other),
    })?;
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
