//! The frame of the proof: what there is to show, and how a room says that it showed it.
//!
//! A test that holds ends with [`shown`]. `cargo xtask verify` runs all rooms, gathers what they
//! said and fails when a property is shown by nobody.
//!
//! ```
//! use dogpile_proof::{Property, Tool, shown};
//! let (executions, asleep_when_it_came) = (1_204, 311);
//! shown(
//!     Property::NoLostWakeUp,
//!     Tool::Loom,
//!     "2 threads, unbounded",
//!     executions,
//!     asleep_when_it_came,
//! );
//! ```
//!
//! How far a room goes is its own affair, but when it goes far is not: see [`size`].

mod property;

use std::fs::File;
use std::io::Write;
use std::path::Path;

pub use property::{Property, Tool};

/// The variable that names the file to which records are appended.
pub const RECORDS: &str = "DOGPILE_PROOF";
/// The variable that says how far the rooms go: `short`, `full` or `nightly`.
pub const SIZE: &str = "DOGPILE_PROOF_SIZE";

/// How far the rooms go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Size {
    /// What each change has to pass: all rooms together under five minutes on two cores.
    Short,
    /// `cargo xtask verify`: all rooms together under twelve minutes on two cores.
    Full,
    /// What takes long.
    Nightly,
}

/// How far the rooms go in this run; the shortest way unless [`SIZE`] says otherwise.
///
/// # Panics
/// When [`SIZE`] says what is none.
pub fn size() -> Size {
    let said = std::env::var(SIZE);
    size_named(said.as_deref().unwrap_or("short"))
}

fn size_named(name: &str) -> Size {
    match name {
        "short" => Size::Short,
        "full" => Size::Full,
        "nightly" => Size::Nightly,
        other => panic!("{SIZE} is short, full or nightly, not {other:?}"),
    }
}

/// How often the interesting state was reached: a count, or whether it was at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Witnessed(usize);

impl From<usize> for Witnessed {
    fn from(count: usize) -> Self {
        Self(count)
    }
}

impl From<bool> for Witnessed {
    fn from(seen: bool) -> Self {
        Self(usize::from(seen))
    }
}

/// Says that `property` held in each of `executions`, and that the state in which it could have
/// been broken was among them. To be called at the end of a test, when all of that is known.
///
/// Prints it, and appends a record to the file that [`RECORDS`] names, if it names one: property,
/// tool, scope, executions, witnesses and test, on a line, with tabs between them.
///
/// # Panics
/// When nothing was executed or nothing witnessed, for that shows nothing; and when the record
/// cannot be written.
pub fn shown(
    property: Property,
    tool: Tool,
    scope: &str,
    executions: usize,
    witnessed: impl Into<Witnessed>,
) {
    let Witnessed(witnessed) = witnessed.into();
    let claim = format!("{} by {}, {scope}", property.name(), tool.name());
    assert!(executions > 0, "{claim}: nothing was executed");
    assert!(
        witnessed > 0,
        "{claim}: the state in question was never reached"
    );
    println!("shown: {claim}: {executions} executions, {witnessed} witnesses");
    let Some(path) = std::env::var_os(RECORDS).filter(|path| !path.is_empty()) else {
        return;
    };
    let thread = std::thread::current();
    let test = thread.name().unwrap_or_default();
    assert!(
        !scope.contains(['\t', '\n']),
        "{claim}: a scope is one line"
    );
    let record = format!(
        "{}\t{}\t{scope}\t{executions}\t{witnessed}\t{test}",
        property.name(),
        tool.name(),
    );
    if let Err(cause) = append(Path::new(&path), &record) {
        panic!(
            "cannot write to {}, which {RECORDS} names: {cause}",
            path.display()
        );
    }
}

/// Appends a line, alone: tests of several processes say what they showed at the same time.
fn append(path: &Path, line: &str) -> std::io::Result<()> {
    let mut file = File::options().create(true).append(true).open(path)?;
    file.lock()?;
    file.write_all(format!("{line}\n").as_bytes())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn properties_are_numbered_and_named_once() {
        let numbers = Property::ALL.map(Property::number);
        assert!(numbers.into_iter().eq(1..=20));
        let names: BTreeSet<_> = Property::ALL.map(Property::name).into();
        assert_eq!(names.len(), 20);
        for name in names {
            assert!(
                name.chars().all(|c| c.is_ascii_lowercase() || c == '-'),
                "{name}"
            );
        }
        assert!(
            Property::ALL
                .iter()
                .all(|property| property.sentence().ends_with('.'))
        );
    }

    #[test]
    fn tools_are_named_once() {
        let names: BTreeSet<_> = Tool::ALL.map(Tool::name).into();
        assert_eq!(names.len(), Tool::ALL.len());
    }

    #[test]
    fn lines_of_several_writers_stay_whole() {
        let path = std::env::temp_dir().join(format!("dogpile-proof-{}", std::process::id()));
        std::thread::scope(|scope| {
            for writer in ["a", "b", "c", "d"] {
                let (path, line) = (&path, writer.repeat(50));
                scope.spawn(move || {
                    for _ in 0..50 {
                        append(path, &line).expect("the folder for temporary files can be written");
                    }
                });
            }
        });
        let text = std::fs::read_to_string(&path).expect("it was just written");
        std::fs::remove_file(&path).expect("its own file can be removed");
        let whole = |line: &str| line.len() == 50 && line.bytes().all(|b| b == line.as_bytes()[0]);
        assert_eq!(text.lines().filter(|line| whole(line)).count(), 200);
        assert_eq!(text.lines().count(), 200);
    }

    #[test]
    #[should_panic(expected = "was never reached")]
    fn what_no_execution_could_have_broken_is_not_shown() {
        shown(Property::OneCreator, Tool::Loom, "this test", 1, 0);
    }

    #[test]
    #[should_panic(expected = "nothing was executed")]
    fn what_never_ran_is_not_shown() {
        shown(Property::OneCreator, Tool::Loom, "this test", 0, true);
    }

    #[test]
    fn sizes_are_ordered() {
        assert!(size_named("short") < size_named("full"));
        assert!(size_named("full") < size_named("nightly"));
    }

    #[test]
    #[should_panic(expected = "short, full or nightly")]
    fn a_size_that_is_none_is_refused() {
        size_named("huge");
    }
}
