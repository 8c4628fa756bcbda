//! What is written is read, and nothing else is.

use super::*;
use proptest::prelude::*;

fn cached(
    stamp: u128,
    epoch: u64,
    created: u64,
    schema: u32,
    bytes: &[u8],
) -> CachedValue<Payload> {
    CachedValue {
        value: Payload {
            schema,
            bytes: bytes.to_vec(),
        },
        metadata: Metadata {
            stamp: Stamp::new(stamp),
            epoch: Epoch::new(epoch),
            created: Time::from_nanos(created),
            terms: Terms::NONE,
        },
    }
}

fn written(key: &[u8], claim: Option<u128>, value: Option<&[u8]>) -> Vec<u8> {
    let entry = Entry {
        claim: claim.map(Stamp::new),
        value: value.and_then(Value::new),
    };
    entry.write(key).expect("there is something to write")
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        key: Vec<u8>, claim: Option<u128>, stamp: u128, numbers: [u64; 3], schema: u32, bytes: Vec<u8>,
    ) {
        let [epoch, created, end] = numbers;
        let cached = cached(stamp, epoch, created, schema, &bytes);
        let part = value_bytes(&cached, Time::from_nanos(end));
        let stored = written(&key, claim, Some(&part));
        let read = Entry::read(&key, &stored).expect("whole");
        prop_assert_eq!(read.claim, claim.map(Stamp::new));
        let value = read.value.expect("it is there");
        prop_assert_eq!((value.entry(), value.end()), (cached, Time::from_nanos(end)));
    }

    #[test]
    fn no_other_bytes_are_read(key: Vec<u8>, bytes: Vec<u8>, at: usize, change in 1..=u8::MAX) {
        let part = value_bytes(&cached(1, 2, 3, 4, &bytes), Time::END);
        let stored = written(&key, Some(9), Some(&part));
        let mut other = stored.clone();
        let at = at % other.len();
        other[at] ^= change;
        prop_assert!(Entry::read(&key, &other).is_err());
        prop_assert!(Entry::read(&key, &stored[..at]).is_err());
        prop_assert!(Entry::read(&[&key[..], b"x"].concat(), &stored).is_err());
    }
}

#[test]
fn what_is_wrong_is_told() {
    let sealed = |rest: &[u8]| [&sum(b"k", rest).to_be_bytes()[..], rest].concat();
    assert_eq!(
        Entry::read(b"k", b"short"),
        Err(Unreadable::Short { length: 5 })
    );
    assert_eq!(
        Entry::read(b"k", &sealed(b"")),
        Err(Unreadable::Short { length: 8 })
    );
    assert_eq!(
        Entry::read(b"k", &sealed(&[HAS_VALUE, 0])),
        Err(Unreadable::Short { length: 10 })
    );
    assert_eq!(
        Entry::read(b"k", &sealed(&[HAS_CLAIM, 0])),
        Err(Unreadable::Short { length: 10 })
    );
    assert_eq!(
        Entry::read(b"k", &sealed(&[4])),
        Err(Unreadable::Unknown { what: 4 })
    );
    assert_eq!(Entry::default().write(b"k"), None);
}
