//! What the compiler says where types do not fit: in words about what the user wrote.

use dogpile::{Region, cache_many_on_arguments, cache_on_arguments};

static NUMBERS: Region<usize> = Region::new("numbers");

#[cache_on_arguments(region = NUMBERS)]
fn other_value(id: u8) -> String {
    id.to_string()
}

#[cache_many_on_arguments(region = NUMBERS)]
fn other_values(ids: &[u8]) -> Vec<String> {
    ids.iter().map(u8::to_string).collect()
}

fn main() {}
