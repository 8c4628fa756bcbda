//! See the property of the same name.
#![no_main]

libfuzzer_sys::fuzz_target!(
    |input: dogpile_fuzz::replies::Input| dogpile_fuzz::replies::check(&input)
);
