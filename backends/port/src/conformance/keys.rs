//! Keys are any bytes, and no two of them are one.

use super::Sample;
use super::subject::{Outcome, Subject, ensure, together};

pub(super) fn keys_are_any_bytes<V: Sample>(subject: &Subject<V>) -> Outcome {
    let every_byte: Vec<u8> = (0..=u8::MAX).collect();
    for key in [
        subject.key("|\0\n\r\t \"'/\\%{}é"),
        [&every_byte[..], &subject.key("")].concat(),
    ] {
        subject.set(&key, subject.entry(1))?;
        subject.holds(&key, &subject.entry(1))?;
        let lease = subject.win(&key)?;
        subject.release(&key, &lease)?;
        subject.delete(&key)?;
        subject.is_empty(&key)?;
    }
    // The empty key cannot be made one's own: whoever else uses it is overwritten.
    subject.set(b"", subject.entry(2))?;
    subject.holds(b"", &subject.entry(2))?;
    subject.delete(b"")?;
    subject.is_empty(b"")
}

pub(super) fn keys_are_told_apart<V: Sample>(subject: &Subject<V>) -> Outcome {
    let endings: [&[u8]; 14] = [
        b"",
        b"a",
        b"A",
        b"a\0",
        b"\0a",
        b"aa",
        b"a ",
        b" a",
        b"a|",
        b"\xff",
        b"\xff\xff",
        b"%61",
        b"\xc3\xa9",
        b"e\xcc\x81",
    ];
    told_apart(
        subject,
        &endings.map(|ending| [&subject.key("key")[..], ending].concat()),
    )?;
    // The end of a key is as good as its beginning.
    told_apart(
        subject,
        &endings.map(|start| [start, &subject.key("key")[..]].concat()),
    )
}

pub(super) fn long_keys_are_told_apart<V: Sample>(subject: &Subject<V>) -> Outcome {
    for length in [128, 250, 251, 512, 65_536, 1_000_000] {
        let mut key = subject.key("key");
        key.resize(length, b'x');
        let (mut first, mut last, longer) = (key.clone(), key.clone(), [&key[..], b"x"].concat());
        first[0] ^= 1;
        last[length - 1] ^= 1;
        told_apart(subject, &[key, first, last, longer])?;
    }
    Ok(())
}

fn told_apart<V: Sample>(subject: &Subject<V>, keys: &[Vec<u8>]) -> Outcome {
    for (number, key) in (0..).zip(keys) {
        subject.set(key, subject.entry(number))?;
    }
    for (number, key) in (0..).zip(keys) {
        subject.holds(key, &subject.entry(number))?;
    }
    let (first, others) = keys.split_first().ok_or("no keys")?;
    let lease = subject.win(first)?;
    for key in others {
        let other = subject.win(key)?;
        subject.release(key, &other)?;
    }
    subject.release(first, &lease)?;
    subject.delete(first)?;
    for (number, key) in (1..).zip(others) {
        subject.holds(key, &subject.entry(number))?;
    }
    Ok(())
}

pub(super) fn many_keys_are_written_at_once<V: Sample>(subject: &Subject<V>) -> Outcome {
    const KEYS: usize = 25;
    let key = |thread: usize, key: usize| subject.key(&format!("{thread}-{key}"));
    let entry = |thread: usize, key: usize| subject.entry((thread * KEYS + key) as u64);
    together(4, |thread| {
        (0..KEYS).try_for_each(|at| subject.set(&key(thread, at), entry(thread, at)))
    })?;
    for thread in 0..4 {
        for at in 0..KEYS {
            subject.holds(&key(thread, at), &entry(thread, at))?;
        }
    }
    let found = subject.get(&key(4, 0))?;
    ensure!(found.is_none(), "a key that nobody wrote holds {found:?}");
    Ok(())
}
