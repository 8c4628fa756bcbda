//! Bells: how a process learns of what another does under a key, or of a region's invalidation.
//!
//! Who wants to be told writes its number beside the key, in the store; who changes something there
//! finds it in the same step, so nothing falls between, and sends that process a datagram on the
//! socket that bears its number. One thread of each process that watches listens there, for all of
//! its keys. It also looks every 20 ms whether the holders of the leases that are waited for still
//! live: of a death nobody else tells.

mod ear;
mod ropes;

use std::fs;
use std::io;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dogpile_backend::{Bell, News, Watch};

use crate::layout::{self, Spot};
use crate::opened::Opened;
use crate::trouble::NAME;
use ropes::Ropes;

/// Where the sockets are, in the store's folder.
const FOLDER: &str = "bells";

/// One process is to be told of one spot.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ring {
    pub(crate) spot: Spot,
    pub(crate) who: u64,
    pub(crate) news: Told,
}

/// What is told there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Changed,
    /// The creator of who held the lease failed, and the change of this number ended the lease.
    Failed(u64),
}

impl Told {
    const LENGTH: usize = 8;

    /// No change has the number zero.
    fn bytes(self) -> [u8; Self::LENGTH] {
        match self {
            Self::Changed => [0; Self::LENGTH],
            Self::Failed(change) => change.to_le_bytes(),
        }
    }

    fn of_bytes(bytes: [u8; Self::LENGTH]) -> Self {
        match u64::from_le_bytes(bytes) {
            0 => Self::Changed,
            change => Self::Failed(change),
        }
    }

    /// What that is to a bell that was hung when the next change was the one `since`. A datagram may
    /// come late, and of an older failure only those are told who waited for that creator.
    fn to(self, since: u64) -> News {
        match self {
            Self::Failed(change) if change >= since => News::Failed,
            Self::Failed(_) | Self::Changed => News::Changed,
        }
    }
}

pub(crate) struct Bells {
    /// Kept open, so that sockets have short names however long the folder's is.
    folder: fs::File,
    /// This process's number.
    who: u64,
    sender: UnixDatagram,
    ropes: Arc<Ropes>,
}

impl Bells {
    pub(crate) fn new(store: &Path, who: u64) -> io::Result<Self> {
        let folder = store.join(FOLDER);
        fs::create_dir_all(&folder)?;
        let sender = UnixDatagram::unbound()?;
        // Nobody waits for a process that has stopped and does not listen.
        sender.set_nonblocking(true)?;
        Ok(Self {
            folder: fs::File::open(folder)?,
            who,
            sender,
            ropes: Arc::default(),
        })
    }

    /// The socket of a process. A name of a socket has room for 107 bytes, a folder's for thousands.
    fn socket(&self, who: u64) -> PathBuf {
        use std::os::fd::AsRawFd;
        format!("/proc/self/fd/{}/{who:016x}", self.folder.as_raw_fd()).into()
    }

    /// Rings `bell` for what happens at `spot`, until the watch is dropped. `key` is what a lease
    /// there is for, whose holder's death is looked for. Nothing if this process cannot be told.
    pub(crate) fn watch(
        &self,
        opened: &Arc<Opened>,
        spot: Spot,
        key: Option<&[u8]>,
        bell: Bell,
    ) -> Option<Watch> {
        self.ropes
            .begin_listening(|| ear::listen(self, opened))
            .ok()?;
        if !self.socket(self.who).exists() {
            // Somebody has tidied up: nobody can be told here any more.
            return None;
        }
        let (number, is_first_key) = self.ropes.hang(spot, key, bell);
        if is_first_key {
            // It may be asleep until it hears something, and has to look whether a holder lives.
            self.nudge();
        }
        let place = layout::watcher(spot, self.who);
        let noted = opened.write(|writing| {
            if writing.get(&place)?.is_none() {
                writing.put(&place, &[])?;
            }
            Ok(writing.changes.number())
        });
        match noted {
            Ok(change) => self.ropes.hangs_since(spot, number, change),
            Err(trouble) => {
                log::warn!("{NAME}: nobody can be asked to ring: {trouble}");
                self.ropes.take_down(spot, number);
                return None;
            }
        }
        // The note in the store stays until somebody rings for nothing: this does no I/O.
        let ropes = Arc::clone(&self.ropes);
        Some(Watch::new(move || ropes.take_down(spot, number)))
    }

    /// Whether somebody listens for who has left its note at `place`.
    pub(crate) fn has_an_ear(&self, place: &[u8]) -> bool {
        match (layout::who(place), layout::spot(place)) {
            (Some(who), Some(spot)) if who == self.who => self.ropes.hang_at(spot),
            (Some(who), _) => self.socket(who).exists(),
            (None, _) => false,
        }
    }

    /// Has the listener look up.
    fn nudge(&self) {
        // Where too much has come at once it looks up anyway.
        let _ = self.sender.send_to(&[], self.socket(self.who));
    }

    /// Rings, after the change has been made.
    pub(crate) fn ring(&self, opened: &Opened, rings: &[Ring]) {
        for ring in rings {
            let hears = if ring.who == self.who {
                self.ropes.ring(ring.spot, ring.news)
            } else {
                self.send(*ring)
            };
            if !hears {
                forget(opened, *ring);
            }
        }
    }

    /// Whether somebody is there to hear it.
    fn send(&self, ring: Ring) -> bool {
        let mut words = [0; Spot::LENGTH + Told::LENGTH];
        words[..Spot::LENGTH].copy_from_slice(ring.spot.bytes());
        words[Spot::LENGTH..].copy_from_slice(&ring.news.bytes());
        let socket = self.socket(ring.who);
        match self.sender.send_to(&words, &socket) {
            Err(error) if is_dead(&error) => {
                // Its owner will not come back; another may have been faster.
                let _ = fs::remove_file(&socket);
                false
            }
            // Where too much has come at once, the listener rings for everything.
            _ => true,
        }
    }
}

fn is_dead(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
    )
}

/// Removes the note of somebody who does not listen there any more.
fn forget(opened: &Opened, ring: Ring) {
    let place = layout::watcher(ring.spot, ring.who);
    let forgotten = opened.write(|writing| {
        // Whoever has hung up a bell here meanwhile has found the note and relies on it.
        let is_wanted = ring.who == opened.bells.who && opened.bells.ropes.hang_at(ring.spot);
        if !is_wanted {
            writing.remove(&place)?;
        }
        Ok(())
    });
    if let Err(trouble) = forgotten {
        log::debug!("{NAME}: a note of one who watches no longer stays: {trouble}");
    }
}

/// Removes the sockets that are left of processes that are gone.
pub(crate) fn clear(opened: &Opened) {
    let folder = opened.bells.socket(0);
    let Some(sockets) = folder.parent().and_then(|folder| fs::read_dir(folder).ok()) else {
        return;
    };
    for socket in sockets.flatten() {
        // What stays is found by whoever rings there.
        let _ = fs::remove_file(socket.path());
    }
}

impl Drop for Bells {
    fn drop(&mut self) {
        // The listener looks up, finds nothing to listen for, and ends.
        if self.ropes.is_listened_to() {
            self.nudge();
        }
    }
}
