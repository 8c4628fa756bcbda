//! Law 3: only the store decides a commit. What is deleted, set or invalidated at any point of a
//! creation stays so.

use dogpile::{Config, Invalidation, Origin, Region, Verdict};

use crate::support::{FRESH, Hooks, Point, block_on, hooked_stores, in_time, region_by_hand};

/// What the creator under test makes, and what comes from outside.
const MADE: u64 = 1;
const PUT: u64 = 7;
/// What lies there before, stale.
const OLD: u64 = 3;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Intrusion {
    Delete,
    Set,
    Refresh,
    Hard,
    Soft,
}

/// When it comes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum When {
    /// At a point of the call where it talks to its store.
    At(Point),
    /// While the creator is at work.
    Creating,
}

/// In the order of a call. Until the creator begins, nothing can come too late.
const BEFORE_THE_CREATOR: [When; 4] = [
    When::At(Point::Look),
    When::At(Point::Looked),
    When::At(Point::Lease),
    When::At(Point::Leased),
];
const BEFORE_THE_COMMIT: [When; 2] = [When::Creating, When::At(Point::Commit)];
const BY_A_VALUE: [Intrusion; 2] = [Intrusion::Set, Intrusion::Refresh];
const INVALIDATIONS: [Intrusion; 2] = [Intrusion::Hard, Intrusion::Soft];
const COMMITTED: When = When::At(Point::Committed);

impl Intrusion {
    fn happen(self, region: &Region<u64>) {
        match self {
            Self::Delete => region.delete("key").unwrap(),
            Self::Set => region.set("key", PUT).unwrap(),
            Self::Refresh => {
                let answer = region.at("key").refresh(|| Ok::<_, ()>(PUT)).unwrap();
                assert_eq!((answer.value, answer.origin), (PUT, Origin::Created));
            }
            Self::Hard => region.invalidate(Invalidation::Hard).unwrap(),
            Self::Soft => region.invalidate(Invalidation::Soft).unwrap(),
        }
    }
}

/// A call for a key with a stale value or none, and what comes between.
struct Scene {
    region: Region<u64>,
    hooks: Hooks,
    intrusion: Intrusion,
    when: When,
}

impl Scene {
    fn set(config: Config<u64>, hooks: Hooks, old: bool, event: (Intrusion, When)) -> Self {
        let (region, clock) = region_by_hand(config);
        if old {
            region.set("key", OLD).unwrap();
            clock.advance(FRESH);
        }
        let (intrusion, when) = event;
        if let When::At(point) = when {
            let region = region.clone();
            hooks.at(point, move || intrusion.happen(&region));
        }
        Self {
            region,
            hooks,
            intrusion,
            when,
        }
    }

    fn create(&self) -> u64 {
        if self.when == When::Creating {
            self.intrusion.happen(&self.region);
        }
        MADE
    }

    /// The answer of the call that was disturbed.
    fn play(&self, tasks: Option<usize>) -> (u64, Origin) {
        let entry = self.region.at("key");
        let answer = match tasks {
            None => entry.create(|| self.create()).unwrap(),
            Some(threads) => {
                let mut answer = None;
                block_on(threads, async {
                    let created = entry.create_async(async || self.create()).await;
                    answer = Some(created.unwrap());
                });
                answer.unwrap()
            }
        };
        assert!(self.hooks.are_done(), "it came");
        assert!(!self.region.is_being_created("key"), "the key is free");
        (answer.value, answer.origin)
    }

    /// What others find then, fresh.
    fn left(&self) -> Option<u64> {
        self.region.get("key").unwrap()
    }

    fn is_stale(&self) -> bool {
        let known = self.region.metadata("key").unwrap();
        known.is_some_and(|known| known.verdict == Verdict::Stale)
    }
}

/// Plays every event on every store, with and without a stale value, for threads and tasks.
fn each_scene(
    intrusions: &'static [Intrusion],
    whens: &'static [When],
    check: fn(&Scene, (u64, Origin)),
) {
    for (intrusion, when) in product(intrusions, whens) {
        for (old, tasks) in product(&[false, true], &[None, Some(0), Some(2)]) {
            for (name, config, hooks) in hooked_stores() {
                in_time(name, move || {
                    eprintln!("{intrusion:?} at {when:?}, old value: {old}, tasks: {tasks:?}");
                    let scene = Scene::set(config, hooks, old, (intrusion, when));
                    let answer = scene.play(tasks);
                    check(&scene, answer);
                    let next = scene.region.at("key").create(|| 9).unwrap();
                    assert_eq!(scene.left(), Some(next.value), "the next call goes on");
                });
            }
        }
    }
}

