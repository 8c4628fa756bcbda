//! Three masters that share the keys, and a replica of each.

use std::collections::HashSet;

use crate::builder::Builder;
use crate::counter::Counter;
use crate::error::Error;
use crate::flavour::Flavour;
use crate::resp::Reply;
use crate::server::Server;
use crate::wait::{Seen, until};

/// How many masters there are, and as many replicas.
const MASTERS: usize = 3;

/// How many slots there are to share.
const SLOTS: usize = 16_384;

/// Six nodes. Dropped, all are killed.
#[derive(Debug)]
pub struct Cluster {
    nodes: Vec<Server>,
}

impl Cluster {
    /// Starts all of them, and returns when they agree on who has which keys.
    ///
    /// # Errors
    /// As [`Builder::start`].
    pub fn start(flavour: Flavour) -> Result<Self, Error> {
        Self::start_with(flavour, |node| node)
    }

    /// The same with something more to say of each node.
    ///
    /// # Errors
    /// As [`Builder::start`].
    pub fn start_with(
        flavour: Flavour,
        describe: impl Fn(Builder) -> Builder,
    ) -> Result<Self, Error> {
        let node = || describe(Server::of(flavour)).cluster().launch();
        let nodes: Result<_, _> = (0..2 * MASTERS).map(|_| node()).collect();
        let all = Self { nodes: nodes? };
        for node in &all.nodes {
            node.ready()?;
            for other in &all.nodes {
                node.control().belongs_to_the_house(other.address());
            }
        }
        all.share()?;
        all.meet()?;
        for (master, replica) in all.nodes[..MASTERS].iter().zip(&all.nodes[MASTERS..]) {
            let master = master.ask(&["CLUSTER", "MYID"])?;
            until("a replica knows its master", || {
                Ok(match replica.reply(&["CLUSTER", "REPLICATE", &master])? {
                    Reply::Error(reason) => Seen::NotYet(reason),
                    _ => Seen::Yes(()),
                })
            })?;
        }
        all.wait_until_whole()?;
        Ok(all)
    }

    /// Where clients find the nodes, all of them.
    pub fn urls(&self) -> Vec<String> {
        let url = |node: &Server| format!("redis://{}{}/", node.login(), node.address());
        self.nodes.iter().map(url).collect()
    }

    /// The nodes; the first half started as masters, the other as their replicas in this order.
    pub fn nodes(&self) -> &[Server] {
        &self.nodes
    }

    /// Who has this key, once the nodes that are up agree that every key is had by one that is up.
    ///
    /// # Errors
    /// [`Error::TooLong`] if they come to no agreement.
    pub fn master_of(&self, key: &str) -> Result<&Server, Error> {
        self.wait_until_ok()?;
        until("somebody has the key", || {
            let Some(asked) = self.up().next() else {
                return Ok(Seen::NotYet("no node is up".to_owned()));
            };
            let slot = asked.reply(&["CLUSTER", "KEYSLOT", key])?.number();
            let ranges = asked.reply(&["CLUSTER", "SLOTS"])?;
            let range = ranges.parts().iter().find(|range| {
                let bound = |at: usize| range.parts().get(at).and_then(Reply::number);
                bound(0) <= slot && slot <= bound(1)
            });
            let port = range.and_then(|range| port(range.parts().get(2)?));
            let node = self.nodes.iter().find(|node| Some(node.port()) == port);
            Ok(node.map_or_else(|| Seen::NotYet(ranges.to_string()), Seen::Yes))
        })
    }

    /// Kills who has this key, and says who it was. [`Self::master_of`] waits for the next one.
    ///
    /// # Errors
    /// As [`Self::master_of`].
    pub fn kill_master_of(&self, key: &str) -> Result<&Server, Error> {
        let master = self.master_of(key)?;
        master.kill()?;
        Ok(master)
    }

    /// Returns when all nodes that are up say that all is well, and that each key is had by one
    /// that is up.
    ///
    /// # Errors
    /// [`Error::TooLong`].
    pub fn wait_until_ok(&self) -> Result<(), Error> {
        until("the cluster is well", || {
            for node in self.up() {
                if let Some(reason) = self.objection(node)? {
                    return Ok(Seen::NotYet(reason));
                }
            }
            Ok(Seen::Yes(()))
        })
        .map_err(|error| error.with_logs(&self.nodes))
    }

