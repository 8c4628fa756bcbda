//! Base64 as the server reads keys in it: the standard alphabet, padded.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// How long `length` bytes are once encoded.
pub(crate) const fn encoded_length(length: usize) -> usize {
    length.div_ceil(3) * 4
}

/// Appends `bytes`, encoded, to `out`.
pub(super) fn encode(bytes: &[u8], out: &mut Vec<u8>) {
    for group in bytes.chunks(3) {
        let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4_usize {
            let sextet = bits >> (18 - 6 * digit) & 63;
            out.push(if digit <= group.len() {
                ALPHABET[sextet as usize]
            } else {
                b'='
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_standard() {
        for (plain, wanted) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foobar", "Zm9vYmFy"),
        ] {
            let mut encoded = Vec::new();
            encode(plain.as_bytes(), &mut encoded);
            assert_eq!(encoded, wanted.as_bytes());
            assert_eq!(encoded.len(), encoded_length(plain.len()));
        }
        let mut encoded = Vec::new();
        encode(&[0xff, 0xfe, 0xfd, 0xfb], &mut encoded);
        assert_eq!(encoded, b"//79+w==");
    }
}
