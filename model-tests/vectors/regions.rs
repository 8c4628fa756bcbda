//! `regions.json`: short programs over a region in memory with a clock that is moved by hand, and
//! what each call answers. Creators may use the region themselves; nothing else happens at once.

use std::sync::Arc;
use std::time::Duration;

use dogpile::{Answer, Config, Error, Invalidation, ManualClock, Memory, Region};
use serde_json::{Value, json};

use crate::file::{File, number, spelled};

const PROGRAMS: u64 = 300;
const KEYS: [&str; 2] = ["a", "b"];

/// Seconds for which values are fresh and stale, and whether a stale one stands in for an error.
const TERMS: [(u64, u64, bool); 4] = [(10, 5, true), (10, 5, false), (10, 0, true), (0, 5, true)];

enum Do {
    Set(&'static str, u64),
    Delete(&'static str),
    Get(&'static str),
    Known(&'static str),
    Create(&'static str, Creator),
    Refresh(&'static str, Creator),
    Invalidate(Invalidation),
    Advance(u64),
}

/// What a creator does before it ends with a value, or an error.
struct Creator {
    during: Vec<Do>,
    value: Option<u64>,
}

pub(crate) fn file() -> File {
    let programs = (0..PROGRAMS).map(program).collect();
    File::new(
        "regions",
        "Programs over a region in memory; its clocks stand at one hour and move only by `advance`.",
    )
    .with("programs", programs)
}

fn program(seed: u64) -> Value {
    let mut draw = Draw::new(seed);
    let (fresh_for, stale_for, stale_if_error) = TERMS[draw.below(4)];
    let steps: Vec<Do> = (0..7).map(|_| draw.step(0)).collect();
    let clock = Arc::new(ManualClock::new());
    let region = Region::named(format!("program {seed}"));
    let config = Config::new(Memory::unbounded())
        .fresh_for(Duration::from_secs(fresh_for))
        .stale_for(Duration::from_secs(stale_for))
        .stale_if_error(stale_if_error)
        .clock(clock.clone());
    region
        .configure(config)
        .expect("none of the spans may not be zero");
    let run = Run { region, clock };
    let steps: Vec<Value> = steps.into_iter().map(|step| run.step(step)).collect();
    json!({
        "fresh_for": nanos(Duration::from_secs(fresh_for)),
        "stale_for": nanos(Duration::from_secs(stale_for)),
        "stale_if_error": stale_if_error,
        "steps": steps,
    })
}

struct Run {
    region: Region<u64>,
    clock: Arc<ManualClock>,
}

impl Run {
    fn step(&self, step: Do) -> Value {
        let region = &self.region;
        match step {
            Do::Set(key, value) => {
                region.set(key, value).expect("memory does not fail");
                json!({"do": "set", "key": key, "value": number(value)})
            }
            Do::Delete(key) => {
                region.delete(key).expect("memory does not fail");
                json!({"do": "delete", "key": key})
            }
            Do::Get(key) => {
                let got = region.get(key).expect("memory does not fail");
                json!({"do": "get", "key": key, "answer": got.map(number)})
            }
            Do::Known(key) => {
                let known = region.metadata(key).expect("memory does not fail");
                let answer = known.map(|known| {
                    json!({
                        "verdict": spelled(&known.verdict),
                        "epoch": number(known.metadata.epoch.number()),
                        "age": nanos(known.age),
                    })
                });
                json!({"do": "metadata", "key": key, "answer": answer})
            }
            Do::Create(key, creator) => self.ask("create", key, creator),
            Do::Refresh(key, creator) => self.ask("refresh", key, creator),
            Do::Invalidate(how) => {
                region.invalidate(how).expect("memory does not fail");
                json!({"do": "invalidate", "how": spelled(&how)})
            }
            Do::Advance(secs) => {
                let span = Duration::from_secs(secs);
                self.clock.advance(span);
                json!({"do": "advance", "span": nanos(span)})
            }
        }
    }

    fn ask(&self, what: &str, key: &str, creator: Creator) -> Value {
        let Creator { during, value } = creator;
        let mut did = None;
        let create = || {
            did = Some(
                during
                    .into_iter()
                    .map(|step| self.step(step))
                    .collect::<Vec<_>>(),
            );
            value.ok_or("no value")
        };
        let answer = match what {
            "refresh" => self.region.at(key).refresh(create),
            _ => self.region.at(key).try_create(create),
        };
        json!({
            "do": what,
            "key": key,
            "creates": value.map(number),
            // Null where the creator was not asked.
            "during": did,
            "answer": answered(answer),
        })
    }
}

fn answered(answer: Result<Answer<u64>, Error<&str>>) -> Value {
    match answer {
        Ok(answer) => json!({
            "value": number(answer.value),
            "origin": spelled(&answer.origin),
            "age": nanos(answer.age),
        }),
        Err(Error::Creator(_)) => json!({"trouble": "Creator"}),
        Err(Error::Cycle { .. }) => json!({"trouble": "Cycle"}),
        Err(other) => panic!("one thread has no reason for {other}"),
    }
}

fn nanos(span: Duration) -> Value {
    number(span.as_nanos())
}

/// Draws that are the same for the same seed on every machine (splitmix64).
struct Draw(u64, u64);

impl Draw {
    const fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x2545_f491_4f6c_dd1d), 0)
    }

    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let bits = usize::try_from((mixed ^ (mixed >> 31)) >> 40).expect("24 bits fit");
        bits % bound
    }

    /// A step, whose values are numbered in the order in which they were drawn.
    fn step(&mut self, depth: usize) -> Do {
        let key = KEYS[self.below(KEYS.len())];
        match self.below(12) {
            0 => Do::Set(key, self.value()),
            1 => Do::Delete(key),
            2 => Do::Get(key),
            3 => Do::Known(key),
            4 => Do::Invalidate(Invalidation::Hard),
            5 => Do::Invalidate(Invalidation::Soft),
            // So little that no creator passes its limit, and no store forgets.
            6 | 7 if depth == 0 => Do::Advance([1, 4, 6][self.below(3)]),
            6 | 7 => Do::Advance(1),
            8 => Do::Refresh(key, self.creator(depth)),
            _ => Do::Create(key, self.creator(depth)),
        }
    }

    fn creator(&mut self, depth: usize) -> Creator {
        let steps = if depth < 2 { self.below(3) } else { 0 };
        let during = (0..steps).map(|_| self.step(depth + 1)).collect();
        let fails = self.below(4) == 0;
        Creator {
            during,
            value: (!fails).then(|| self.value()),
        }
    }

    fn value(&mut self) -> u64 {
        self.1 += 1;
        self.1
    }
}
