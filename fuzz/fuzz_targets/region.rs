//! See the property of the same name.
#![no_main]

libfuzzer_sys::fuzz_target!(
    |input: dogpile_fuzz::region::Input| dogpile_fuzz::region::check(&input)
);
