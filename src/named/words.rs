//! Keys and their words, taken one by one; what nobody takes is not known.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::str::FromStr;
use std::time::Duration;

use super::SettingsError;
use super::nearest::nearest;

/// What is said of durations.
const DURATION: &str = "duration: a number of seconds, `10m`, `1h 30m`, `forever`";

#[derive(Debug, Default)]
pub(super) struct Words {
    prefix: String,
    /// Whether they are names of environment variables: upper case, with `__` for a dot.
    shouted: bool,
    /// What nobody has taken yet.
    left: BTreeMap<String, String>,
    known: BTreeSet<Cow<'static, str>>,
}

impl Words {
    pub(super) fn of_map<K, W>(map: impl IntoIterator<Item = (K, W)>, prefix: &str) -> Self
    where
        K: AsRef<str>,
        W: AsRef<str>,
    {
        let mut left = BTreeMap::new();
        for (key, word) in map {
            if let Some(key) = key.as_ref().strip_prefix(prefix) {
                left.insert(key.to_owned(), word.as_ref().trim().to_owned());
            }
        }
        Self {
            prefix: prefix.to_owned(),
            left,
            ..Self::default()
        }
    }

    /// Variables of an environment; one whose value is no text is an error, not another value.
    pub(super) fn of_env(
        variables: impl IntoIterator<Item = (OsString, OsString)>,
        prefix: &str,
    ) -> Result<Self, SettingsError> {
        let mut left = BTreeMap::new();
        for (name, value) in variables {
            let Some(key) = name.to_str().and_then(|name| name.strip_prefix(prefix)) else {
                continue;
            };
            let key = key.replace("__", ".").to_ascii_lowercase();
            let Some(value) = value.to_str() else {
                return Err(SettingsError::Word {
                    key: name.to_string_lossy().into_owned(),
                    word: value.to_string_lossy().into_owned(),
                    expected: "text in UTF-8".to_owned(),
                });
            };
            left.insert(key, value.trim().to_owned());
        }
        Ok(Self {
            prefix: prefix.to_owned(),
            shouted: true,
            left,
            ..Self::default()
        })
    }

    #[cfg(feature = "toml")]
    pub(super) fn of_toml(text: &str) -> Result<Self, SettingsError> {
        let table: toml::Table = text.parse().map_err(|error| no_toml(text, &error))?;
        let mut all = Self::default();
        all.flatten("", table)?;
        Ok(all)
    }

    #[cfg(feature = "toml")]
    fn flatten(&mut self, before: &str, table: toml::Table) -> Result<(), SettingsError> {
        for (key, value) in table {
            let key = format!("{before}{key}");
            match value {
                toml::Value::Table(table) => self.flatten(&format!("{key}."), table)?,
                toml::Value::Array(array) => {
                    let all = array.into_iter().map(|value| text(&key, value));
                    let all = all.collect::<Result<Vec<_>, _>>()?;
                    self.left.insert(key, all.join(","));
                }
                value => {
                    let word = scalar(&key, value)?;
                    self.left.insert(key, word);
                }
            }
        }
        Ok(())
    }

    /// The key as its writer knows it.
    pub(super) fn full(&self, key: &str) -> String {
        if self.shouted {
            let key = key.replace('.', "__").to_ascii_uppercase();
            return format!("{}{key}", self.prefix);
        }
        format!("{}{key}", self.prefix)
    }

    pub(super) fn text(&mut self, key: impl Into<Cow<'static, str>>) -> Option<String> {
        let key = key.into();
        let word = self.left.remove(&*key);
        self.known.insert(key);
        word
    }

    /// A word that must be there.
    pub(super) fn needed(
        &mut self,
        key: impl Into<Cow<'static, str>>,
        what: &'static str,
    ) -> Result<String, SettingsError> {
        let key = key.into();
        let key_in_full = self.full(&key);
        self.text(key).ok_or(SettingsError::Missing {
            key: key_in_full,
            what,
        })
    }

