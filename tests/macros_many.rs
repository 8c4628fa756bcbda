//! The attribute that memoizes functions of many elements.
#![cfg(feature = "macros")]
#![allow(clippy::unwrap_used)] // what a test cannot go on without, fails it
#![allow(clippy::unused_async)] // as users write them

mod stores;

use std::collections::HashMap;

use dogpile::{Config, Error, Memory, Region, cache_many_on_arguments};
use stores::Hand;

static NUMBERS: Region<usize> = Region::new("numbers");
static NOWHERE: Region<usize> = Region::new("never configured");

/// The region of all tests here: each has functions of its own.
fn ready() {
    // Another test may have been first.
    let _ = NUMBERS.configure(Config::new(Memory::unbounded()));
}

#[cache_many_on_arguments(region = NUMBERS)]
fn squares(numbers: &[usize], times: usize) -> Vec<usize> {
    assert!(!numbers.contains(&13), "it is kept already");
    numbers
        .iter()
        .map(|number| number * number * times)
        .collect()
}

#[cache_many_on_arguments(region = NUMBERS, should_cache = |number| *number > 1)]
async fn squares_async(numbers: &[usize], _lang: String) -> Vec<usize> {
    numbers.iter().map(|number| number * number).collect()
}

#[cache_many_on_arguments(region = NUMBERS, key = |name: &&str| name.len(), skip(log))]
fn lengths(names: &[&str], log: &mut Vec<String>) -> Result<Vec<usize>, String> {
    log.extend(names.iter().map(|name| (*name).to_owned()));
    Err("not this one".to_owned())
}

#[cache_many_on_arguments(region = NUMBERS, each = ids)]
fn even(ids: &[usize], _of: &[u8]) -> Result<HashMap<usize, usize>, String> {
    if ids.contains(&99) {
        return Err("99".to_owned());
    }
    Ok(ids
        .iter()
        .filter(|id| *id % 2 == 0)
        .map(|id| (*id, id * 10))
        .collect())
}

#[cache_many_on_arguments(region = NOWHERE)]
fn all_uncached(ids: &[usize]) -> Vec<usize> {
    ids.to_vec()
}

#[test]
fn of_many_elements_each_has_its_own_key() {
    ready();
    squares::set(vec![(13, 1)], 2).unwrap();
    assert_eq!(squares(&[2, 13, 3], 2), [8, 1, 18]);
    assert_eq!(squares::get(&[2, 4], 2).unwrap(), [Some(8), None]);
    assert_eq!(squares::get(&[2], 3).unwrap(), [None]);
    squares::invalidate(&[2], 2).unwrap();
    assert_eq!(squares::get(&[2], 2).unwrap(), [None]);
    assert_eq!(squares::refresh(&[3], 2).unwrap(), [18]);
    assert_eq!(squares::original(&[1], 2), [2]);
    let call = |numbers| Hand::new(squares_async(numbers, String::new())).finish();
    assert_eq!(call(&[1, 2]), [1, 4]);
    let got = Hand::new(squares_async::get(&[1, 2], String::new())).finish();
    assert_eq!(got.unwrap(), [None, Some(4)]);
    let made = Hand::new(squares_async::refresh(&[1, 3], String::new())).finish();
    assert_eq!(made.unwrap(), [1, 9]);
}

#[test]
fn of_many_elements_a_map_leaves_out_what_there_is_not() {
    ready();
    assert_eq!(even(&[1, 2], b"").unwrap(), HashMap::from([(2, 20)]));
    assert_eq!(even::get(&[1, 2], b"").unwrap(), [None, Some(20)]);
    let partial = even(&[2, 99], b"").unwrap_err();
    assert_eq!(partial.answers[0].as_ref().unwrap(), &Some(20));
    assert!(matches!(&partial.answers[1], Err(Error::Creator(error)) if **error == "99"));
    let mut log = Vec::new();
    assert!(lengths(&["a", "bc"], &mut log).is_err());
    assert_eq!(log, ["a", "bc"]);
}

#[test]
fn law_12_a_function_of_many_elements_runs_uncached_without_its_region() {
    assert_eq!(all_uncached(&[1, 2]), [1, 2]);
    assert!(all_uncached::get(&[1]).is_err());
}

/// What a runtime of several threads asks.
#[test]
fn futures_of_memoized_functions_go_from_thread_to_thread() {
    fn sent<T: Send>(value: T) -> T {
        value
    }
    drop(sent(squares_async(&[1], String::new())));
    drop(sent(squares_async::refresh(&[1], String::new())));
}

/// Arguments that are called as an expansion might call its own.
#[cache_many_on_arguments(region = NUMBERS)]
async fn odd_names_of_many(
    element: &[usize],
    key: usize,
    entries: usize,
    missing: usize,
) -> Vec<usize> {
    element
        .iter()
        .map(|element| element + key + entries + missing)
        .collect()
}

#[test]
fn arguments_have_any_name() {
    ready();
    assert_eq!(
        Hand::new(odd_names_of_many(&[1, 2], 3, 4, 5)).finish(),
        [13, 14]
    );
    let set = odd_names_of_many::set(vec![(1, 0)], 3, 4, 5);
    Hand::new(set).finish().unwrap();
    assert_eq!(
        Hand::new(odd_names_of_many(&[1, 2], 3, 4, 5)).finish(),
        [0, 14]
    );
}
