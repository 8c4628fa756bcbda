//! The scripts, each a file that says its keys, arguments and replies.

use std::sync::OnceLock;

use dogpile_backend::Compatibility;

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
    /// Gives a lease to nobody for a while.
    SHUT = "shut.lua";
    /// Prolongs a lease.
    RENEW = "renew.lua";
    /// Stores a value whoever has the lease.
    SET = "set.lua";
    /// Removes a value whoever has the lease.
    DELETE = "delete.lua";
    /// Raises a region's epochs.
    RAISE = "raise.lua";
    /// [`LEASE`] beside Python.
    PYTHON_LEASE = "python/lease.lua";
    /// [`COMMIT`] beside Python.
    PYTHON_COMMIT = "python/commit.lua";
    /// [`SET`] beside Python.
    PYTHON_SET = "python/set.lua";
    /// [`DELETE`] beside Python.
    PYTHON_DELETE = "python/delete.lua";
}

/// The scripts that differ by who else uses the keys.
#[derive(Debug)]
pub(crate) struct Scripts {
    pub(crate) lease: &'static Script,
    pub(crate) commit: &'static Script,
    pub(crate) set: &'static Script,
    pub(crate) delete: &'static Script,
}

static NATIVE: Scripts = Scripts {
    lease: &LEASE,
    commit: &COMMIT,
    set: &SET,
    delete: &DELETE,
};

static PYTHON: Scripts = Scripts {
    lease: &PYTHON_LEASE,
    commit: &PYTHON_COMMIT,
    set: &PYTHON_SET,
    delete: &PYTHON_DELETE,
};

impl Scripts {
    pub(crate) fn of(compatibility: Compatibility) -> &'static Self {
        match compatibility {
            Compatibility::Native => &NATIVE,
            Compatibility::Python => &PYTHON,
        }
    }
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

    #[test]
    fn beside_python_scripts_know_our_tokens_by_their_beginning() {
        let token = crate::token::text(crate::token::mint());
        let ours = format!("'{}'", &token[..8]);
        for script in [&PYTHON_LEASE, &PYTHON_SET, &PYTHON_DELETE] {
            assert!(script.text.contains(&ours), "{}", script.text);
        }
        let stamp = format!("\"st\": \"{}", &token[..8]);
        assert!(PYTHON_COMMIT.text.contains(&stamp));
    }
}
