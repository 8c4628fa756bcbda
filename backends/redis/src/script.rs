//! The scripts, each a file that says its keys, arguments and replies.

use std::sync::OnceLock;

/// A script that the server runs in one step.
#[derive(Debug)]
pub(crate) struct Script {
    text: &'static str,
    name: OnceLock<String>,
}

macro_rules! scripts {
    ($($(#[$what:meta])* $name:ident = $file:literal;)+) => {
        $($(#[$what])* pub(crate) static $name: Script = Script {
            text: include_str!(concat!("scripts/", $file)),
            name: OnceLock::new(),
        };)+
        #[cfg(test)]
        static ALL: &[&Script] = &[$(&$name),+];
    };
}

scripts! {
    /// Looks and takes a lease.
    LEASE = "lease.lua";
    /// Stores a value under its lease.
    COMMIT = "commit.lua";
    /// Gives a lease back.
    RELEASE = "release.lua";
    /// Prolongs a lease.
    RENEW = "renew.lua";
    /// Stores a value whoever has the lease.
    SET = "set.lua";
    /// Removes a value whoever has the lease.
    DELETE = "delete.lua";
    /// Raises a region's epochs.
    RAISE = "raise.lua";
}

impl Script {
    pub(crate) fn text(&self) -> &'static str {
        self.text
    }

    /// The name by which the server knows it once it has seen it.
    pub(crate) fn name(&'static self) -> &'static str {
        self.name
            .get_or_init(|| redis::Script::new(self.text).get_hash().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_script_says_what_it_takes_and_replies() {
        for script in ALL {
            for word in ["KEYS", "ARGV", "Replies"] {
                assert!(script.text.contains(word), "{word}: {}", script.text);
            }
        }
    }
}
