//! Every sequence of operations on one slot, against the laws.

use dogpile_model_tests::proof::{Size, size};
use dogpile_model_tests::sequences;

#[test]
fn every_sequence_keeps_the_laws() {
    let length = match size() {
        Size::Short => 4,
        Size::Full => 5,
        Size::Nightly => 6,
    };
    let played = sequences::check(length);
    println!("{played} sequences of up to {length} operations");
}
