//! Small stores to run the suite on: right ones, and one that can be wrong in many ways.

#![allow(dead_code, unreachable_pub, missing_docs)] // each test file uses some of them

pub mod at_home;
mod epochs;
pub mod found_by;
pub mod in_place;
pub mod leasing;
pub mod map;
mod shut;
mod state;
pub mod wrong;
