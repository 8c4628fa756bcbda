//! The suite is red where a store is wrong: each store here is wrong in one way, and the check that
//! is named after the promise says so.

mod stores;

use dogpile_backend::conformance::{self, Sample, Suite};
use dogpile_backend::{Backend, Blocking, CachedValue, Span, StoreError};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use stores::leasing::Leasing;
use stores::wrong::Wrong;

/// Each fault with the checks that must find it.
const FOUND_BY: &[(Wrong, &[&str])] = &[
    (
        Wrong::LosesMetadata,
        &["metadata_is_kept", "a_value_is_found_after_set"],
    ),
    (Wrong::RoundsCreationTimes, &["metadata_is_kept"]),
    (Wrong::LosesStamps, &["metadata_is_kept"]),
    (Wrong::CutsKeysShort, &["long_keys_are_told_apart"]),
    (Wrong::FoldsCase, &["keys_are_told_apart"]),
    (Wrong::KeepsTheFirstValue, &["a_value_is_replaced_by_set"]),
    (Wrong::DeletesNothing, &["a_deleted_value_is_gone"]),
    (
        Wrong::DeleteFailsOnNothing,
        &["deleting_nothing_is_no_error"],
    ),
    (
        Wrong::LetsValuesOfLongLifeGo,
        &["any_time_to_live_is_taken"],
    ),
    (Wrong::LendsOldValues, &["a_local_look_agrees_with_get"]),
    (
        Wrong::GivesTheLeaseToAll,
        &["a_lease_excludes_others", "one_of_many_wins_the_lease"],
    ),
    (
        Wrong::GivesNoLeaseTwice,
        &["a_released_lease_is_free_and_void"],
    ),
    (Wrong::GivesNoLease, &["a_lease_is_won_where_nothing_is"]),
    (
        Wrong::TakesAnythingForFresh,
        &[
            "a_fresh_value_needs_no_lease",
            "a_stale_value_is_seen_beside_the_lease",
        ],
    ),
    (Wrong::LeasesAllKeysAtOnce, &["a_lease_is_for_its_key_only"]),
    (
        Wrong::KeepsTheLeaseOfDroppedAsks,
        &["a_dropped_ask_keeps_no_lease"],
    ),
    (Wrong::StampsAllAlike, &["stamps_of_values_never_repeat"]),
    (Wrong::RefusesTheEmptyKey, &["keys_are_any_bytes"]),
    (
        Wrong::WritesTheWholeMapBack,
        &["many_keys_are_written_at_once"],
    ),
    (
        Wrong::RemovesBeforeItSets,
        &["values_are_whole_under_concurrent_writes"],
    ),
    (
        Wrong::StaysBusyForDroppedWrites,
        &["dropped_replies_leave_the_store_usable"],
    ),
    (Wrong::ForgetsEpochs, &["epochs_begin_low_and_only_rise"]),
    (
        Wrong::SetKeepsTheLease,
        &["set_voids_the_lease", "set_over_a_value_voids_the_lease"],
    ),
    (
        Wrong::DeleteKeepsTheLease,
        &[
            "delete_voids_the_lease",
            "delete_of_nothing_voids_the_lease",
        ],
    ),
    (
        Wrong::DeleteOfNothingKeepsTheLease,
        &["delete_of_nothing_voids_the_lease"],
    ),
    (
        Wrong::CommitIgnoresTheLease,
        &["a_refused_commit_changes_nothing", "delete_voids_the_lease"],
    ),
    (
        Wrong::CommitComparesTooEarly,
        &[
            "a_deleted_value_never_comes_back",
            "a_set_value_is_never_overwritten_by_an_older_creation",
            "a_superseded_creator_never_overwrites",
        ],
    ),
    (
        Wrong::CommitKeepsTheLease,
        &[
            "a_commit_stores_and_ends_the_lease",
            "a_lease_is_used_up_by_its_commit",
        ],
    ),
    (
        Wrong::RefusedCommitEndsTheLease,
        &["a_refused_commit_changes_nothing"],
    ),
    (
        Wrong::ReleaseKeepsTheLease,
        &["a_released_lease_is_free_and_void"],
    ),
    (
        Wrong::ReleaseAsksForNoStamp,
        &["a_released_lease_is_free_and_void"],
    ),
    (
        Wrong::RenewAsksForNoStamp,
        &["a_lease_can_be_renewed_while_current"],
    ),
    (Wrong::RepeatsStamps, &["stamps_of_leases_never_repeat"]),
    (Wrong::CannotSupersede, &["a_lease_can_be_superseded"]),
    (
        Wrong::SupersedesWithoutNewStamp,
        &["a_lease_can_be_superseded"],
    ),
    (Wrong::TurnsHeirsAway, &["an_heir_takes_over_what_is_held"]),
    (
        Wrong::BelievesHeirs,
        &["what_is_held_but_void_gives_no_right"],
    ),
    (
        Wrong::LooksBeforeItLeases,
        &["looking_and_leasing_are_one_step"],
    ),
    (
        Wrong::NeverRings,
        &[
            "a_release_rings",
            "a_commit_rings",
            "a_set_rings",
            "a_delete_rings",
        ],
    ),
    (
        Wrong::LosesInvalidations,
        &["no_invalidation_is_lost_among_many"],
    ),
    (Wrong::MixesEpochs, &["hard_and_soft_epochs_are_two"]),
    (Wrong::SharesEpochs, &["regions_have_epochs_of_their_own"]),
    (Wrong::Panics, &["nothing_is_found_where_nothing_was_set"]),
    (Wrong::Hangs, &["nothing_is_found_where_nothing_was_set"]),
];

fn suite(wrong: Wrong) -> Suite<u64> {
    let patience = match wrong {
        // These end only by being given up.
        Wrong::NeverRings | Wrong::Hangs | Wrong::KeepsTheLeaseOfDroppedAsks => {
            Duration::from_millis(20)
        }
        _ => Duration::from_mins(1),
    };
    Suite::new(move || Leasing::new(wrong)).patience(patience)
}

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

/// A value that its copies share.
#[derive(Clone, Debug)]
struct Shared(Arc<Mutex<u64>>);

impl PartialEq for Shared {
    fn eq(&self, other: &Self) -> bool {
        let number = |shared: &Self| *shared.0.lock().expect("no panic");
        number(self) == number(other)
    }
}

impl Sample for Shared {
    fn sample(number: u64) -> Self {
        Self(Arc::new(Mutex::new(number)))
    }
}

/// Writes into the value that is there, and so into the copies that it gave away.
#[derive(Default)]
struct WritesInPlace(Mutex<HashMap<Vec<u8>, CachedValue<Shared>>>);

impl Backend<Shared> for WritesInPlace {
    fn get(&self, key: &[u8]) -> Result<Option<CachedValue<Shared>>, StoreError> {
        Ok(self.0.lock().expect("no panic").get(key).cloned())
    }

    fn set(&self, key: &[u8], entry: CachedValue<Shared>, _: Span) -> Result<(), StoreError> {
        let mut map = self.0.lock().expect("no panic");
        let there = map.entry(key.into()).or_insert_with(|| entry.clone());
        let number = *entry.value.0.lock().expect("no panic");
        *there.value.0.lock().expect("no panic") = number;
        there.metadata = entry.metadata;
        Ok(())
    }

    fn delete(&self, key: &[u8]) -> Result<(), StoreError> {
        self.0.lock().expect("no panic").remove(key);
        Ok(())
    }
}

const WRITES_IN_PLACE: &str = "a_copy_does_not_change";

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
