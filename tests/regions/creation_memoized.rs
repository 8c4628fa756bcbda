//! Memoized functions that see their creations.
#![allow(
    clippy::unnecessary_wraps,
    clippy::unused_async,
    clippy::unused_self,
    clippy::needless_pass_by_value
)] // as users write them

use std::sync::Arc;
use std::time::Duration;

use dogpile::memoize::Name;
use dogpile::{
    Config, Creation, Invalidation, Memory, Region, Terms, cache_many_on_arguments,
    cache_on_arguments,
};

use crate::stores::{Hand, HandClock};

const FRESH: Duration = Duration::from_secs(10);
const LONG: Duration = Duration::from_secs(100);

static NOWHERE: Region<u64> = Region::new("never configured");

struct Shop {
    region: Region<u64>,
    clock: Arc<HandClock>,
}

fn shop() -> Shop {
    let (region, clock) = (Region::new("shop"), HandClock::new());
    let config = Config::new(Memory::unbounded()).clock(clock.clone());
    region.configure(config.fresh_for(FRESH)).unwrap();
    Shop { region, clock }
}

/// One more than what is replaced, for longer than the region says, under a tag; what is 9 is not stored.
fn next(creation: &Creation<u64>) -> u64 {
    creation.fresh_for(LONG);
    creation.stale_for(LONG);
    creation.tag("group").unwrap();
    let value = creation.stale().map_or(1, |old| old + 1);
    if value == 9 {
        creation.do_not_cache();
    }
    value
}

impl Shop {
    #[cache_on_arguments(region = self.region)]
    fn sure(&self, _id: u8, creation: &Creation<u64>) -> u64 {
        next(creation)
    }

    #[cache_on_arguments(region = self.region)]
    fn owned(&self, creation: Creation<u64>, id: u8) -> Result<u64, String> {
        if id == 0 {
            return Err("none".to_owned());
        }
        Ok(next(&creation))
    }

    #[cache_on_arguments(region = self.region, should_cache = |value| *value != 8)]
    async fn task(&self, _id: u8, creation: &Creation<u64>) -> u64 {
        next(creation)
    }

    #[cache_on_arguments(region = self.region)]
    async fn owned_task(&self, _id: u8, creation: dogpile::Creation<u64>) -> Result<u64, String> {
        Ok(next(&creation))
    }

    #[cache_many_on_arguments(region = self.region)]
    fn all(&self, ids: &[u8], creations: &[Creation<u64>]) -> Vec<u64> {
        assert_eq!(ids.len(), creations.len());
        creations.iter().map(next).collect()
    }

    #[cache_many_on_arguments(region = self.region)]
    async fn all_tasks(
        &self,
        creations: &[Creation<u64>],
        ids: &[u8],
        _lang: String,
    ) -> Result<Vec<u64>, String> {
        assert_eq!(ids.len(), creations.len());
        Ok(creations.iter().map(next).collect())
    }

    fn memo(&self) -> dogpile::memoize::Memo<'_, u64> {
        self.region.memo(Name::new("shop", "price"), &(1,))
    }
}

/// How a form is called, how anew, what sets a value as others are, and what one with terms of its own.
struct Form {
    call: fn(&Shop) -> u64,
    refresh: fn(&Shop) -> u64,
    set: fn(&Shop, u64),
    set_with: fn(&Shop, u64, Terms),
}

