//! Whatever bytes a codec is given, it reads a value or says that they are none; and each value
//! comes back as it was, or is not written (law 9).

use arbitrary::Arbitrary;
use dogpile_backend::{Codec, JsonCodec, PostcardCodec};

/// A value, bytes that may be one, and where a value's bytes are cut.
#[derive(Arbitrary, Clone, Debug)]
pub struct Input {
    value: Value,
    bytes: Vec<u8>,
    cut: u16,
    rest: u8,
}

/// Of every kind that the forms write differently: text, numbers of all sizes, nothing, lists.
type Value = (
    String,
    Vec<i64>,
    Option<(u64, i8)>,
    (bool, char),
    Vec<Option<String>>,
);

/// Reads the bytes, and writes the value.
///
/// # Panics
/// If a codec panics, if a value does not come back as it was, if half a value or one with a rest
/// is taken for a value, or if what was read from any bytes cannot be written and read again.
pub fn check(input: &Input) {
    codec(&JsonCodec::new(), input);
    codec(&PostcardCodec::new(), input);
    float(input);
}

fn codec<C: Codec<Value>>(codec: &C, input: &Input) {
    if let Ok(value) = codec.decode(&input.bytes) {
        assert_eq!(written_and_read(codec, &value).1, value);
    }
    let (mut bytes, value) = written_and_read(codec, &input.value);
    assert_eq!(value, input.value, "a value comes back as it was");
    let cut = usize::from(input.cut) % bytes.len();
    assert!(codec.decode(&bytes[..cut]).is_err(), "half a value is none");
    bytes.push(input.rest);
    let blank = input.rest.is_ascii_whitespace(); // which JSON allows
    assert!(codec.decode(&bytes).is_err() || blank, "a rest is no part");
}

fn written_and_read<C: Codec<V>, V>(codec: &C, value: &V) -> (Vec<u8>, V) {
    let bytes = codec.encode(value);
    let bytes = bytes.unwrap_or_else(|error| panic!("a plain value has a form: {error}"));
    let read = codec.decode(&bytes);
    (
        bytes,
        read.unwrap_or_else(|error| panic!("its own form is read: {error}")),
    )
}

/// Floats by their bits: equality knows two zeros as one, and no number that is none.
fn float(input: &Input) {
    let Some(bits) = input.bytes.first_chunk() else {
        return;
    };
    let number = f64::from_bits(u64::from_le_bytes(*bits));
    let (_, read) = written_and_read(&PostcardCodec::new(), &number);
    assert_eq!(read.to_bits(), number.to_bits(), "bit by bit");
    if number.is_finite() {
        let (_, read) = written_and_read(&JsonCodec::new(), &number);
        assert_eq!(read.to_bits(), number.to_bits(), "to the last digit");
    }
}
