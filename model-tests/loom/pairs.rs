//! Every pair of operations from every start, two at once and in company.

use std::collections::BTreeSet;

use dogpile_model_tests::explore::{Reach, loom};
use dogpile_model_tests::kits::{Checker, LoomShadow, LoomSwap};
use dogpile_model_tests::pins::{pinned, reach_name};
use dogpile_model_tests::proof::{Property, Size, Tool, shown, size};
use dogpile_model_tests::scenes::pairs::Operation::{self, Claim, Delete};
use dogpile_model_tests::scenes::pairs::{Depth, Program, Start, crowds, pairs};

/// What many programs showed together.
struct Tally {
    executions: usize,
    outcomes: Vec<(String, usize)>,
}

/// Where a property can be broken, by the start.
#[derive(Clone, Copy)]
enum Where {
    Everywhere,
    /// Where there is a value.
    Value,
    /// Where somebody creates, and others wait.
    Busy,
    /// Where the creator has begun, so that some who wait came after that.
    Begun,
}

use Where::{Begun, Busy, Everywhere, Value};

/// The signs of a property: an outcome that has one of them could have broken it.
const SIGNS: [(Property, Where, &[&str]); 13] = [
    (
        Property::OneCreator,
        Everywhere,
        &["refused", "sat", "took over", "relieved"],
    ),
    (Property::WholeValues, Everywhere, &[" new", "it changed"]),
    (Property::CreatorsInOrder, Everywhere, &["after another"]),
    (Property::VersionsNeverGoBack, Everywhere, &["it changed"]),
    (
        Property::SupersededNeverPublishes,
        Everywhere,
        &["Publish refused", "created, refused"],
    ),
    (
        Property::OneOutcomePerWaiter,
        Busy,
        &["woken: outcome", "woken: heir"],
    ),
    (
        Property::ValuesDroppedOnce,
        Value,
        &["freed after its reader"],
    ),
    (
        Property::NeverLeftBusy,
        Busy,
        &["abandoned: Some(Ended)", "left: Some(Ended)", "Fail;"],
    ),
    (Property::NoLostWakeUp, Busy, &["woken: "]),
    // Errors are the outcomes from 1000 on.
    (
        Property::FailureReachesWaiters,
        Busy,
        &["woken: outcome 10", "woken: heir"],
    ),
    (
        Property::CancelledWakePassedOn,
        Busy,
        &["left: Some(Inherited)"],
    ),
    (
        Property::InvalidationTerminates,
        Begun,
        &["impatient woken: superseded"],
    ),
    (
        Property::TokensNeverRepeat,
        Everywhere,
        &["won", "took over", "relieved"],
    ),
];

impl Where {
    fn is(self, start: Start) -> bool {
        let has_value = matches!(
            start,
            Start::Ready | Start::Stale | Start::Refreshing | Start::Renewing
        );
        let idle = matches!(start, Start::Vacant | Start::Ready | Start::Stale);
        let begun = matches!(start, Start::Begun | Start::Marked | Start::Refreshing);
        match self {
            Everywhere => true,
            Value => has_value,
            Busy => !idle,
            Begun => begun,
        }
    }
}

/// The name under which programs are pinned together.
fn name(start: Start, company: &[Operation], long: bool, kit: &str) -> String {
    let company = match company {
        [] => String::new(),
        others => format!(" and {others:?}"),
    };
    let which = if long { ", long" } else { "" };
    format!("pairs from {start:?}{company}{which}, {kit}")
}

/// All names that any size uses.
pub(crate) fn names() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for start in Start::ALL {
        for kit in [LoomSwap::NAME, LoomShadow::NAME] {
            for long in [false, true] {
                names.insert(name(start, &[], long, kit));
            }
        }
        for company in [&[Claim][..], &[Delete], &[Claim, Delete]] {
            names.insert(name(start, company, false, LoomSwap::NAME));
        }
    }
    names
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.executions += other.executions;
        self.outcomes.extend(other.outcomes);
    }
}

fn explored<C: Checker>(name: &str, programs: Vec<Program>, reach: Reach) -> Tally {
    let mut tally = Tally {
        executions: 0,
        outcomes: Vec::new(),
    };
    for program in programs {
        let label = format!("{}, {}", program.name(), C::NAME);
        let report = loom(&label, reach, move || program.play::<C>());
        tally.executions += report.executions;
        tally.outcomes.extend(report.outcomes);
    }
    pinned(name, reach, tally.executions);
    tally
}

