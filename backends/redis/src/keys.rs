//! Where things are in the server. A key's value and lease share a slot of a cluster: what stands
//! between braces is hashed, so the braces of a user's key are escaped.
//!
//! | | key | shared with Python |
//! |---|---|---|
//! | value | `prefix:v:{key}` | `prefix` `key` |
//! | lease | `prefix:l:{key}` | `_lock` `prefix` `key` |
//! | a region's epochs | `prefix:e:{region}` | `prefix` `dogpile:e:{region}` |
//!
//! Channels: `prefix:w:{key}` for those who wait, `prefix:i:{region}` for invalidations; beside Python
//! `prefix` `dogpile:w:{key}` and `prefix` `dogpile:i:{region}`.

use dogpile_backend::Compatibility;

use crate::watcher::Spot;

/// How keys are written.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    compatibility: Compatibility,
    /// What values' keys begin with.
    prefix: Box<[u8]>,
    lease: Box<[u8]>,
    /// What all else that is ours begins with.
    house: Box<[u8]>,
    /// A value and its lease must be in one slot.
    slots: bool,
}

impl Keys {
    pub(crate) fn native(prefix: &str, lease: &str) -> Self {
        Self {
            compatibility: Compatibility::Native,
            prefix: prefix.as_bytes().into(),
            lease: lease.as_bytes().into(),
            house: prefix.as_bytes().into(),
            slots: false,
        }
    }

    pub(crate) fn python(prefix: &str, lease: &str, slots: bool) -> Self {
        Self {
            compatibility: Compatibility::Python,
            prefix: prefix.as_bytes().into(),
            lease: lease.as_bytes().into(),
            house: [prefix.as_bytes(), b"dogpile"].concat().into(),
            slots,
        }
    }

    pub(crate) fn value(&self, key: &[u8]) -> Vec<u8> {
        match self.compatibility {
            Compatibility::Native => self.at(b"v", key),
            Compatibility::Python => [&self.prefix, key].concat(),
        }
    }

    pub(crate) fn lease(&self, key: &[u8]) -> Vec<u8> {
        match self.compatibility {
            Compatibility::Native => self.at(&self.lease, key),
            Compatibility::Python => [&self.lease, &self.prefix, key].concat(),
        }
    }

    pub(crate) fn waiting(&self, key: &[u8]) -> Vec<u8> {
        self.at(b"w", key)
    }

    pub(crate) fn epochs(&self, region: &str) -> Vec<u8> {
        self.at(b"e", region.as_bytes())
    }

    /// Where those who wait for `key` listen.
    pub(crate) fn spot(&self, key: &[u8]) -> Spot {
        let channel = self.waiting(key);
        let keys = match self.compatibility {
            // All who write say so.
            Compatibility::Native => Vec::new(),
            Compatibility::Python => vec![self.value(key), self.lease(key)],
        };
        Spot {
            channel,
            keys,
            patient: false,
        }
    }

    pub(crate) fn invalidations(&self, region: &str) -> Vec<u8> {
        self.at(b"i", region.as_bytes())
    }

    /// Whether a script may name the value of `key` and its lease together.
    pub(crate) fn are_together(&self, key: &[u8]) -> bool {
        !self.slots || has_tag(&self.value(key))
    }

    fn at(&self, what: &[u8], key: &[u8]) -> Vec<u8> {
        let mut at = Vec::with_capacity(self.house.len() + what.len() + key.len() + 8);
        at.extend_from_slice(&self.house);
        at.push(b':');
        at.extend_from_slice(what);
        at.extend_from_slice(b":{");
        escape(key, &mut at);
        at.push(b'}');
        at
    }
}

/// Whether a cluster hashes only a part of `key`: what stands between the first brace and the next
/// closing one, unless that is nothing.
fn has_tag(key: &[u8]) -> bool {
    let mut parts = key.splitn(2, |byte| *byte == b'{').skip(1);
    let end = parts
        .next()
        .and_then(|rest| rest.iter().position(|byte| *byte == b'}'));
    end.is_some_and(|length| length > 0)
}

/// Injective: `%` begins an escape and nothing else. Empty braces would not be hashed alone.
fn escape(key: &[u8], into: &mut Vec<u8>) {
    if key.is_empty() {
        into.extend_from_slice(b"%00");
    }
    // Looked at in one go: most keys have none of these and are copied in one go, too.
    let found = |found, byte: &u8| found | matches!(byte, b'{' | b'}' | b'%');
    if !key.iter().fold(false, found) {
        into.extend_from_slice(key);
        return;
    }
    for byte in key {
        match byte {
            b'{' => into.extend_from_slice(b"%7B"),
            b'}' => into.extend_from_slice(b"%7D"),
            b'%' => into.extend_from_slice(b"%25"),
            byte => into.push(*byte),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn law_10_keys_are_told_apart() {
        let keys = Keys::native("dogpile", "l");
        let users: [&[u8]; 10] = [
            b"", b"a", b"{", b"}", b"%", b"%7B", b"%00", b"\0", b"{}", b"}{",
        ];
        let mut seen = std::collections::HashSet::new();
        for key in users {
            assert!(seen.insert(keys.value(key)), "{key:?}");
            assert!(seen.insert(keys.lease(key)), "{key:?}");
        }
    }

    #[test]
    fn value_and_lease_share_what_is_hashed() {
        let keys = Keys::native("dogpile", "l");
        for key in [b"".as_slice(), b"plain", b"{tag}", b"}{", b"%"] {
            assert_eq!(hashed(&keys.value(key)), hashed(&keys.lease(key)));
        }
    }

    #[test]
    fn beside_python_keys_are_as_python_writes_them() {
        let keys = Keys::python("", "_lock", false);
        assert_eq!(keys.value(b"some key"), b"some key");
        assert_eq!(keys.lease(b"some key"), b"_locksome key");
        let keys = Keys::python("shop:", "lk:", false);
        assert_eq!(keys.value(b"{a}"), b"shop:{a}");
        assert_eq!(keys.lease(b"{a}"), b"lk:shop:{a}");
        assert_eq!(keys.epochs("users"), b"shop:dogpile:e:{users}");
    }

    #[test]
    fn a_cluster_needs_a_tag_beside_python() {
        let keys = Keys::python("", "_lock", true);
        for tagged in [b"{a}".as_slice(), b"x{a}y", b"{{}", b"{a}{}"] {
            assert!(keys.are_together(tagged), "{tagged:?}");
        }
        for none in [b"".as_slice(), b"a", b"{}", b"{}{a}", b"}a{", b"{a"] {
            assert!(!keys.are_together(none), "{none:?}");
        }
        assert!(Keys::python("{shop}", "_lock", true).are_together(b"a"));
        assert!(Keys::python("", "_lock", false).are_together(b"a"));
    }

    /// What a cluster hashes: between the first brace and the next closing one, unless empty.
    fn hashed(key: &[u8]) -> Vec<u8> {
        let open = key
            .iter()
            .position(|byte| *byte == b'{')
            .expect("one opens");
        let tag = &key[open + 1..];
        let close = tag
            .iter()
            .position(|byte| *byte == b'}')
            .expect("one closes");
        assert!(close > 0, "empty braces are not hashed alone");
        tag[..close].to_vec()
    }
}
