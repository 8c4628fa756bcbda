//! What is in a folder before it is opened: nothing, a store, or something that must not be used.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::engine::{Engine, Reading};
use crate::entry;
use crate::layout;

/// The engine's file in the folder.
const DATA: &str = "data.mdb";

/// What is wrong with what is in the folder.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Damage {
    /// The engine's file is another program's, or its first pages are destroyed.
    #[error("its first pages are no store's")]
    NoStore,
    /// Another program's data are there, or a store of something else than dogpile.
    #[error("it holds another program's data")]
    Foreign,
    /// It is in a format that this version does not know.
    #[error("it has format {found}, and this version reads {known}")]
    Format {
        /// What the store says.
        found: u32,
        /// What is read here.
        known: u32,
    },
    /// The engine of a version that is not compatible has written it.
    #[error("another version of the engine has written it")]
    Engine,
    /// The file ends before its last page, and something that was there is missing.
    #[error("the file is cut short: {length} bytes of {expected}")]
    Short {
        /// How long the file is.
        length: u64,
        /// How long it should be.
        expected: u64,
    },
}

/// Which file the engine's is, by device and number.
pub(crate) fn data(folder: &Path) -> Option<(u64, u64)> {
    let there = fs::metadata(folder.join(DATA)).ok()?;
    Some((there.dev(), there.ino()))
}

/// How long the engine's file is, if it is there.
pub(crate) fn length(folder: &Path) -> u64 {
    fs::metadata(folder.join(DATA)).map_or(0, |there| there.len())
}

/// Looks at the engine's file before the engine does, which believes what it reads.
///
/// The first two pages say how long the file is and where the rest begins. The engine uses the
/// newer one; it needs both to be there.
pub(crate) fn look(folder: &Path) -> io::Result<Option<Damage>> {
    const MAGIC: [u8; 4] = 0xBEEF_C0DE_u32.to_ne_bytes();
    /// After the header of the page.
    const AT: usize = 16;
    let mut file = match File::open(folder.join(DATA)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let length = file.metadata()?.len();
    if length == 0 {
        return Ok(None);
    }
    let mut pages = vec![0; 2 * page_size()];
    let expected = pages.len() as u64;
    if length < expected {
        return Ok(Some(Damage::Short { length, expected }));
    }
    file.read_exact(&mut pages)?;
    let (one, other) = pages.split_at(page_size());
    let is_meta = |page: &[u8]| page[AT..].starts_with(&MAGIC);
    Ok((!is_meta(one) || !is_meta(other)).then_some(Damage::NoStore))
}

fn page_size() -> usize {
    rustix::param::page_size()
}

/// Whether all that is in the file is there, where it is shorter than its last page says. It may
/// rightly be: the engine does not write pages that are free. Nobody else may have it open.
///
/// What is missing is made zeros first, which are no page; else to look there would end the process.
pub(crate) fn look_for_missing(folder: &Path, engine: &Engine) -> io::Result<Option<Damage>> {
    let file = File::options().write(true).open(folder.join(DATA))?;
    let length = file.metadata()?.len();
    let expected = (engine.last_page() + 1) * page_size() as u64;
    if length >= expected {
        return Ok(None);
    }
    file.set_len(expected)?;
    let whole = engine
        .reading()
        .and_then(|reading| all_can_be_read(&reading));
    if whole.unwrap_or(false) {
        return Ok(None);
    }
    fs::File::set_len(&file, length)?;
    Ok(Some(Damage::Short { length, expected }))
}

fn all_can_be_read(reading: &Reading<'_>) -> heed::Result<bool> {
    for found in reading.all()? {
        let (place, bytes) = found?;
        let is_whole = match place.split_first() {
            Some((b'v', key)) => entry::decode(key, bytes).is_ok(),
            // A long key is in its entry; that it is there at all is enough here.
            Some((b'V', _)) => entry::book(bytes).is_some(),
            _ => true,
        };
        if !is_whole {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What the store says of itself: this, its format, its bound.
const NAME: &[u8; 8] = b"dogpile\0";
/// The format that is written and read.
const FORMAT: u32 = 1;

/// The store's own words about itself.
pub(crate) fn about(most: u64) -> Vec<u8> {
    [&NAME[..], &FORMAT.to_le_bytes(), &most.to_le_bytes()].concat()
}

/// The bound of the store that is here, or nothing if the engine is empty.
pub(crate) fn read_about(reading: &Reading<'_>) -> heed::Result<Result<Option<u64>, Damage>> {
    let Some(about) = reading.get(layout::ABOUT)? else {
        let is_empty = reading.all()?.next().is_none();
        return Ok(if is_empty {
            Ok(None)
        } else {
            Err(Damage::Foreign)
        });
    };
    Ok(understand(about))
}

fn understand(about: &[u8]) -> Result<Option<u64>, Damage> {
    let rest = about.strip_prefix(NAME).ok_or(Damage::Foreign)?;
    let (format, most) = rest.split_first_chunk::<4>().ok_or(Damage::Foreign)?;
    let (found, known) = (u32::from_le_bytes(*format), FORMAT);
    if found != known {
        return Err(Damage::Format { found, known });
    }
    let most = most.try_into().map_err(|_| Damage::Foreign)?;
    Ok(Some(u64::from_le_bytes(most)))
}
