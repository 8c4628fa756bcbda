//! The conformance suite before stores that are each wrong in one way: it refuses each, and each of
//! its checks is needed to refuse one.

use dogpile_backend::Blocking;
use dogpile_backend::conformance::{Suite, names};

use crate::stores::found_by::{FOUND_BY, suite};
use crate::stores::in_place::{Shared, WRITES_IN_PLACE, WritesInPlace};
use crate::stores::wrong::Wrong;
use crate::suspect::{Kind, Suspect, What};

/// The store that stands beside the table, for it holds values of another type.
const BESIDE: usize = usize::MAX;

/// Every faulty store, and every check.
pub(crate) fn suspects() -> Vec<Suspect> {
    let faults = FOUND_BY.iter().enumerate();
    let stores = faults.map(|(at, (wrong, _))| (format!("{wrong:?}"), at));
    let stores = stores.chain([("WritesInPlace".to_owned(), BESIDE)]);
    let stores = stores.map(|(name, at)| Suspect::new(Kind::Store, &name, What::Store(at)));
    let checks = names().map(|name| Suspect::new(Kind::Check, name, What::Check(name)));
    stores.chain(checks).collect()
}

/// What is red of a store that is right, if anything is.
pub(crate) fn baseline() -> Option<String> {
    let report = suite(Wrong::Nothing).run();
    (!report.failures().is_empty()).then(|| report.to_string())
}

/// The check that refuses the store.
pub(crate) fn refusal(store: usize) -> Option<&'static str> {
    let Some((wrong, checks)) = FOUND_BY.get(store) else {
        return is_red_in_place().then_some(WRITES_IN_PLACE);
    };
    checks
        .iter()
        .find(|check| suite(*wrong).run_one(check).has_failed(check))
        .copied()
}

/// The store that needs the check.
pub(crate) fn need(check: &'static str) -> Option<String> {
    if check == WRITES_IN_PLACE {
        return is_red_in_place().then(|| "WritesInPlace".to_owned());
    }
    let mut faults = FOUND_BY
        .iter()
        .filter(|(_, checks)| checks.contains(&check));
    let needs = faults.find(|(wrong, _)| suite(*wrong).run_one(check).has_failed(check));
    needs.map(|(wrong, _)| format!("{wrong:?}"))
}

fn is_red_in_place() -> bool {
    let suite = Suite::<Shared>::new(|| Blocking::new(WritesInPlace::default()));
    suite.run_one(WRITES_IN_PLACE).has_failed(WRITES_IN_PLACE)
}
