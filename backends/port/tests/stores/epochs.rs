//! The epochs of the store that can be wrong.

use super::leasing::Leasing;
use super::wrong::Wrong;
use dogpile_backend::{EpochStore, Epochs, Invalidation, Reply, Time};

impl<V: Clone + Send + Sync + 'static> EpochStore for Leasing<V> {
    fn read<'a>(&'a self, region: &'a str) -> Reply<'a, Epochs> {
        Reply::ok(
            self.state()
                .epochs
                .get(self.region(region))
                .copied()
                .unwrap_or_default(),
        )
    }

    fn raise<'a>(&'a self, region: &'a str, how: Invalidation) -> Reply<'a, Epochs> {
        let region = self.region(region);
        let mut state = self.state();
        let mut epochs = state.epochs.get(region).copied().unwrap_or_default();
        if self.is(Wrong::LosesInvalidations) {
            drop(state);
            self.let_others_in();
            state = self.state();
        }
        if self.is(Wrong::ForgetsEpochs) {
            epochs = Epochs::default();
        }
        let raised = epochs.current().raised(Time::ZERO);
        if how == Invalidation::Hard || self.is(Wrong::MixesEpochs) {
            epochs.hard = raised;
        }
        if how == Invalidation::Soft || self.is(Wrong::MixesEpochs) {
            epochs.soft = raised;
        }
        state.epochs.insert(region.to_owned(), epochs);
        Reply::ok(epochs)
    }
}

impl<V: Clone + Send + Sync + 'static> Leasing<V> {
    fn region<'a>(&self, region: &'a str) -> &'a str {
        if self.is(Wrong::SharesEpochs) {
            ""
        } else {
            region
        }
    }
}
