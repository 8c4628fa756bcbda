//! Every seed is replayed, and some inputs that are drawn at random, the same ones each time.
//!
//! The seeds under `fuzz/seeds/<target>/` are what libFuzzer found to reach the most code, thinned
//! out; it starts from them, and here they are tests like any other.

use std::path::Path;

use arbitrary::{Arbitrary, Unstructured};

use crate::{codec, flow, judge, keys, meta, record, region, replies, single, stored};

type Check = fn(&[u8]);

/// Every target, and how it is handed bytes: as libFuzzer hands them.
const TARGETS: [(&str, Check); 10] = [
    ("codec", |bytes| with(bytes, |input| codec::check(&input))),
    ("flow", |bytes| with(bytes, |input| flow::check(&input))),
    ("judge", |bytes| with(bytes, judge::check)),
    ("keys", |bytes| with(bytes, |input| keys::check(&input))),
    ("meta", |bytes| with(bytes, |input| meta::check(&input))),
    ("record", record::check),
    ("region", |bytes| with(bytes, |input| region::check(&input))),
    ("replies", |bytes| {
        with(bytes, |input| replies::check(&input));
    }),
    ("single", |bytes| with(bytes, |input| single::check(&input))),
    ("stored", |bytes| with(bytes, |input| stored::check(&input))),
];

fn with<I: for<'a> Arbitrary<'a>>(bytes: &[u8], check: fn(I)) {
    if let Ok(input) = I::arbitrary_take_rest(Unstructured::new(bytes)) {
        check(input);
    }
}

#[test]
fn every_seed_is_replayed() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds");
    for (target, check) in TARGETS {
        let folder = seeds.join(target);
        let files = std::fs::read_dir(&folder)
            .unwrap_or_else(|cause| panic!("{}: {cause}", folder.display()));
        let mut replayed = 0;
        for file in files {
            let path = file.expect("a listed file").path();
            println!("{}", path.display());
            check(&std::fs::read(&path).expect("a seed can be read"));
            replayed += 1;
        }
        assert!(replayed > 0, "{target} has no seeds");
    }
    let folders = std::fs::read_dir(&seeds).expect("it was just read").count();
    assert_eq!(folders, TARGETS.len(), "a folder for each target");
}

/// The numbers of `SplitMix64`.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn bytes(&mut self) -> Vec<u8> {
        let length = self.next() % 512;
        (0..length).map(|_| self.next().to_le_bytes()[0]).collect()
    }
}

#[test]
fn inputs_drawn_at_random_are_answered() {
    for (target, check) in TARGETS {
        for seed in 0..2_000 {
            let bytes = Random(seed).bytes();
            let answered = std::panic::catch_unwind(|| check(&bytes));
            assert!(answered.is_ok(), "{target}, seed {seed}");
        }
    }
}
