//! Programs of a test's own are killed and frozen as servers are.
#![allow(clippy::unwrap_used)] // what a test cannot go on without, fails it

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use dogpile_test_servers::Process;

#[test]
fn a_program_is_spoken_to_frozen_and_killed() {
    let mut command = Command::new("cat");
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut process = Process::start(command).unwrap();
    let (Some(mut orders), Some(says)) = process.pipes() else {
        panic!("its command asked for both");
    };
    assert!(process.pipes().0.is_none(), "they are given away once");
    let mut says = BufReader::new(says).lines();
    process.freeze().unwrap();
    orders.write_all(b"into the pipe\n").unwrap();
    process.thaw().unwrap();
    assert_eq!(says.next().unwrap().unwrap(), "into the pipe");
    process.kill().unwrap();
    assert!(says.next().is_none());
}
