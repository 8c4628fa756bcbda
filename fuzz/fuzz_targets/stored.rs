//! See the property of the same name.
#![no_main]

libfuzzer_sys::fuzz_target!(
    |input: dogpile_fuzz::stored::Input| dogpile_fuzz::stored::check(&input)
);
