//! Each rule of the modelled worlds switched off: a rule without which nothing breaks says nothing.

use dogpile_model_tests::mutant::{Mutant, Seen};

use crate::suspect::{Kind, Suspect, What};

/// Those that these doors lead to.
pub(crate) fn suspects(seen: &Seen) -> Vec<Suspect> {
    let suspect =
        |name: &&'static str| Suspect::new(Kind::Rule, name, What::Mutant(Mutant::Rule(name)));
    seen.rules.iter().map(suspect).collect()
}
