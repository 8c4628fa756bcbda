//! A command that may take so long and no longer. Whoever hangs is stopped, with all that it started.

use std::io;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

/// How a command ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// By itself.
    Itself(ExitStatus),
    /// Its time was up.
    Stopped,
}

/// Runs `command` to its end, or to the end of its time.
pub(super) fn within(limit: Duration, command: &mut Command) -> io::Result<Ended> {
    let mut child = command.spawn()?;
    let first = child.id();
    thread::scope(|scope| {
        let (tell, ended) = channel();
        scope.spawn(move || drop(tell.send(child.wait())));
        match ended.recv_timeout(limit) {
            Ok(status) => status.map(Ended::Itself),
            Err(_) => stop(first).map(|()| Ended::Stopped),
        }
    })
}

/// Kills a process and all that stand under it: cargo's tests outlive cargo.
fn stop(first: u32) -> io::Result<()> {
    let family = family(first, &parents()).into_iter();
    // The shell's own, for not every system has it as a program.
    let mut kill = Command::new("sh");
    kill.args(["-c", "kill -KILL \"$@\"", "kill"])
        .args(family.map(|process| process.to_string()))
        .stdin(Stdio::null())
        .stderr(Stdio::null());
    // One that ended meanwhile is none that goes on.
    kill.status().map(drop)
}

/// A process, its children, theirs, and so on.
fn family(first: u32, parents: &[(u32, u32)]) -> Vec<u32> {
    let mut family = vec![first];
    let mut at = 0;
    while let Some(&parent) = family.get(at) {
        let children = parents.iter().filter(|(_, of)| *of == parent);
        family.extend(children.map(|(child, _)| child));
        at += 1;
    }
    family
}

/// Each process with its parent, where the system has them in `/proc`; elsewhere none.
fn parents() -> Vec<(u32, u32)> {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let stats = processes.filter_map(|process| {
        let number = process.file_name().to_str()?.parse().ok()?;
        let stat = std::fs::read_to_string(process.path().join("stat")).ok()?;
        Some((number, parent(&stat)?))
    });
    stats.collect()
}

/// Number, name between brackets, state, parent: a name may hold brackets and spaces too.
fn parent(stat: &str) -> Option<u32> {
    let (_, behind) = stat.rsplit_once(')')?;
    behind.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_is_everybody_below() {
        let parents = [(7, 1), (9, 8), (8, 7), (3, 1), (6, 7)];
        assert_eq!(family(7, &parents), [7, 8, 6, 9]);
        assert_eq!(family(3, &parents), [3]);
    }

    #[test]
    fn a_parent_is_found_behind_any_name() {
        assert_eq!(parent("12 (sleep) S 7 12 1"), Some(7));
        assert_eq!(parent("12 (a) b (c)) R 8 12 1"), Some(8));
        assert_eq!(parent(""), None);
    }

    #[test]
    fn who_has_time_ends_by_itself() {
        let ended = within(Duration::from_secs(600), &mut Command::new("true"));
        assert!(matches!(ended, Ok(Ended::Itself(status)) if status.success()));
    }

    /// Ends only when the process that holds the other end of the pipe has gone too.
    #[test]
    fn who_hangs_is_stopped_with_its_children() {
        let (mut here, there) = io::pipe().expect("a pipe");
        let mut command = Command::new("sh");
        command
            .args(["-c", "(sleep 20; echo late) & wait"])
            .stdout(there);
        let ended = within(Duration::from_millis(200), &mut command);
        assert!(matches!(ended, Ok(Ended::Stopped)), "{ended:?}");
        drop(command);
        if !parents().is_empty() {
            let said = io::read_to_string(&mut here).expect("it can be read");
            assert_eq!(said, "");
        }
    }
}
