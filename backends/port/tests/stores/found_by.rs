//! Which check of the suite finds which fault.

use dogpile_backend::conformance::Suite;
use std::time::Duration;

use super::leasing::Leasing;
use super::wrong::Wrong;

/// Each fault with the checks that must find it.
pub const FOUND_BY: &[(Wrong, &[&str])] = &[
    (
        Wrong::LosesMetadata,
        &["metadata_is_kept", "a_value_is_found_after_set"],
    ),
    (Wrong::RoundsCreationTimes, &["metadata_is_kept"]),
    (Wrong::LosesStamps, &["metadata_is_kept"]),
    (Wrong::LosesTerms, &["a_values_own_terms_are_kept"]),
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
        Wrong::GivesThreadsOldValues,
        &["a_thread_gets_what_is_there"],
    ),
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
    (Wrong::ForgetsEpochs, &["epochs_only_rise"]),
    (
        Wrong::SetKeepsTheLease,
        &[
            "set_voids_the_lease",
            "set_over_a_value_voids_the_lease",
            "set_and_delete_open_a_shut_key",
        ],
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
    (Wrong::ShutsNothing, &["a_shut_key_is_leased_to_nobody"]),
    (Wrong::ShutForgetsTheValue, &["a_shut_key_keeps_its_value"]),
    (Wrong::ShutAsksForNoStamp, &["a_void_lease_shuts_nothing"]),
    (
        Wrong::CannotSupersede,
        &["a_lease_can_be_superseded", "a_shut_key_can_be_superseded"],
    ),
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

/// The suite for a store with this fault.
pub fn suite(wrong: Wrong) -> Suite<u64> {
    let patience = match wrong {
        // These end only by being given up.
        Wrong::NeverRings | Wrong::Hangs | Wrong::KeepsTheLeaseOfDroppedAsks => {
            Duration::from_millis(20)
        }
        _ => Duration::from_mins(1),
    };
    Suite::new(move || Leasing::new(wrong)).patience(patience)
}
