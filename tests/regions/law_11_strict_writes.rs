//! Law 11 for the writes of a strict region: they are no older than an invalidation that came before, whichever
//! process made it.

use std::convert::Infallible;
use std::time::Duration;

use dogpile::{Invalidation, Region, Terms};

use crate::stores::{Form, Hand, Server};

const WRITES: [fn(&Region<u64>); 5] = [
    |region| region.set("key", 2).unwrap(),
    |region| Hand::new(region.set_async("key", 2)).finish().unwrap(),
    |region| {
        let tagged = Terms::NONE.with_tag("tag").unwrap();
        region.set_with("key", 2, tagged).unwrap();
    },
    |region| {
        let made = region.refresh("key", || Ok::<_, Infallible>(2));
        assert_eq!(made.unwrap(), 2);
    },
    |region| {
        let made = region.refresh_async("key", async || Ok::<_, Infallible>(2));
        assert_eq!(Hand::new(made).finish().unwrap(), 2);
    },
];

#[test]
fn law_11_what_a_strict_region_writes_after_an_invalidation_elsewhere_is_there_for_all() {
    for form in Form::ALL {
        for write in WRITES {
            let (server, clock) = Server::by_hand();
            let [a, b] = ["a", "b"].map(|name| {
                let region = Region::new("shared");
                let config = server.open(name).form(form).config(&clock);
                let config = config.fresh_for(Duration::from_secs(100));
                region.configure(config.strict_invalidation(true)).unwrap();
                region
            });
            a.set("key", 1).unwrap();
            a.invalidate_tag("tag", Invalidation::Hard).unwrap();
            a.invalidate(Invalidation::Hard).unwrap();
            write(&b);
            assert_eq!(a.get("key").unwrap(), Some(2));
            assert_eq!(b.get("key").unwrap(), Some(2));
        }
    }
}
