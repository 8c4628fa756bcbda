//! One connection of this process on which the server rings, for all who wait.
//!
//! A bell is hung on a channel. The task subscribes to what has bells and to nothing else; when a
//! subscription stands, its bells ring once, so that whoever hung them looks again after it. Without a
//! connection, all bells ring from time to time: those who wait look by themselves.

mod board;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use dogpile_backend::{Bell, News, Watch};
use redis::aio::MultiplexedConnection;
use redis::{Msg, PushInfo, PushKind, RedisError};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::sender::Background;
use crate::server::Server;
use board::{Board, Channel};

pub(crate) struct Watcher {
    server: Arc<Server>,
    background: Background,
    board: Arc<Board>,
}

impl Watcher {
    pub(crate) fn new(server: Arc<Server>, background: Background) -> Self {
        Self {
            server,
            background,
            board: Arc::default(),
        }
    }

    /// Rings `bell` when something is said on `channel`.
    pub(crate) fn watch(&self, channel: Channel, bell: Bell) -> Watch {
        let hung = self.board.hang(&channel, bell);
        if hung.is_first {
            let listener = Listener {
                server: Arc::clone(&self.server),
                board: Arc::clone(&self.board),
            };
            self.background.spawn(listener.run());
        }
        let board = Arc::clone(&self.board);
        let end = move || board.take_down(&channel, hung.number);
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
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Until the connection breaks, or nobody will watch any more.
    async fn listen(&self, turn: usize, pause: &mut Duration) -> Result<(), RedisError> {
        let (says, mut pushes) = unbounded_channel();
        let mut connection = self.server.connect_to_listen(turn, says).await?;
        let mut heard = HashSet::new();
        loop {
            self.subscribe(&mut connection, &mut heard).await?;
            *pause = FIRST_PAUSE;
            tokio::select! {
                () = self.board.changed() => {}
                push = pushes.recv() => self.heard(push, &mut pushes)?,
            }
            if self.board.is_closed() {
                return Ok(());
            }
        }
    }

    /// Subscribes to what has bells and is not heard, and the other way round.
    async fn subscribe(
        &self,
        connection: &mut MultiplexedConnection,
        heard: &mut HashSet<Channel>,
    ) -> Result<(), RedisError> {
        let (wanted, waiting) = self.board.channels();
        let gone: Vec<_> = heard.difference(&wanted).cloned().collect();
        let new: Vec<_> = wanted.difference(heard).cloned().collect();
        // Left and wanted again before it was unsubscribed from.
        let back: Vec<_> = waiting.intersection(heard).cloned().collect();
        self.board.stands(&back);
        if !gone.is_empty() {
            self.board.end(&gone);
            connection.unsubscribe(&gone).await?;
            heard.retain(|channel| wanted.contains(channel));
        }
        if !new.is_empty() {
            connection.subscribe(&new).await?;
            self.board.stands(&new);
            heard.extend(new);
        }
        Ok(())
    }

    /// Rings for `push` and for all that came with it.
    fn heard(
        &self,
        push: Option<PushInfo>,
        pushes: &mut UnboundedReceiver<PushInfo>,
    ) -> Result<(), RedisError> {
        let mut next = push;
        loop {
            match next {
                None => return Err(lost()),
                Some(push) if push.kind == PushKind::Disconnection => return Err(lost()),
                Some(push) => {
                    if let Some(message) = Msg::from_push_info(push) {
                        let news = match message.get_payload_bytes() {
                            b"failed" => News::Failed,
                            _ => News::Changed,
                        };
                        // As bytes: a user's key need not be text, and the library calls what is none "?".
                        self.board.ring(&message.get_channel::<Channel>()?, news);
                    }
                }
            }
            match pushes.try_recv() {
                Ok(push) => next = Some(push),
                Err(_) => return Ok(()),
            }
        }
    }
}

fn lost() -> RedisError {
    std::io::Error::from(std::io::ErrorKind::ConnectionReset).into()
}

/// Between half of it and all of it, so that processes do not look in step.
fn jittered(pause: Duration) -> Duration {
    use std::hash::BuildHasher;
    let random = std::collections::hash_map::RandomState::new().hash_one(0);
    let share = u32::try_from(random % 512).unwrap_or(0);
    pause * (512 + share) / 1024
}
