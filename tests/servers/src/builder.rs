//! What a server is to be like, before it runs.

use std::fs;
use std::path::Path;

use crate::control;
use crate::error::Error;
use crate::flavour::Flavour;
use crate::folder;
use crate::server::{Parts, Server};
use crate::spot::Spot;
use crate::tls::Tls;

/// What a server is to be like.
#[derive(Clone, Debug)]
#[must_use = "nothing runs before `start`"]
pub struct Builder {
    flavour: Flavour,
    kind: Kind,
    lines: Vec<String>,
    password: Option<String>,
    tls: bool,
    cluster: bool,
}

/// What a server is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// It keeps values.
    Store,
    /// It watches those that do.
    Sentinel,
}

impl Kind {
    /// What its program is told beside its configuration.
    pub(crate) fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Store => &[],
            Self::Sentinel => &["--sentinel"],
        }
    }

    /// What its configuration says by default.
    fn lines(self) -> &'static str {
        match self {
            // What copies from it is served at once, and hears of it each second: a node is told
            // of a replica that heard nothing yet as of one that is not there.
            Self::Store => {
                "enable-debug-command yes\n\
                 save \"\"\n\
                 appendonly no\n\
                 repl-diskless-sync-delay 0\n\
                 repl-ping-replica-period 1\n"
            }
            // It keeps what it learns in its configuration, and no values.
            Self::Sentinel => "",
        }
    }
}

impl Builder {
    pub(crate) fn new(flavour: Flavour, kind: Kind) -> Self {
        Self {
            flavour,
            kind,
            lines: Vec::new(),
            password: None,
            tls: false,
            cluster: false,
        }
    }

    /// One more line of its configuration; it wins over what stands there by default.
    pub fn config(mut self, line: impl Into<String>) -> Self {
        self.lines.push(line.into());
        self
    }

    /// Clients need this password, and so does what copies from it; [`Server::url`] holds it.
    pub fn password(mut self, password: impl Into<String>) -> Self {
        let password = password.into();
        self.lines.push(format!("requirepass {password}"));
        self.lines.push(format!("masterauth {password}"));
        self.password = Some(password);
        self
    }

    /// One more user: a name, and its password and rules as `ACL SETUSER` takes them.
    pub fn user(self, name: &str, rules: &str) -> Self {
        self.config(format!("user {name} {rules}"))
    }

    /// What was acknowledged is on disk, and survives [`Server::kill`].
    pub fn durable(self) -> Self {
        self.config("appendonly yes").config("appendfsync always")
    }

    /// It speaks TLS on a port beside its own; [`Server::tls`] tells where and who vouches for it.
    /// A Valkey that was fetched cannot.
    pub fn tls(mut self) -> Self {
        self.tls = true;
        self
    }

    /// It takes part in a cluster.
    pub(crate) fn cluster(mut self) -> Self {
        self.cluster = true;
        self
    }

    /// Starts it, and returns when it answers.
    ///
    /// # Errors
    /// [`Error::Missing`] and [`Error::NoValkey`] say what to install; [`Error::Ended`] holds the
    /// log of a server that does not like its configuration.
    pub fn start(self) -> Result<Server, Error> {
        let server = self.launch()?;
        server.ready()?;
        Ok(server)
    }

    /// Starts it without waiting.
    pub(crate) fn launch(self) -> Result<Server, Error> {
        let folder = folder::make().map_err(Error::io("make a folder for a server"))?;
        let spot = Spot::take().map_err(Error::io("take a free port"))?;
        let tls = self.tls.then(|| Tls::make(folder.path())).transpose()?;
        let bus = self.cluster.then(Spot::take).transpose();
        let bus = bus.map_err(Error::io("take a free port"))?;
        let more = tls.iter().flat_map(Tls::lines);
        let more = more.chain(bus.iter().flat_map(cluster_lines));
        let config = folder.path().join("server.conf");
        fs::write(&config, self.text(&spot, folder.path(), more))
            .map_err(Error::io(format!("write {}", config.display())))?;
        let server = Server::new(Parts {
            flavour: self.flavour,
            kind: self.kind,
            spot,
            password: self.password,
            tls,
            bus,
            folder,
        });
        server.launch()?;
        Ok(server)
    }

    fn text(&self, spot: &Spot, folder: &Path, more: impl IntoIterator<Item = String>) -> String {
        let mut text = format!(
            "bind 127.0.0.1\n\
             port {}\n\
             protected-mode no\n\
             dir \"{}\"\n\
             {}\n\
             {}",
            spot.port(),
            folder.display(),
            control::user_line(),
            self.kind.lines(),
        );
        for line in more.into_iter().chain(self.lines.iter().cloned()) {
            text.push_str(&line);
            text.push('\n');
        }
        text
    }
}

/// What makes a server a node of a cluster that notices a death soon.
fn cluster_lines(bus: &Spot) -> [String; 5] {
    [
        "cluster-enabled yes".to_owned(),
        format!("cluster-port {}", bus.port()),
        "cluster-announce-ip 127.0.0.1".to_owned(),
        "cluster-node-timeout 1000".to_owned(),
        // A replica takes over however long ago it heard of its master.
        "cluster-replica-validity-factor 0".to_owned(),
    ]
}
