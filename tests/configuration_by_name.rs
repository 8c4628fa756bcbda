//! Configuration by name, from maps and from TOML: what it says is done, and what it cannot say is told.
#![cfg(all(feature = "file", feature = "sled", feature = "toml"))]
#![allow(clippy::unwrap_used)] // what a test cannot go on without, fails it

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use dogpile::backend::{Backend, Blocking, CachedValue, Payload, Span, StoreError};
use dogpile::named::{Arguments, SettingsError, register_backend};
use dogpile::{Config, Error, Origin, Region};

fn region(config: Config<u64>) -> Region<u64> {
    let region = Region::new("named");
    region.configure(config).unwrap();
    region
}

fn refused(words: &[(&str, &str)]) -> SettingsError {
    match Config::<u64>::from_map(words.iter().copied(), "cache.") {
        Ok(_) => panic!("these words must be refused: {words:?}"),
        Err(error) => error,
    }
}

#[test]
fn each_backend_is_had_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let [file, sled] = ["file", "sled"].map(|name| folder.path().join(name).display().to_string());
    let all: [&[(&str, &str)]; 3] = [
        &[
            ("cache.backend", "memory"),
            ("cache.arguments.capacity", "100"),
        ],
        &[
            ("cache.backend", "file"),
            ("cache.arguments.path", &file),
            ("cache.arguments.max_size", "16 MiB"),
            ("cache.arguments.durability", "power-loss"),
            ("cache.arguments.on_damage", "set-aside"),
            ("cache.arguments.timeout", "1.5"),
        ],
        &[
            ("cache.backend", "sled"),
            ("cache.arguments.path", &sled),
            ("cache.arguments.durability", "every-write"),
            ("cache.arguments.cache_capacity", "16 MiB"),
            ("cache.arguments.keyspace", "named"),
        ],
    ];
    for words in all {
        let words = words
            .iter()
            .chain(&[("cache.fresh_for", "10m"), ("other.key", "x")]);
        let region = region(Config::from_map(words.copied(), "cache.").unwrap());
        assert_eq!(region.get_or_create("key", || 7).unwrap(), 7);
        assert_eq!(region.get_or_create("key", || 8).unwrap(), 7);
    }
    assert!(std::path::Path::new(&file).join("data.mdb").exists());
    assert!(std::path::Path::new(&sled).join("conf").exists());
}

#[test]
fn two_regions_by_prefix_share_a_file_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display();
    let text = |prefix| {
        format!("backend = 'file'\nkey_prefix = '{prefix}:'\n[arguments]\npath = '{path}'")
    };
    let [users, pages] = ["users", "pages"].map(|prefix| {
        let config: Config<u64> = Config::from_toml(&text(prefix)).unwrap();
        region(config)
    });
    users.set("1", 7).unwrap();
    assert_eq!(pages.get("1").unwrap(), None);
    assert_eq!(users.get_or_create("1", || 8).unwrap(), 7);
}

#[test]
fn toml_says_all_that_a_map_says() {
    let text = "
        backend = 'memory'
        fresh_for = 0
        stale_for = 'forever'
        deadline = 2.5
        creation_limit = '1m'
        lease_time = 10
        back_off = '1h'
        soft_timeout = '50ms'
        skew = '2s'
        stale_if_error = false
        strict_invalidation = true
        on_store_failure = 'fail'
        keep_last = 10
        jitter = 0.1
        eager_refresh = 0.8
        early_refresh = 1
        statistics = true
        schema = 3
        [arguments]
        capacity = 1_000
    ";
    let region = region(Config::from_toml(text).unwrap());
    region.set("key", 7).unwrap();
    let answer = region.at("key").create(|| 8).unwrap();
    assert_eq!(
        (answer.value, answer.origin),
        (8, Origin::Created),
        "never fresh"
    );
    let figures = region.statistics().unwrap();
    assert_eq!(figures.answers(Origin::Created), 1, "statistics are on");
    let failed = region.get_or_try_create("other", || Err::<u64, _>("no"));
    assert!(matches!(failed, Err(Error::Creator(_))), "{failed:?}");
    let alone = region.get_or_create("other", || 9);
    assert!(matches!(alone, Err(Error::BackingOff { .. })), "{alone:?}");
}

fn in_an_environment_of_its_own() {
    let region = region(Config::from_env("PAGES_").unwrap());
    assert_eq!(region.get_or_create("a", || 1).unwrap(), 1);
    assert_eq!(region.get_or_create("b", || 2).unwrap(), 2);
    let figures = region.statistics().unwrap();
    assert_eq!(figures.answers(Origin::Created), 2);
    let told = Config::<u64>::from_env("WRONG_").err().unwrap().to_string();
    assert_eq!(
        told,
        "`WRONG_FRESH_FOR` is `soon`, which is no duration: a number of seconds, `10m`, `1h 30m`, `forever`"
    );
}

