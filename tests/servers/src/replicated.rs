//! A master, its replica, and three sentinels that put the one in the other's place.

use crate::builder::Builder;
use crate::counter::Counter;
use crate::error::Error;
use crate::flavour::Flavour;
use crate::resp::Reply;
use crate::server::Server;
use crate::wait::{Seen, until};

/// The name under which the sentinels know the master.
const NAME: &str = "dogpile";

/// How many sentinels must agree that the master is down.
const QUORUM: &str = "2";

/// Sentinels made for networks look around every few seconds; these look often. Not too often:
/// when the master is down they take a replica for gone that told nothing of itself for five
/// pings, and then it tells only once a second.
const TUNED: &[&str] = &[
    "SENTINEL",
    "DEBUG",
    "PING-PERIOD",
    "400",
    "INFO-PERIOD",
    "200",
    "PUBLISH-PERIOD",
    "100",
    "ASK-PERIOD",
    "100",
    "MIN-LINK-RECONNECT-PERIOD",
    "100",
    // A machine under load looks like a clock that jumps: they stand back, by default for 30 s.
    "TILT-PERIOD",
    "1000",
];

/// A master, a replica, and three sentinels. Dropped, all are killed.
#[derive(Debug)]
pub struct Replicated {
    nodes: [Server; 2],
    sentinels: [Server; 3],
}

impl Replicated {
    /// Starts all of them, and returns when the replica has what the master has and the sentinels
    /// know each other.
    ///
    /// # Errors
    /// As [`Builder::start`].
    pub fn start(flavour: Flavour) -> Result<Self, Error> {
        Self::start_with(flavour, |node| node)
    }

    /// The same with something more to say of master and replica.
    ///
    /// # Errors
    /// As [`Builder::start`].
    pub fn start_with(
        flavour: Flavour,
        describe: impl Fn(Builder) -> Builder,
    ) -> Result<Self, Error> {
        let master = describe(Server::of(flavour)).launch()?;
        let follows = format!("replicaof {} {}", master.address().ip(), master.port());
        let replica = describe(Server::of(flavour)).config(follows).launch()?;
        let sentinel = || Server::sentinel(flavour).launch();
        let all = Self {
            nodes: [master, replica],
            sentinels: [sentinel()?, sentinel()?, sentinel()?],
        };
        for server in all.all() {
            server.ready()?;
        }
        for node in &all.nodes {
            for other in &all.nodes {
                node.control().belongs_to_the_house(other.address());
            }
        }
        until("the replica is as its master", || all.copied(&all.nodes[0]))?;
        for sentinel in &all.sentinels {
            all.watch(sentinel)?;
        }
        all.wait_for_sentinels()?;
        Ok(all)
    }

