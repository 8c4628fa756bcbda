//! Where things are in the server. A key's value and lease share a slot of a cluster: what stands
//! between braces is hashed, so the braces of a user's key are escaped.
//!
//! | | key |
//! |---|---|
//! | value | `prefix:v:{key}` |
//! | lease | `prefix:l:{key}` |
//! | a region's epochs | `prefix:e:{region}` |
//!
//! Channels: `prefix:w:{key}` for those who wait, `prefix:i:{region}` for invalidations.

/// How keys are written.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    prefix: Box<[u8]>,
    lease_mark: Box<[u8]>,
}

impl Keys {
    pub(crate) fn new(prefix: &str, lease_prefix: &str) -> Self {
        Self {
            prefix: prefix.as_bytes().into(),
            lease_mark: lease_prefix.as_bytes().into(),
        }
    }

    pub(crate) fn value(&self, key: &[u8]) -> Vec<u8> {
        self.at(b"v", key)
    }

    pub(crate) fn lease(&self, key: &[u8]) -> Vec<u8> {
        self.at(&self.lease_mark, key)
    }

    pub(crate) fn waiting(&self, key: &[u8]) -> Vec<u8> {
        self.at(b"w", key)
    }

    pub(crate) fn epochs(&self, region: &str) -> Vec<u8> {
        self.at(b"e", region.as_bytes())
    }

    pub(crate) fn invalidations(&self, region: &str) -> Vec<u8> {
        self.at(b"i", region.as_bytes())
    }

    fn at(&self, what: &[u8], key: &[u8]) -> Vec<u8> {
        let mut at = Vec::with_capacity(self.prefix.len() + what.len() + key.len() + 8);
        at.extend_from_slice(&self.prefix);
        at.push(b':');
        at.extend_from_slice(what);
        at.extend_from_slice(b":{");
        escape(key, &mut at);
        at.push(b'}');
        at
    }
}

/// Injective: `%` begins an escape and nothing else. Empty braces would not be hashed alone.
fn escape(key: &[u8], into: &mut Vec<u8>) {
    if key.is_empty() {
        into.extend_from_slice(b"%00");
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
        let keys = Keys::new("dogpile", "l");
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
        let keys = Keys::new("dogpile", "l");
        for key in [b"".as_slice(), b"plain", b"{tag}", b"}{", b"%"] {
            assert_eq!(hashed(&keys.value(key)), hashed(&keys.lease(key)));
        }
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
