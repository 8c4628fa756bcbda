//! Values that are compressed before they are stored.

use lz4_flex::block;

use crate::{Codec, CodecError};

/// Which of a codec's schemas are those of compressed values: the highest bit says so.
const COMPRESSED: u32 = 1 << 31;

/// What the first byte says of the rest.
const PLAIN: u8 = 0;
const LZ4: u8 = 1;

/// Below this, a header costs more than compression wins.
const SMALL: usize = 1_024;

/// What one value may be read to, unless it is said otherwise: 64 MiB.
const LARGE: usize = 64 << 20;

/// No block of LZ4 grows by more than this when it is read: each byte of its input says at most 255 of its
/// output.
const MOST_GROWTH: usize = 255;

/// A codec that compresses what another one writes, in LZ4's block format. Feature `lz4`.
///
/// A value's bytes stay plain where they are fewer than [`from_size`](Self::from_size), more than
/// [`at_most`](Self::at_most), or would not become fewer.
///
/// | first byte | then |
/// |---|---|
/// | 0 | the other codec's bytes |
/// | 1 | their number in four bytes, the lowest first; one block of LZ4 |
///
/// What is damaged, or says that it is larger than `at_most` or than its block can be, is a miss as anything
/// unreadable is; memory is asked for only once that is known.
///
/// **Schema**: that of the other codec with the highest bit turned over, so that plain and compressed values are
/// misses for each other and never taken for what they are not. While half of a fleet compresses and half does
/// not, each replaces what the other stored. Python's dogpile.cache cannot read compressed values.
///
/// ```
/// # #[cfg(feature = "json")] {
/// use dogpile_backend::{Codec, Compressed, JsonCodec};
/// let codec = Compressed::new(JsonCodec::new()).from_size(500).at_most(10 << 20);
/// let text = "the same again, ".repeat(1_000);
/// let bytes = codec.encode(&text)?;
/// assert!(bytes.len() < text.len() / 50);
/// let back: String = codec.decode(&bytes)?;
/// assert_eq!(back, text);
/// # }
/// # Ok::<(), dogpile_backend::CodecError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compressed<C> {
    codec: C,
    from: usize,
    at_most: usize,
}

/// Why bytes are no compressed value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum Damaged {
    #[error(
        "it begins with the byte {0:?}, which is neither that of plain nor of compressed values"
    )]
    Kind(Option<u8>),
    #[error("it ends before its length is said")]
    Cut,
    #[error("it says that it is of {said} bytes, and is read to {most} at most")]
    Large { said: usize, most: usize },
    #[error("it says that it is of {said} bytes, and is of {is}")]
    Short { said: usize, is: usize },
}

impl<C> Compressed<C> {
    /// Compresses what `codec` writes, from 1,024 bytes on and up to 64 MiB.
    pub const fn new(codec: C) -> Self {
        Self {
            codec,
            from: SMALL,
            at_most: LARGE,
        }
    }

    /// Compresses values of so many `bytes` and more, as the other codec wrote them.
    #[must_use]
    pub fn from_size(self, bytes: usize) -> Self {
        Self {
            from: bytes,
            ..self
        }
    }

    /// Compresses values of so many `bytes` at most, and reads none that says it is larger: nobody who writes
    /// into the store can make a reader ask for more memory than that.
    #[must_use]
    pub fn at_most(self, bytes: usize) -> Self {
        Self {
            at_most: bytes,
            ..self
        }
    }

    /// The other codec.
    pub const fn codec(&self) -> &C {
        &self.codec
    }

    fn pack(&self, plain: Vec<u8>) -> Vec<u8> {
        let is_wanted = (self.from..=self.at_most).contains(&plain.len());
        let said = u32::try_from(plain.len()).ok().filter(|_| is_wanted);
        let packed = said.map(|said| {
            let mut packed = vec![LZ4];
            packed.extend_from_slice(&said.to_le_bytes());
            packed.extend_from_slice(&block::compress(&plain));
            packed
        });
        match packed {
            Some(packed) if packed.len() <= plain.len() => packed,
            _ => {
                let mut unpacked = plain;
                unpacked.insert(0, PLAIN);
                unpacked
            }
        }
    }

    fn unpack(&self, bytes: &[u8]) -> Result<Vec<u8>, CodecError> {
        let damaged = |why: Damaged| CodecError::Decode(why.into());
        let Some((said, packed)) = bytes.split_first_chunk::<4>() else {
            return Err(damaged(Damaged::Cut));
        };
        let said = usize::try_from(u32::from_le_bytes(*said)).unwrap_or(usize::MAX);
        let most = self.at_most.min(packed.len().saturating_mul(MOST_GROWTH));
        if said > most {
            return Err(damaged(Damaged::Large { said, most }));
        }
        let plain = block::decompress(packed, said);
        let plain = plain.map_err(|error| CodecError::Decode(error.into()))?;
        match plain.len() {
            is if is == said => Ok(plain),
            is => Err(damaged(Damaged::Short { said, is })),
        }
    }
}

impl<V, C: Codec<V>> Codec<V> for Compressed<C> {
    fn encode(&self, value: &V) -> Result<Vec<u8>, CodecError> {
        self.codec.encode(value).map(|plain| self.pack(plain))
    }

    fn decode(&self, bytes: &[u8]) -> Result<V, CodecError> {
        match bytes.split_first() {
            Some((&PLAIN, plain)) => self.codec.decode(plain),
            Some((&LZ4, packed)) => self.codec.decode(&self.unpack(packed)?),
            other => {
                let kind = Damaged::Kind(other.map(|(kind, _)| *kind));
                Err(CodecError::Decode(kind.into()))
            }
        }
    }

    fn schema(&self) -> u32 {
        self.codec.schema() ^ COMPRESSED
    }
}
