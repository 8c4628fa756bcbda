//! Faults that are built in are found: what cannot turn red says nothing when it is green.

use dogpile::model::{Fault, build_in};
use dogpile_region_models::explore::{Draw, finds};

use crate::mixes::calls;

fn is_found(fault: Fault) {
    build_in(Some(fault));
    let found = finds(Draw::Random, 0xfa17, 3_000, calls::<8>);
    build_in(None);
    assert!(found, "{fault:?} was not noticed");
}

#[test]
fn two_claims_at_once_are_found() {
    is_found(Fault::DoubleClaim);
}

#[test]
fn a_lost_wake_up_is_found() {
    is_found(Fault::LoseWake);
}