/// The variables are a child's, which runs this test alone.
#[test]
fn the_environment_says_all_that_a_map_says() {
    if std::env::var_os("PAGES_BACKEND").is_some() {
        return in_an_environment_of_its_own();
    }
    let child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_environment_says_all_that_a_map_says"])
        .envs([
            ("PAGES_BACKEND", "memory"),
            ("PAGES_ARGUMENTS__CAPACITY", "100"),
            ("PAGES_STATISTICS", "true"),
            ("WRONG_BACKEND", "memory"),
            ("WRONG_FRESH_FOR", "soon"),
        ])
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success(), "{told}");
    assert!(told.contains("1 passed"), "{told}");
}

#[test]
fn what_is_misspelt_is_told_with_what_was_meant() {
    let told = refused(&[("cache.backend", "memory"), ("cache.fresh_far", "1")]).to_string();
    assert_eq!(
        told,
        "`cache.fresh_far` is not known here; did you mean `cache.fresh_for`?"
    );
    let told = refused(&[("cache.backend", "memory"), ("cache.arguments.path", "x")]).to_string();
    assert_eq!(told, "`cache.arguments.path` is not known here");
    let told = refused(&[("cache.fresh_for", "1")]).to_string();
    assert!(told.starts_with("`cache.backend` is missing"), "{told}");
    let told = refused(&[("cache.backend", "file")]).to_string();
    assert!(
        told.starts_with("`cache.arguments.path` is missing"),
        "{told}"
    );
}

#[test]
fn words_that_cannot_be_meant_so_are_told() {
    let memory = ("cache.backend", "memory");
    let cases = [
        (("cache.fresh_for", "soon"), "which is no duration"),
        (("cache.keep_last", "-1"), "which is no whole number"),
        (("cache.jitter", "a tenth"), "which is no share"),
        (("cache.stale_if_error", "maybe"), "one of `true`, `false`"),
        (("cache.on_store_failure", "cry"), "one of `create`, `fail`"),
        (
            ("cache.arguments.capacity", "many"),
            "which is no whole number",
        ),
    ];
    for (word, told) in cases {
        let found = refused(&[memory, word]).to_string();
        assert!(found.contains(told), "{found}");
    }
    let found = refused(&[("cache.backend", "memcache")]).to_string();
    assert!(
        found.contains("one of `memory`, `serializing-memory`, `null`, `file`, `sled`, `redis`"),
        "{found}"
    );
    let found = refused(&[
        ("cache.backend", "file"),
        ("cache.arguments.path", "/dev/null/x"),
    ]);
    assert!(
        matches!(&found, SettingsError::Store { backend, .. } if backend == "file"),
        "{found}"
    );
    let Err(found) = Config::<u64>::from_toml("backend = [") else {
        panic!("that is no TOML");
    };
    assert!(matches!(found, SettingsError::Toml(_)), "{found}");
}

/// A store of bytes as another crate would bring it.
#[derive(Default)]
struct Shelf(Mutex<HashMap<Vec<u8>, CachedValue<Payload>>>);

impl Backend<Payload> for Shelf {
    fn get(&self, key: &[u8]) -> Result<Option<CachedValue<Payload>>, StoreError> {
        Ok(self.0.lock().unwrap().get(key).cloned())
    }

    fn set(&self, key: &[u8], entry: CachedValue<Payload>, _: Span) -> Result<(), StoreError> {
        self.0.lock().unwrap().insert(key.to_vec(), entry);
        Ok(())
    }

    fn delete(&self, key: &[u8]) -> Result<(), StoreError> {
        self.0.lock().unwrap().remove(key);
        Ok(())
    }
}

type Asked = (
    String,
    Option<u32>,
    Option<bool>,
    Option<Duration>,
    Option<u64>,
);

/// Registers a shelf by this name; what it is opened with is sent.
fn register_shelf(name: &str) -> Receiver<Asked> {
    let (asked, heard) = channel();
    let registered = register_backend(name, move |arguments| {
        let wood = arguments.needed("wood", "what it is made of")?;
        let boards = arguments.number("boards")?;
        let (varnished, age) = (arguments.flag("varnished")?, arguments.duration("age")?);
        let room = arguments.size("room")?;
        if wood == "ice" {
            return Err("it melts".into());
        }
        asked.send((wood, boards, varnished, age, room))?;
        Ok(Blocking::new(Shelf::default()))
    });
    registered.unwrap();
    heard
}

#[test]
fn a_backend_of_another_crate_is_had_by_its_name_with_its_arguments() {
    let heard = register_shelf("shelf");
    let words = [
        ("cache.backend", "shelf"),
        ("cache.fresh_for", "10m"),
        ("cache.arguments.wood", "oak"),
        ("cache.arguments.boards", "3"),
        ("cache.arguments.varnished", "true"),
        ("cache.arguments.age", "1h"),
        ("cache.arguments.room", "1 KiB"),
    ];
    let region = region(Config::from_map(words, "cache.").unwrap());
    let hour = Duration::from_secs(3_600);
    let expected = (
        "oak".to_owned(),
        Some(3),
        Some(true),
        Some(hour),
        Some(1_024),
    );
    assert_eq!(heard.recv().unwrap(), expected);
    assert_eq!(region.get_or_create("key", || 7).unwrap(), 7);
    assert_eq!(region.get_or_create("key", || 8).unwrap(), 7);
}

