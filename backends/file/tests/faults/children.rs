//! Other processes: this same program, running one test that does what it is told.

use std::io::{BufRead, BufReader, Lines, Write as _};
use std::path::Path;
use std::process::{ChildStdin, ChildStdout, Command, Stdio};

use dogpile_backend::{LeaseStore, Span};
use dogpile_file::{File, FileSettings};
use dogpile_test_servers::Process;

use super::{LONG, commit, get, set, win};

const ROLE: &str = "DOGPILE_FILE_ROLE";
const FOLDER: &str = "DOGPILE_FILE_FOLDER";

/// Another process.
pub(crate) struct Child {
    pub(crate) process: Process,
    says: Lines<BufReader<ChildStdout>>,
    orders: ChildStdin,
}

impl Child {
    /// Starts one that plays `role` in the store in `folder`.
    pub(crate) fn start(role: &str, folder: &Path) -> Self {
        Self::by(Command::new(std::env::current_exe().unwrap()), role, folder)
    }

    /// The same after `before`, a line for the shell, in name spaces of its own.
    pub(crate) fn apart(before: &str, role: &str, folder: &Path) -> Self {
        let program = std::env::current_exe().unwrap();
        let line = format!("{before} && exec '{}' \"$@\"", program.display());
        let mut command = Command::new("unshare");
        command.args(["--mount", "--map-root-user", "sh", "-c", &line, "sh"]);
        Self::by(command, role, folder)
    }

    fn by(mut command: Command, role: &str, folder: &Path) -> Self {
        command.args([
            "--exact",
            "children::a_child",
            "--nocapture",
            "--test-threads=1",
        ]);
        command.env(ROLE, role).env(FOLDER, folder);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = Process::start(command).unwrap();
        let (orders, says) = process.pipes();
        Self {
            process,
            says: BufReader::new(says.unwrap()).lines(),
            orders: orders.unwrap(),
        }
    }

    /// What it says next; nothing once it has ended.
    pub(crate) fn hear(&mut self) -> Option<String> {
        // The program that runs tests says things of its own.
        let mut said = self.says.by_ref().map_while(Result::ok);
        said.find_map(|line| line.split_once("> ").map(|(_, said)| said.to_owned()))
    }

    /// Waits until it says this.
    pub(crate) fn says(&mut self, what: &str) {
        assert_eq!(self.hear().as_deref(), Some(what));
    }

    /// Waits until it says this, whatever it says before: a bell may ring for nothing.
    pub(crate) fn says_at_last(&mut self, what: &str) {
        let said = std::iter::from_fn(|| self.hear());
        assert!(said.into_iter().any(|said| said == what), "never: {what}");
    }

    /// Has it go on.
    pub(crate) fn go_on(&mut self) {
        writeln!(self.orders).unwrap();
    }
}

/// One line, whole.
pub(crate) fn say(what: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("> {what}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

/// Until the test has it go on, or is gone.
pub(crate) fn wait() {
    let mut line = String::new();
    if std::io::stdin().lock().read_line(&mut line).unwrap() == 0 {
        std::process::exit(0);
    }
}

#[test]
fn a_child() {
    let Ok(role) = std::env::var(ROLE) else {
        return;
    };
    let folder = std::env::var(FOLDER).unwrap();
    let folder = Path::new(&folder);
    match role.as_str() {
        "writes" => writes(folder),
        "holds" => holds(folder, LONG),
        "holds for a second" => holds(folder, Span::from_secs(1)),
        "fails" => fails(folder),
        "waits" => waits(folder),
        "reads" => reads(folder),
        "stands in a write" => stands_in_a_write(folder),
        "opens" => opens(folder),
        "fills" => super::full::fills(folder),
        "cannot write" => super::opening::cannot_write(folder),
        "has no descriptors" => super::opening::has_no_descriptors(folder),
        "forks and holds" => super::forked::forks_and_holds(folder),
        "forks and uses" => super::forked::forks_and_uses(folder),
        other => panic!("no such role: {other}"),
    }
}

/// Writes, and says what was answered, for ever.
fn writes(folder: &Path) {
    let store = File::open(folder).unwrap();
    let me = std::process::id();
    for number in 0.. {
        let key = format!("{me} {number}");
        set(&store, key.as_bytes(), key.as_bytes()).unwrap();
        say(&key);
    }
}

/// Holds a lease, and says what becomes of its commit.
fn holds(folder: &Path, time: Span) {
    let store = File::open(folder).unwrap();
    let lease = win(&store, b"key", time);
    say("holds");
    wait();
    let done = commit(&store, b"key", &lease, "late");
    say(&format!("{done:?}"));
    wait();
}

/// Holds a lease, and gives it back as one whose creator failed.
fn fails(folder: &Path) {
    let store = File::open(folder).unwrap();
    let lease = win(&store, b"key", LONG);
    say("holds");
    wait();
    store.release(b"key", &lease, true).wait().unwrap();
    say("has failed");
    wait();
}

/// Watches a key, and says when it is rung for.
fn waits(folder: &Path) {
    let store = File::open(folder).unwrap();
    let bell = Box::new(|news| say(&format!("{news:?}")));
    let watch = store.watch(b"key", bell).unwrap();
    say("waits");
    wait();
    drop(watch);
}

/// Looks at a moment of the store and stays there, as a process does that is stopped in the middle.
fn reads(folder: &Path) {
    // SAFETY: the engine itself, as the store opens it; nobody else changes its file.
    let engine = unsafe { heed::EnvOpenOptions::new().open(folder) };
    let engine = engine.unwrap();
    let reading = engine.read_txn().unwrap();
    say("reads");
    wait();
    drop(reading);
}

/// Stays in the middle of a write: where the store asks whether what is there is fresh.
fn stands_in_a_write(folder: &Path) {
    let store = File::open(folder).unwrap();
    let stand = |_: &_| {
        say("writes");
        wait();
        true
    };
    let ask = dogpile_backend::Ask {
        fresh: &stand,
        held: None,
        stale: None,
        supersede: false,
        time: LONG,
    };
    store.lease(b"key", ask).wait().unwrap();
    say("has written");
    wait();
}

/// Opens the store together with many others, writes, and reads what they all wrote.
fn opens(folder: &Path) {
    say("stands");
    wait();
    let store = match FileSettings::path(folder).open() {
        Ok(store) => store,
        Err(error) => return say(&error.to_string()),
    };
    let me = std::process::id().to_string();
    set(&store, me.as_bytes(), me.as_bytes()).unwrap();
    say(&me);
    wait();
    let mut others = String::new();
    std::io::stdin().lock().read_line(&mut others).unwrap();
    let missing = others
        .split_whitespace()
        .filter(|other| get(&store, other.as_bytes()).as_deref() != Some(other.as_bytes()));
    say(&format!("misses {}", missing.count()));
}

impl Child {
    pub(crate) fn tell(&mut self, line: &str) {
        writeln!(self.orders, "{line}").unwrap();
    }
}
