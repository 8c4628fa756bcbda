//! `keys.json`: what the manglers of the port make of keys, the slots of tags, and where a key's value and lease are in
//! Redis.

use dogpile_backend::{Identity, KeyBuffer, LengthConditional, Mangle, Prefix, Tag};
use dogpile_redis::{Compatibility, RedisSettings};
use serde_json::{Value, json};

use crate::file::{File, hex, number, object};

/// Keys are any bytes: empty, text, not text, zeros, as long as the buffer in place, and longer.
fn keys() -> Vec<Vec<u8>> {
    let mut keys: Vec<Vec<u8>> = [
        "",
        "42",
        "a key",
        "user:42",
        "schlüssel",
        "\n\t\"\\",
        "long:abcd",
        "abc",
        "abcd",
    ]
    .map(|key| key.as_bytes().to_vec())
    .into();
    keys.push(vec![0, 0xff, 0x80, 0x7f]);
    keys.extend([123, 124, 128, 129, 300].map(|length| vec![b'x'; length]));
    keys
}

pub(crate) fn file() -> File {
    let prefix = "user:";
    let mut cases = Vec::new();
    let long = 4;
    let manglers: [(Value, &dyn Mangle); 4] = [
        (json!({"mangler": "identity"}), &Identity),
        (
            json!({"mangler": "prefix", "prefix": hex(b"")}),
            &Prefix::new(""),
        ),
        (
            json!({"mangler": "prefix", "prefix": hex(prefix.as_bytes())}),
            &Prefix::new(prefix),
        ),
        (
            json!({
                "mangler": "length_conditional",
                "from": number(4_u64),
                "then": {"mangler": "prefix", "prefix": hex(b"long:")},
            }),
            &LengthConditional::new(long, Prefix::new("long:")),
        ),
    ];
    let mut scratch = KeyBuffer::new();
    for (name, mangler) in &manglers {
        for key in keys() {
            let mangled = hex(mangler.mangle(&key, &mut scratch));
            cases.push(json!({"by": name, "key": hex(&key), "mangled": mangled}));
        }
    }
    let about = "Keys are bytes; manglers make bytes of them, tags' names have slots, and Redis has names for what keys lead to.";
    File::new("keys", about)
        .with("mangled", cases)
        .with("tags", keys().iter().map(|name| tag(name)).collect())
        .with("redis", redis())
}

/// The slot of the tag that has this name.
fn tag(name: &[u8]) -> Value {
    json!({"name": hex(name), "slot": number(Tag::named(name).slot())})
}

/// With the prefixes as they are by default and others, for us alone and beside Python.
fn redis() -> Vec<Value> {
    let mut keys = keys();
    keys.extend(
        ["{", "}", "%", "{}", "}{", "%7B", "{user}:1", "%00"].map(|key| key.as_bytes().to_vec()),
    );
    let places = [
        (Compatibility::Native, "native", None),
        (Compatibility::Native, "native", Some(("shop", "lease"))),
        (Compatibility::Python, "python", None),
        (Compatibility::Python, "python", Some(("shop:", "lk:"))),
    ];
    let mut cases = Vec::new();
    for (compatibility, name, prefixes) in places {
        let mut settings = RedisSettings::url("redis://127.0.0.1:1").compatibility(compatibility);
        if let Some((prefix, lease)) = prefixes {
            settings = settings.prefix(prefix).lease_prefix(lease);
        }
        let store = settings
            .open()
            .expect("good settings, which connect to nothing");
        let (prefix, lease) = prefixes.unzip();
        for key in &keys {
            cases.push(object([
                ("compatibility", name.into()),
                ("prefix", prefix.into()),
                ("lease_prefix", lease.into()),
                ("key", hex(key)),
                ("value", hex(&store.value_key(key))),
                ("lease", hex(&store.lease_key(key))),
            ]));
        }
    }
    cases
}
