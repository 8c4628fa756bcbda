//! See the property of the same name.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: dogpile_fuzz::flow::Input| dogpile_fuzz::flow::check(&input));
