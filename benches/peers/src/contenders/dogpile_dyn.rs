//! Ours on a third party's backend, which it reaches through the port only.

use std::time::Duration;

use dogpile::Config;
use dogpile::backend::Blocking;

use super::dogpile::region;
use super::plain_map::PlainMap;
use crate::contender::{Contender, HitCall, Stock};

pub(super) struct DogpileDyn;

impl Contender for DogpileDyn {
    fn name(&self) -> &'static str {
        "dogpile dyn"
    }

    fn package(&self) -> &'static str {
        "dogpile"
    }

    fn hits(&self, stock: &Stock) -> Vec<HitCall> {
        let store = Blocking::new(PlainMap::default());
        let region = region(
            "third party",
            Config::new(store).fresh_for(Duration::from_hours(1)),
        );
        for key in stock.keys() {
            // Not stored is not there: the measured call then counts a miss, which fails the run.
            let _ = region.set(key, Stock::value());
        }
        let stock = stock.clone();
        vec![HitCall::cloning(
            "dogpile dyn get_or_create",
            true,
            move |key| {
                region
                    .get_or_create(key, || stock.missed())
                    .unwrap_or_else(|_| stock.missed())
            },
        )]
    }
}
