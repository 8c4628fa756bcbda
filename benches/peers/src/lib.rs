//! Other caches beside dogpile, all in one run.
//!
//! [`contender`] is the one trait a cache implements to take part, [`contenders`] has a file for each that does, [`courses`] are
//! the things measured, and [`mod@bench`] holds the instruments.

pub mod bench;
pub mod contender;
pub mod contenders;
pub mod courses;
pub mod error;
