//! Addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

use super::{KeyBuffer, KeyPart};

impl KeyPart for Ipv4Addr {
    fn write_key(&self, key: &mut KeyBuffer) {
        key.push(b"4");
        key.push(&self.octets());
    }
}

impl KeyPart for Ipv6Addr {
    fn write_key(&self, key: &mut KeyBuffer) {
        key.push(b"6");
        key.push(&self.octets());
    }
}

impl KeyPart for IpAddr {
    fn write_key(&self, key: &mut KeyBuffer) {
        match self {
            Self::V4(address) => address.write_key(key),
            Self::V6(address) => address.write_key(key),
        }
    }
}

impl KeyPart for SocketAddrV4 {
    fn write_key(&self, key: &mut KeyBuffer) {
        key.push(b"a");
        key.push(&self.ip().octets());
        key.push(&self.port().to_be_bytes());
    }
}

/// With its flow information and its scope, which make a difference where it is connected to.
impl KeyPart for SocketAddrV6 {
    fn write_key(&self, key: &mut KeyBuffer) {
        key.push(b"A");
        key.push(&self.ip().octets());
        key.push(&self.port().to_be_bytes());
        key.push(&self.flowinfo().to_be_bytes());
        key.push(&self.scope_id().to_be_bytes());
    }
}

impl KeyPart for SocketAddr {
    fn write_key(&self, key: &mut KeyBuffer) {
        match self {
            Self::V4(address) => address.write_key(key),
            Self::V6(address) => address.write_key(key),
        }
    }
}
