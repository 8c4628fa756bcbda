//! A region's epochs in the store.

use dogpile_backend::{
    Bell, Clock, Epoch, EpochStore, Epochs, Invalidation, Operation, Reply, StoreError,
    SystemClock, Watch,
};

use crate::File;
use crate::entry::checksum;
use crate::layout::{self, Spot};
use crate::trouble::NAME;
use crate::writing::Writing;

/// A checksum of the rest and the region's name, then the hard epoch and the soft one; little-endian. What is not
/// that is damage: nobody knows what had been invalidated.
fn decode(region: &str, bytes: Option<&[u8]>) -> Option<Epochs> {
    let Some(bytes) = bytes else {
        return Some(Epochs::default());
    };
    let bytes: &[u8; 24] = bytes.try_into().ok()?;
    let number = |at: usize| u64::from_le_bytes(std::array::from_fn(|byte| bytes[at + byte]));
    let is_whole = number(0) == checksum(region.as_bytes(), &bytes[8..]);
    is_whole.then(|| Epochs {
        hard: Epoch::new(number(8)),
        soft: Epoch::new(number(16)),
    })
}

fn encode(region: &str, epochs: Epochs) -> [u8; 24] {
    let mut bytes = [0; 24];
    bytes[8..16].copy_from_slice(&epochs.hard.number().to_le_bytes());
    bytes[16..].copy_from_slice(&epochs.soft.number().to_le_bytes());
    let sum = checksum(region.as_bytes(), &bytes[8..]);
    bytes[..8].copy_from_slice(&sum.to_le_bytes());
    bytes
}

/// As if everything had just been invalidated.
fn all_over() -> Epochs {
    let mut epochs = Epochs::default();
    epochs.hard = epochs.hard.raised(SystemClock.wall());
    epochs
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
                let known = decode(region, writing.get(place.as_bytes())?);
                let next = next(known.unwrap_or_else(all_over));
                if known != Some(next) {
                    writing.put(place.as_bytes(), &encode(region, next))?;
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
            .read(|reading| Ok(decode(region, reading.get(place.as_bytes())?)));
        Reply::ready(match read {
            Ok(Some(epochs)) => Ok(epochs),
            Ok(None) => {
                log::error!(
                    "{NAME}: the epochs of {region:?} are damaged: all of its values are invalid"
                );
                self.change_epochs(region, |known| known)
            }
            Err(trouble) => Err(trouble.told(Operation::Epoch, region.as_bytes())),
        })
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
