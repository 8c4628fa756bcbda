//! Proxies that words put before a store.
#![cfg(feature = "config")]
#![allow(clippy::unwrap_used)] // what a test cannot go on without, fails it

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use dogpile::backend::{
    Backend, Blocking, CachedValue, Fault, Operation, Payload, Span, StoreError,
};
use dogpile::named::register_backend;
use dogpile::{Config, Error, Region};

/// A map whose next operations fail, and that counts how often it was asked to delete.
#[derive(Clone, Default)]
struct Shelf(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    map: HashMap<Vec<u8>, CachedValue<Payload>>,
    failures: u32,
    asked: u32,
}

impl Shelf {
    fn asked(&self, operation: Operation, key: &[u8]) -> Result<(), StoreError> {
        let mut kept = self.0.lock().unwrap();
        kept.asked += 1;
        if kept.failures == 0 {
            return Ok(());
        }
        kept.failures -= 1;
        let away = Fault::Unavailable;
        Err(StoreError::new("shelf", operation, key, away, "as told"))
    }
}

impl Backend<Payload> for Shelf {
    fn get(&self, key: &[u8]) -> Result<Option<CachedValue<Payload>>, StoreError> {
        self.asked(Operation::Get, key)?;
        Ok(self.0.lock().unwrap().map.get(key).cloned())
    }

    fn set(&self, key: &[u8], entry: CachedValue<Payload>, _: Span) -> Result<(), StoreError> {
        self.asked(Operation::Set, key)?;
        self.0.lock().unwrap().map.insert(key.to_vec(), entry);
        Ok(())
    }

    fn delete(&self, key: &[u8]) -> Result<(), StoreError> {
        self.asked(Operation::Delete, key)?;
        self.0.lock().unwrap().map.remove(key);
        Ok(())
    }
}

/// A region on a shelf of its own, behind what the words say.
fn behind(name: &'static str, words: &[(&str, &str)]) -> (Region<u64>, Shelf) {
    let shelf = Shelf::default();
    let opened = shelf.clone();
    register_backend(name, move |_| Ok(Blocking::new(opened.clone()))).unwrap();
    let words = [("backend", name)].into_iter().chain(words.iter().copied());
    let region = Region::new("behind");
    region
        .configure(Config::from_map(words, "").unwrap())
        .unwrap();
    (region, shelf)
}

#[test]
fn a_proxy_is_put_on_by_its_words() {
    let (region, shelf) = behind("prefixed", &[("proxies.key_prefix", "shop:")]);
    region.set("1", 7).unwrap();
    assert!(shelf.0.lock().unwrap().map.contains_key(&b"shop:1"[..]));
    assert_eq!(region.get("1").unwrap(), Some(7));

    let (region, shelf) = behind("read only", &[("proxies.read_only", "true")]);
    assert!(matches!(region.set("1", 7), Err(Error::Store(_))));
    assert!(shelf.0.lock().unwrap().map.is_empty());
    let (region, _) = behind("not read only", &[("proxies.read_only", "false")]);
    region.set("1", 7).unwrap();

    let (region, shelf) = behind("retried", &[("proxies.retry_delete", "3")]);
    shelf.0.lock().unwrap().failures = 2;
    region.delete("1").unwrap();
    assert_eq!(shelf.0.lock().unwrap().asked, 3);

    let words = [
        ("proxies.circuit_breaker.failures", "2"),
        ("proxies.circuit_breaker.rest", "1h"),
    ];
    let (region, shelf) = behind("broken", &words);
    shelf.0.lock().unwrap().failures = u32::MAX;
    for _ in 0..5 {
        region.delete("1").unwrap_err();
    }
    assert_eq!(shelf.0.lock().unwrap().asked, 2, "then it is left alone");
}

#[test]
fn words_of_proxies_that_cannot_be_meant_so_are_told() {
    let told = |key: &str, word: &str| {
        let words = [("backend", "memory"), (key, word)];
        Config::<u64>::from_map(words, "")
            .err()
            .unwrap()
            .to_string()
    };
    let both = told("proxies.circuit_breaker.rest", "10s");
    assert!(
        both.contains("`proxies.circuit_breaker.failures`"),
        "{both}"
    );
    let near = told("proxies.readonly", "true");
    assert!(
        near.ends_with("did you mean `proxies.read_only`?"),
        "{near}"
    );
    let word = told("proxies.retry_delete", "often");
    assert!(word.contains("often"), "{word}");
}
