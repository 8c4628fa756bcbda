//! The suite that every store passes, on a real server.
#![allow(missing_docs)]

mod common;

use common::{open, server};

dogpile_backend::conformance_tests!(dogpile_backend::Payload, || open(server()));
