//! Each ordering of the core one step weaker, and the fault that a slot can have.

use std::sync::atomic::Ordering;

use dogpile_core::kit::Fault;
use dogpile_model_tests::mutant::{Mutant, Seen, weaker};

use crate::suspect::{Kind, Suspect, What};

/// Those that these doors lead to.
pub(crate) fn suspects(seen: &Seen) -> Vec<Suspect> {
    let of_the_core = |site: &&str| !site.starts_with("model.");
    let sites = seen.sites.iter().filter(|(site, _)| of_the_core(site));
    let mut suspects: Vec<_> = sites
        .flat_map(|(site, asked)| weakened(site, *asked))
        .collect();
    if seen.faults {
        let mutant = Mutant::Fault(Fault::LoseWake);
        suspects.push(Suspect::new(
            Kind::Fault,
            "the last waiter is not woken",
            What::Mutant(mutant),
        ));
    }
    suspects
}

fn weakened(site: &'static str, asked: Ordering) -> impl Iterator<Item = Suspect> {
    weaker(asked).iter().map(move |ordering| {
        let mutant = Mutant::Ordering {
            site,
            ordering: *ordering,
        };
        let name = format!("{site} {asked:?} -> {ordering:?}");
        Suspect::new(Kind::Ordering, &name, What::Mutant(mutant))
    })
}
