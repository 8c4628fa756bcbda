//! Whatever bytes a byte store holds, reading them ends, and what was read is written the same.

use dogpile_backend::record::{decode, encode};

/// Reads `bytes` as a record; what is one is written down and read again.
///
/// # Panics
/// If reading panics, if the payload is not what follows the first bar, or if writing what was
/// read and reading that gives something else (law 9: what cannot be read is a typed error).
pub fn check(bytes: &[u8]) {
    let Ok(entry) = decode(bytes) else {
        return;
    };
    let payload = bytes.splitn(2, |byte| *byte == b'|').nth(1);
    assert_eq!(payload, Some(&entry.value.bytes[..]), "after the first bar");
    let again = decode(&encode(&entry));
    assert_eq!(again, Ok(entry), "what was read can be written");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_cut_anywhere_and_changed_anywhere_are_read_or_refused() {
        let record = br#"{"ct": 1795316595.841604, "v": 2, "st": "00000000000000000000000000000007", "ep": 7, "sc": 1}|pay|load"#;
        for at in 0..record.len() {
            check(&record[..at]);
            for byte in 0..=u8::MAX {
                let mut changed = record.to_vec();
                changed[at] = byte;
                check(&changed);
            }
        }
    }
}
