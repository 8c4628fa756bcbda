//! What is wrong with words.

use std::error::Error;

/// Why words are no configuration.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// A key that nothing here is called.
    #[error("`{key}` is not known here{}{}", meant(nearest.as_deref()), elsewhere(another.as_deref()))]
    Unknown {
        /// The key.
        key: String,
        /// The known one that is most like it.
        nearest: Option<String>,
        /// The prefix of the region that it is meant for, if it is another's.
        another: Option<String>,
    },
    /// A key that must be there is not.
    #[error("`{key}` is missing: {what}")]
    Missing {
        /// The key.
        key: String,
        /// What it says.
        what: &'static str,
    },
    /// A word that cannot be meant so.
    #[error("`{key}` is `{word}`, which is no {expected}")]
    Word {
        /// The key.
        key: String,
        /// The word.
        word: String,
        /// What should stand there.
        expected: String,
    },
    /// Keys that do not go together.
    #[error("{what}")]
    Together {
        /// Which, and what to do.
        what: String,
    },
    /// A backend that this build does not have.
    #[error("the backend `{backend}` is not built in; turn on the feature `{backend}` of dogpile")]
    NotBuiltIn {
        /// The backend.
        backend: &'static str,
    },
    /// A name that another backend has.
    #[error("there is a backend `{backend}` already; give yours another name")]
    Taken {
        /// The name.
        backend: String,
    },
    /// The text is no TOML.
    #[error("{0}")]
    Toml(String),
    /// The store does not open.
    #[error("the store of the backend `{backend}` does not open: {source}")]
    Store {
        /// The backend.
        backend: String,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
}

/// What was meant by a misspelt name.
pub(super) fn meant(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |near| format!("; did you mean `{near}`?"))
}

fn elsewhere(another: Option<&str>) -> String {
    another.map_or_else(String::new, |prefix| {
        format!(
            "; if it is meant for a region whose prefix is `{prefix}`, choose prefixes of which none begins \
             with another"
        )
    })
}
