//! The suite is green on stores that are right: blocking, async, encoded, with leases of their own.

mod stores;

use dogpile_backend::conformance::Suite;
use dogpile_backend::{
    Awaiting, Blocking, Encoded, Guarded, JsonCodec, Offloaded, Payload, PostcardCodec, Store,
    block_on,
};
use std::sync::Arc;
use stores::at_home::{AtHome, at_home};
use stores::leasing::Leasing;
use stores::map::{Map, Slow};
use stores::wrong::Wrong;

mod blocking {
    use super::*;
    dogpile_backend::conformance_tests!(String, || Blocking::new(Map::default()));
}

mod awaiting {
    use super::*;
    dogpile_backend::conformance_tests!(u64, || Awaiting::new(Slow::default()));
}

mod bytes_with_a_codec {
    use super::*;
    dogpile_backend::conformance_tests!(Vec<u8>, || Encoded::new(
        Blocking::new(Map::<Payload>::default()),
        PostcardCodec::new().with_schema(3)
    ));
}

mod bytes_with_leases_and_a_codec {
    use super::*;
    dogpile_backend::conformance_tests!(String, || Encoded::new(
        Guarded::new(Awaiting::new(Slow::<Payload>::default())),
        JsonCodec::new()
    ));
}

mod leases_of_its_own {
    use super::*;
    dogpile_backend::conformance_tests!(Payload, || Leasing::new(Wrong::Nothing));
}

mod offloaded_by_hand {
    use super::*;
    dogpile_backend::conformance_tests!(Arc<u64>, || {
        let guarded: Arc<dyn Store<Arc<u64>>> =
            Arc::new(Guarded::new(Blocking::new(Map::default())));
        Offloaded::new(guarded)
    });
}

#[test]
fn threads_never_wait_for_a_store_whose_futures_need_a_runtime() {
    let suite = Suite::<u64>::new(|| Awaiting::new(AtHome::default()));
    suite
        .on_runtime(|task| at_home(|| block_on(task)))
        .run()
        .assert();
}
