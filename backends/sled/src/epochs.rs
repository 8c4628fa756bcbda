//! A region's epochs in the store: a record of their own for each region.
//!
//! ```text
//! checksum 8 | hard 8 | soft 8
//! ```

use dogpile_backend::{
    Bell, Clock, Epoch, EpochStore, Epochs, Invalidation, News, Operation, Reply, StoreError,
    SystemClock, Watch,
};

use crate::entry::{self, Unreadable};
use crate::keyspace::{Step, step};
use crate::store::Sled;
use crate::trouble::{ask, told};

fn read(region: &[u8], bytes: &[u8]) -> Result<Epochs, Unreadable> {
    let rest = entry::checked(region, bytes)?;
    let length = bytes.len();
    let numbers = rest.split_first_chunk::<8>().and_then(|(hard, rest)| {
        let soft = <[u8; 8]>::try_from(rest).ok()?;
        Some((u64::from_be_bytes(*hard), u64::from_be_bytes(soft)))
    });
    let (hard, soft) = numbers.ok_or(Unreadable::Short { length })?;
    Ok(Epochs {
        hard: Epoch::new(hard),
        soft: Epoch::new(soft),
    })
}

fn write(region: &[u8], epochs: Epochs) -> Vec<u8> {
    let (hard, soft) = (epochs.hard.number(), epochs.soft.number());
    let rest = [hard.to_be_bytes(), soft.to_be_bytes()].concat();
    [&entry::sum(region, &rest).to_be_bytes()[..], &rest].concat()
}

impl Sled {
    /// What `found` says. Epochs that cannot be read were raised, nobody knows how far: they are
    /// raised anew, so that what they had ended does not come back.
    fn epochs_in(&self, region: &[u8], found: Option<&[u8]>) -> (Epochs, bool) {
        match found.map(|bytes| read(region, bytes)) {
            None => (Epochs::default(), true),
            Some(Ok(epochs)) => (epochs, true),
            Some(Err(why)) => {
                self.count(region, &why);
                let hard = Epoch::FIRST.raised(SystemClock.wall());
                let soft = Epoch::FIRST;
                (Epochs { hard, soft }, false)
            }
        }
    }

    /// Changes a region's epochs in one atomic step, if `change` changes them, and keeps that
    /// whatever is promised of other writes.
    fn change_epochs(
        &self,
        region: &str,
        change: impl Fn(Epochs) -> Epochs,
    ) -> Result<Epochs, StoreError> {
        let (name, epochs) = (region.as_bytes(), &self.keyspace.epochs);
        let (after, changed) = step(epochs, Operation::Epoch, name, |found| {
            let (before, readable) = self.epochs_in(name, found);
            let after = change(before);
            if after == before && readable {
                Step::Leave((after, false))
            } else {
                Step::Put(Some(write(name, after)), (after, true))
            }
        })?;
        if changed {
            let kept = self.keyspace.engine.flush();
            self.keyspace.about_regions.ring(name, News::Changed);
            kept.map_err(|trouble| told(Operation::Epoch, name, trouble))?;
        }
        Ok(after)
    }
}

impl EpochStore for Sled {
    fn read<'a>(&'a self, region: &'a str) -> Reply<'a, Epochs> {
        let name = region.as_bytes();
        let found = ask(|| self.keyspace.epochs.get(name));
        let found = found.map_err(|trouble| told(Operation::Epoch, name, trouble));
        Reply::ready(match found {
            Ok(found)
                if found
                    .as_deref()
                    .is_none_or(|found| read(name, found).is_ok()) =>
            {
                Ok(self.epochs_in(name, found.as_deref()).0)
            }
            Ok(_) => self.change_epochs(region, |epochs| epochs),
            Err(error) => Err(error),
        })
    }

    fn raise<'a>(&'a self, region: &'a str, how: Invalidation) -> Reply<'a, Epochs> {
        let raised = self.change_epochs(region, |epochs| {
            let next = epochs.current().raised(SystemClock.wall());
            match how {
                Invalidation::Hard => Epochs {
                    hard: next,
                    ..epochs
                },
                Invalidation::Soft => Epochs {
                    soft: next,
                    ..epochs
                },
            }
        });
        Reply::ready(raised)
    }

    fn restore<'a>(&'a self, region: &'a str, known: Epochs) -> Reply<'a, ()> {
        let restored = self.change_epochs(region, |epochs| Epochs {
            hard: epochs.hard.max(known.hard),
            soft: epochs.soft.max(known.soft),
        });
        Reply::ready(restored.map(drop))
    }

    fn watch(&self, region: &str, bell: Bell) -> Option<Watch> {
        Some(self.keyspace.about_regions.watch(region.as_bytes(), bell))
    }
}
