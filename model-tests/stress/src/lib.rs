//! What the stress tests are made of: values that check themselves and are counted.

pub mod counted;