fn product<A: Copy, B: Copy>(left: &[A], right: &[B]) -> Vec<(A, B)> {
    let pairs = left
        .iter()
        .flat_map(|a| right.iter().map(move |b| (*a, *b)));
    pairs.collect()
}

#[test]
fn law_3_a_deleted_value_never_comes_back() {
    each_scene(&[Intrusion::Delete], &BEFORE_THE_COMMIT, |scene, answer| {
        assert_eq!(answer, (MADE, Origin::Superseded), "told so");
        assert_eq!(scene.left(), None);
        assert_eq!(scene.region.metadata("key").unwrap(), None);
    });
}

#[test]
fn law_3_a_value_that_was_set_is_not_overwritten() {
    each_scene(&BY_A_VALUE, &BEFORE_THE_COMMIT, |scene, answer| {
        assert_eq!(answer, (MADE, Origin::Superseded), "told so");
        assert_eq!(scene.left(), Some(PUT));
    });
}

#[test]
fn law_3_a_creation_that_an_invalidation_overtook_is_not_fresh() {
    const ALL: [When; 3] = [When::Creating, When::At(Point::Commit), COMMITTED];
    each_scene(&[Intrusion::Hard], &ALL, |scene, (value, _)| {
        assert_eq!(value, MADE, "its caller gets it all the same");
        assert_eq!(scene.left(), None);
    });
    each_scene(&[Intrusion::Soft], &ALL, |scene, (value, _)| {
        assert_eq!(value, MADE);
        assert_eq!(scene.left(), None);
        assert!(
            scene.is_stale(),
            "a soft invalidation leaves it to be served"
        );
    });
}

#[test]
fn law_3_the_caller_of_an_invalidated_creation_is_told_so() {
    each_scene(&[Intrusion::Hard], &BEFORE_THE_COMMIT, |_, answer| {
        assert_eq!(answer, (MADE, Origin::Superseded));
    });
}

#[test]
fn law_3_what_comes_after_the_commit_wins() {
    each_scene(&[Intrusion::Delete], &[COMMITTED], |scene, answer| {
        assert_eq!(answer, (MADE, Origin::Created));
        assert_eq!(scene.left(), None);
    });
    each_scene(&BY_A_VALUE, &[COMMITTED], |scene, answer| {
        assert_eq!(answer, (MADE, Origin::Created));
        assert_eq!(scene.left(), Some(PUT));
    });
}

/// A creator that begins after the deletion reads the new source: its value is one to keep.
#[test]
fn law_3_a_creation_that_begins_after_a_deletion_is_stored() {
    const REMOVALS: [Intrusion; 2] = [Intrusion::Delete, Intrusion::Hard];
    each_scene(&REMOVALS, &BEFORE_THE_CREATOR, |scene, answer| {
        assert_eq!(answer, (MADE, Origin::Created));
        assert_eq!(scene.left(), Some(MADE));
    });
    each_scene(
        &INVALIDATIONS,
        &[When::At(Point::Leased)],
        |scene, answer| {
            assert_eq!(answer, (MADE, Origin::Created));
            assert_eq!(scene.left(), Some(MADE));
        },
    );
}

#[test]
fn law_3_law_2_a_value_from_before_the_creator_begins_is_found() {
    each_scene(&BY_A_VALUE, &BEFORE_THE_CREATOR, |scene, answer| {
        assert_eq!(answer, (PUT, Origin::Hit));
        assert_eq!(scene.left(), Some(PUT));
    });
}

#[test]
fn law_3_the_last_started_refresh_wins() {
    for (name, config, hooks) in hooked_stores() {
        in_time(name, move || {
            let (region, _clock) = region_by_hand(config);
            let first = region.at("key").refresh(|| {
                let last = region.at("key").refresh(|| Ok::<_, ()>(2)).unwrap();
                assert_eq!((last.value, last.origin), (2, Origin::Created));
                Ok::<_, ()>(1)
            });
            let first = first.unwrap();
            assert_eq!((first.value, first.origin), (1, Origin::Superseded));
            assert_eq!(region.get("key").unwrap(), Some(2));
            assert!(hooks.are_done());
        });
    }
}
