//! Loom over flights that come and go: whoever finds one that has ended makes another, and nobody is
//! left in one that was taken out.

use std::collections::BTreeSet;

use dogpile_model_tests::explore::{Reach, Report};
use dogpile_model_tests::kits::{Checker, LoomShadow, LoomSwap};
use dogpile_model_tests::pins::reach_name;
use dogpile_model_tests::proof::{Property, Size, Tool, shown, size};
use dogpile_model_tests::scenes::flights::{Errand, one_key, pairs};

use crate::run;

fn explored<C: Checker>(errands: &[Errand], reach: Reach) -> Report {
    let name = name::<C>(errands);
    let errands = errands.to_vec();
    run(&name, reach, move || one_key::<C>(&errands))
}

fn name<C: Checker>(errands: &[Errand]) -> String {
    format!("flight {errands:?}, {}", C::NAME)
}

/// All names that any size uses.
pub(crate) fn names() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for pair @ [first, second] in pairs() {
        names.insert(name::<LoomSwap>(&pair));
        names.insert(name::<LoomShadow>(&pair));
        names.insert(name::<LoomSwap>(&[first, second, Errand::Call]));
    }
    names
}

/// Records what held in all of `reports`, with the signs that it could have been broken.
fn shows(reports: &[Report], scope: &str) {
    let executions = reports.iter().map(|report| report.executions).sum();
    let seen = |sign: &str| {
        reports
            .iter()
            .map(|report| report.seen(sign))
            .sum::<usize>()
    };
    for (property, sign) in [
        // One creates after another has ended, in a flight of its own.
        (Property::OneCreator, "2 flights"),
        (Property::CreatorsInOrder, "2 flights"),
        (Property::NeverLeftBusy, "went away Ended"),
        (Property::NoLostWakeUp, "shared"),
        (Property::FailureReachesWaiters, "shared"),
        (Property::CancelledWakePassedOn, "heir"),
    ] {
        shown(property, Tool::Loom, scope, executions, seen(sign));
    }
}

#[test]
fn two_with_one_key() {
    let mut reports = Vec::new();
    for pair in pairs() {
        reports.push(explored::<LoomSwap>(&pair, Reach::Unbounded));
        reports.push(explored::<LoomShadow>(&pair, Reach::Unbounded));
    }
    shows(&reports, "flights: 2 threads, unbounded");
}

#[test]
fn a_third_calls_meanwhile() {
    let reach = match size() {
        Size::Short => Reach::Preemptions(2),
        Size::Full | Size::Nightly => Reach::Preemptions(3),
    };
    let mut reports = Vec::new();
    for [first, second] in pairs() {
        reports.push(explored::<LoomSwap>(&[first, second, Errand::Call], reach));
    }
    let scope = format!("flights: 3 threads, {}", reach_name(reach));
    shows(&reports, &scope);
}
