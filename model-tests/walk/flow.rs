//! The exhaustive walk over one call; see [`dogpile_model_tests::walk`].

use dogpile_model_tests::walk::Walk;
use dogpile_model_tests::walk::promises::{
    check, every_ending_is_reached, longest_between_waits, only_a_return_ends,
    who_is_told_to_go_goes,
};

#[test]
fn every_path_holds_its_promises() {
    // The promises about what is held are asserted while walking.
    let walk = Walk::all();
    only_a_return_ends(&walk);
    println!("{:?}", check());
}

#[test]
fn a_call_goes_a_bounded_way_between_waits() {
    let longest = longest_between_waits(&Walk::all());
    assert_eq!(longest, 14, "pinned: another way is a change to argue for");
}

#[test]
fn law_7_a_deadline_a_cycle_and_a_cancellation_end_the_call() {
    who_is_told_to_go_goes(&Walk::all());
}

#[test]
fn every_ending_is_reached_by_some_call() {
    every_ending_is_reached(&Walk::all());
}
