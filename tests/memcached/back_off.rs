//! A creator that failed is left alone by the whole fleet.

use std::time::Duration;

use dogpile::{Error, Origin};

use crate::{config, item_of, process, server, settings, until};

const ALONE: Duration = Duration::from_millis(300);

#[test]
fn law_5_a_creator_that_failed_is_left_alone_in_every_process() {
    let server = server();
    let open = |span| process(config(settings(&server.url())).back_off(span));
    let (a, b, careless) = (open(ALONE), open(ALONE), open(Duration::ZERO));
    let failed = a.get_or_try_create("key", || Err::<u64, _>("no such user"));
    assert!(matches!(failed, Err(Error::Creator(_))), "{failed:?}");
    for region in [&a, &b, &careless] {
        let left_alone = region.get_or_create("key", || unreachable!("it is left alone"));
        let Err(Error::BackingOff { remaining, .. }) = left_alone else {
            panic!("{left_alone:?}");
        };
        assert!(remaining <= ALONE + Duration::from_secs(2), "{remaining:?}");
    }
    assert_eq!(b.get_or_create("other", || 1).unwrap(), 1);
    // The server counts in whole seconds.
    until("its time is over", || item_of(&server, "key") == "EN");
    assert_eq!(b.get_or_create("key", || 2).unwrap(), 2);
}

#[test]
fn law_5_what_ends_it_in_one_process_ends_it_in_all() {
    let server = server();
    let open = || process(config(settings(&server.url())).back_off(Duration::from_secs(3_600)));
    let (a, b) = (open(), open());
    let fail = || {
        let failed = a.get_or_try_create("key", || Err::<u64, _>("no such user"));
        assert!(matches!(failed, Err(Error::Creator(_))), "{failed:?}");
        let left_alone = b.get_or_create("key", || unreachable!("it is left alone"));
        assert!(matches!(left_alone, Err(Error::BackingOff { .. })));
    };
    fail();
    b.delete("key").unwrap();
    let answer = a.at("key").create(|| 3).unwrap();
    assert_eq!((answer.value, answer.origin), (3, Origin::Created));
    a.delete("key").unwrap();
    fail();
    assert_eq!(b.refresh("key", || Ok::<_, String>(4)).unwrap(), 4);
    assert_eq!(a.get("key").unwrap(), Some(4));
}
