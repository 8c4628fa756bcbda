//! What the connection listens to, and how.
//!
//! Our own processes publish what they do, so a channel is enough. Python publishes nothing: there the
//! server is asked to remember keys that this connection has read, and tells once that one of them was
//! written, by whom ever. It is read again then, and the bells ring when the server remembers it anew, so
//! that nothing is missed in between. A server that may not remember, and a cluster, of which only the
//! node that has a key could, leave it to looking every so often.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use dogpile_backend::News;
use redis::aio::MultiplexedConnection;
use redis::{Msg, PushInfo, PushKind, RedisError, Value, cmd};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::Instant;

use super::board::{Board, Wanted};
use super::{Spot, jittered};

/// Python itself looks every 100 ms: whoever waits beside it is to be no later.
pub(super) const BESIDE_PYTHON: Duration = Duration::from_millis(50);

pub(super) struct Ears {
    connection: MultiplexedConnection,
    subscribed: HashMap<Vec<u8>, Spot>,
    /// Spots with keys that were not written since they were last read here.
    read: HashSet<Spot>,
    memory: Memory,
    next_look: Instant,
}

/// Whether the server remembers for us which keys we have read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Memory {
    NotAsked,
    On,
    Refused,
}

impl Ears {
    /// `slots`: other nodes have most of the keys.
    pub(super) fn new(connection: MultiplexedConnection, slots: bool) -> Self {
        Self {
            connection,
            subscribed: HashMap::new(),
            read: HashSet::new(),
            memory: match slots {
                true => Memory::Refused,
                false => Memory::NotAsked,
            },
            next_look: Instant::now(),
        }
    }

    /// Listens to what is `wanted` and to nothing else, and answers to which spots it did not before.
    /// The server has confirmed something since then if some bell waits for that: what it published
    /// earlier came earlier.
    pub(super) async fn turn_to(&mut self, wanted: Wanted) -> Result<HashSet<Spot>, RedisError> {
        let Wanted {
            spots, some_wait, ..
        } = wanted;
        let all = self.subscribed.values();
        let gone: Vec<_> = all.filter(|spot| !spots.contains(spot)).cloned().collect();
        if !gone.is_empty() {
            self.connection.unsubscribe(&channels(&gone)).await?;
            for spot in &gone {
                self.subscribed.remove(&spot.channel);
                self.read.remove(spot);
            }
        }
        let new: HashSet<_> = spots.into_iter().filter(|spot| !self.hears(spot)).collect();
        let unheard = |spot: &&Spot| !self.subscribed.contains_key(&spot.channel);
        let silent: Vec<_> = new.iter().filter(unheard).cloned().collect();
        if !silent.is_empty() {
            self.connection.subscribe(&channels(&silent)).await?;
            let named = silent.into_iter().map(|spot| (spot.channel.clone(), spot));
            self.subscribed.extend(named);
        } else if some_wait {
            self.ask_whether_it_is_there().await?;
        }
        let with_keys: Vec<_> = new.iter().filter(|spot| !spot.keys.is_empty()).collect();
        if !with_keys.is_empty() {
            self.read(&with_keys).await?;
            self.read.extend(with_keys.into_iter().cloned());
        }
        Ok(new)
    }

    fn hears(&self, spot: &Spot) -> bool {
        let read = spot.keys.is_empty() || self.read.contains(spot);
        read && self.subscribed.contains_key(&spot.channel)
    }

    /// Has the server remember the keys of these, if it will.
    async fn read(&mut self, spots: &[&Spot]) -> Result<(), RedisError> {
        if self.memory == Memory::NotAsked {
            let asked = cmd("CLIENT").arg("TRACKING").arg("ON").take();
            self.ask(&asked).await?;
        }
        if self.memory == Memory::On {
            // That they are there or not is not of interest, and this sends no value.
            let keys: Vec<_> = spots.iter().flat_map(|spot| &spot.keys).collect();
            self.ask(&cmd("EXISTS").arg(keys).take()).await?;
        }
        Ok(())
    }

    /// An error of the server's own is its refusal; any other breaks the connection.
    async fn ask(&mut self, command: &redis::Cmd) -> Result<(), RedisError> {
        self.memory = match command.query_async::<Value>(&mut self.connection).await {
            Ok(_) => Memory::On,
            Err(error) if error.code().is_some() => {
                log::warn!(
                    "dogpile: Redis does not tell who writes a key ({error}); those who wait beside \
                     Python look by themselves"
                );
                Memory::Refused
            }
            Err(error) => return Err(error),
        };
        Ok(())
    }

    /// An error where nobody answers in time.
    pub(super) async fn ask_whether_it_is_there(&mut self) -> Result<(), RedisError> {
        cmd("PING").query_async(&mut self.connection).await
    }

    /// Until it is time to look, where nobody tells.
    pub(super) async fn pause(&self) {
        if self.memory == Memory::Refused && !self.read.is_empty() {
            tokio::time::sleep_until(self.next_look).await;
        } else {
            std::future::pending::<()>().await;
        }
    }

    /// Has all look who would not be told.
    pub(super) fn look(&mut self, board: &Board) {
        self.next_look = Instant::now() + jittered(BESIDE_PYTHON);
        for spot in &self.read {
            board.ring(spot, News::Changed);
        }
    }

    /// Rings for all that has come; false if nothing had.
    pub(super) fn hear_all(
        &mut self,
        pushes: &mut UnboundedReceiver<PushInfo>,
        board: &Board,
    ) -> Result<bool, RedisError> {
        let mut came = false;
        while let Ok(push) = pushes.try_recv() {
            self.hear(Some(push), board)?;
            came = true;
        }
        Ok(came)
    }

    /// Rings for what the server says.
    pub(super) fn hear(&mut self, push: Option<PushInfo>, board: &Board) -> Result<(), RedisError> {
        let push = push.filter(|push| push.kind != PushKind::Disconnection);
        let push = push.ok_or_else(lost)?;
        if push.kind == PushKind::Invalidate {
            self.written(push.data.first());
            return Ok(());
        }
        let Some(message) = Msg::from_push_info(push) else {
            return Ok(());
        };
        let news = match message.get_payload_bytes() {
            b"failed" => News::Failed,
            _ => News::Changed,
        };
        let channel: Vec<u8> = message.get_channel()?;
        if let Some(spot) = self.subscribed.get(&channel) {
            // Of what changed, the server tells also as of any other's doing.
            if news == News::Failed || spot.keys.is_empty() || self.memory != Memory::On {
                board.ring(spot, news);
            }
        }
        Ok(())
    }

    /// These keys were written; without any, all were.
    fn written(&mut self, keys: Option<&Value>) {
        let Some(Value::Array(keys)) = keys else {
            self.read.clear();
            return;
        };
        let keys: HashSet<&[u8]> = keys.iter().filter_map(text).collect();
        let untouched = |spot: &Spot| !spot.keys.iter().any(|key| keys.contains(&key[..]));
        self.read.retain(untouched);
    }
}

fn channels(spots: &[Spot]) -> Vec<&[u8]> {
    spots.iter().map(|spot| &spot.channel[..]).collect()
}

fn text(value: &Value) -> Option<&[u8]> {
    match value {
        Value::BulkString(text) => Some(text),
        _ => None,
    }
}

fn lost() -> RedisError {
    std::io::Error::from(std::io::ErrorKind::ConnectionReset).into()
}
