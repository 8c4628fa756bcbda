//! One connection of this process on which the server rings, for all who wait.
//!
//! A bell is hung on a [`Spot`]. The task has its ears on the spots that have bells and nowhere else;
//! when it hears what happens on one, the spot's bells ring once, so that whoever hung them looks again
//! after it. A bell tells of what happened since it stands, which is when the server has said something on
//! that connection after it was hung: an older message would tell of an older lease. Without a connection,
//! all bells ring from time to time: those who wait look by themselves.

mod board;
mod ears;

use std::sync::Arc;
use std::time::Duration;

use dogpile_backend::{Bell, Compatibility, Watch};
use redis::RedisError;
use tokio::sync::mpsc::unbounded_channel;
use tokio::time::Instant;

use crate::sender::{Background, Sender};
use crate::server::Server;
use crate::trouble::{InWords, is_refused};
use board::Board;
use ears::Ears;

/// What a bell is hung on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Spot {
    /// Where our scripts say what they did.
    pub(crate) channel: Vec<u8>,
    /// Keys that others write without a word.
    pub(crate) keys: Vec<Vec<u8>>,
    /// Whoever listens here looks by itself from time to time anyhow.
    pub(crate) patient: bool,
}

impl Spot {
    pub(crate) fn patient(channel: Vec<u8>) -> Self {
        Self {
            channel,
            keys: Vec::new(),
            patient: true,
        }
    }
}

pub(crate) struct Watcher {
    server: Arc<Server>,
    background: Background,
    board: Arc<Board>,
    longest_pause: Duration,
    let_go: LetGo,
}

/// Lets go of the connections for requests, which lead to the same server.
type LetGo = Arc<dyn Fn() + Send + Sync>;

impl Watcher {
    pub(crate) fn new(server: Arc<Server>, sender: &Sender, compatibility: Compatibility) -> Self {
        let longest_pause = match compatibility {
            Compatibility::Native => LONGEST_PAUSE,
            Compatibility::Python => ears::BESIDE_PYTHON,
        };
        Self {
            server,
            background: sender.background().clone(),
            board: Arc::default(),
            longest_pause,
            let_go: Arc::new(sender.letting_go()),
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
                let_go: Arc::clone(&self.let_go),
            };
            self.background.spawn(listener.run());
        }
        let board = Arc::clone(&self.board);
        Watch::coming(move || board.take_down(&spot, hung.number))
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
    let_go: LetGo,
}

/// How long between two looks where nobody rings; twice as long each time.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);
/// Who was turned away comes again so much later.
const TURNED_AWAY: Duration = Duration::from_secs(10);
/// After so long without a word the server is asked whether it is there: one that stands still, or a
/// line that is dead at its other end, says nothing either.
const SILENCE: Duration = Duration::from_secs(3);

/// How it goes with listening.
struct Luck {
    pause: Duration,
    /// Which of several servers is listened to.
    turn: usize,
    /// The log has been told that nobody rings.
    told: bool,
}

impl Listener {
    async fn run(self) {
        let mut luck = Luck {
            pause: FIRST_PAUSE,
            turn: 0,
            told: false,
        };
        while !self.board.is_closed() {
            let Err(error) = self.listen(&mut luck).await else {
                return;
            };
            if !std::mem::replace(&mut luck.told, true) {
                log::warn!(
                    "dogpile: Redis at {} does not ring ({}); those who wait look by themselves",
                    self.server.reach.place(),
                    InWords(&error),
                );
                if error.is_timeout() {
                    // It did until now. Whoever looks next is not to ask the one that stands still.
                    (self.let_go)();
                }
            }
            luck.turn = luck.turn.wrapping_add(1);
            self.board.fell_silent();
            self.go_without(&mut luck, is_refused(&error)).await;
        }
    }

    /// Has those who wait look by themselves until it is time to try again.
    async fn go_without(&self, luck: &mut Luck, turned_away: bool) {
        let again = turned_away.then(|| Instant::now() + TURNED_AWAY);
        loop {
            self.board.ring_all();
            tokio::time::sleep(jittered(luck.pause)).await;
            luck.pause = (luck.pause * 2).min(self.longest_pause);
            if self.board.is_closed() || again.is_none_or(|again| Instant::now() >= again) {
                return;
            }
        }
    }

    /// Until the connection breaks, or nobody will watch any more.
    async fn listen(&self, luck: &mut Luck) -> Result<(), RedisError> {
        let (says, mut pushes) = unbounded_channel();
        let connection = self.server.connect_to_listen(luck.turn, says).await?;
        let mut ears = Ears::new(connection, self.server.has_slots());
        let mut heard = Instant::now();
        while !self.board.is_closed() {
            let wanted = self.board.wanted();
            let last = wanted.last;
            let new = ears.turn_to(wanted).await?;
            // What came before the server's word is for the bells that stood before.
            let came = ears.hear_all(&mut pushes, &self.board)?;
            self.board.stand(last, &new);
            self.rings(luck);
            if came {
                // Of what was written it tells again only once that was read again.
                heard = Instant::now();
                continue;
            }
            tokio::select! {
                () = self.board.changed() => {}
                push = pushes.recv() => {
                    heard = Instant::now();
                    ears.hear(push, &self.board)?;
                }
                () = ears.pause() => ears.look(&self.board),
                () = tokio::time::sleep_until(heard + SILENCE) => {
                    ears.ask_whether_it_is_there().await?;
                    heard = Instant::now();
                }
            }
        }
        Ok(())
    }

    fn rings(&self, luck: &mut Luck) {
        luck.pause = FIRST_PAUSE;
        if std::mem::take(&mut luck.told) {
            log::info!(
                "dogpile: Redis at {} rings again",
                self.server.reach.place()
            );
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