impl Tally {
    fn seen(&self, signs: &[&str]) -> usize {
        let has = |outcome: &str| signs.iter().any(|sign| outcome.contains(sign));
        let seen = self.outcomes.iter().filter(|(outcome, _)| has(outcome));
        seen.map(|(_, count)| count).sum()
    }

    /// Records each property of those that can be broken from `start`; with so many programs, each
    /// of them nearly is.
    fn shows_all(&self, start: Start, scope: &str) {
        for (property, _, signs) in SIGNS.iter().filter(|(_, place, _)| place.is(start)) {
            let witnessed = self.seen(signs);
            shown(*property, Tool::Loom, scope, self.executions, witnessed);
        }
    }

    /// Records what only a reader can see broken.
    fn shows_to_readers(&self, scope: &str) {
        let signs = ["it changed"];
        for property in [Property::WholeValues, Property::VersionsNeverGoBack] {
            let witnessed = self.seen(&signs);
            shown(property, Tool::Loom, scope, self.executions, witnessed);
        }
    }
}

/// Two at once, by both kits. A reader against a whole creation, with stale reads, is the one kind
/// that takes long; it is bounded but at night.
fn two(start: Start) {
    let kept = |long: bool| {
        let all = pairs(start, Depth::Whole).into_iter();
        all.filter(|pair| pair.is_long() == long)
            .collect::<Vec<_>>()
    };
    let bounded = match size() {
        Size::Short => Reach::Preemptions(3),
        Size::Full => Reach::Preemptions(4),
        Size::Nightly => Reach::Unbounded,
    };
    let (swap, shadow) = (LoomSwap::NAME, LoomShadow::NAME);
    let whole = Reach::Unbounded;
    let mut tally = explored::<LoomSwap>(&name(start, &[], false, swap), kept(false), whole);
    tally += explored::<LoomSwap>(&name(start, &[], true, swap), kept(true), whole);
    tally += explored::<LoomShadow>(&name(start, &[], false, shadow), kept(false), whole);
    tally.shows_all(start, "every pair of operations: 2 threads, unbounded");
    let long = explored::<LoomShadow>(&name(start, &[], true, shadow), kept(true), bounded);
    long.shows_to_readers(&format!(
        "stale reads against creations: 2 threads, {}",
        reach_name(bounded)
    ));
}

/// Two in the company of others.
fn more(start: Start, company: &[Operation], reach: Reach) {
    let name = name(start, company, false, LoomSwap::NAME);
    let tally = explored::<LoomSwap>(&name, crowds(start, company), reach);
    let threads = 2 + company.len();
    tally.shows_all(
        start,
        &format!(
            "every pair of operations in company: {threads} threads, {}",
            reach_name(reach)
        ),
    );
}

/// Three threads; the short size goes less far, and not everywhere. A marked word makes the same
/// steps as one that is not, so a third comes to it at night.
fn three(start: Start) {
    let from = match start {
        Start::Marked | Start::Stale => Size::Nightly,
        _ => Size::Full,
    };
    if size() >= from {
        more(start, &[Claim], Reach::Preemptions(3));
    } else if start == Start::Begun {
        more(start, &[Claim], Reach::Preemptions(2));
    }
    if size() == Size::Nightly {
        more(start, &[Delete], Reach::Preemptions(3));
    }
}

/// Four threads, from where most can happen.
fn four(start: Start) {
    let nightly = size() == Size::Nightly && start == Start::Refreshing;
    if nightly || size() > Size::Short && start == Start::Begun {
        more(start, &[Claim, Delete], Reach::Preemptions(2));
    }
}

macro_rules! starts {
    ($($test:ident: $start:ident;)*) => {
        $(mod $test {
            use super::Start;

            #[test]
            fn two_at_once() {
                super::two(Start::$start);
            }

            #[test]
            fn three_at_once() {
                super::three(Start::$start);
            }

            #[test]
            fn four_at_once() {
                super::four(Start::$start);
            }
        })*

        #[test]
        fn no_start_is_left_out() {
            assert_eq!([$(Start::$start),*], Start::ALL);
        }
    };
}

starts! {
    vacant: Vacant;
    creating: Creating;
    begun: Begun;
    marked: Marked;
    ready: Ready;
    stale: Stale;
    refreshing: Refreshing;
    renewing: Renewing;
}
