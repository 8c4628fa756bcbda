//! The value of all programs.

use dogpile::backend::{Codec, CodecError};

use crate::dice::Dice;
use crate::history::Call;

/// A value that shows whether it was published whole: every part follows from the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Whole {
    by: Call,
    is_declined: bool,
    parts: [u64; 6],
}

impl Whole {
    pub(crate) fn new(by: Call, is_declined: bool) -> Self {
        Self {
            by,
            is_declined,
            parts: Self::parts(by),
        }
    }

    fn parts(by: Call) -> [u64; 6] {
        let mut dice = Dice::new(by.into());
        std::array::from_fn(|_| dice.next())
    }

    pub(crate) const fn is_declined(&self) -> bool {
        self.is_declined
    }

    /// Whose value this is.
    pub(crate) fn read(&self) -> Call {
        assert_eq!(
            self.parts,
            Self::parts(self.by),
            "a torn value of #{}",
            self.by
        );
        self.by
    }
}

/// A value as bytes: all of its parts, so that torn ones are seen.
pub(crate) struct WholeCodec;

impl Codec<Whole> for WholeCodec {
    fn encode(&self, value: &Whole) -> Result<Vec<u8>, CodecError> {
        let mut bytes = value.by.to_le_bytes().to_vec();
        bytes.push(value.is_declined.into());
        bytes.extend(value.parts.iter().flat_map(|part| part.to_le_bytes()));
        Ok(bytes)
    }

    fn decode(&self, bytes: &[u8]) -> Result<Whole, CodecError> {
        let length = || CodecError::Decode("a value has 51 bytes".into());
        let bytes: &[u8; 51] = bytes.try_into().map_err(|_| length())?;
        let part = |at: usize| std::array::from_fn(|byte| bytes[3 + 8 * at + byte]);
        Ok(Whole {
            by: Call::from_le_bytes([bytes[0], bytes[1]]),
            is_declined: bytes[2] != 0,
            parts: std::array::from_fn(|at| u64::from_le_bytes(part(at))),
        })
    }
}