    /// The name under which the sentinels know the master.
    pub fn master_name(&self) -> &'static str {
        NAME
    }

    /// Where the sentinels are: `redis://127.0.0.1:<port>/`, each.
    pub fn sentinel_urls(&self) -> Vec<String> {
        let url = |sentinel: &Server| format!("redis://{}/", sentinel.address());
        self.sentinels.iter().map(url).collect()
    }

    /// The sentinels.
    pub fn sentinels(&self) -> &[Server] {
        &self.sentinels
    }

    /// Master and replica, in the order in which they started.
    pub fn nodes(&self) -> &[Server] {
        &self.nodes
    }

    /// Who is master, as the sentinels that are up tell it: all of them, and the node itself.
    ///
    /// # Errors
    /// [`Error::TooLong`] if they come to no agreement.
    pub fn master(&self) -> Result<&Server, Error> {
        until("the sentinels agree on a master that is up", || {
            self.agreed()
        })
        .map_err(|error| error.with_logs(self.all()))
    }

    /// Kills the master, and says who it was. [`Self::master`] waits for the next one.
    ///
    /// # Errors
    /// As [`Self::master`].
    pub fn kill_master(&self) -> Result<&Server, Error> {
        let master = self.master()?;
        master.kill()?;
        Ok(master)
    }

    /// Returns when there is a master, and each other node that is up has what it has.
    ///
    /// # Errors
    /// [`Error::TooLong`].
    pub fn wait_until_whole(&self) -> Result<(), Error> {
        until("the replica is as its master", || match self.agreed()? {
            Seen::Yes(master) => self.copied(master),
            Seen::NotYet(reason) => Ok(Seen::NotYet(reason)),
        })
        .map_err(|error| error.with_logs(self.all()))
    }

    /// Counts on both nodes what clients ask, not what the replica copies.
    ///
    /// # Errors
    /// As [`Counter::on`].
    pub fn counter(&self) -> Result<Counter, Error> {
        Counter::on(&self.nodes.each_ref())
    }

    fn all(&self) -> impl Iterator<Item = &Server> {
        self.nodes.iter().chain(&self.sentinels)
    }

    fn watch(&self, sentinel: &Server) -> Result<(), Error> {
        sentinel.ask(TUNED)?;
        let port = self.nodes[0].port().to_string();
        sentinel.ask(&["SENTINEL", "MONITOR", NAME, "127.0.0.1", &port, QUORUM])?;
        for (option, value) in [
            // More than a ping's period and the time that a closed connection takes to be anew,
            // or a busy machine looks like a dead master.
            ("down-after-milliseconds", "1200"),
            // Also how long they wait before they try once more.
            ("failover-timeout", "2000"),
        ] {
            sentinel.ask(&["SENTINEL", "SET", NAME, option, value])?;
        }
        if let Some(password) = self.nodes[0].password() {
            sentinel.ask(&["SENTINEL", "SET", NAME, "auth-pass", password])?;
        }
        Ok(())
    }

    /// Whom all sentinels that are up name, if it takes itself for the master.
    fn agreed(&self) -> Result<Seen<&Server>, Error> {
        let mut named = Vec::new();
        for sentinel in self.sentinels.iter().filter(|sentinel| sentinel.is_up()) {
            let words = ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME];
            named.push(sentinel.ask(&words)?);
        }
        let is_named = |node: &&Server| {
            let name = format!("127.0.0.1\n{}", node.port());
            !named.is_empty() && named.iter().all(|other| *other == name)
        };
        match self.nodes.iter().find(is_named) {
            Some(node) if node.is_up() && role(node)? == "master" => Ok(Seen::Yes(node)),
            _ => Ok(Seen::NotYet(format!("they name {named:?}"))),
        }
    }

    /// Whether each other node that is up has what `master` has.
    fn copied(&self, master: &Server) -> Result<Seen<()>, Error> {
        let port = format!("master_port:{}", master.port());
        for node in self.nodes.iter().filter(|node| node.is_up()) {
            let about = node.ask(&["INFO", "replication"])?;
            let has = |line: &str| about.lines().any(|found| found == line);
            let follows = has(&port) && has("master_link_status:up");
            if node.port() != master.port() && !follows {
                return Ok(Seen::NotYet(about));
            }
        }
        Ok(Seen::Yes(()))
    }

    fn wait_for_sentinels(&self) -> Result<(), Error> {
        until("the sentinels know each other and the replica", || {
            for sentinel in &self.sentinels {
                let about = sentinel.reply(&["SENTINEL", "MASTER", NAME])?;
                let is = |name, value| field(&about, name) == Some(value);
                let met = is("num-other-sentinels", "2") && is("num-slaves", "1");
                let replicas = sentinel.reply(&["SENTINEL", "REPLICAS", NAME])?;
                let ready = replicas
                    .parts()
                    .iter()
                    .all(|replica| field(replica, "master-link-status") == Some("ok"));
                if !(met && ready && is("flags", "master")) {
                    return Ok(Seen::NotYet(format!("{about}\n{replicas}")));
                }
            }
            Ok(Seen::Yes(()))
        })
        .map_err(|error| error.with_logs(self.all()))
    }
}

/// What a node says it is: `master` or `slave`.
fn role(node: &Server) -> Result<String, Error> {
    let role = node.reply(&["ROLE"])?;
    let first = role.parts().first().and_then(Reply::text);
    Ok(first.unwrap_or_default().to_owned())
}

/// One of the fields in a list of names and values.
fn field<'r>(about: &'r Reply, name: &str) -> Option<&'r str> {
    let mut pairs = about.parts().chunks_exact(2);
    pairs.find(|pair| pair[0].text() == Some(name))?[1].text()
}
