//! Laws 1, 4, 5 and 6 among processes for creations that go on without their callers: the soft time-out and
//! detached creation, in a store of files. Those of servers are asked the same beside their servers.
#![cfg(feature = "file")]
#![allow(clippy::unwrap_used)] // what a test cannot go on without, fails it

#[path = "support/given_away.rs"]
mod given_away;

use std::path::Path;

use dogpile::{Config, File, JsonCodec};

fn on(folder: &Path) -> Config<u64> {
    Config::new(File::open(folder).unwrap().encoded(JsonCodec::new()))
}

#[test]
fn law_4_processes_are_served_what_is_stale_while_one_creates() {
    let folder = tempfile::tempdir().unwrap();
    given_away::softly_served(|| on(folder.path()));
}

#[test]
fn law_6_a_job_that_nobody_runs_frees_the_lease() {
    let folder = tempfile::tempdir().unwrap();
    given_away::dropped_job(|| on(folder.path()));
}

#[test]
fn law_5_what_was_given_away_is_the_answer_in_every_process() {
    let folder = tempfile::tempdir().unwrap();
    given_away::detached(|| on(folder.path()));
}
