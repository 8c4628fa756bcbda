//! The suite that every store passes.

mod common;

use dogpile_backend::Payload;
use dogpile_sled::Durability;

use common::Temporary;

mod background {
    use super::*;

    dogpile_backend::conformance_tests!(Payload, Temporary::new);
}

mod every_write {
    use super::*;

    fn open() -> Temporary {
        Temporary::with(|settings| settings.durability(Durability::EveryWrite))
    }
    dogpile_backend::conformance_tests!(Payload, open);
}
