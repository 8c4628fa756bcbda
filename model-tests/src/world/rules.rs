//! The rules that make the modelled world an honest one. Each is a door: a mutant switches it off,
//! and some invariant must then go red.

use crate::mutant::rule;

macro_rules! rules {
    ($($field:ident: $name:literal;)*) => {
        /// Which rules hold in this exploration.
        #[derive(Clone, Copy, Debug)]
        #[allow(clippy::struct_excessive_bools)] // each rule by itself
        pub(crate) struct Rules {
            $(pub(crate) $field: bool,)*
        }

        impl Rules {
            /// Asked once, at the beginning: no exploration changes its rules.
            pub(crate) fn ask() -> Self {
                Self { $($field: rule($name),)* }
            }

        }

        /// The names of all rules.
        pub const RULES: &[&str] = &[$($name),*];
    };
}

rules! {
    commit_compares: "a commit compares the stamp";
    late_commit_compares: "a late commit compares the stamp";
    tokens_are_new: "a token never repeats";
    heir_gets_new_token: "a lease that is taken over gets a new token";
    release_compares: "a release touches only its own lease";
    renewal_compares: "a renewal touches only its own lease";
    delete_voids: "a delete takes the claim with it";
    set_voids: "a set takes the claim with it";
    one_lease: "a lease has one holder";
    looks_again: "the store looks again when it is asked for a lease";
    commit_ends: "a commit ends its lease";
    expiry_frees: "a lease whose time is over can be had again";
    orphans_lapse: "a lease that nobody renews runs out";
    bell_rings: "a delegate hears of a change in the store";
    joins: "a claim joins a flight that is under way";
    tells_value: "those who wait are told the value";
    tells_failure: "those who wait are told of a failure";
    tells_superseded: "those who wait are told that the creation was superseded";
    names_heir: "a creator that goes away names an heir";
    heir_passes_on: "an heir that goes away passes the claim on";
    patient_stay: "who called before the creator began stays through a delete";
    seat_looks_again: "who sits down looks again";
    delete_detaches: "a delete ends the flight of its process";
    says_superseded: "a claim that was superseded before its lease says so";
    gives_back: "the lease of a detached creator is given back";
    leaves_lease: "a creator leaves its lease for an heir";
    limit_passes: "a creator that hangs comes to its limit";
    relieves: "a creator past its limit is relieved by a waiter";
    epoch_before: "a value carries the epoch from before its creator began";
    epochs_rise: "epochs only rise";
    hears_epoch: "a value from before an invalidation is not taken from another call";
    forgets_kept: "what is deleted is not kept for when the store fails";
}
