//! See the property of the same name.
#![no_main]

libfuzzer_sys::fuzz_target!(
    |input: dogpile_fuzz::single::Input| dogpile_fuzz::single::check(&input)
);
