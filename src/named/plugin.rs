//! Backends of others, which join by name.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use dogpile_backend::{Payload, Store};

use super::SettingsError;
use super::error::meant;
use super::nearest::nearest;
use super::words::Words;
use crate::BoxError;
use crate::sync::{Mutex, process_wide};

type Open =
    Arc<dyn Fn(&mut Arguments<'_>) -> Result<Arc<dyn Store<Payload>>, BoxError> + Send + Sync>;

process_wide! { static PLUGINS: Mutex<BTreeMap<String, Open>> = Mutex::new(BTreeMap::new()); }

/// The names that nobody can take.
pub(super) const BUILT_IN: [&str; 8] = [
    "memory",
    "serializing-memory",
    "null",
    "file",
    "sled",
    "redis",
    "valkey",
    "memcached",
];

/// The words under `arguments.` that a backend is opened with. What it does not ask for is not known, and
/// refused with the nearest one that it did ask for.
#[derive(Debug)]
pub struct Arguments<'w>(&'w mut Words);

/// Lets configuration name a backend of another crate: `open` opens a store of bytes, to which the region
/// adds its codec. Call it once, early; it is for the whole process.
///
/// ```
/// # mod mine {
/// #     use dogpile::backend::{Backend, Blocking, CachedValue, Payload, Span, StoreError};
/// #     #[derive(Default)]
/// #     pub struct Nothing;
/// #     impl Backend<Payload> for Nothing {
/// #         fn get(&self, _: &[u8]) -> Result<Option<CachedValue<Payload>>, StoreError> { Ok(None) }
/// #         fn set(&self, _: &[u8], _: CachedValue<Payload>, _: Span) -> Result<(), StoreError> { Ok(()) }
/// #         fn delete(&self, _: &[u8]) -> Result<(), StoreError> { Ok(()) }
/// #     }
/// #     pub fn open(_table: &str, _rows: u32) -> std::io::Result<Blocking<Nothing>> {
/// #         Ok(Blocking::new(Nothing))
/// #     }
/// # }
/// use dogpile::named::register_backend;
/// use dogpile::{Config, Region};
///
/// register_backend("mine", |arguments| {
///     let table = arguments.needed("table", "where the values are")?;
///     let rows = arguments.number("rows")?.unwrap_or(1_000);
///     Ok(mine::open(&table, rows)?)
/// })?;
/// let words = [("backend", "mine"), ("arguments.table", "cache")];
/// let pages: Region<String> = Region::new("pages");
/// pages.configure(Config::from_map(words, "")?)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`SettingsError::Taken`] when the name has been given to another.
pub fn register_backend<S: Store<Payload>>(
    name: &str,
    open: impl Fn(&mut Arguments<'_>) -> Result<S, BoxError> + Send + Sync + 'static,
) -> Result<(), SettingsError> {
    let mut plugins = PLUGINS.lock().unwrap_or_else(PoisonError::into_inner);
    if BUILT_IN.contains(&name) || plugins.contains_key(name) {
        let backend = name.to_owned();
        return Err(SettingsError::Taken { backend });
    }
    let open: Open = Arc::new(move |arguments| Ok(Arc::new(open(arguments)?)));
    plugins.insert(name.to_owned(), open);
    Ok(())
}

/// That no backend is called so; all that there are, for who cannot know them, and the one that was meant.
pub(super) fn unknown(key: String, word: String) -> SettingsError {
    let plugins = PLUGINS.lock().unwrap_or_else(PoisonError::into_inner);
    let names = BUILT_IN
        .into_iter()
        .chain(plugins.keys().map(String::as_str));
    // Python's are called `dogpile.cache.redis`.
    let last = word.rsplit('.').next().unwrap_or(&word);
    let meant = meant(nearest(last, names.clone()));
    let names: Vec<_> = names.map(|name| format!("`{name}`")).collect();
    let expected = format!("one of {}{meant}", names.join(", "));
    SettingsError::Word {
        key,
        word,
        expected,
    }
}

/// Opens the backend of that name, if somebody has registered one.
pub(super) fn open(
    name: &str,
    words: &mut Words,
) -> Option<Result<Arc<dyn Store<Payload>>, SettingsError>> {
    let plugins = PLUGINS.lock().unwrap_or_else(PoisonError::into_inner);
    // It may register others, or take its time: nobody waits for it here.
    let open = plugins.get(name).map(Arc::clone);
    drop(plugins);
    let opened = open?(&mut Arguments(words));
    Some(
        opened.map_err(|error| match error.downcast::<SettingsError>() {
            Ok(error) => *error,
            Err(source) => SettingsError::Store {
                backend: name.to_owned(),
                source,
            },
        }),
    )
}

impl Arguments<'_> {
    /// The word of that key, if it is there.
    pub fn text(&mut self, key: &str) -> Option<String> {
        self.0.text(full(key))
    }

    /// The word of a key that must be there; `what` tells whoever forgot it what it says.
    ///
    /// # Errors
    /// [`SettingsError::Missing`].
    pub fn needed(&mut self, key: &str, what: &'static str) -> Result<String, SettingsError> {
        self.0.needed(full(key), what)
    }

    /// A number of any type.
    ///
    /// # Errors
    /// [`SettingsError::Word`] where the word is no number in its type's range.
    pub fn number<N: FromStr>(&mut self, key: &str) -> Result<Option<N>, SettingsError> {
        self.0.number(full(key))
    }

    /// `true` or `false`.
    ///
    /// # Errors
    /// [`SettingsError::Word`] where the word is neither.
    pub fn flag(&mut self, key: &str) -> Result<Option<bool>, SettingsError> {
        self.0.flag(full(key))
    }

    /// A number of seconds, or `10m`, `1h 30m`, or `forever`.
    ///
    /// # Errors
    /// [`SettingsError::Word`] where the word is no duration.
    pub fn duration(&mut self, key: &str) -> Result<Option<Duration>, SettingsError> {
        self.0.duration(full(key))
    }

    /// A number of bytes, or `64 MiB`, `1 GB`.
    ///
    /// # Errors
    /// [`SettingsError::Word`] where the word is no size.
    pub fn size(&mut self, key: &str) -> Result<Option<u64>, SettingsError> {
        self.0.size(full(key))
    }
}

fn full(key: &str) -> String {
    format!("arguments.{key}")
}
