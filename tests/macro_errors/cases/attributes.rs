//! What the attributes refuse, and what they say to it.

use dogpile::{KeyPart, Region, cache_many_on_arguments, cache_on_arguments};

static NUMBERS: Region<usize> = Region::new("numbers");

#[cache_on_arguments(namespace = "n")]
fn no_region(id: u8) -> usize {
    1
}

#[cache_on_arguments(region = NUMBERS, freshfor = 1)]
fn unknown_option(id: u8) -> usize {
    1
}

#[cache_on_arguments(region = NUMBERS, region = NUMBERS)]
fn twice(id: u8) -> usize {
    1
}

#[cache_on_arguments(region = NUMBERS, key = id, raw_key = "a")]
fn two_keys(id: u8) -> usize {
    1
}

#[cache_on_arguments(region = NUMBERS, skip(connection))]
fn no_such_argument(id: u8) -> usize {
    1
}

#[cache_on_arguments(region = NUMBERS)]
fn taken_apart((a, b): (u8, u8)) -> usize {
    1
}

#[cache_on_arguments(region = NUMBERS)]
fn nothing(id: u8) {}

#[cache_on_arguments(region = NUMBERS)]
const fn constant(id: u8) -> usize {
    1
}

#[cache_on_arguments(region = NUMBERS)]
unsafe fn promising(id: u8) -> usize {
    1
}

#[cache_on_arguments(region = NUMBERS)]
fn without_a_name(id: impl KeyPart) -> usize {
    1
}

#[cache_on_arguments(region = NUMBERS)]
fn of_a_constant<const N: u8>(id: u8) -> usize {
    1
}

#[cache_on_arguments(region = NUMBERS, each = id)]
fn each_of_one(id: u8) -> usize {
    1
}

#[cache_many_on_arguments(region = NUMBERS)]
fn no_slice(ids: Vec<u8>) -> Vec<usize> {
    Vec::new()
}

#[cache_many_on_arguments(region = NUMBERS)]
fn two_slices(ids: &[u8], names: &[u8]) -> Vec<usize> {
    Vec::new()
}

#[cache_many_on_arguments(region = NUMBERS, each = names)]
fn no_such_slice(ids: &[u8]) -> Vec<usize> {
    Vec::new()
}

#[cache_many_on_arguments(region = NUMBERS)]
fn no_shape(ids: &[u8]) -> usize {
    1
}

#[derive(KeyPart)]
union Either {
    a: u8,
    b: u8,
}

#[derive(KeyPart)]
struct Misspelt {
    #[key(skipped)]
    a: u8,
}

#[cache_on_arguments(region = NUMBERS)]
fn sometimes(#[cfg(unix)] id: u8) -> usize {
    1
}

#[cache_on_arguments(region = NUMBERS)]
fn some(id: u8) -> impl Iterator<Item = u8> {
    0..id
}

#[cache_on_arguments(region = NUMBERS)]
fn part(of: &str) -> &str {
    of
}

#[cache_on_arguments(region = NUMBERS)]
fn perhaps_part<'a>(of: &'a str) -> Result<Option<std::borrow::Cow<'a, str>>, String> {
    Ok(Some(of.into()))
}

#[cache_on_arguments(region = NUMBERS)]
fn endless(id: u8) -> ! {
    loop {}
}

#[cache_many_on_arguments(region = NUMBERS)]
fn parts<'a>(of: &[&'a str]) -> Vec<&'a str> {
    of.to_vec()
}

#[cache_on_arguments(region = NUMBERS)]
fn two_creations(one: &dogpile::Creation<usize>, other: &dogpile::Creation<usize>) -> usize {
    1
}

#[cache_on_arguments(region = NUMBERS)]
fn creations_of_one(id: u8, creations: &[dogpile::Creation<usize>]) -> usize {
    1
}

#[cache_many_on_arguments(region = NUMBERS)]
fn creation_of_many(ids: &[u8], creation: &dogpile::Creation<usize>) -> Vec<usize> {
    Vec::new()
}

#[cache_on_arguments(region = NUMBERS)]
struct NoFunction;

trait Find {
    #[cache_on_arguments(region = NUMBERS)]
    fn find(&self, id: u8) -> usize;
}

fn main() {}
