//! A value such as services cache: about 100 bytes of JSON.

use serde::{Deserialize, Serialize};

/// What is known of a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    id: u64,
    name: String,
    email: String,
    groups: Vec<String>,
    active: bool,
}

impl User {
    /// The same in every run.
    pub fn sample() -> Self {
        Self {
            id: 4711,
            name: "Ann Example".to_owned(),
            email: "ann@example.org".to_owned(),
            groups: vec!["readers".to_owned(), "writers".to_owned()],
            active: true,
        }
    }
}
