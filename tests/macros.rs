//! The attributes that memoize functions.
#![cfg(feature = "macros")]
#![allow(clippy::unwrap_used)] // what a test cannot go on without, fails it
#![allow(clippy::unnecessary_wraps, clippy::unused_async, clippy::unused_self)] // as users write them

mod stores;

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use dogpile::key::python;
use dogpile::memoize::Name;
use dogpile::{
    Config, Error, KeyPart, Memory, Region, cache_many_on_arguments, cache_on_arguments,
};
use stores::Hand;

const HOUR: Duration = Duration::from_secs(3_600);

static NUMBERS: Region<usize> = Region::new("numbers");
static NOWHERE: Region<usize> = Region::new("never configured");

/// The region of all tests here: each has functions of its own.
fn ready() -> &'static Region<usize> {
    // Another test may have been first.
    let _ = NUMBERS.configure(Config::new(Memory::unbounded()));
    &NUMBERS
}

/// A number that nothing else here got.
fn new() -> usize {
    static LAST: AtomicUsize = AtomicUsize::new(0);
    LAST.fetch_add(1, Ordering::Relaxed) + 1
}

/// What a function says of itself stays.
#[cache_on_arguments(region = NUMBERS, namespace = "profile", fresh_for = HOUR)]
fn load(id: u64, lang: &str) -> Result<usize, String> {
    if lang.is_empty() {
        return Err(format!("{id} in no language"));
    }
    Ok(new())
}

#[test]
fn law_10_a_function_has_a_value_for_each_set_of_arguments_and_companions() {
    ready();
    let first = load(1, "en").unwrap();
    assert_eq!(load(1, "en").unwrap(), first);
    assert_ne!(load(1, "de").unwrap(), first);
    assert_ne!(load(2, "en").unwrap(), first);
    let failed = load(1, "").unwrap_err();
    assert!(matches!(failed, Error::Creator(error) if *error == "1 in no language"));
    assert_eq!(load::get(1, "en").unwrap(), Some(first));
    let next = load::refresh(1, "en").unwrap();
    assert_eq!(load(1, "en").unwrap(), next);
    load::set(0, 1, "en").unwrap();
    assert_eq!(load(1, "en").unwrap(), 0);
    assert_ne!(load::original(1, "en").unwrap(), 0);
    load::invalidate(1, "en").unwrap();
    assert_eq!(load::get(1, "en").unwrap(), None);
    let by_hand = ready().memo(Name::new("profile", "load"), &(1, "de"));
    assert_eq!(by_hand.get().unwrap(), load::get(1, "de").unwrap());
}

#[cache_on_arguments(region = NUMBERS)]
async fn load_async(id: u64) -> Result<usize, String> {
    std::future::ready(()).await;
    if id == 0 {
        Err("none".to_owned())
    } else {
        Ok(new())
    }
}

#[cache_on_arguments(region = NUMBERS, should_cache = |number| number % 2 == 0)]
async fn sure_async(id: u64) -> usize {
    usize::try_from(id).unwrap()
}

#[test]
fn law_10_an_async_function_has_a_value_for_each_set_of_arguments_and_companions() {
    ready();
    let call = |id| Hand::new(load_async(id)).finish();
    let first = call(1).unwrap();
    assert_eq!(call(1).unwrap(), first);
    assert_ne!(call(2).unwrap(), first);
    assert!(matches!(call(0), Err(Error::Creator(_))));
    let next = Hand::new(load_async::refresh(1)).finish().unwrap();
    assert_eq!(Hand::new(load_async::get(1)).finish().unwrap(), Some(next));
    Hand::new(load_async::set(0, 1)).finish().unwrap();
    assert_eq!(call(1).unwrap(), 0);
    Hand::new(load_async::invalidate(1)).finish().unwrap();
    assert_ne!(call(1).unwrap(), 0);
    assert!(Hand::new(load_async::original(0)).finish().is_err());
    assert_eq!(Hand::new(sure_async(3)).finish(), 3);
    assert_eq!(Hand::new(sure_async::get(3)).finish().unwrap(), None);
    assert_eq!(Hand::new(sure_async::refresh(4)).finish().unwrap(), 4);
    assert_eq!(Hand::new(sure_async::get(4)).finish().unwrap(), Some(4));
}

