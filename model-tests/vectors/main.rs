//! The vectors: what the production code answers, written down for whoever ports it.
//!
//! Each module asks one part of the product every question of its kind and gathers the answers in a
//! [`File`]. The tests compare that with the committed `*.json`, so the files say what the code does,
//! today. `DOGPILE_VECTORS=write cargo test -p dogpile-vectors --test vectors` writes them anew;
//! the difference is then a change of behaviour to look at. `README.md` beside this says what is in
//! them, and `schema.json`, in a machine's words, what they look like.

mod epochs;
mod file;
mod flow;
mod freshness;
mod keys;
mod records;
mod regions;
mod schema;
mod time;
mod word;

use dogpile_proof::{Property, Tool, shown};

#[test]
fn time_json_says_what_the_code_does() {
    time::file().check();
}

#[test]
fn transitions_json_says_what_the_code_does() {
    word::transitions().check();
}

#[test]
fn claim_numbers_json_says_what_the_code_does() {
    word::claim_numbers().check();
}

#[test]
fn freshness_json_says_what_the_code_does() {
    freshness::file().check();
}

#[test]
fn epochs_json_says_what_the_code_does() {
    epochs::file().check();
}

#[test]
fn flow_json_says_what_the_code_does() {
    flow::file().check();
}

#[test]
fn records_json_says_what_the_code_does() {
    records::file().check();
}

#[test]
fn keys_json_says_what_the_code_does() {
    keys::file().check();
}

#[test]
fn regions_json_says_what_the_code_does() {
    regions::file().check();
}

/// Every cell with every relation between the claim that is named and the word's: whoever was
/// superseded changes nothing, and each new creator's number is the next one.
#[test]
fn claim_numbers_hold_in_every_cell() {
    let told = word::claims();
    shown(
        Property::TokensNeverRepeat,
        Tool::Vectors,
        "every cell of the table: each claim has the next of 2^61 numbers, and no step goes back",
        told.cells,
        told.new_creators,
    );
    shown(
        Property::SupersededNeverPublishes,
        Tool::Vectors,
        "every cell of the table: a claim with another number than the word's changes nothing",
        told.cells,
        told.superseded,
    );
}

/// Every verdict beside what the policy promises in words, reckoned without the code's own sums.
#[test]
fn stale_values_are_within_their_policy() {
    let (verdicts, stale) = freshness::within_policy();
    shown(
        Property::StaleOnlyWhereAllowed,
        Tool::Vectors,
        "verdicts at every boundary of age, skew and epochs",
        verdicts,
        stale,
    );
}
