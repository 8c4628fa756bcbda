//! A region's epochs in the store.

use dogpile_backend::{
    Bell, Clock, Epoch, EpochStore, Epochs, Invalidation, Operation, Reply, StoreError,
    SystemClock, Watch,
};

use crate::File;
use crate::layout::{self, Spot};
use crate::trouble::Trouble;
use crate::writing::Writing;

/// Two numbers, the hard epoch and the soft one, little-endian. What is not that is nothing.
fn decode(bytes: Option<&[u8]>) -> Epochs {
    let both = bytes.and_then(|bytes| {
        let (hard, soft) = bytes.split_first_chunk::<8>()?;
        Some((hard, <&[u8; 8]>::try_from(soft).ok()?))
    });
    both.map_or_else(Epochs::default, |(hard, soft)| Epochs {
        hard: Epoch::new(u64::from_le_bytes(*hard)),
        soft: Epoch::new(u64::from_le_bytes(*soft)),
    })
}

fn encode(epochs: Epochs) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&epochs.hard.number().to_le_bytes());
    bytes[8..].copy_from_slice(&epochs.soft.number().to_le_bytes());
    bytes
}

impl File {
    /// Puts what `next` makes of the epochs in their place, unless that is what they are.
    fn change_epochs(
        &self,
        region: &str,
        next: impl Fn(Epochs) -> Epochs,
    ) -> Result<Epochs, StoreError> {
        let place = layout::epochs(region);
        self.change(
            Operation::Epoch,
            region.as_bytes(),
            |writing: &mut Writing<'_>| {
                let known = decode(writing.get(place.as_bytes())?);
                let next = next(known);
                if next != known {
                    writing.put(place.as_bytes(), &encode(next))?;
                    writing.tell_of_epochs(region)?;
                }
                Ok(next)
            },
        )
    }
}

impl EpochStore for File {
    fn read<'a>(&'a self, region: &'a str) -> Reply<'a, Epochs> {
        let place = layout::epochs(region);
        let read = self
            .place
            .read(|reading| Ok(decode(reading.get(place.as_bytes())?)));
        let told = |trouble: Trouble| trouble.told(Operation::Epoch, region.as_bytes());
        Reply::ready(read.map_err(told))
    }

    fn raise<'a>(&'a self, region: &'a str, how: Invalidation) -> Reply<'a, Epochs> {
        let now = SystemClock.wall();
        Reply::ready(self.change_epochs(region, |mut known| {
            let raised = known.current().raised(now);
            match how {
                Invalidation::Hard => known.hard = raised,
                Invalidation::Soft => known.soft = raised,
            }
            known
        }))
    }

    fn restore<'a>(&'a self, region: &'a str, known: Epochs) -> Reply<'a, ()> {
        let restored = self.change_epochs(region, |stored| Epochs {
            hard: stored.hard.max(known.hard),
            soft: stored.soft.max(known.soft),
        });
        Reply::ready(restored.map(drop))
    }

    fn watch(&self, region: &str, bell: Bell) -> Option<Watch> {
        self.place.watch(Spot::of_epochs(region), None, bell)
    }
}