/// What a runtime of several threads asks.
#[test]
fn futures_of_memoized_functions_go_from_thread_to_thread() {
    fn sent<T: Send>(value: T) -> T {
        value
    }
    drop(sent(load_async(1)));
    drop(sent(load_async::refresh(1)));
    drop(sent(sure_async(1)));
}

#[cache_on_arguments(region = NOWHERE)]
fn uncached(id: usize) -> usize {
    id
}

#[cache_on_arguments(region = NOWHERE)]
async fn uncached_async(id: usize) -> usize {
    id
}

#[test]
fn law_12_a_function_that_cannot_fail_runs_uncached_without_its_region() {
    assert_eq!(uncached(7), 7);
    assert_eq!(Hand::new(uncached_async(7)).finish(), 7);
    assert!(matches!(uncached::get(7), Err(Error::NotConfigured { .. })));
}

mod elsewhere {
    use super::{NUMBERS, cache_on_arguments, new};

    #[cache_on_arguments(region = NUMBERS)]
    pub(super) fn same_name(_id: u8) -> usize {
        new()
    }
}

#[cache_on_arguments(region = NUMBERS)]
fn same_name(_id: u8) -> usize {
    new()
}

#[test]
fn law_10_functions_of_one_name_are_kept_apart_by_their_modules() {
    ready();
    assert_ne!(same_name(1), elsewhere::same_name(1));
    let name = Name::new(concat!(module_path!(), "::elsewhere"), "same_name");
    let got = ready().memo(name, &(1,)).get();
    assert_eq!(got.unwrap(), Some(elsewhere::same_name(1)));
}

/// A connection: no part of a key.
struct Connection(usize);

#[cache_on_arguments(region = NUMBERS, skip(connection))]
fn skipping<C: AsRef<Connection>>(connection: &C, id: u8) -> io::Result<usize> {
    if id == 0 {
        return Err(io::Error::other("zero"));
    }
    Ok(connection.as_ref().0)
}

impl AsRef<Self> for Connection {
    fn as_ref(&self) -> &Self {
        self
    }
}

#[cache_on_arguments(region = NUMBERS)]
fn generic<T: ToString + KeyPart + ?Sized>(_value: &T) -> usize {
    new()
}

#[test]
fn law_10_skipped_arguments_make_no_difference_and_types_do() {
    ready();
    assert_eq!(skipping(&Connection(1), 1).unwrap(), 1);
    assert_eq!(skipping(&Connection(2), 1).unwrap(), 1);
    skipping::invalidate(1).unwrap();
    assert_eq!(skipping(&Connection(2), 1).unwrap(), 2);
    assert_eq!(skipping::refresh(&Connection(3), 1).unwrap(), 3);
    let failed = skipping(&Connection(1), 0).unwrap_err();
    assert!(matches!(failed, Error::Creator(error) if error.to_string() == "zero"));
    assert_ne!(generic(&1_u8), generic(&1_u16));
    assert_eq!(generic("a"), generic("a"));
    assert_ne!(generic("a"), generic(&"a".to_owned()));
}

/// Two types with methods of one name.
struct Users {
    region: Region<usize>,
}
struct Groups;

impl Users {
    #[cache_on_arguments(region = self.region)]
    fn find(&self, _id: u8) -> usize {
        new()
    }

    #[cache_on_arguments(region = NUMBERS, skip(log))]
    fn logged(&mut self, id: usize, log: &mut Vec<usize>) -> usize {
        log.push(id);
        new()
    }

    #[cache_on_arguments(region = NUMBERS, associated)]
    fn count(_of: &str) -> Result<usize, String> {
        Ok(new())
    }

    #[cache_many_on_arguments(region = self.region)]
    async fn all(&self, ids: &[usize]) -> Vec<usize> {
        ids.iter().map(|id| id * 2).collect()
    }
}

impl Groups {
    #[cache_on_arguments(region = ready())]
    async fn find(&self, _id: u8) -> usize {
        new()
    }

    #[cache_on_arguments(region = NUMBERS, associated)]
    fn count(_of: &str) -> Result<usize, String> {
        Ok(new())
    }
}

