//! `keys.json`: what the manglers of the port make of keys.

use dogpile_backend::{Identity, KeyBuffer, LengthConditional, Mangle, Prefix};
use serde_json::{Value, json};

use crate::file::{File, hex, number};

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
    File::new("keys", "Keys are bytes, and manglers make bytes of them.").with("mangled", cases)
}
