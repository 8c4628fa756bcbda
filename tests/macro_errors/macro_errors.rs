//! What a wrong attribute is told, word by word: `cases/attributes.stderr` has the words of the attributes,
//! `cases/types.stderr` those of the compiler about types that do not fit.
//!
//! A package of its own, with few features of dogpile: the compiler that is asked first checks all that its package
//! needs, which took a minute and a half beside the other tests.

#[test]
fn wrong_attributes_are_told_what_to_do() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("cases/*.rs");
}