const FORMS: [Form; 8] = [
    Form {
        call: |shop| shop.sure(1),
        refresh: |shop| shop.sure_refresh(1).unwrap(),
        set: |shop, value| shop.sure_set(value, 1).unwrap(),
        set_with: |shop, value, terms| shop.sure_set_with(value, terms, 1).unwrap(),
    },
    Form {
        call: |shop| shop.owned(1).unwrap(),
        refresh: |shop| shop.owned_refresh(1).unwrap(),
        set: |shop, value| shop.owned_set(value, 1).unwrap(),
        set_with: |shop, value, terms| shop.owned_set_with(value, terms, 1).unwrap(),
    },
    Form {
        call: |shop| Hand::new(shop.task(1)).finish(),
        refresh: |shop| Hand::new(shop.task_refresh(1)).finish().unwrap(),
        set: |shop, value| Hand::new(shop.task_set(value, 1)).finish().unwrap(),
        set_with: |shop, value, terms| {
            let set = shop.task_set_with(value, terms, 1);
            Hand::new(set).finish().unwrap();
        },
    },
    Form {
        call: |shop| Hand::new(shop.owned_task(1)).finish().unwrap(),
        refresh: |shop| Hand::new(shop.owned_task_refresh(1)).finish().unwrap(),
        set: |shop, value| {
            let set = shop.owned_task_set(value, 1);
            Hand::new(set).finish().unwrap();
        },
        set_with: |shop, value, terms| {
            let set = shop.owned_task_set_with(value, terms, 1);
            Hand::new(set).finish().unwrap();
        },
    },
    Form {
        call: |shop| shop.all(&[1])[0],
        refresh: |shop| shop.all_refresh(&[1]).unwrap()[0],
        set: |shop, value| shop.all_set(vec![(1, value)]).unwrap(),
        set_with: |shop, value, terms| shop.all_set_with(vec![(1, value, terms)]).unwrap(),
    },
    Form {
        call: |shop| {
            let call = shop.all_tasks(&[1], String::new());
            Hand::new(call).finish().unwrap()[0]
        },
        refresh: |shop| {
            let call = shop.all_tasks_refresh(&[1], String::new());
            Hand::new(call).finish().unwrap()[0]
        },
        set: |shop, value| {
            let set = shop.all_tasks_set(vec![(1, value)], String::new());
            Hand::new(set).finish().unwrap();
        },
        set_with: |shop, value, terms| {
            let set = shop.all_tasks_set_with(vec![(1, value, terms)], String::new());
            Hand::new(set).finish().unwrap();
        },
    },
    Form {
        call: |shop| {
            let function = |_: u8, creation| Ok::<_, String>(next(&creation));
            let function = shop.region.memoize_with("f", function);
            function.try_call_with(1).unwrap()
        },
        refresh: |shop| {
            let function = |_: u8, creation| next(&creation);
            let function = shop.region.memoize_with("f", function);
            function.refresh_with(1).unwrap()
        },
        set: |shop, value| {
            let function = shop.region.memoize("f", |_: u8| 0);
            function.set(1, value).unwrap();
        },
        set_with: |shop, value, terms| {
            let function = shop.region.memoize("f", |_: u8| 0);
            function.set_with(1, value, terms).unwrap();
        },
    },
    Form {
        call: |shop| {
            let function = async |_: u8, creation| next(&creation);
            let function = shop.region.memoize_with("f", function);
            Hand::new(function.call_with_async(1)).finish().unwrap()
        },
        refresh: |shop| {
            let function = async |_: u8, creation| Ok::<_, String>(next(&creation));
            let function = shop.region.memoize_with("f", function);
            let refresh = function.try_refresh_with_async(1);
            Hand::new(refresh).finish().unwrap()
        },
        set: |shop, value| {
            let function = shop.region.memoize("f", |_: u8| 0);
            Hand::new(function.set_async(1, value)).finish().unwrap();
        },
        set_with: |shop, value, terms| {
            let function = shop.region.memoize("f", |_: u8| 0);
            let set = function.set_with_async(1, value, terms);
            Hand::new(set).finish().unwrap();
        },
    },
];

#[test]
fn law_4_a_memoized_function_sees_what_it_replaces_and_says_how_long_its_value_lasts() {
    for Form { call, refresh, .. } in FORMS {
        let shop = shop();
        assert_eq!((call(&shop), call(&shop)), (1, 1), "kept");
        shop.clock.advance(LONG - FRESH);
        assert_eq!(call(&shop), 1, "for longer than the region says");
        shop.clock.advance(FRESH);
        assert_eq!((call(&shop), call(&shop)), (2, 2), "one more");
        let tag = || shop.region.invalidate_tag("group", Invalidation::Hard);
        tag().unwrap();
        assert_eq!(call(&shop), 1, "it was under its tag");
        assert_eq!(refresh(&shop), 1);
        tag().unwrap();
        shop.clock.advance(LONG);
        assert_eq!(refresh(&shop), 1);
        shop.clock.advance(LONG - FRESH);
        assert_eq!(call(&shop), 1, "for longer than the region says");
    }
}

#[test]
fn a_memoized_function_may_say_that_its_value_is_not_to_be_stored() {
    for Form { call, set, .. } in FORMS {
        let shop = shop();
        set(&shop, 8);
        assert_eq!(call(&shop), 8);
        shop.clock.advance(FRESH);
        assert_eq!((call(&shop), call(&shop)), (9, 9), "made each time");
        shop.clock.advance(FRESH);
        assert_eq!(call(&shop), 1, "the old one has stayed");
    }
}