    /// Returns when besides, each replica that is up has what its master has.
    ///
    /// # Errors
    /// [`Error::TooLong`].
    pub fn wait_until_whole(&self) -> Result<(), Error> {
        self.wait_until_ok()?;
        let up = self.up().count();
        until("each replica is as its master", || {
            for node in self.up() {
                let about = node.ask(&["INFO", "replication"])?;
                if about.contains("role:slave") && !about.contains("master_link_status:up") {
                    return Ok(Seen::NotYet(about));
                }
                let ranges = node.reply(&["CLUSTER", "SLOTS"])?;
                let listed: HashSet<u16> = ranges.parts().iter().flat_map(ports).collect();
                if listed.len() < up {
                    return Ok(Seen::NotYet(ranges.to_string()));
                }
            }
            Ok(Seen::Yes(()))
        })
        .map_err(|error| error.with_logs(&self.nodes))
    }

    /// Counts on all nodes what clients ask, not what replicas copy.
    ///
    /// # Errors
    /// As [`Counter::on`].
    pub fn counter(&self) -> Result<Counter, Error> {
        Counter::on(&self.nodes.iter().collect::<Vec<_>>())
    }

    fn up(&self) -> impl Iterator<Item = &Server> {
        self.nodes.iter().filter(|node| node.is_up())
    }

    /// Gives each master its part of the slots, and each node an age of its own, so that none
    /// quarrels with another about who is right.
    fn share(&self) -> Result<(), Error> {
        for (at, node) in self.nodes.iter().enumerate() {
            node.ask(&["CLUSTER", "SET-CONFIG-EPOCH", &(at + 1).to_string()])?;
            if at < MASTERS {
                let first = SLOTS * at / MASTERS;
                let last = SLOTS * (at + 1) / MASTERS - 1;
                let (first, last) = (first.to_string(), last.to_string());
                node.ask(&["CLUSTER", "ADDSLOTSRANGE", &first, &last])?;
            }
        }
        Ok(())
    }

    /// Makes each known to each other at once, which gossip would do in its own time. A handshake
    /// has a second, which a machine under load may not give it: then there is another.
    fn meet(&self) -> Result<(), Error> {
        until("the nodes know each other", || {
            let mut strangers = Vec::new();
            for node in &self.nodes {
                let known = known(&node.ask(&["CLUSTER", "NODES"])?);
                let others = self
                    .nodes
                    .iter()
                    .map(|other| (other.port(), other.bus_port()));
                for (port, bus) in others.filter(|(port, _)| !known.contains(port)) {
                    strangers.push(format!("{} does not know {port}", node.port()));
                    let (port, bus) = (port.to_string(), bus.unwrap_or_default().to_string());
                    node.ask(&["CLUSTER", "MEET", "127.0.0.1", &port, &bus])?;
                }
            }
            Ok(if strangers.is_empty() {
                Seen::Yes(())
            } else {
                Seen::NotYet(strangers.join(", "))
            })
        })
        .map_err(|error| error.with_logs(&self.nodes))
    }

    /// Why `node` does not take the cluster for well, if it does not.
    fn objection(&self, node: &Server) -> Result<Option<String>, Error> {
        let about = node.ask(&["CLUSTER", "INFO"])?;
        let has = |line: &str| about.lines().any(|found| found == line);
        if !(has("cluster_state:ok") && has("cluster_slots_assigned:16384")) {
            return Ok(Some(about));
        }
        let up: HashSet<u16> = self.up().map(Server::port).collect();
        let ranges = node.reply(&["CLUSTER", "SLOTS"])?;
        let mut masters = ranges
            .parts()
            .iter()
            .map(|range| port(range.parts().get(2)?));
        let all_up = masters.all(|port| port.is_some_and(|port| up.contains(&port)));
        Ok((!all_up).then(|| ranges.to_string()))
    }
}

/// The ports of all who have a range of slots.
fn ports(range: &Reply) -> impl Iterator<Item = u16> {
    range.parts().iter().skip(2).filter_map(port)
}

/// A node's port, out of `[address, port, id, ...]`.
fn port(node: &Reply) -> Option<u16> {
    node.parts().get(1)?.number()?.try_into().ok()
}

/// The ports of those that a node knows, itself among them, out of lines that begin with
/// `id address:port@bus flags`.
fn known(nodes: &str) -> HashSet<u16> {
    let port = |line: &str| {
        let mut words = line.split(' ').skip(1);
        let (address, flags) = (words.next()?, words.next()?);
        let port = address.split('@').next()?.rsplit(':').next()?;
        let met = !flags.split(',').any(|flag| flag == "handshake");
        port.parse().ok().filter(|_| met)
    };
    nodes.lines().filter_map(port).collect()
}
