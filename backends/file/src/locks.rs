//! Locks on single bytes of a file, which the kernel frees when their holder dies.
//!
//! A lease's holder locks the byte that its stamp names: as no stamp repeats, nobody ever waits for
//! such a lock; it only shows that the holder lives. A holder that is stopped keeps its lock, so
//! beside it a lease also has an end.
//!
//! These are locks of an open file description (`F_OFD_SETLK`, Linux 3.15): unlike POSIX' own they
//! are not lost when somebody else in the process closes the file. One description never sees its
//! own locks, hence two: one holds, the other asks.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use dogpile_backend::Stamp;

use crate::fork::Inherited;

/// The file's name in the store's folder.
pub(crate) const FILE: &str = "locks";

/// Bytes that are no lease's.
#[derive(Clone, Copy)]
pub(crate) struct OneByte(libc::off_t);

/// Who opens the store or sets it aside: one at a time.
pub(crate) const OPENING: OneByte = OneByte((1 << 62) + 1);
/// Who has it open.
const USING: OneByte = OneByte((1 << 62) + 2);
/// Who writes.
pub(crate) const WRITING: OneByte = OneByte((1 << 62) + 3);
/// Who enters itself among the engine's readers, or looks which of them are dead.
pub(crate) const READERS: OneByte = OneByte((1 << 62) + 4);

pub(crate) struct Locks {
    /// Closes `holding` in a child that is forked from here: it must not keep alive what dies here.
    /// Dropped first, while the file's number is still its own.
    _inherited: Inherited,
    holding: File,
    asking: File,
}

impl Locks {
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        let path = folder.join(FILE);
        let open = || {
            let mut options = OpenOptions::new();
            options.read(true).write(true).create(true).truncate(false);
            options.mode(0o600).open(&path)
        };
        let holding = open()?;
        Ok(Self {
            _inherited: Inherited::new(&holding),
            asking: open()?,
            holding,
        })
    }

    /// Whether the file is still the one in `folder`: that may have been set aside meanwhile.
    pub(crate) fn are_of(&self, folder: &Path) -> bool {
        let there = std::fs::metadata(folder.join(FILE));
        let (Ok(there), Ok(here)) = (there, self.holding.metadata()) else {
            return false;
        };
        (there.dev(), there.ino()) == (here.dev(), here.ino())
    }

    /// Locks what the stamp names; false if the kernel has no room for another lock.
    pub(crate) fn hold(&self, stamp: Stamp) -> bool {
        self.set(libc::F_WRLCK, byte(stamp)).is_ok()
    }

    pub(crate) fn let_go(&self, stamp: Stamp) {
        // Nothing is locked if this fails: the file is open.
        let _ = self.set(libc::F_UNLCK, byte(stamp));
    }

    /// Whether anybody holds it, here or in another process. If the kernel does not say, somebody
    /// does: the lease has an end by itself.
    pub(crate) fn is_held(&self, stamp: Stamp) -> bool {
        self.is_locked(byte(stamp)).unwrap_or(true)
    }

    /// Takes a byte, unless another process has it.
    pub(crate) fn take(&self, byte: OneByte) -> io::Result<bool> {
        match self.set(libc::F_WRLCK, byte.0) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Gives it back.
    pub(crate) fn give_back(&self, byte: OneByte) {
        // Nothing is locked if this fails: the file is open.
        let _ = self.set(libc::F_UNLCK, byte.0);
    }

    /// Whether no process has the store open.
    pub(crate) fn is_unused(&self) -> io::Result<bool> {
        Ok(!self.is_locked(USING.0)?)
    }

    /// Says that this process has it open, until the file is closed.
    pub(crate) fn begin_using(&self) -> io::Result<()> {
        self.set(libc::F_RDLCK, USING.0)
    }

    fn set(&self, kind: libc::c_int, at: libc::off_t) -> io::Result<()> {
        let mut lock = flock(kind, at);
        control(&self.holding, libc::F_OFD_SETLK, &mut lock)
    }

    fn is_locked(&self, at: libc::off_t) -> io::Result<bool> {
        let mut lock = flock(libc::F_WRLCK, at);
        control(&self.asking, libc::F_OFD_GETLK, &mut lock)?;
        Ok(lock.l_type != narrow(libc::F_UNLCK))
    }
}

/// The byte that a lease's stamp names: 62 of its bits, mixed.
fn byte(stamp: Stamp) -> libc::off_t {
    let hash = xxhash_rust::xxh3::xxh3_64(&stamp.number().to_le_bytes());
    (hash >> 2).cast_signed()
}

fn flock(kind: libc::c_int, at: libc::off_t) -> libc::flock {
    libc::flock {
        l_type: narrow(kind),
        l_whence: narrow(libc::SEEK_SET),
        l_start: at,
        l_len: 1,
        // The kernel wants it so for locks of a description.
        l_pid: 0,
    }
}

/// The constants are small; the fields are narrower than their type.
#[allow(clippy::cast_possible_truncation)]
const fn narrow(constant: libc::c_int) -> libc::c_short {
    constant as libc::c_short
}

fn control(file: &File, command: libc::c_int, lock: &mut libc::flock) -> io::Result<()> {
    // SAFETY: the descriptor is open as long as `file` is borrowed, and the kernel reads and writes
    // one `flock` behind the pointer, which `lock` is.
    let done = unsafe { libc::fcntl(file.as_raw_fd(), command, std::ptr::from_mut(lock)) };
    match done {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_seen_by_all_and_ends_with_its_holder() {
        let folder = tempfile::tempdir().expect("a folder");
        let (one, other) = (Locks::open(folder.path()), Locks::open(folder.path()));
        let (one, other) = (one.expect("locks"), other.expect("locks"));
        let stamp = Stamp::new(1 << 100 | 1);
        assert!(!one.is_held(stamp));
        assert!(one.hold(stamp));
        assert!(one.is_held(stamp) && other.is_held(stamp));
        one.let_go(stamp);
        assert!(!one.is_held(stamp) && !other.is_held(stamp));
        assert!(one.hold(stamp));
        drop(one);
        assert!(!other.is_held(stamp));
    }

    #[test]
    fn one_at_a_time_opens_and_a_moved_folder_is_noticed() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("store");
        std::fs::create_dir(&path).expect("a folder");
        let (one, other) = (Locks::open(&path), Locks::open(&path));
        let (one, other) = (one.expect("locks"), other.expect("locks"));
        assert!(one.take(OPENING).expect("asked"));
        assert!(!other.take(OPENING).expect("asked"));
        one.give_back(OPENING);
        assert!(other.take(OPENING).expect("asked"));
        assert!(one.is_unused().expect("asked"));
        other.begin_using().expect("used");
        assert!(!one.is_unused().expect("asked"));
        assert!(one.are_of(&path));
        std::fs::rename(&path, folder.path().join("aside")).expect("moved");
        assert!(!one.are_of(&path));
    }
}
