//! Law 11 for values under a tag that are being created while it is invalidated: whoever joins the creation
//! after that is given nothing from before.

use std::task::Poll;
use std::time::Duration;

use dogpile::{At, Config, Creation, Invalidation, Memory, Origin, Region, TooManyTags};
use tokio::sync::oneshot;

use crate::stores::{Hand, Server};

use Invalidation::{Hard, Soft};

fn region(config: Config<u64>) -> Region<u64> {
    let region = Region::new("users");
    let config = config.fresh_for(Duration::from_secs(100));
    region.configure(config).unwrap();
    region
}

/// Two processes on one server.
fn two() -> [Region<u64>; 2] {
    let (server, clock) = Server::by_hand();
    ["a", "b"].map(|name| region(server.open(name).config(&clock)))
}

type One<'r> = At<'r, u64, &'static str>;

/// What a call gets that joins a creation from before `invalidate`.
fn joins(
    region: &Region<u64>,
    invalidate: impl Fn(),
    served: impl Fn(One<'_>) -> One<'_>,
) -> (u64, Origin) {
    let (send, receive) = oneshot::channel();
    let create = async move |creation: Creation<u64>| {
        let value = receive.await.unwrap();
        creation.tag("t")?;
        Ok::<u64, TooManyTags>(value)
    };
    let mut creator = Hand::new(region.at("key").try_create_with_async(create));
    assert!(creator.settle().is_pending());
    invalidate();
    let call = served(region.at("key")).create_async(async || 2);
    let mut after = Hand::new(call);
    assert!(after.settle().is_pending(), "it joined");
    send.send(1).unwrap();
    let created = creator.finish().unwrap();
    assert_eq!((created.value, created.origin), (1, Origin::Created));
    let answer = match after.settle() {
        Poll::Ready(answer) => answer.unwrap(),
        Poll::Pending => after.finish().unwrap(),
    };
    (answer.value, answer.origin)
}

#[test]
fn law_11_who_may_be_served_nothing_stale_gets_no_value_from_before_a_soft_invalidation() {
    let [shared, _] = two();
    for region in [region(Config::new(Memory::unbounded())), shared] {
        let invalidate = || region.invalidate_tag("t", Soft).unwrap();
        let asked = joins(&region, invalidate, |at| at.stale_for(Duration::ZERO));
        assert_eq!(asked, (2, Origin::Created));
    }
}

#[test]
fn who_may_be_served_stale_values_shares_one_from_before_a_soft_invalidation() {
    let region = region(Config::new(Memory::unbounded()));
    let invalidate = || region.invalidate_tag("t", Soft).unwrap();
    assert_eq!(joins(&region, invalidate, |at| at), (1, Origin::Shared));
}

#[test]
fn law_11_who_calls_after_an_invalidation_elsewhere_was_heard_of_gets_no_older_value() {
    let [a, b] = two();
    let invalidate = || {
        b.invalidate_tag("t", Hard).unwrap();
        // It learns of a number, and has not asked which tag that was.
        a.invalidate_tag("another", Hard).unwrap();
    };
    assert_eq!(joins(&a, invalidate, |at| at), (2, Origin::Created));
}