#[test]
fn methods_and_associated_functions_have_siblings() {
    let region = ready().clone();
    let mut users = Users { region };
    let found = users.find(1);
    assert_eq!(users.find(1), found);
    assert_eq!(users.find_get(1).unwrap(), Some(found));
    assert_ne!(Hand::new(Groups.find(1)).finish(), found);
    assert_ne!(users.find_refresh(1).unwrap(), found);
    users.find_set(0, 1).unwrap();
    assert_eq!(users.find(1), 0);
    users.find_invalidate(1).unwrap();
    assert_eq!(users.find_get(1).unwrap(), None);
    assert_ne!(users.find_original(1), 0);
    let mut log = Vec::new();
    let logged = users.logged(7, &mut log);
    assert_eq!(users.logged(7, &mut log), logged);
    assert_ne!(users.logged_refresh(7, &mut log).unwrap(), logged);
    assert_eq!(log, [7, 7]);
    let counted = Users::count("all").unwrap();
    assert_eq!(Users::count_get("all").unwrap(), Some(counted));
    assert_ne!(Groups::count("all").unwrap(), counted);
    assert_eq!(Hand::new(users.all(&[1, 2])).finish(), [2, 4]);
    let got = Hand::new(users.all_get(&[2, 3])).finish().unwrap();
    assert_eq!(got, [Some(4), None]);
}

#[cache_on_arguments(region = NUMBERS, fresh_for = if id == 0 { Duration::ZERO } else { HOUR })]
fn fresh_by_id(id: u8) -> usize {
    let _ = id;
    new()
}

#[cache_on_arguments(region = NUMBERS, key = (id % 2, lang.len()))]
fn own_key(mut id: u8, lang: String) -> usize {
    id += 1;
    let _ = (id, lang);
    new()
}

#[cache_on_arguments(
    region = NUMBERS,
    raw_key = python::function_key("app.users:load", Some("v1"), &[&id, &lang]),
)]
fn as_python(id: u64, lang: &str) -> usize {
    let _ = (id, lang);
    new()
}

#[test]
fn freshness_and_keys_are_expressions_of_the_arguments() {
    ready();
    assert_ne!(fresh_by_id(0), fresh_by_id(0));
    assert_eq!(fresh_by_id(1), fresh_by_id(1));
    assert_eq!(own_key(1, "en".into()), own_key(3, "de".into()));
    assert_ne!(own_key(1, "en".into()), own_key(2, "en".into()));
    let made = as_python(7, "en");
    assert_eq!(ready().get("app.users:load|v1|7 en").unwrap(), Some(made));
}

#[cache_on_arguments(region = NUMBERS)]
fn inner(number: usize) -> Result<usize, Error> {
    Ok(number + 1)
}

#[cache_on_arguments(region = NUMBERS)]
fn outer(number: usize) -> Result<usize, Error<Error>> {
    Ok(inner(number)? * 10)
}

#[test]
fn memoized_functions_that_call_each_other_do_not_hang() {
    ready();
    assert_eq!(outer(1).unwrap(), 20);
    assert_eq!(inner::get(1).unwrap(), Some(2));
}

/// Arguments that are called as an expansion might call its own.
#[cache_on_arguments(region = NUMBERS)]
fn odd_names(region: u8, memo: u8, value: u8, key: u8, original: u8) -> usize {
    [region, memo, value, key, original]
        .map(usize::from)
        .iter()
        .sum()
}

#[test]
fn arguments_have_any_name() {
    ready();
    assert_eq!(odd_names(1, 2, 3, 4, 5), 15);
    odd_names::set(16, 1, 2, 3, 4, 5).unwrap();
    assert_eq!(odd_names(1, 2, 3, 4, 5), 16);
    assert_eq!(odd_names::refresh(1, 2, 3, 4, 5).unwrap(), 15);
}

#[test]
fn a_function_inside_of_a_function_is_memoized_too() {
    #[cache_on_arguments(region = NUMBERS)]
    fn within(_id: u8) -> usize {
        new()
    }
    ready();
    assert_eq!(within(1), within(1));
    assert_eq!(within::get(2).unwrap(), None);
}

fn first(id: u8) -> usize {
    #[cache_on_arguments(region = NUMBERS)]
    fn local(_id: u8) -> usize {
        new()
    }
    local(id)
}

fn second(id: u8) -> usize {
    #[cache_on_arguments(region = NUMBERS)]
    fn local(_id: u8) -> usize {
        new()
    }
    local(id)
}

#[test]
fn law_10_functions_of_one_name_are_kept_apart_by_the_functions_they_stand_in() {
    ready();
    assert_ne!(first(1), second(1));
    assert_eq!(first(1), first(1));
    let name = Name::new(concat!(module_path!(), "::first"), "local");
    assert_eq!(ready().memo(name, &(1,)).get().unwrap(), Some(first(1)));
}
