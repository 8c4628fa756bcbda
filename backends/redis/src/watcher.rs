//! One connection of this process on which the server rings, for all who wait.
//!
//! A bell is hung on a [`Spot`]. The task has its ears on the spots that have bells and nowhere else;
//! when it hears what happens on one, the spot's bells ring once, so that whoever hung them looks again
//! after it. Without a connection, all bells ring from time to time: those who wait look by themselves.

mod board;
mod ears;

use std::sync::Arc;
use std::time::Duration;

use dogpile_backend::{Bell, Watch};
use redis::RedisError;
use tokio::sync::mpsc::unbounded_channel;

use crate::compatibility::Compatibility;
use crate::sender::Background;
use crate::server::Server;
use board::Board;
use ears::Ears;

/// What a bell is hung on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Spot {
    /// Where our scripts say what they did.
    pub(crate) channel: Vec<u8>,
    /// Keys that others write without a word.
    pub(crate) keys: Vec<Vec<u8>>,
}

impl Spot {
    pub(crate) fn channel(channel: Vec<u8>) -> Self {
        let keys = Vec::new();
        Self { channel, keys }
    }
}

pub(crate) struct Watcher {
    server: Arc<Server>,
    background: Background,
    board: Arc<Board>,
    longest_pause: Duration,
}

impl Watcher {
    pub(crate) fn new(
        server: Arc<Server>,
        background: Background,
        compatibility: Compatibility,
    ) -> Self {
        let longest_pause = match compatibility {
            Compatibility::Native => LONGEST_PAUSE,
            Compatibility::Python => ears::BESIDE_PYTHON,
        };
        Self {
            server,
            background,
            board: Arc::default(),
            longest_pause,
        }
    }

    /// Rings `bell` when something happens on `spot`.
    pub(crate) fn watch(&self, spot: Spot, bell: Bell) -> Watch {
        let hung = self.board.hang(&spot, bell);
        if hung.is_first {
            let listener = Listener {
                server: Arc::clone(&self.server),
                board: Arc::clone(&self.board),
                longest_pause: self.longest_pause,
            };
            self.background.spawn(listener.run());
        }
        let board = Arc::clone(&self.board);
        let end = move || board.take_down(&spot, hung.number);
        if hung.stands {
            Watch::new(end)
        } else {
            Watch::coming(end)
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.board.close();
    }
}

/// The task.
struct Listener {
    server: Arc<Server>,
    board: Arc<Board>,
    longest_pause: Duration,
}

/// How long between two looks where nobody rings; twice as long each time.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

impl Listener {
    async fn run(self) {
        let (mut pause, mut turn) = (FIRST_PAUSE, 0);
        while !self.board.is_closed() {
            match self.listen(turn, &mut pause).await {
                Ok(()) => return,
                Err(error) if turn == 0 => {
                    log::warn!(
                        "dogpile: Redis does not ring ({error}); those who wait look by themselves"
                    );
                }
                Err(_) => {}
            }
            turn = turn.wrapping_add(1);
            self.board.fell_silent();
            self.board.ring_all();
            tokio::time::sleep(jittered(pause)).await;
            pause = (pause * 2).min(self.longest_pause);
        }
    }

    /// Until the connection breaks, or nobody will watch any more.
    async fn listen(&self, turn: usize, pause: &mut Duration) -> Result<(), RedisError> {
        let (says, mut pushes) = unbounded_channel();
        let connection = self.server.connect_to_listen(turn, says).await?;
        let mut ears = Ears::new(connection, self.server.has_slots());
        loop {
            let new = ears.turn_to(&self.board).await?;
            self.board.stands(&new);
            *pause = FIRST_PAUSE;
            tokio::select! {
                () = self.board.changed() => {}
                push = pushes.recv() => {
                    ears.hear(push, &self.board)?;
                    while let Ok(push) = pushes.try_recv() {
                        ears.hear(Some(push), &self.board)?;
                    }
                }
                () = ears.pause() => ears.look(&self.board),
            }
            if self.board.is_closed() {
                return Ok(());
            }
        }
    }
}

/// Between half of it and all of it, so that processes do not look in step.
fn jittered(pause: Duration) -> Duration {
    use std::hash::BuildHasher;
    let random = std::collections::hash_map::RandomState::new().hash_one(0);
    let share = u32::try_from(random % 512).unwrap_or(0);
    pause * (512 + share) / 1024
}
