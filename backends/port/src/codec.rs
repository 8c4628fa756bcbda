//! How a value becomes bytes and comes back.

use std::error::Error as StdError;

/// Turns values into bytes and back. What it cannot read is a miss, never a crash: bytes from a store
/// may be anybody's.
pub trait Codec<V>: Send + Sync + 'static {
    /// `value` as bytes.
    ///
    /// # Errors
    /// When the value has no form in bytes.
    fn encode(&self, value: &V) -> Result<Vec<u8>, CodecError>;

    /// The value that `bytes` are the form of.
    ///
    /// # Errors
    /// When they are no value's form.
    fn decode(&self, bytes: &[u8]) -> Result<V, CodecError>;

    /// The user's number for the form of `V`: raise it when the type changes, and values of the old
    /// form are misses instead of being taken for the new one. Python's records have 0.
    fn schema(&self) -> u32 {
        0
    }
}

/// A value that could not be turned into bytes, or bytes that are no value.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CodecError {
    /// The value has no form in bytes.
    #[error("the value cannot be encoded: {0}")]
    Encode(#[source] Box<dyn StdError + Send + Sync>),
    /// The bytes are no value of this type.
    #[error("the stored bytes are no value of this type: {0}")]
    Decode(#[source] Box<dyn StdError + Send + Sync>),
    /// The bytes are a value's of another schema.
    #[error("the stored value has schema {found}, not {wanted}")]
    Schema {
        /// The schema of what is stored.
        found: u32,
        /// The codec's own.
        wanted: u32,
    },
}

/// Values as JSON, which Python's services read too. Feature `json`.
///
/// What it cannot read it tells by kind and place, and never quotes: a value may be a secret.
///
/// ```
/// use dogpile_backend::{Codec, JsonCodec};
/// let codec = JsonCodec::new();
/// let bytes = codec.encode(&vec![1, 2])?;
/// assert_eq!(bytes, b"[1,2]");
/// let back: Vec<u8> = codec.decode(&bytes)?;
/// assert_eq!(back, [1, 2]);
/// # Ok::<(), dogpile_backend::CodecError>(())
/// ```
#[cfg(feature = "json")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JsonCodec {
    schema: u32,
}

#[cfg(feature = "json")]
impl JsonCodec {
    /// The codec for schema 0.
    pub const fn new() -> Self {
        Self { schema: 0 }
    }

    /// The codec for another schema.
    #[must_use]
    pub const fn with_schema(self, schema: u32) -> Self {
        Self { schema }
    }
}

#[cfg(feature = "json")]
impl<V: serde::Serialize + serde::de::DeserializeOwned> Codec<V> for JsonCodec {
    fn encode(&self, value: &V) -> Result<Vec<u8>, CodecError> {
        serde_json::to_vec(value).map_err(|error| CodecError::Encode(error.into()))
    }

    fn decode(&self, bytes: &[u8]) -> Result<V, CodecError> {
        serde_json::from_slice(bytes).map_err(|error| CodecError::Decode(unquoted(&error).into()))
    }

    fn schema(&self) -> u32 {
        self.schema
    }
}

/// What is wrong, and where. The library's own words quote what it found.
#[cfg(feature = "json")]
fn unquoted(error: &serde_json::Error) -> String {
    use serde_json::error::Category;
    let what = match error.classify() {
        Category::Data => "JSON, and not what the type takes",
        Category::Eof => "JSON that ends too early",
        Category::Syntax | Category::Io => "no JSON",
    };
    let (line, column) = (error.line(), error.column());
    format!("{what} (line {line}, column {column})")
}

/// Values in postcard's form: small and fast, for Rust only. The form does not describe itself, so a
/// type that changes wants a new schema. Feature `postcard`.
///
/// ```
/// use dogpile_backend::{Codec, PostcardCodec};
/// let codec = PostcardCodec::new();
/// let bytes = codec.encode(&("answer".to_owned(), 42_u64))?;
/// assert_eq!(bytes.len(), 8);
/// let back: (String, u64) = codec.decode(&bytes)?;
/// assert_eq!(back.1, 42);
/// # Ok::<(), dogpile_backend::CodecError>(())
/// ```
#[cfg(feature = "postcard")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PostcardCodec {
    schema: u32,
}

#[cfg(feature = "postcard")]
impl PostcardCodec {
    /// The codec for schema 0.
    pub const fn new() -> Self {
        Self { schema: 0 }
    }

    /// The codec for another schema.
    #[must_use]
    pub const fn with_schema(self, schema: u32) -> Self {
        Self { schema }
    }
}

#[cfg(feature = "postcard")]
impl<V: serde::Serialize + serde::de::DeserializeOwned> Codec<V> for PostcardCodec {
    fn encode(&self, value: &V) -> Result<Vec<u8>, CodecError> {
        postcard::to_stdvec(value).map_err(|error| CodecError::Encode(error.into()))
    }

    fn decode(&self, bytes: &[u8]) -> Result<V, CodecError> {
        match postcard::take_from_bytes(bytes) {
            Ok((value, [])) => Ok(value),
            Ok((_, rest)) => {
                let error = format!("{} bytes too many", rest.len());
                Err(CodecError::Decode(error.into()))
            }
            Err(error) => Err(CodecError::Decode(error.into())),
        }
    }

    fn schema(&self) -> u32 {
        self.schema
    }
}

#[cfg(all(test, feature = "json", feature = "postcard"))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Value = (String, Option<f64>, Vec<i64>);

    fn same<C: Codec<Value>>(codec: &C, value: &Value) {
        let bytes = codec.encode(value).expect("encodable");
        assert_eq!(&codec.decode(&bytes).expect("readable"), value);
        let (longer, shorter) = ([&bytes[..], b"x"].concat(), &bytes[..bytes.len() - 1]);
        assert!(
            codec.decode(&longer).is_err(),
            "a rest is no part of a value"
        );
        assert!(codec.decode(shorter).is_err(), "half a value is none");
    }

    #[test]
    fn law_9_what_json_cannot_read_is_told_by_kind_and_place_and_never_quoted() {
        let told = |bytes: &[u8]| {
            let error =
                Codec::<Vec<u64>>::decode(&JsonCodec::new(), bytes).expect_err("unreadable");
            format!("{error} {error:?}")
        };
        for (bytes, kind, place) in [
            (
                "[1, \"secret\"]",
                "not what the type takes",
                "line 1, column 12",
            ),
            ("{\"secret\": 1}", "not what the type takes", "line 1"),
            ("[1,\n secret]", "no JSON", "line 2, column 2"),
            ("[1", "ends too early", "line 1, column 2"),
        ] {
            let told = told(bytes.as_bytes());
            assert!(told.contains(kind) && told.contains(place), "{told}");
            assert!(!told.contains("secret"), "{told}");
        }
    }

    proptest! {
        #[test]
        fn values_come_back_as_they_were(text: String, number in prop::option::of(-1e9..1e9_f64), list: Vec<i64>) {
            let value = (text, number, list);
            same(&JsonCodec::new(), &value);
            same(&PostcardCodec::new(), &value);
        }

        #[test]
        fn law_9_no_bytes_make_a_codec_panic(bytes: Vec<u8>) {
            let _ = Codec::<Value>::decode(&JsonCodec::new(), &bytes);
            let _ = Codec::<Value>::decode(&PostcardCodec::new(), &bytes);
        }
    }
}
