//! Real access traces: keys of four big-endian bytes, one after the other, plain or compressed by xz.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// The bytes with which every xz file begins.
const XZ_MAGIC: &[u8] = b"\xfd7zXZ\0";

/// Bytes of one key.
const KEY: usize = 4;

/// A sequence of keys that somebody really asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// What it is called in tables and JSON.
    pub name: String,
    /// The keys, in the order in which they were asked for.
    pub keys: Vec<[u8; KEY]>,
    /// How many different keys there are.
    pub distinct: usize,
}

/// Why a trace cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// The file is not to be had.
    #[error("cannot read the trace {}: {source}; name a file of 4-byte big-endian keys, plain or xz", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The compressed data is damaged or cut short.
    #[error("the trace {name} is not whole: {reason}; copy it again")]
    Damaged {
        /// Which trace.
        name: String,
        /// What the decompressor said.
        reason: String,
    },
    /// The last key is not complete.
    #[error(
        "the trace {name} holds {bytes} bytes, which is no multiple of {KEY}: its end is missing, or its keys are not {KEY} bytes long"
    )]
    CutShort {
        /// Which trace.
        name: String,
        /// How long it is, decompressed.
        bytes: usize,
    },
    /// There is nothing in it.
    #[error("the trace {name} is empty; there is nothing to replay")]
    Empty {
        /// Which trace.
        name: String,
    },
}

impl Trace {
    /// The traces that come with the project; `benches/traces/README.md` says whose they are.
    ///
    /// # Errors
    /// If the data in this binary is damaged.
    pub fn bundled() -> Result<Vec<Self>, TraceError> {
        Ok(vec![
            Self::decode("web07", include_bytes!("../../../traces/web07.trace.xz"))?,
            Self::decode("web12", include_bytes!("../../../traces/web12.trace.xz"))?,
        ])
    }

    /// A trace of the user's own.
    ///
    /// # Errors
    /// If the file cannot be read, is damaged, cut short or empty.
    pub fn open(path: &Path) -> Result<Self, TraceError> {
        let bytes = std::fs::read(path).map_err(|source| TraceError::Read {
            path: path.to_owned(),
            source,
        })?;
        let name = path
            .file_name()
            .unwrap_or(path.as_os_str())
            .to_string_lossy();
        Self::decode(name.split('.').next().unwrap_or(&name), &bytes)
    }

    /// Reads `bytes`, decompressing them if they are xz.
    ///
    /// # Errors
    /// If the bytes are damaged, cut short or none.
    pub fn decode(name: &str, bytes: &[u8]) -> Result<Self, TraceError> {
        let name = name.to_owned();
        let plain = if bytes.starts_with(XZ_MAGIC) {
            let mut plain = Vec::new();
            match lzma_rs::xz_decompress(&mut &*bytes, &mut plain) {
                Ok(()) => plain,
                Err(error) => {
                    return Err(TraceError::Damaged {
                        name,
                        reason: format!("{error:?}"),
                    });
                }
            }
        } else {
            bytes.to_vec()
        };
        let (keys, rest) = plain.as_chunks::<KEY>();
        if !rest.is_empty() {
            return Err(TraceError::CutShort {
                name,
                bytes: plain.len(),
            });
        }
        if keys.is_empty() {
            return Err(TraceError::Empty { name });
        }
        let distinct = keys.iter().collect::<HashSet<_>>().len();
        Ok(Self {
            name,
            keys: keys.to_vec(),
            distinct,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundled_traces_are_the_ones_their_readme_describes() {
        let traces = Trace::bundled().expect("they are part of this binary");
        let told: Vec<_> = traces
            .iter()
            .map(|trace| (trace.name.as_str(), trace.keys.len(), trace.distinct))
            .collect();
        assert_eq!(told, [("web07", 76_118, 20_484), ("web12", 95_607, 13_756)]);
    }

    #[test]
    fn a_compressed_trace_cut_anywhere_is_an_error() {
        let whole: &[u8] = include_bytes!("../../../traces/web07.trace.xz");
        for length in [XZ_MAGIC.len(), 100, whole.len() / 2, whole.len() - 1] {
            let cut = Trace::decode("cut", &whole[..length]);
            assert!(
                matches!(cut, Err(TraceError::Damaged { .. })),
                "{length}: {:?}",
                cut.err()
            );
        }
    }

    #[test]
    fn a_plain_trace_is_read_and_a_cut_one_is_an_error() {
        let trace =
            Trace::decode("plain", &[0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 1]).expect("three keys");
        assert_eq!((trace.keys.len(), trace.distinct), (3, 2));
        assert!(matches!(
            Trace::decode("plain", &[0, 0, 0, 1, 9]),
            Err(TraceError::CutShort { bytes: 5, .. })
        ));
        assert!(matches!(
            Trace::decode("plain", &[]),
            Err(TraceError::Empty { .. })
        ));
    }
}
