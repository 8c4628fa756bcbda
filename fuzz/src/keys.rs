//! Keys are any bytes, and no two of them are ever taken for one (law 10).

use arbitrary::Arbitrary;
use dogpile_backend::{
    CachedValue, Epoch, Identity, KeyBuffer, LengthConditional, Mangle, Metadata, Prefix, Span,
    Stamp, Terms, Time, show_key,
};
use dogpile_memory::Memory;

/// Two keys, two prefixes, and from which length on keys are mangled.
#[derive(Arbitrary, Clone, Debug)]
pub struct Input {
    keys: [Vec<u8>; 2],
    prefixes: [Vec<u8>; 2],
    from: u8,
    leftover: Vec<u8>,
}

/// Mangles both keys, and stores values under them.
///
/// # Panics
/// If a mangled key depends on what was mangled before it or two keys give the same one; if a
/// prefix is not what stands before the key; if a store takes one key for the other.
pub fn check(input: &Input) {
    let Input {
        keys: [one, other],
        prefixes,
        from,
        leftover,
    } = input;
    let from = usize::from(*from);
    let [prefix, foreign] = prefixes;
    injective(&Identity, input);
    injective(&Prefix::new(prefix), input);
    injective(&LengthConditional::new(from, Prefix::new(prefix)), input);
    let pushed = |key: &[u8], mangled: &mut KeyBuffer| {
        mangled.push(prefix_length(key).as_slice());
        mangled.push(key);
    };
    injective(&pushed, input);
    let mut buffer = KeyBuffer::new();
    let ours = Prefix::new(prefix).mangle(one, &mut buffer).to_vec();
    assert_eq!(
        ours,
        [&prefix[..], one].concat(),
        "the prefix, then the key"
    );
    if !prefix.starts_with(foreign) && !foreign.starts_with(prefix) {
        let theirs = Prefix::new(foreign).mangle(other, &mut buffer);
        assert_ne!(ours, theirs, "keys of two regions meet");
    }
    buffer.clear();
    for piece in [leftover, one, other, prefix] {
        buffer.push(piece);
    }
    let whole = [&leftover[..], one, other, prefix].concat();
    assert_eq!(buffer.as_bytes(), whole, "pieces come out as they went in");
    assert!(show_key(one).len() < 400, "a key is shown in a line");
    stored(one, other);
}

fn prefix_length(key: &[u8]) -> [u8; 8] {
    (key.len() as u64).to_be_bytes()
}

fn injective(by: &impl Mangle, input: &Input) {
    let [one, other] = &input.keys;
    let (mut clean, mut again) = (KeyBuffer::new(), KeyBuffer::new());
    again.push(&input.leftover);
    let mangled = by.mangle(one, &mut clean).to_vec();
    assert_eq!(by.mangle(one, &mut again), mangled, "always the same");
    let second = by.mangle(other, &mut again);
    assert_eq!(mangled == second, one == other, "as different as the keys");
}

/// Both under their keys in one store, by each way of looking a key up.
fn stored(one: &[u8], other: &[u8]) {
    let entry = |value| {
        let metadata = Metadata {
            stamp: Stamp::NONE,
            epoch: Epoch::FIRST,
            created: Time::ZERO,
            terms: Terms::NONE,
        };
        CachedValue { value, metadata }
    };
    let memory = Memory::bounded(2);
    let get = |key| memory.lend(key, |entry| *entry.value);
    memory.set(one, entry(1), Span::FOREVER);
    let same = one == other;
    assert_eq!(
        get(other),
        same.then_some(1),
        "found under its own key only"
    );
    memory.set(other, entry(2), Span::FOREVER);
    assert_eq!(get(one), Some(if same { 2 } else { 1 }));
    memory.delete(one);
    assert_eq!(get(one), None);
    assert_eq!(get(other), (!same).then_some(2), "deleted alone");
}
