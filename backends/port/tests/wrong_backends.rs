//! The suite is red where a store is wrong: each store here is wrong in one way, and the check that
//! is named after the promise says so.

mod stores;

use dogpile_backend::Blocking;
use dogpile_backend::conformance;
use std::collections::HashSet;
use stores::found_by::{FOUND_BY, suite};
use stores::in_place::{Shared, WRITES_IN_PLACE, WritesInPlace};
use stores::wrong::Wrong;

#[test]
fn every_fault_is_found_by_the_check_that_names_it() {
    for (wrong, checks) in FOUND_BY {
        for check in *checks {
            let report = suite(*wrong).run_one(check);
            assert!(report.has_failed(check), "{check} passes {wrong:?}");
            println!("{wrong:?}: {report}");
        }
    }
}

#[test]
fn the_same_store_without_a_fault_passes_all() {
    suite(Wrong::Nothing).run().assert();
}

#[test]
fn a_report_names_what_failed_and_nothing_else() {
    let report = suite(Wrong::SetKeepsTheLease).run();
    assert!(report.has_failed("set_voids_the_lease"));
    assert!(!report.has_failed("delete_voids_the_lease"), "{report}");
    assert!(report.passed() > 50, "{report}");
    assert!(
        report
            .to_string()
            .contains("set_voids_the_lease (waiting): ")
    );
}

#[test]
fn a_store_that_writes_into_what_it_gave_away_is_found() {
    let report = conformance::check::<Shared, _>(|| Blocking::new(WritesInPlace::default()));
    assert!(report.has_failed(WRITES_IN_PLACE), "{report}");
    assert!(!report.has_failed("a_value_is_replaced_by_set"), "{report}");
}

#[test]
fn every_check_is_seen_red() {
    let named = FOUND_BY.iter().flat_map(|(_, checks)| *checks).copied();
    let seen: HashSet<_> = named.chain([WRITES_IN_PLACE]).collect();
    let known: HashSet<_> = conformance::names().collect();
    assert_eq!(seen, known);
}
