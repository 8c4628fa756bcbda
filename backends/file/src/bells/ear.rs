//! The thread that listens for a process.

use std::fs;
use std::io;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use super::{Bells, Ring, Told, forget};
use crate::claim::Claim;
use crate::layout::{self, Spot};
use crate::opened::Opened;

/// How often it is looked whether the holders of leases that are waited for live.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// How many datagrams the kernel keeps for one socket where it does not say.
const KEPT: usize = 10;

/// Begins to listen, until the store is closed.
pub(super) fn listen(bells: &Bells, opened: &Arc<Opened>) -> io::Result<()> {
    let path = bells.socket(bells.who);
    // Two openings never have one number, but one opening may begin twice.
    let _ = fs::remove_file(&path);
    let socket = UnixDatagram::bind(&path)?;
    let ear = Ear {
        // The folder's own descriptor may be gone when this ends.
        path: fs::canonicalize(&path)?,
        socket,
        kept: datagrams_kept(),
        opened: Arc::downgrade(opened),
    };
    thread::Builder::new()
        .name("dogpile-file".into())
        .spawn(move || ear.listen())
        .map(drop)
}

fn datagrams_kept() -> usize {
    let told = fs::read_to_string("/proc/sys/net/unix/max_dgram_qlen");
    told.ok()
        .and_then(|told| told.trim().parse().ok())
        .unwrap_or(KEPT)
}

struct Ear {
    path: PathBuf,
    socket: UnixDatagram,
    kept: usize,
    opened: Weak<Opened>,
}

impl Ear {
    fn listen(self) {
        loop {
            let Some(opened) = self.opened.upgrade() else {
                break;
            };
            let keys = opened.bells.ropes.keys();
            if !keys.is_empty() {
                look_for_the_dead(&opened, &keys);
            }
            drop(opened);
            // An empty datagram says only that something is to be looked at: another key, the end.
            let wait = (!keys.is_empty()).then_some(LOOK_EVERY);
            if self.socket.set_read_timeout(wait).is_err() {
                break;
            }
            let Some(heard) = self.hear() else { continue };
            let Some(opened) = self.opened.upgrade() else {
                break;
            };
            let (heard, count) = heard;
            tell(&opened, &heard, count >= self.kept);
        }
        let _ = fs::remove_file(&self.path);
    }

    /// Waits for a datagram, and takes what has come with it; with how many that were, those that say nothing
    /// among them.
    fn hear(&self) -> Option<(Vec<(Spot, Told)>, usize)> {
        let mut words = [0; Spot::LENGTH + Told::LENGTH + 1];
        let (mut heard, mut count) = (Vec::new(), 0);
        let mut length = self.socket.recv(&mut words).ok()?;
        self.socket.set_nonblocking(true).ok()?;
        loop {
            heard.extend(understand(&words[..length]));
            count += 1;
            match self.socket.recv(&mut words) {
                Ok(more) => length = more,
                Err(_) => break,
            }
        }
        self.socket.set_nonblocking(false).ok()?;
        Some((heard, count))
    }
}

fn understand(words: &[u8]) -> Option<(Spot, Told)> {
    let (spot, told) = words.split_first_chunk()?;
    Some((Spot::of_bytes(*spot), Told::of_bytes(told.try_into().ok()?)))
}

/// Rings for what was heard. Where as much has come as the kernel keeps, more may have come than
/// that, and nobody knows what.
fn tell(opened: &Opened, heard: &[(Spot, Told)], perhaps_not_all: bool) {
    for (spot, news) in heard {
        let (spot, news, who) = (*spot, *news, opened.bells.who);
        if !opened.bells.ropes.ring(spot, news) {
            forget(opened, Ring { spot, who, news });
        }
    }
    if perhaps_not_all {
        opened.bells.ropes.ring_all();
    }
}

/// Rings where the holder of a lease has died, and where the lease is gone: it was rung then, but
/// nobody may have heard it.
fn look_for_the_dead(opened: &Opened, keys: &[(Spot, Box<[u8]>)]) {
    let Ok(reading) = opened.reading() else {
        // Where it cannot be looked, each lease has an end by itself.
        return;
    };
    let lives = |key: &[u8]| {
        let found = reading.get(layout::claim(key).as_bytes()).ok()?;
        let holds = |claim: &Claim| !claim.locked || opened.locks.is_held(claim.stamp);
        Some(
            found
                .and_then(Claim::decode)
                .is_some_and(|claim| holds(&claim)),
        )
    };
    let dead = keys.iter().filter(|(_, key)| lives(key) == Some(false));
    let dead: Vec<_> = dead.map(|(spot, _)| *spot).collect();
    // Whoever is rung for may look into the store.
    drop(reading);
    for spot in dead {
        opened.bells.ropes.ring(spot, Told::Changed);
    }
}
