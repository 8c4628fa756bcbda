//! Law 10: several regions on one store, each with a mangler of its own, and keys chosen to meet.

use std::collections::HashMap;

use dogpile::backend::{Identity, KeyBuffer, LengthConditional, Mangle, Prefix};
use dogpile::{Config, Memory, Region};
use proptest::prelude::*;

use crate::runner;

/// Few bytes, those that careless stores trip over and those that the prefixes are made of: such
/// keys are often beginnings, ends and manglings of each other.
fn key() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop::sample::select(vec![0, b'\n', b' ', b':', b'a', b'b', 0xff]);
    prop_oneof![
        8 => prop::collection::vec(byte, 0..7),
        1 => prop::collection::vec(any::<u8>(), 120..140),
    ]
}

/// Namespaces that end alike, as the documentation asks: none is the beginning of another.
fn namespaces() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let name = prop::collection::vec(prop::sample::select(vec![0, b'a', b'b', 0xff]), 0..4);
    let names = prop::collection::hash_set(name, 2..5);
    names.prop_map(|names| {
        let end = |mut name: Vec<u8>| {
            name.push(b':');
            name
        };
        names.into_iter().map(end).collect()
    })
}

#[derive(Clone, Debug)]
enum Op {
    Get,
    Set,
    Delete,
    Create,
}

fn ops() -> impl Strategy<Value = Vec<(usize, Vec<u8>, Op)>> {
    let op = prop_oneof![
        Just(Op::Get),
        Just(Op::Set),
        Just(Op::Delete),
        Just(Op::Create)
    ];
    prop::collection::vec((0..8_usize, key(), op), 1..60)
}

#[test]
fn regions_that_share_a_store_never_meet() {
    let all = (namespaces(), ops());
    let ran = runner(file!(), 1_000).run(&all, |(namespaces, ops)| {
        let store = Memory::unbounded();
        let open = |prefix: &Vec<u8>| {
            let region = Region::new("keys");
            let config = Config::new(store.clone()).key_mangler(Prefix::new(prefix));
            region.configure(config).expect("configured once");
            region
        };
        let regions: Vec<Region<usize>> = namespaces.iter().map(open).collect();
        let mut model = HashMap::new();
        for (number, (at, key, op)) in ops.into_iter().enumerate() {
            let at = at % regions.len();
            let (region, place) = (&regions[at], (at, key.clone()));
            match op {
                Op::Get => {
                    let got = region.get(&key).expect("memory does not fail");
                    prop_assert_eq!(got, model.get(&place).copied());
                }
                Op::Set => {
                    region.set(&key, number).expect("memory does not fail");
                    model.insert(place, number);
                }
                Op::Delete => {
                    region.delete(&key).expect("memory does not fail");
                    model.remove(&place);
                }
                Op::Create => {
                    let created = region.get_or_create(&key, || number);
                    let expected = *model.entry(place).or_insert(number);
                    prop_assert_eq!(created.expect("memory does not fail"), expected);
                }
            }
        }
        for ((at, key), number) in model {
            let got = regions[at].get(&key).expect("memory does not fail");
            prop_assert_eq!(got, Some(number));
        }
        Ok(())
    });
    if let Err(failure) = ran {
        panic!("{failure}");
    }
}

#[test]
fn manglers_keep_different_keys_different() {
    let all = (key(), key(), key(), 0..8_usize);
    let ran = runner(file!(), 20_000).run(&all, |(one, other, prefix, from)| {
        let prefix = Prefix::new(prefix);
        let long = LengthConditional::new(from, prefix.clone());
        let manglers: [&dyn Mangle; 3] = [&Identity, &prefix, &long];
        // Whatever was in the buffer before must not show.
        let mut buffers = [KeyBuffer::new(), KeyBuffer::new()];
        buffers[0].push(&other);
        let [first, second] = &mut buffers;
        for mangler in manglers {
            let same = mangler.mangle(&one, first) == mangler.mangle(&other, second);
            prop_assert_eq!(same, one == other);
            let again = mangler.mangle(&one, first).to_vec();
            prop_assert_eq!(again, mangler.mangle(&one, second));
        }
        Ok(())
    });
    if let Err(failure) = ran {
        panic!("{failure}");
    }
}
