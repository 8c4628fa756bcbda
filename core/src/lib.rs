#![no_std]
#![forbid(unsafe_code)]
#![doc = include_str!("../README.md")]
#![cfg_attr(not(test), warn(clippy::unwrap_used))]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

pub mod cached_value;
pub mod epochs;
pub mod flow;
pub mod freshness;
pub mod kit;
pub mod published;
pub mod slot;
pub mod state;
pub mod tag_epochs;
pub mod terms;
pub mod time;
pub mod waiters;
