//! Numbers of executions that are pinned: an exploration that finds fewer executions than it did has
//! lost some, and nothing else would say so.
//!
//! They stand in `loom/counts.txt`, which says when they may change. [`pinned`] compares; with
//! [`REWRITE`] set to `rewrite` it writes down what it found.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use crate::explore::Reach;

/// The variable that asks for the counts to be written anew.
pub const REWRITE: &str = "DOGPILE_PINS";

/// Each exploration's name and reach, and how many executions it has.
pub type Pins = BTreeMap<(String, String), usize>;

fn path() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "loom", "counts.txt"]
        .iter()
        .collect()
}

/// How far an exploration goes, as the pins and the scopes of records say it.
pub fn reach_name(reach: Reach) -> String {
    match reach {
        Reach::Unbounded => "unbounded".to_owned(),
        Reach::Preemptions(bound) => format!("{bound} preemptions"),
    }
}

/// What is pinned.
///
/// # Panics
/// When the file is not there or not readable.
pub fn pins() -> Pins {
    parse(&text()).1
}

fn text() -> String {
    let path = path();
    match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(cause) => panic!("the pinned counts are in {}: {cause}", path.display()),
    }
}

/// The words at the beginning of the file, and the pins below.
fn parse(text: &str) -> (String, Pins) {
    let is_pin = |line: &&str| !line.starts_with('#') && !line.trim().is_empty();
    let words: Vec<_> = text.lines().filter(|line| line.starts_with('#')).collect();
    let pin = |line: &str| {
        let mut parts = line.splitn(3, '|').map(str::trim);
        let count = parts.next()?.parse().ok()?;
        let (reach, name) = (parts.next()?.to_owned(), parts.next()?.to_owned());
        Some(((name, reach), count))
    };
    let pins = text.lines().filter(is_pin).map(|line| match pin(line) {
        Some(pin) => pin,
        None => panic!("not a pinned count: {line:?}"),
    });
    (words.join("\n"), pins.collect())
}

fn render(words: &str, pins: &Pins) -> String {
    let lines: Vec<_> = pins
        .iter()
        .map(|((name, reach), count)| format!("{count:>8} | {reach:<13} | {name}\n"))
        .collect();
    format!("{words}\n\n{}", lines.concat())
}

/// Compares `executions` with what is pinned for the exploration of this name, or pins it.
///
/// # Panics
/// When it is another number, or none is pinned.
pub fn pinned(name: &str, reach: Reach, executions: usize) {
    /// Tests of one program run at once.
    static FILE: Mutex<()> = Mutex::new(());
    let key = (name.to_owned(), reach_name(reach));
    if std::env::var(REWRITE).is_ok_and(|asked| asked == "rewrite") {
        let _alone = FILE.lock().unwrap_or_else(PoisonError::into_inner);
        let (words, mut pins) = parse(&text());
        pins.insert(key, executions);
        let written = std::fs::write(path(), render(&words, &pins));
        assert!(written.is_ok(), "{}: {written:?}", path().display());
        return;
    }
    let wrong = complaint(&pins(), &key, executions);
    assert!(wrong.is_none(), "{}", wrong.unwrap_or_default());
}

fn complaint(pins: &Pins, key: &(String, String), executions: usize) -> Option<String> {
    let pinned = pins.get(key);
    let (name, reach) = key;
    let how = format!(
        "If that is meant, argue for it in the commit and write the counts anew:\n    \
         {REWRITE}=rewrite cargo test --profile models -p dogpile-model-tests --test loom"
    );
    match pinned {
        Some(&pinned) if pinned == executions => None,
        Some(pinned) => Some(format!(
            "{name} ({reach}) ran {executions} executions; model-tests/loom/counts.txt says \
             {pinned}. {how}"
        )),
        None => Some(format!(
            "{name} ({reach}) is not in model-tests/loom/counts.txt. {how}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "# words\n\n      14 | unbounded     | 2 claims\n     176 | 3 preemptions | 3 claims, a\n";

    #[test]
    fn what_is_read_is_what_was_written() {
        let (words, pins) = parse(TEXT);
        assert_eq!(render(&words, &pins), TEXT);
    }

    #[test]
    fn another_number_is_a_complaint_and_so_is_none() {
        let (_, pins) = parse(TEXT);
        let key = |name: &str| (name.to_owned(), "unbounded".to_owned());
        assert_eq!(complaint(&pins, &key("2 claims"), 14), None);
        let other = complaint(&pins, &key("2 claims"), 13).expect("13 are not 14");
        assert!(other.contains("ran 13 executions"), "{other}");
        assert!(other.contains(REWRITE), "it says how to mend it: {other}");
        assert!(
            complaint(&pins, &key("3 claims, a"), 176).is_some(),
            "another reach"
        );
    }

    #[test]
    fn the_file_is_as_it_is_written() {
        let text = text();
        let (words, pins) = parse(&text);
        assert_eq!(render(&words, &pins), text, "sorted, each name once");
    }
}