    fn parsed<T>(
        &mut self,
        key: impl Into<Cow<'static, str>>,
        expected: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, SettingsError> {
        let key = key.into();
        let Some(word) = self.text(key.clone()) else {
            return Ok(None);
        };
        match parse(&word) {
            Some(value) => Ok(Some(value)),
            None => Err(SettingsError::Word {
                key: self.full(&key),
                word,
                expected: expected.to_owned(),
            }),
        }
    }

    pub(super) fn number<N: FromStr>(
        &mut self,
        key: impl Into<Cow<'static, str>>,
    ) -> Result<Option<N>, SettingsError> {
        self.parsed(key, "whole number in its range", |word| {
            word.replace('_', "").parse().ok()
        })
    }

    pub(super) fn flag(
        &mut self,
        key: impl Into<Cow<'static, str>>,
    ) -> Result<Option<bool>, SettingsError> {
        self.choice(key, &[("true", true), ("false", false)])
    }

    /// A part of a whole.
    pub(super) fn share(
        &mut self,
        key: impl Into<Cow<'static, str>>,
    ) -> Result<Option<f64>, SettingsError> {
        self.parsed(key, "share between 0 and 1", |word| {
            let share = word.parse().ok();
            share.filter(|share| (0.0..=1.0).contains(share))
        })
    }

    /// How many times as much: a number that need not be whole.
    pub(super) fn factor(
        &mut self,
        key: impl Into<Cow<'static, str>>,
    ) -> Result<Option<f64>, SettingsError> {
        self.parsed(key, "number, zero or more", |word| {
            let factor: Option<f64> = word.parse().ok();
            factor.filter(|factor| *factor >= 0.0 && factor.is_finite())
        })
    }

    pub(super) fn duration(
        &mut self,
        key: impl Into<Cow<'static, str>>,
    ) -> Result<Option<Duration>, SettingsError> {
        self.parsed(key, DURATION, duration)
    }

    /// A duration of more than nothing.
    pub(super) fn time(
        &mut self,
        key: impl Into<Cow<'static, str>>,
    ) -> Result<Option<Duration>, SettingsError> {
        let expected = format!("{DURATION}, and more than zero");
        self.parsed(key, &expected, |word| {
            duration(word).filter(|span| !span.is_zero())
        })
    }

    pub(super) fn size(
        &mut self,
        key: impl Into<Cow<'static, str>>,
    ) -> Result<Option<u64>, SettingsError> {
        self.parsed(key, "size: a number of bytes, `64 MiB`, `1 GB`", bytes)
    }

    /// One of several words.
    pub(super) fn choice<T: Copy>(
        &mut self,
        key: impl Into<Cow<'static, str>>,
        all: &[(&str, T)],
    ) -> Result<Option<T>, SettingsError> {
        let names: Vec<_> = all.iter().map(|(name, _)| format!("`{name}`")).collect();
        let expected = format!("one of {}", names.join(", "));
        self.parsed(key, &expected, |word| {
            let found = all.iter().find(|(name, _)| *name == word);
            found.map(|(_, value)| *value)
        })
    }

    /// A list with commas.
    #[cfg(any(feature = "memcached", feature = "redis"))]
    pub(super) fn list(&mut self, key: impl Into<Cow<'static, str>>) -> Option<Vec<String>> {
        let word = self.text(key)?;
        let parts = word
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty());
        Some(parts.map(str::to_owned).collect())
    }

    /// Takes all whose keys begin so: whatever they say does not matter.
    #[cfg(feature = "memory")]
    pub(super) fn ignore(&mut self, beginning: &str) {
        self.left.retain(|key, _| !key.starts_with(beginning));
    }

    /// Nobody would take what is left.
    pub(super) fn must_be_used_up(&self) -> Result<(), SettingsError> {
        let Some(key) = self.left.keys().next() else {
            return Ok(());
        };
        let nearest = nearest(key, self.known.iter().map(|known| &**known));
        Err(SettingsError::Unknown {
            key: self.full(key),
            nearest: nearest.map(|known| self.full(known)),
            another: self.another_prefix(key),
        })
    }

    /// The prefix of another region that the key is meant for, if it is: what is left then is known here too.
    fn another_prefix(&self, key: &str) -> Option<String> {
        let mut ends = key.match_indices(['_', '.']).map(|(at, _)| at + 1);
        let end = ends.find(|end| self.known.contains(&key[*end..]))?;
        Some(self.full(&key[..end]))
    }
}

