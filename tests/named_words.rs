//! Words of configuration by name: whose they are, what is left of them, and what is told of those that cannot
//! be meant so.
#![cfg(all(feature = "config", feature = "memory", feature = "toml"))]
#![allow(clippy::unwrap_used)] // what a test cannot go on without, fails it

use std::sync::mpsc::channel;

use dogpile::named::{SettingsError, register_backend};
use dogpile::{Config, Memory, Origin, Region};

fn refused(words: &[(&str, &str)]) -> SettingsError {
    match Config::<f64>::from_map(words.iter().copied(), "cache.") {
        Ok(_) => panic!("these words must be refused: {words:?}"),
        Err(error) => error,
    }
}

fn region(words: &[(&str, &str)]) -> Region<f64> {
    let region = Region::new("worded");
    let config = Config::from_map(words.iter().copied(), "cache.");
    region.configure(config.unwrap()).unwrap();
    region
}

#[test]
fn a_word_for_another_region_is_told_by_that_region_s_prefix() {
    let memory = ("cache.backend", "memory");
    for (key, prefix) in [
        ("cache.new.backend", "cache.new."),
        ("cache.new_fresh_for", "cache.new_"),
        ("cache.new.arguments.capacity", "cache.new."),
    ] {
        let told = refused(&[memory, (key, "1")]).to_string();
        let hint = format!(
            "if it is meant for a region whose prefix is `{prefix}`, choose prefixes of which none begins with \
             another"
        );
        assert!(told.starts_with(&format!("`{key}` is not known")), "{told}");
        assert!(told.ends_with(&hint), "{told}");
    }
    let none = refused(&[memory, ("cache.new_thing", "1")]).to_string();
    assert_eq!(none, "`cache.new_thing` is not known here");
    let apart = [memory, ("cache_new.backend", "null")];
    region(&apart);
}

#[test]
fn blanks_around_a_word_are_no_part_of_it_in_maps_and_in_toml() {
    let (asked, heard) = channel();
    let open = move |arguments: &mut dogpile::named::Arguments<'_>| {
        asked.send(arguments.needed("wood", "what it is made of")?)?;
        Ok(Memory::unbounded())
    };
    register_backend("wooden", open).unwrap();
    let map = [
        ("backend", " wooden "),
        ("fresh_for", " 10m\n"),
        ("arguments.wood", "\toak "),
    ];
    let _ = Config::<f64>::from_map(map, "").unwrap();
    let text = "backend = ' wooden '\nfresh_for = ' 10m'\n[arguments]\nwood = '\toak '";
    let _ = Config::<f64>::from_toml(text).unwrap();
    assert_eq!(heard.try_iter().collect::<Vec<_>>(), ["oak", "oak"]);
}

#[test]
fn a_number_out_of_its_range_is_told_by_its_whole_key() {
    let memory = ("cache.backend", "memory");
    for (key, word) in [
        ("cache.deadline", "0"),
        ("cache.creation_limit", "0s"),
        ("cache.lease_time", "0"),
        ("cache.jitter", "1.5"),
        ("cache.eager_refresh", "-0.1"),
        ("cache.early_refresh", "-1"),
        ("cache.early_refresh", "inf"),
        ("cache.keep_last", "99999999999999999999"),
        ("cache.schema", "4294967296"),
        ("cache.arguments.capacity", "99999999999999999999"),
    ] {
        let told = refused(&[memory, (key, word)]).to_string();
        let both = format!("`{key}` is `{word}`, which is no");
        assert!(told.starts_with(&both), "{told}");
    }
    let near = refused(&[memory, ("cache.near_for", "1h")]).to_string();
    assert!(near.contains("`cache.near`"), "{near}");
}

#[cfg(feature = "redis")]
#[test]
fn what_a_redis_cannot_take_is_told_by_its_whole_key() {
    let redis = [
        ("cache.backend", "valkey"),
        ("cache.arguments.url", "redis://127.0.0.1:1"),
    ];
    for (key, word) in [
        ("cache.arguments.timeout", "0"),
        ("cache.arguments.connections", "0"),
        ("cache.arguments.database", "-3"),
        ("cache.arguments.prefix", "a{b"),
        ("cache.arguments.lease_prefix", "v"),
        ("cache.arguments.username", "me"),
    ] {
        let told = refused(&[redis[0], redis[1], (key, word)]).to_string();
        assert!(told.contains(&format!("`{key}`: ")), "{told}");
    }
    let told = refused(&[redis[0], ("cache.arguments.url", "http://x")]).to_string();
    assert!(told.contains("`cache.arguments.url`: "), "{told}");
    let nowhere = refused(&[redis[0]]).to_string();
    assert!(nowhere.contains("`cache.arguments.nodes`"), "{nowhere}");
}

#[cfg(feature = "file")]
#[test]
fn what_a_folder_cannot_take_is_told_by_its_whole_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display().to_string();
    let file = [("cache.backend", "file"), ("cache.arguments.path", &*path)];
    for (key, word) in [
        ("cache.arguments.max_size", "1"),
        ("cache.arguments.timeout", "0"),
    ] {
        let told = refused(&[file[0], file[1], (key, word)]).to_string();
        assert!(told.contains(&format!("`{key}`: ")), "{told}");
    }
}

#[test]
fn a_misspelt_backend_is_told_with_the_one_that_was_meant() {
    for (word, meant) in [
        ("memcache", "memcached"),
        ("Memory", "memory"),
        ("reids", "redis"),
        ("dogpile.cache.valkey", "valkey"),
    ] {
        let told = refused(&[("cache.backend", word)]).to_string();
        let question = format!("; did you mean `{meant}`?");
        assert!(told.ends_with(&question), "{told}");
    }
    let told = refused(&[("cache.backend", "lmdb")]).to_string();
    assert!(!told.contains("did you mean"), "{told}");
}

#[test]
fn one_word_switches_a_cache_off() {
    let region = region(&[
        ("cache.backend", "null"),
        ("cache.arguments.url", "redis://cache"),
        ("cache.compress_from", "1 KiB"),
    ]);
    for _ in 0..2 {
        let answer = region.at("key").create(|| 1.0).unwrap();
        assert_eq!(answer.origin, Origin::Created);
    }
    assert_eq!(region.get("key").unwrap(), None);
}

/// JSON has no `NaN`: what was a value in memory comes back from bytes as a miss.
#[test]
fn memory_of_bytes_is_had_by_its_name() {
    let keeps = |backend| {
        let region = region(&[
            ("cache.backend", backend),
            ("cache.arguments.capacity", "100"),
        ]);
        region.set("number", 1.5).unwrap();
        assert_eq!(region.get("number").unwrap(), Some(1.5));
        region.set("none", f64::NAN).unwrap();
        region.get("none").unwrap().is_some()
    };
    assert!(keeps("memory"));
    assert!(!keeps("serializing-memory"));
}

#[test]
fn what_is_no_toml_is_told_by_its_line_and_not_quoted() {
    for (text, line) in [
        ("backend = 'redis'\n[arguments]\npassword = hunter2\n", 3),
        ("backend = 'redis'\narguments.password = 'hunter2\n", 2),
        (
            "backend = 'redis'\npassword = 'a'\npassword = 'hunter2'\n",
            3,
        ),
        ("password = \"hunter2\\q\"", 1),
    ] {
        let Err(found) = Config::<u64>::from_toml(text) else {
            panic!("{text} is no TOML");
        };
        let told = found.to_string();
        assert!(
            told.starts_with(&format!("line {line} is no TOML: ")),
            "{told}"
        );
        assert!(!told.contains("hunter2"), "{told}");
    }
}
