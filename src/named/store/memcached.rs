//! memcached by its name, with its arguments.

#[cfg(feature = "memcached")]
use dogpile_backend::{Codec, JsonCodec};

use super::super::SettingsError;
use super::super::codec::Written;
use super::super::words::Words;
#[cfg(feature = "memcached")]
use super::unmeant;
use crate::region::Config;

#[cfg(feature = "memcached")]
pub(in crate::named) fn open<V>(
    words: &mut Words,
    codec: Written,
) -> Result<Config<V>, SettingsError>
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
            let [name, password] =
                ["username", "password"].map(|key| words.full(&format!("arguments.{key}")));
            return Err(SettingsError::Together {
                what: format!(
                    "the backend `memcached` needs `{name}` and `{password}` together, or neither"
                ),
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
        unmeant("memcached", key, error)
    })?;
    Ok(Config::new(opened.encoded(codec)))
}

/// One server or several, and the key that says which.
#[cfg(feature = "memcached")]
fn servers(
    words: &mut Words,
) -> Result<(dogpile_memcached::MemcachedSettings, &'static str), SettingsError> {
    use dogpile_memcached::MemcachedSettings;
    let (url, servers) = ("arguments.url", "arguments.servers");
    let told = (words.text(url), words.list(servers));
    let [url_in_full, servers_in_full] = [url, servers].map(|key| words.full(key));
    let together = |what: String| Err(SettingsError::Together { what });
    match told {
        (Some(several), None) if several.contains(',') => together(format!(
            "`{url_in_full}` of the backend `memcached` is one server; `{servers_in_full}` names several"
        )),
        (Some(one), None) => Ok((MemcachedSettings::server(one), url)),
        (None, Some(several)) => Ok((MemcachedSettings::servers(several), servers)),
        _ => together(format!(
            "the backend `memcached` is told where it is by `{url_in_full}`, or by `{servers_in_full}` of \
             several: by one of the two"
        )),
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
            let why = format!("{file} cannot be read: {error}");
            Err(unmeant("memcached", words.full(key), why))
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
        Some(_) => Err(unmeant(
            "memcached",
            words.full("arguments.root_certificate"),
            "TLS is not built in; turn on the feature `memcached-tls`",
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
pub(in crate::named) fn open<V>(_: &mut Words, _: Written) -> Result<Config<V>, SettingsError> {
    let backend = "memcached";
    Err(SettingsError::NotBuiltIn { backend })
}
