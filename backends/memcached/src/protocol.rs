//! The meta protocol, without a connection: bytes of requests out, bytes of replies in.

mod base64;
mod reply;
mod request;

pub(crate) use base64::encoded_length;
pub(crate) use reply::{Answer, Code, Garbled, Item, Said, parse};
pub(crate) use request::{Mode, Request};

/// The longest key that the server takes, as it stands in a request.
pub(crate) const LONGEST_KEY: usize = 250;