#[test]
fn a_value_of_a_memoized_function_from_outside_may_have_terms_of_its_own() {
    for Form { call, set_with, .. } in FORMS {
        let shop = shop();
        let own = Terms::NONE.with_fresh_for(LONG).with_tag("set").unwrap();
        set_with(&shop, 70, own);
        shop.clock.advance(LONG - FRESH);
        assert_eq!(call(&shop), 70);
        shop.region
            .invalidate_tag("set", Invalidation::Hard)
            .unwrap();
        assert_eq!(call(&shop), 1);
    }
}

#[test]
fn what_is_said_of_one_call_goes_beside_what_its_function_says() {
    let shop = shop();
    let judge = |value: &u64| *value > 1;
    let create = |creation: &Creation<u64>| Ok::<_, String>(next(creation));
    let judged = shop.memo().should_cache(&judge);
    assert_eq!(judged.get_or_try_create_with(create).unwrap(), 1);
    assert_eq!(shop.memo().get().unwrap(), None, "declined");
    let made = shop.memo().get_or_try_create_with(create);
    assert_eq!(made.unwrap(), 1);
    shop.clock.advance(FRESH);
    let fresher = shop.memo().fresh_for(FRESH);
    assert_eq!(fresher.get_or_try_create_with(create).unwrap(), 2);
    let judged = shop.memo().should_cache(&judge).refresh_with(create);
    assert_eq!(judged.unwrap(), 1);
    assert_eq!(shop.memo().get().unwrap(), Some(2), "declined too");
}

#[cache_on_arguments(region = NOWHERE)]
fn uncached(creation: &Creation<u64>) -> u64 {
    next(creation)
}

#[cache_on_arguments(region = NOWHERE)]
async fn uncached_task(creation: Creation<u64>) -> u64 {
    next(&creation)
}

#[cache_many_on_arguments(region = NOWHERE)]
fn all_uncached(ids: &[u8], creations: &[Creation<u64>]) -> Vec<u64> {
    assert_eq!(ids.len(), creations.len());
    creations.iter().map(next).collect()
}

#[cache_many_on_arguments(region = NOWHERE)]
async fn all_uncached_tasks(ids: &[u8], creations: &[Creation<u64>]) -> Vec<u64> {
    assert_eq!(ids.len(), creations.len());
    creations.iter().map(next).collect()
}

#[test]
fn law_12_without_its_region_a_function_has_a_creation_all_the_same() {
    assert_eq!(uncached(), 1);
    assert_eq!(uncached::original(&Creation::uncached()), 1);
    assert_eq!(Hand::new(uncached_task()).finish(), 1);
    assert_eq!(all_uncached(&[1, 2]), [1, 1]);
    assert_eq!(Hand::new(all_uncached_tasks(&[1, 2])).finish(), [1, 1]);
    let function = NOWHERE.memoize_with("f", |_: u8, creation| next(&creation));
    assert_eq!(function.original_with(1), 1);
}

/// What a runtime of several threads asks.
#[test]
fn futures_of_functions_that_see_their_creation_go_from_thread_to_thread() {
    fn sent<T: Send>(value: T) -> T {
        value
    }
    let shop = shop();
    drop(sent(shop.task(1)));
    drop(sent(shop.owned_task_refresh(1)));
    drop(sent(shop.all_tasks(&[1], String::new())));
    drop(sent(uncached_task()));
}

/// Somebody's own type of that name.
mod own {
    use dogpile::{KeyPart, Region, cache_on_arguments};

    pub(super) static MADE: Region<u64> = Region::new("own");

    #[derive(KeyPart)]
    pub(super) struct Creation(pub(super) u8);

    #[cache_on_arguments(region = MADE)]
    pub(super) fn number(creation: &Creation) -> u64 {
        creation.0.into()
    }
}

#[test]
fn law_10_an_argument_of_another_type_of_that_name_is_a_part_of_the_key() {
    let config = Config::new(Memory::unbounded());
    own::MADE.configure(config).unwrap();
    let number = |number| own::number(&own::Creation(number));
    assert_eq!([number(1), number(2), number(1)], [1, 2, 1]);
}
