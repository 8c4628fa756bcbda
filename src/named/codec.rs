//! How values are written in stores of bytes, by words.

use dogpile_backend::{Codec, CodecError, JsonCodec};

use super::SettingsError;
use super::words::Words;

const COMPRESS: &str = "compress_from";

/// JSON, compressed where the words say so.
#[derive(Clone, Copy)]
pub(super) enum Written {
    Plain(JsonCodec),
    #[cfg(feature = "lz4")]
    Compressed(dogpile_backend::Compressed<JsonCodec>),
}

impl Written {
    pub(super) fn of(words: &mut Words, backend: &str) -> Result<Self, SettingsError> {
        let schema = words.number("schema")?.unwrap_or(0);
        let json = JsonCodec::new().with_schema(schema);
        let Some(bytes) = words.size(COMPRESS)? else {
            return Ok(Self::Plain(json));
        };
        if backend == "memory" {
            let key = words.full(COMPRESS);
            return Err(SettingsError::Together {
                what: format!("values in memory are not bytes: leave `{key}` out"),
            });
        }
        Self::compressed(words, json, bytes)
    }

    #[cfg(feature = "lz4")]
    #[allow(clippy::unnecessary_wraps)] // a build without it cannot
    fn compressed(_: &Words, json: JsonCodec, bytes: u64) -> Result<Self, SettingsError> {
        let codec = dogpile_backend::Compressed::new(json);
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        Ok(Self::Compressed(codec.from_size(bytes)))
    }

    #[cfg(not(feature = "lz4"))]
    fn compressed(words: &Words, _: JsonCodec, _: u64) -> Result<Self, SettingsError> {
        let key = words.full(COMPRESS);
        Err(SettingsError::Together {
            what: format!("`{key}` is not built in; turn on the feature `lz4` of dogpile"),
        })
    }
}

impl<V> Codec<V> for Written
where
    JsonCodec: Codec<V>,
{
    fn encode(&self, value: &V) -> Result<Vec<u8>, CodecError> {
        match self {
            Self::Plain(codec) => codec.encode(value),
            #[cfg(feature = "lz4")]
            Self::Compressed(codec) => codec.encode(value),
        }
    }

    fn decode(&self, bytes: &[u8]) -> Result<V, CodecError> {
        match self {
            Self::Plain(codec) => codec.decode(bytes),
            #[cfg(feature = "lz4")]
            Self::Compressed(codec) => codec.decode(bytes),
        }
    }

    fn schema(&self) -> u32 {
        match self {
            Self::Plain(codec) => Codec::<V>::schema(codec),
            #[cfg(feature = "lz4")]
            Self::Compressed(codec) => Codec::<V>::schema(codec),
        }
    }
}
