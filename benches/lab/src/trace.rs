//! Recorded accesses: a file of 4-byte big-endian keys, plain or xz.
//!
//! web12 is part of the program (see `benches/traces/README.md` for whose it is), so the main job needs
//! no file and no network.

use std::path::Path;

use crate::error::LabError;

/// The name of the trace that is part of the program.
pub(crate) const BUNDLED: &str = "web12";
const WEB12: &[u8] = include_bytes!("../../traces/web12.trace.xz");
const XZ_MAGIC: &[u8] = &[0xfd, b'7', b'z', b'X', b'Z', 0];

/// Reads the bundled trace by its name, anything else as a path.
///
/// # Errors
/// A file that cannot be read, is empty, is cut short or is broken xz.
pub(crate) fn load(name: &str) -> Result<Vec<u32>, LabError> {
    if name == BUNDLED {
        return decode(name, WEB12);
    }
    let path = Path::new(name);
    let bytes = std::fs::read(path).map_err(|source| LabError::File {
        action: "read",
        path: path.into(),
        source,
    })?;
    decode(name, &bytes)
}

fn decode(name: &str, bytes: &[u8]) -> Result<Vec<u32>, LabError> {
    if bytes.starts_with(XZ_MAGIC) {
        let mut plain = Vec::new();
        lzma_rs::xz_decompress(&mut &*bytes, &mut plain).map_err(|error| {
            LabError::TraceBroken {
                name: name.into(),
                message: format!("{error:?}"),
            }
        })?;
        keys(name, &plain)
    } else {
        keys(name, bytes)
    }
}

fn keys(name: &str, plain: &[u8]) -> Result<Vec<u32>, LabError> {
    let (whole, rest) = plain.as_chunks::<4>();
    if !rest.is_empty() {
        return Err(LabError::TraceCutShort {
            name: name.into(),
            bytes: plain.len(),
        });
    }
    if whole.is_empty() {
        return Err(LabError::TraceEmpty { name: name.into() });
    }
    Ok(whole.iter().map(|key| u32::from_be_bytes(*key)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundled_trace_is_whole() {
        let keys = load(BUNDLED).expect("bundled");
        let distinct: std::collections::HashSet<_> = keys.iter().collect();
        assert_eq!((keys.len(), distinct.len()), (95_607, 13_756));
    }

    #[test]
    fn plain_keys_are_big_endian() {
        assert_eq!(
            decode("t", &[0, 0, 1, 2, 0, 0, 0, 7]).expect("whole"),
            [258, 7]
        );
    }

    #[test]
    fn every_cut_of_an_xz_trace_is_an_error() {
        let step = WEB12.len() / 40;
        for end in (XZ_MAGIC.len()..WEB12.len())
            .step_by(step)
            .chain([WEB12.len() - 1])
        {
            let cut = decode("cut", &WEB12[..end]);
            assert!(
                matches!(cut, Err(LabError::TraceBroken { .. })),
                "cut at {end}: {cut:?}"
            );
        }
    }

    #[test]
    fn a_broken_number_of_bytes_and_nothing_at_all_are_errors() {
        assert!(matches!(
            decode("t", &[0; 7]),
            Err(LabError::TraceCutShort { bytes: 7, .. })
        ));
        assert!(matches!(decode("t", &[]), Err(LabError::TraceEmpty { .. })));
        assert!(matches!(load("/no/such/file"), Err(LabError::File { .. })));
    }
}