#[test]
fn what_is_wrong_with_such_a_backend_is_told_as_with_ours() {
    let _heard = register_shelf("other shelf");
    let shelf = ("cache.backend", "other shelf");
    let told = refused(&[shelf]).to_string();
    assert_eq!(
        told,
        "`cache.arguments.wood` is missing: what it is made of"
    );
    let oak = ("cache.arguments.wood", "oak");
    let told = refused(&[shelf, oak, ("cache.arguments.bords", "3")]).to_string();
    assert!(
        told.contains("did you mean `cache.arguments.boards`?"),
        "{told}"
    );
    let told = refused(&[shelf, oak, ("cache.arguments.boards", "x")]).to_string();
    assert!(told.contains("which is no whole number"), "{told}");
    let told = refused(&[shelf, ("cache.arguments.wood", "ice")]).to_string();
    let melts = "the store of the backend `other shelf` does not open: it melts";
    assert_eq!(told, melts);
    let told = refused(&[("cache.backend", "shef")]).to_string();
    assert!(told.contains("`redis`, `valkey`"), "{told}");
    assert!(told.contains("`other shelf`"), "{told}");
    for name in ["other shelf", "redis"] {
        let again = register_backend(name, |_| Ok(Blocking::new(Shelf::default())));
        assert!(matches!(again, Err(SettingsError::Taken { .. })), "{name}");
    }
}

/// A shelf that tells of each look at it.
struct Watched(Shelf, Sender<()>);

impl Backend<Payload> for Watched {
    fn get(&self, key: &[u8]) -> Result<Option<CachedValue<Payload>>, StoreError> {
        self.1.send(()).unwrap();
        self.0.get(key)
    }

    fn set(&self, key: &[u8], entry: CachedValue<Payload>, ttl: Span) -> Result<(), StoreError> {
        self.0.set(key, entry, ttl)
    }

    fn delete(&self, key: &[u8]) -> Result<(), StoreError> {
        self.0.delete(key)
    }
}

#[test]
fn copies_near_are_asked_for_by_name() {
    let (looks, seen) = channel();
    let opened = move |_: &mut Arguments<'_>| {
        let shelf = Watched(Shelf::default(), looks.clone());
        Ok(Blocking::new(shelf))
    };
    register_backend("watched", opened).unwrap();
    let looks_of_two = |near: &[(&str, &str)]| {
        let words = [("backend", "watched"), ("fresh_for", "1h")];
        let words = words.iter().chain(near).copied();
        let region = region(Config::from_map(words, "").unwrap());
        region.set("key", 1).unwrap();
        for _ in 0..2 {
            assert_eq!(region.get("key").unwrap(), Some(1));
        }
        seen.try_iter().count()
    };
    assert_eq!(looks_of_two(&[]), 2);
    assert_eq!(looks_of_two(&[("near", "10"), ("near_for", "1h")]), 1);
    assert_eq!(looks_of_two(&[("near", "10"), ("near_for", "0")]), 2);
    let alone = refused(&[("cache.backend", "memory"), ("cache.near_for", "1h")]);
    assert!(alone.to_string().contains("`cache.near`"), "{alone}");
    let no_number = refused(&[("cache.backend", "memory"), ("cache.near", "many")]);
    assert!(no_number.to_string().contains("many"), "{no_number}");
}

#[cfg(feature = "lz4")]
#[test]
fn values_in_stores_of_bytes_are_compressed_where_the_words_say_so() {
    let size_of = |more: &[(&str, &str)]| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().display().to_string();
        let words = [("backend", "file"), ("arguments.path", &path)];
        let config = Config::from_map(words.into_iter().chain(more.iter().copied()), "");
        let region: Region<String> = Region::new("compressed");
        region.configure(config.unwrap()).unwrap();
        let value = "the same again, ".repeat(10_000);
        region.set("key", value.clone()).unwrap();
        assert_eq!(region.get("key").unwrap(), Some(value));
        drop(region);
        let store = dogpile::File::open(&path).unwrap();
        let entry = dogpile::backend::Store::get(&store, b"key").wait().unwrap();
        entry.unwrap().value.bytes.len()
    };
    assert!(size_of(&[]) > 160_000);
    assert!(size_of(&[("compress_from", "1 KiB")]) < 2_000);
    assert!(
        size_of(&[("compress_from", "1 MiB")]) > 160_000,
        "too short"
    );
    let words = [
        ("cache.backend", "memory"),
        ("cache.compress_from", "1 KiB"),
    ];
    let told = refused(&words).to_string();
    assert_eq!(
        told,
        "values in memory are not bytes: leave `cache.compress_from` out"
    );
}
