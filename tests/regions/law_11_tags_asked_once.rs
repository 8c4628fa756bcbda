//! Law 11 for a tag of which it is in doubt whether another process has invalidated it: however many look at
//! values under it, the store is asked once, and nobody depends on who began to ask.

use std::sync::Arc;
use std::time::Duration;

use dogpile::{Config, Invalidation, Region, Tag, Terms, Verdict};

use crate::stores::{Faults, Form, Hand, Op, Server};

use Invalidation::Hard;

const LOOKERS: usize = 50;

fn configured(config: Config<u64>) -> Region<u64> {
    let region = Region::new("users");
    region
        .configure(config.fresh_for(Duration::from_secs(100)))
        .unwrap();
    region
}

/// A process for which the tag `t` of all values is in doubt: it has heard of an invalidation, and not of which tag.
struct World {
    server: Arc<Server<u64>>,
    region: Region<u64>,
    faults: Arc<Faults>,
    another: Region<u64>,
}

impl World {
    fn new(form: Form) -> Self {
        let (server, clock) = Server::by_hand();
        let map = server.open("b").form(form);
        let (faults, region) = (map.faults(), configured(map.config(&clock)));
        let another = configured(server.open("a").config(&clock));
        for key in 0..LOOKERS {
            let terms = Terms::NONE.with_tag("t").unwrap();
            another.set_with(key.to_string(), 7, terms).unwrap();
        }
        let world = Self {
            server,
            region,
            faults,
            another,
        };
        world.doubt();
        world
    }

    fn doubt(&self) {
        self.another.invalidate_tag("u", Hard).unwrap();
        self.region.invalidate_tag("v", Hard).unwrap();
    }

    /// How often the store was asked about the tag.
    fn asked(&self) -> usize {
        let slot = Tag::named(b"t").slot();
        self.server.reads(&format!("users\0{slot:04x}"))
    }

    /// Those who look as tasks, and wait for the store's answer about the tag.
    fn waiting(&self, count: usize) -> Vec<Hand<'_, Option<u64>>> {
        let look = |key: usize| async move {
            let found = self.region.get_async(key.to_string()).await;
            found.unwrap()
        };
        let mut hands: Vec<_> = (0..count).map(|key| Hand::new(look(key))).collect();
        for hand in &mut hands {
            assert!(hand.settle().is_pending());
        }
        hands
    }
}

#[test]
fn law_11_tasks_that_doubt_one_tag_ask_for_it_once() {
    let world = World::new(Form::Later);
    for round in 1..=3 {
        world.faults.close(&[Op::ReadEpochs]);
        let hands = world.waiting(LOOKERS);
        world.faults.open();
        for hand in hands {
            assert_eq!(hand.finish(), Some(7));
        }
        assert_eq!(world.asked(), round);
        world.doubt();
    }
    world.another.invalidate_tag("t", Hard).unwrap();
    world.region.invalidate_tag("v", Hard).unwrap();
    let before = world.asked();
    world.faults.close(&[Op::ReadEpochs]);
    let hands = world.waiting(LOOKERS);
    world.faults.open();
    for hand in hands {
        assert_eq!(hand.finish(), None, "it was invalidated");
    }
    assert_eq!(world.asked(), before + 1);
}

#[test]
fn law_11_threads_that_doubt_one_tag_ask_for_it_once() {
    for form in Form::ALL {
        let world = World::new(form);
        let gets = world.server.count("b", Op::Get);
        world.faults.close(&[Op::ReadEpochs]);
        std::thread::scope(|scope| {
            for key in 0..LOOKERS {
                let region = &world.region;
                scope.spawn(move || assert_eq!(region.get(key.to_string()).unwrap(), Some(7)));
            }
            world.server.wait_for("b", Op::Get, gets + LOOKERS);
            world.faults.wait_at_gate(1);
            world.faults.open();
        });
        assert_eq!(world.asked(), 1, "{form:?}");
    }
}

#[test]
fn law_11_threads_and_tasks_share_the_answer_of_a_store_that_blocks_nobody() {
    let world = World::new(Form::Later);
    let gets = world.server.count("b", Op::Get);
    world.faults.close(&[Op::ReadEpochs]);
    let hands = world.waiting(LOOKERS / 2);
    std::thread::scope(|scope| {
        for key in LOOKERS / 2..LOOKERS {
            let region = &world.region;
            scope.spawn(move || assert_eq!(region.get(key.to_string()).unwrap(), Some(7)));
        }
        world.server.wait_for("b", Op::Get, gets + LOOKERS);
        world.faults.open();
    });
    for hand in hands {
        assert_eq!(hand.finish(), Some(7));
    }
    assert_eq!(world.asked(), 1);
}

#[test]
fn law_7_who_began_to_ask_and_goes_away_or_rests_keeps_nobody_waiting() {
    for dropped in [true, false] {
        let world = World::new(Form::Later);
        world.faults.close(&[Op::ReadEpochs]);
        let mut hands = world.waiting(3);
        let (last, rests) = (hands.pop().unwrap(), hands);
        let rests = (!dropped).then_some(rests);
        world.faults.open();
        assert_eq!(last.finish(), Some(7));
        assert_eq!(world.asked(), 1);
        drop(rests);
    }
}

#[test]
fn law_7_who_looks_when_all_who_asked_have_gone_away_asks_anew() {
    let world = World::new(Form::Later);
    world.faults.hold_answers(&[Op::ReadEpochs]);
    drop(world.waiting(LOOKERS));
    assert_eq!(world.asked(), 1);
    world.faults.open();
    assert_eq!(world.region.get("0").unwrap(), Some(7));
    assert_eq!(world.asked(), 2);
}

#[test]
fn law_12_a_store_that_does_not_answer_leaves_all_who_wait_in_doubt_and_the_next_asks() {
    let world = World::new(Form::Later);
    world.faults.close(&[Op::ReadEpochs]);
    let hands = world.waiting(LOOKERS);
    world.faults.fail(&[Op::ReadEpochs]);
    world.faults.open();
    for hand in hands {
        assert_eq!(hand.finish(), None, "stale at best");
    }
    assert_eq!(world.asked(), 1);
    world.faults.heal();
    let known = world.region.metadata("0").unwrap().unwrap();
    assert_eq!(known.verdict, Verdict::Fresh, "it was asked");
    assert_eq!(world.asked(), 2);
}
