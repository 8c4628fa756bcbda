//! Whatever bytes stand in a store's files, reading them ends, and what was read is written the same.

use arbitrary::Arbitrary;

/// Bytes that stand in a key's place.
#[derive(Debug, Arbitrary)]
pub struct Input {
    /// The key.
    pub key: Vec<u8>,
    /// Whether they are given the checksum that makes them count.
    pub is_summed: bool,
    /// What stands there.
    pub bytes: Vec<u8>,
}

/// Reads the bytes as the store in a folder does, and as the one on sled.
///
/// # Panics
/// If reading panics, or if what was read is written as something else (law 9: what cannot be read is a
/// typed error).
pub fn check(input: &Input) {
    let Input {
        key,
        is_summed,
        bytes,
    } = input;
    for store in [dogpile_file::inside::again, dogpile_sled::inside::again] {
        let again = store(key, bytes, *is_summed);
        if let Some((read, written)) = again {
            assert_eq!(read, written, "what was read is written the same");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_cut_anywhere_and_changed_anywhere_are_read_or_refused() {
        // Long enough for the headers of both, with a long key's length in it.
        let whole: Vec<u8> = (0..=u8::MAX).collect();
        for key in [&b"key"[..], &[7; 600]] {
            for at in 0..whole.len() {
                for is_summed in [false, true] {
                    for byte in [0, 1, 2, 3, 4, 0x7F, 0x80, 0xFF] {
                        let mut bytes = whole.clone();
                        bytes[at] = byte;
                        let mut input = Input {
                            key: key.to_vec(),
                            is_summed,
                            bytes,
                        };
                        check(&input);
                        input.bytes.truncate(at);
                        check(&input);
                    }
                }
            }
        }
    }
}
