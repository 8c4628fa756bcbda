//! Each invariant of the models saying the contrary: one that is asked nowhere would survive.

use dogpile_model_tests::mutant::{Mutant, Seen};

use crate::suspect::{Kind, Suspect, What};

/// Those that these doors lead to.
pub(crate) fn suspects(seen: &Seen) -> Vec<Suspect> {
    let suspect = |name: &&'static str| {
        Suspect::new(Kind::Invariant, name, What::Mutant(Mutant::Invariant(name)))
    };
    seen.invariants.iter().map(suspect).collect()
}
