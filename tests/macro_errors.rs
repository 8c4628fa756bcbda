//! What a wrong attribute is told, word by word: `attributes.stderr` has the words.
#![cfg(feature = "macros")]

#[test]
fn wrong_attributes_are_told_what_to_do() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/macro_errors/*.rs");
}
