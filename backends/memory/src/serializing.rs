//! Memory that holds bytes, so that nobody shares a value.

use dogpile_backend::{Encoded, Payload};

use crate::Memory;

/// A store of encoded values: see [`Memory::serializing`].
pub type SerializingMemory<C> = Encoded<Memory<Payload>, C>;

impl Memory<Payload> {
    /// A store that keeps values as `codec` encodes them, in this memory.
    ///
    /// Every read decodes a copy. So a value with parts that can be changed through a shared
    /// reference (a lock, a cell) is not changed in the store by whoever got it, values need not be
    /// `Clone` to be stored, and a weigher weighs real bytes. It is far slower than memory that shares
    /// values, and meant for such types, or to try what another byte store would do.
    ///
    /// ```
    /// # use dogpile_backend::{Codec, CodecError};
    /// use dogpile_memory::{Memory, SerializingMemory};
    /// # struct Utf8;
    /// # impl Codec<String> for Utf8 {
    /// #     fn encode(&self, text: &String) -> Result<Vec<u8>, CodecError> { Ok(text.clone().into()) }
    /// #     fn decode(&self, bytes: &[u8]) -> Result<String, CodecError> {
    /// #         String::from_utf8(bytes.to_vec()).map_err(|why| CodecError::Decode(why.into()))
    /// #     }
    /// # }
    /// let bytes = |_: &[u8], payload: &dogpile_backend::Payload| {
    ///     u32::try_from(payload.bytes.len()).unwrap_or(u32::MAX)
    /// };
    /// let store: SerializingMemory<Utf8> = Memory::weighted(64 << 20, bytes).serializing(Utf8);
    /// ```
    pub fn serializing<C>(self, codec: C) -> SerializingMemory<C> {
        Encoded::new(self, codec)
    }
}