/// What is wrong, and where. The text itself is not quoted: it may be a password that stands there.
#[cfg(feature = "toml")]
fn no_toml(text: &str, error: &toml::de::Error) -> SettingsError {
    let before = error.span().and_then(|span| text.get(..span.start));
    let line = before.map_or(1, |before| before.matches('\n').count() + 1);
    SettingsError::Toml(format!("line {line} is no TOML: {}", error.message()))
}

#[cfg(feature = "toml")]
fn scalar(key: &str, value: toml::Value) -> Result<String, SettingsError> {
    match value {
        toml::Value::String(text) => Ok(text.trim().to_owned()),
        toml::Value::Integer(number) => Ok(number.to_string()),
        toml::Value::Float(number) => Ok(number.to_string()),
        toml::Value::Boolean(yes) => Ok(yes.to_string()),
        other => Err(SettingsError::Word {
            key: key.to_owned(),
            word: other.to_string(),
            expected: "text, number, or list of texts".to_owned(),
        }),
    }
}

/// One of a list: all that can be listed are texts.
#[cfg(feature = "toml")]
fn text(key: &str, value: toml::Value) -> Result<String, SettingsError> {
    match value {
        toml::Value::String(text) => Ok(text.trim().to_owned()),
        other => Err(SettingsError::Word {
            key: key.to_owned(),
            word: other.to_string(),
            expected: "text, as each of a list has to be".to_owned(),
        }),
    }
}

fn duration(word: &str) -> Option<Duration> {
    match word {
        "forever" => Some(Duration::MAX),
        word => seconds(word).or_else(|| humantime::parse_duration(word).ok()),
    }
}

fn seconds(word: &str) -> Option<Duration> {
    Duration::try_from_secs_f64(word.parse().ok()?).ok()
}

fn bytes(word: &str) -> Option<u64> {
    let digits = word.find(|letter: char| !letter.is_ascii_digit() && letter != '_');
    let (number, unit) = word.split_at(digits.unwrap_or(word.len()));
    let times = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "tb" => 1_000_000_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        "tib" => 1_u64 << 40,
        _ => return None,
    };
    number
        .replace('_', "")
        .parse::<u64>()
        .ok()?
        .checked_mul(times)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_sizes_are_read() {
        let of = |word: &str| {
            let mut words = Words::of_map([("x", word)], "");
            words.duration("x").ok().flatten()
        };
        assert_eq!(of("90"), Some(Duration::from_secs(90)));
        assert_eq!(of("0.25"), Some(Duration::from_millis(250)));
        assert_eq!(of("1h 30m"), Some(Duration::from_mins(90)));
        assert_eq!(of("forever"), Some(Duration::MAX));
        for wrong in ["", "-1", "soon", "nan", "1e300"] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
        assert_eq!(bytes("1_000"), Some(1_000));
        assert_eq!(
            (bytes("64 MiB"), bytes("1GB")),
            (Some(64 << 20), Some(1_000_000_000))
        );
        for wrong in ["", "MiB", "1.5 GB", "-1", "1 parsec", "99999999999999 TiB"] {
            assert_eq!(bytes(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn variables_are_words_in_upper_case() {
        let variables = [
            ("APP_FRESH_FOR", "10m"),
            ("APP_ARGUMENTS__MAX_SIZE", "1 GB"),
            ("PATH", "/bin"),
        ];
        let variables = variables.map(|(name, value)| (name.into(), value.into()));
        let words = Words::of_env(variables, "APP_");
        let mut words = words.ok().unwrap();
        assert_eq!(words.text("fresh_for").as_deref(), Some("10m"));
        let told = words.must_be_used_up().unwrap_err().to_string();
        assert_eq!(told, "`APP_ARGUMENTS__MAX_SIZE` is not known here");
        let of_another = [("APP_NEW_FRESH_FOR", "1m")];
        let of_another = of_another.map(|(name, value)| (name.into(), value.into()));
        let mut others = Words::of_env(of_another, "APP_").ok().unwrap();
        assert_eq!(others.text("fresh_for"), None);
        let told = others.must_be_used_up().unwrap_err().to_string();
        assert!(told.contains("whose prefix is `APP_NEW_`"), "{told}");
        assert_eq!(words.text("arguments.max_size").as_deref(), Some("1 GB"));
    }
}
