//! Memoized functions without a macro.
#![allow(clippy::unwrap_used)] // what a test cannot go on without, fails it

mod stores;

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use dogpile::key::{KeyBuffer, bytes_of, python};
use dogpile::memoize::Name;
use dogpile::{Config, Error, KeyPart, Memory, Region};
use stores::{Hand, HandClock};

const SECOND: Duration = Duration::from_secs(1);

fn region() -> Region<usize> {
    let region = Region::new("memo");
    region.configure(Config::new(Memory::unbounded())).unwrap();
    region
}

/// A region whose values are fresh for a second of the hand's clock, and then stale for another.
fn timed() -> (Region<usize>, Arc<HandClock>) {
    let (region, clock) = (Region::new("memo"), HandClock::new());
    let config = Config::new(Memory::unbounded()).clock(clock.clone());
    region.configure(config.fresh_for(SECOND)).unwrap();
    (region, clock)
}

/// Counts from one.
#[derive(Default)]
struct Count(AtomicUsize);

impl Count {
    fn next(&self) -> usize {
        self.0.fetch_add(1, Ordering::Relaxed) + 1
    }

    fn now(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

#[test]
fn law_10_each_set_of_arguments_has_its_own_value() {
    let (region, count) = (region(), Count::default());
    let memo = region.memoize("f", |_: (Option<&str>, &str)| count.next());
    assert_eq!(memo.call((Some("a"), "b")).unwrap(), 1);
    assert_eq!(memo.call((Some("a b"), "")).unwrap(), 2);
    assert_eq!(memo.call((None, "b")).unwrap(), 3);
    assert_eq!(memo.call((Some("ключ"), "é")).unwrap(), 4);
    assert_eq!(memo.call((Some("a"), "b")).unwrap(), 1);
    let one = region.memoize("g", |_: u8| count.next());
    let text = region.memoize("g", |_: &str| count.next());
    assert_ne!(one.call(1).unwrap(), text.call("1").unwrap());
}

#[test]
fn law_10_each_set_of_arguments_has_its_own_value_for_tasks() {
    let (region, count) = (region(), Count::default());
    let memo = region.memoize("f", async |_: (&str, &str)| count.next());
    let call = |arguments| Hand::new(memo.call_async(arguments)).finish().unwrap();
    assert_eq!(call(("a", "b")), 1);
    assert_eq!(call(("a b", "")), 2);
    assert_eq!(call(("a", "b")), 1);
}

#[test]
fn law_10_a_namespace_keeps_functions_of_one_name_apart() {
    let (region, count) = (region(), Count::default());
    let plain = region.memoize("f", |_: u8| count.next());
    let named = |namespace| {
        let memo = region.memoize("f", |_: u8| count.next());
        memo.namespace(namespace)
    };
    assert_eq!(plain.call(1).unwrap(), 1);
    assert_eq!(named("a").call(1).unwrap(), 2);
    assert_eq!(named("b").call(1).unwrap(), 3);
    assert_eq!(named("a").call(1).unwrap(), 2);
    let key = [bytes_of("a::f"), bytes_of(&1)].concat();
    assert_eq!(region.get(key).unwrap(), Some(2));
}

#[test]
fn what_stands_beside_a_function() {
    let (region, count) = (region(), Count::default());
    let memo = region.memoize("f", |_: u8| count.next());
    assert_eq!(memo.get(1).unwrap(), None);
    memo.set(1, 70).unwrap();
    assert_eq!(memo.call(1).unwrap(), 70);
    assert_eq!(memo.get(1).unwrap(), Some(70));
    memo.invalidate(1).unwrap();
    assert_eq!(memo.get(1).unwrap(), None);
    assert_eq!(memo.call(1).unwrap(), 1);
    assert_eq!(memo.refresh(1).unwrap(), 2);
    assert_eq!(memo.call(1).unwrap(), 2);
    assert_eq!(memo.original(1), 3);
    assert_eq!(memo.call(1).unwrap(), 2);
}

#[test]
fn what_stands_beside_an_async_function() {
    let (region, count) = (region(), Count::default());
    let memo = region.memoize("f", async |_: u8| count.next());
    Hand::new(memo.set_async(1, 70)).finish().unwrap();
    assert_eq!(Hand::new(memo.call_async(1)).finish().unwrap(), 70);
    Hand::new(memo.invalidate_async(1)).finish().unwrap();
    assert_eq!(Hand::new(memo.get_async(1)).finish().unwrap(), None);
    assert_eq!(Hand::new(memo.call_async(1)).finish().unwrap(), 1);
    assert_eq!(Hand::new(memo.refresh_async(1)).finish().unwrap(), 2);
    assert_eq!(Hand::new(memo.get_async(1)).finish().unwrap(), Some(2));
    let fails = region.memoize("g", async |_: u8| Err::<usize, _>("no"));
    let failed = Hand::new(fails.try_call_async(1)).finish();
    assert!(matches!(failed, Err(Error::Creator(error)) if *error == "no"));
    assert!(Hand::new(fails.try_refresh_async(1)).finish().is_err());
}

#[test]
fn errors_are_not_stored() {
    let (region, count) = (region(), Count::default());
    let memo = region.memoize("f", |_: u8| match count.next() {
        1 => Err("first"),
        number => Ok(number),
    });
    assert!(matches!(memo.try_call(1), Err(Error::Creator(error)) if *error == "first"));
    assert_eq!(memo.try_call(1).unwrap(), 2);
    assert_eq!(memo.try_refresh(1).unwrap(), 3);
}

#[test]
fn freshness_is_a_duration_or_a_function_of_the_arguments_or_zero() {
    let (region, clock) = timed();
    let count = Count::default();
    let long = region
        .memoize("long", |_: u8| count.next())
        .fresh_for(SECOND * 9);
    let each = region
        .memoize("each", |_: u8| count.next())
        .fresh_for_each(|number| SECOND * u32::from(*number));
    let none = region
        .memoize("none", |_: u8| count.next())
        .fresh_for(Duration::ZERO);
    let call_all = || [long.call(1), each.call(1), each.call(5), none.call(1)].map(Result::unwrap);
    assert_eq!(call_all(), [1, 2, 3, 4]);
    clock.advance(SECOND * 4);
    assert_eq!(call_all(), [1, 5, 3, 6]);
    assert_eq!(none.get(1).unwrap(), None);
    assert_eq!(long.get(1).unwrap(), Some(1));
}

#[test]
fn law_5_declined_values_are_returned_and_not_stored() {
    let (region, clock) = timed();
    let count = Count::default();
    let memo = region
        .memoize("f", |_: u8| Ok::<_, String>(count.next()))
        .should_cache(|value| value % 2 == 0);
    assert_eq!(memo.try_call(1).unwrap(), 1);
    assert_eq!(memo.get(1).unwrap(), None);
    assert_eq!(memo.try_call(1).unwrap(), 2);
    assert_eq!(memo.try_call(1).unwrap(), 2);
    // Stale, and declined again: its caller gets what it made, and the old one stays.
    clock.advance(SECOND);
    assert_eq!(memo.try_call(1).unwrap(), 3);
    assert_eq!(memo.try_call(1).unwrap(), 4);
    assert_eq!(memo.try_refresh(1).unwrap(), 5);
    assert_eq!(memo.get(1).unwrap(), Some(4));
    let task = region
        .memoize("g", async |_: u8| count.next())
        .should_cache(|value| value % 2 == 1);
    assert_eq!(Hand::new(task.call_async(1)).finish().unwrap(), 6);
    assert_eq!(Hand::new(task.call_async(1)).finish().unwrap(), 7);
    assert_eq!(Hand::new(task.call_async(1)).finish().unwrap(), 7);
    assert_eq!(Hand::new(task.refresh_async(1)).finish().unwrap(), 8);
    assert_eq!(Hand::new(task.get_async(1)).finish().unwrap(), Some(7));
}

#[test]
fn law_5_who_waits_for_a_declined_value_gets_it() {
    let (region, count) = (region(), Count::default());
    let gate = Cell::new(false);
    let memo = region
        .memoize("f", |_: u8| async {
            std::future::poll_fn(|_| match gate.get() {
                true => std::task::Poll::Ready(()),
                false => std::task::Poll::Pending,
            })
            .await;
            count.next()
        })
        .should_cache(|_| false);
    let mut first = Hand::new(memo.call_async(1));
    assert!(first.poll().is_pending());
    let mut second = Hand::new(memo.call_async(1));
    assert!(second.poll().is_pending());
    gate.set(true);
    assert_eq!(first.finish().unwrap(), 1);
    assert_eq!(second.finish().unwrap(), 1);
    assert_eq!(count.now(), 1);
}

#[test]
fn law_10_a_key_of_one_s_own_has_the_name_or_is_whole() {
    let (region, count) = (region(), Count::default());
    let memo = region
        .memoize("f", |_: (u8, &str)| count.next())
        .key(|(number, _)| *number % 2);
    assert_eq!(memo.call((1, "a")).unwrap(), memo.call((3, "b")).unwrap());
    assert_ne!(memo.call((2, "a")).unwrap(), 1);
    let shared = region
        .memoize("f", |_: u8| count.next())
        .raw_key(|number| python::function_key("app:f", None, &[number]));
    assert_eq!(shared.call(7).unwrap(), 3);
    assert_eq!(region.get("app:f|7").unwrap(), Some(3));
}

#[cfg(feature = "sha1")]
#[test]
fn law_10_keys_of_memoized_functions_are_mangled() {
    let (server, clock) = stores::Server::<usize>::by_hand();
    let region = Region::new("memo");
    let config = server.open("a").config(&clock).key_mangler(dogpile::Sha1);
    region.configure(config).unwrap();
    let memo = region.memoize("f", |_: &str| {
        let key = [bytes_of("f"), bytes_of("é")].concat();
        assert!(region.is_being_created(&key));
        1
    });
    assert_eq!(memo.call("é").unwrap(), 1);
    let keys = server.keys();
    assert_eq!(keys.iter().map(|key| key.len()).collect::<Vec<_>>(), [40]);
    memo.invalidate("é").unwrap();
    assert!(server.keys().is_empty());
}

#[test]
fn memoized_functions_that_call_each_other_do_not_hang() {
    let region = region();
    let inner = region.memoize("inner", |number: usize| number + 1);
    let outer = region.memoize("outer", |number: usize| inner.call(number).unwrap() * 10);
    assert_eq!(outer.call(1).unwrap(), 20);
    assert_eq!(inner.get(1).unwrap(), Some(2));
}

/// The whole key of an element.
#[allow(clippy::trivially_copy_pass_by_ref)] // it is called with elements of a slice
fn write(element: &usize, key: &mut KeyBuffer) {
    Name::new("maths", "square").write_key(key);
    (element,).write_key(key);
}

#[test]
fn of_many_elements_only_the_missing_ones_are_made() {
    let region = region();
    region.memo_set_many([(3, 90)], write).unwrap();
    let memo = |elements| region.memo_many(elements, write);
    let mut asked = Vec::new();
    let squares: Vec<usize> = memo(&[2, 3, 2, 4])
        .get_or_create(|missing| {
            asked.push(missing.to_vec());
            missing.iter().map(|n| n * n).collect()
        })
        .unwrap();
    assert_eq!((squares, asked), (vec![4, 90, 4, 16], vec![vec![2, 4]]));
    let refreshed = memo(&[3]).refresh(|all| Ok::<Vec<_>, String>(vec![all[0] * 3]));
    assert_eq!(refreshed.unwrap(), [9]);
    assert_eq!(memo(&[3, 5]).get().unwrap(), [Some(9), None]);
    memo(&[3, 4]).invalidate().unwrap();
    assert_eq!(memo(&[2, 3, 4]).get().unwrap(), [Some(4), None, None]);
}

#[test]
fn of_many_elements_those_left_out_are_neither_stored_nor_returned() {
    let region = region();
    let memo = |elements| region.memo_many(elements, write);
    let even = |missing: &[usize]| -> HashMap<usize, usize> {
        let even = missing.iter().filter(|n| *n % 2 == 0);
        even.map(|n| (*n, n * n)).collect()
    };
    assert_eq!(
        memo(&[1, 2]).get_or_create(even).unwrap(),
        HashMap::from([(2, 4)])
    );
    assert_eq!(memo(&[1, 2]).get().unwrap(), [None, Some(4)]);
    let made = memo(&[1, 2, 4]).get_or_create_async(async |missing: Vec<usize>| {
        assert_eq!(missing, [1, 4]);
        even(&missing)
    });
    let made = Hand::new(made).finish().unwrap();
    assert_eq!(made, HashMap::from([(2, 4), (4, 16)]));
}

#[test]
fn of_many_elements_declined_values_are_returned_and_not_stored() {
    let region = region();
    let memo = |elements| {
        region
            .memo_many(elements, write)
            .should_cache(&|value| *value > 4)
    };
    let squares = |all: &[usize]| all.iter().map(|n| n * n).collect::<Vec<_>>();
    assert_eq!(memo(&[2, 3, 2]).get_or_create(squares).unwrap(), [4, 9, 4]);
    assert_eq!(memo(&[2, 3]).get().unwrap(), [None, Some(9)]);
    let made = memo(&[2, 4]).get_or_create_async(async |all: Vec<usize>| squares(&all));
    assert_eq!(Hand::new(made).finish().unwrap(), [4, 16]);
    let made = memo(&[1, 5]).refresh_async(async |all: Vec<usize>| Ok::<_, String>(squares(&all)));
    assert_eq!(Hand::new(made).finish().unwrap(), [1, 25]);
    let got = Hand::new(memo(&[1, 2, 4, 5]).get_async()).finish().unwrap();
    assert_eq!(got, [None, None, Some(16), Some(25)]);
}

#[test]
fn of_many_elements_freshness_is_the_call_s_own() {
    let (region, clock) = timed();
    let count = Count::default();
    let memo = |span| region.memo_many(&[1], write).fresh_for(span);
    let call = |span| -> Vec<usize> { memo(span).get_or_create(|_| vec![count.next()]).unwrap() };
    assert_eq!(call(SECOND * 9), [1]);
    clock.advance(SECOND * 4);
    assert_eq!(call(SECOND * 9), [1]);
    assert_eq!(memo(SECOND * 9).get().unwrap(), [Some(1)]);
    assert_eq!(memo(SECOND).get().unwrap(), [None]);
    assert_eq!(call(SECOND), [2]);
}

#[test]
fn of_many_elements_a_wrong_count_or_an_error_stores_nothing() {
    let region = region();
    let memo = || region.memo_many(&[1, 2], write);
    let wrong = memo().get_or_create(|_| vec![1]).unwrap_err();
    assert!(matches!(
        &wrong.answers[0],
        Err(Error::WrongCount {
            asked: 2,
            made: 1,
            ..
        })
    ));
    let wrong = memo().refresh(|_| Ok::<_, String>(vec![1])).unwrap_err();
    assert!(matches!(
        &wrong.answers[1],
        Err(Error::WrongCount {
            asked: 2,
            made: 1,
            ..
        })
    ));
    let failed = memo().refresh(|_| Err::<Vec<_>, _>("no")).unwrap_err();
    assert!(matches!(&failed.answers[1], Err(Error::Creator(error)) if **error == "no"));
    assert_eq!(memo().get().unwrap(), [None, None]);
}

#[test]
fn law_12_without_a_region_the_function_runs_uncached() {
    let (region, count) = (Region::<usize>::new("unconfigured"), Count::default());
    let memo = || region.memo(Name::new("", "f"), &(1,));
    assert_eq!(memo().get_or_original(|| count.next()), 1);
    let made = memo().get_or_original_async(async || count.next());
    assert_eq!(Hand::new(made).finish(), 2);
    let many = || region.memo_many(&[1, 2], write);
    assert_eq!(many().get_or_original(<[usize]>::to_vec), [1, 2]);
    let made = many().get_or_original_async(async |all: Vec<usize>| all);
    assert_eq!(Hand::new(made).finish(), [1, 2]);
}
