//! A port that nobody else takes.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};

use rustix::fd::OwnedFd;
use rustix::net::{
    AddressFamily, SocketFlags, SocketType, bind, getsockname, socket_with, sockopt,
};

/// A port of the loopback, held by a socket that is bound and never listens.
///
/// Linux lets a server listen on a port that another socket holds, if both ask for it
/// (`SO_REUSEADDR`), and gives the port to nobody who asks for any. So a server that was killed
/// finds its port free however long it was away, and two tests never draw the same one. Whoever
/// connects while nobody listens is refused, as on any free port.
#[derive(Debug)]
pub(crate) struct Spot {
    port: u16,
    _held: OwnedFd,
}

impl Spot {
    /// Takes any free port.
    pub(crate) fn take() -> io::Result<Self> {
        // Not to be inherited by the servers: their copy would hold the port after us.
        let held = socket_with(
            AddressFamily::INET,
            SocketType::STREAM,
            SocketFlags::CLOEXEC,
            None,
        )?;
        sockopt::set_socket_reuseaddr(&held, true)?;
        bind(&held, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0))?;
        let bound = SocketAddrV4::try_from(getsockname(&held)?)?;
        Ok(Self {
            port: bound.port(),
            _held: held,
        })
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }
}
