//! Creations that go on without their callers, among processes that share a server: the same for each kind of
//! server, as the tests around it start it.

#[path = "given_away.rs"]
mod text;

use crate::{config, server, settings};

#[test]
fn law_4_processes_are_served_what_is_stale_while_one_creates() {
    let server = server();
    text::softly_served(|| config(settings(&server.url())));
}

#[test]
fn law_6_a_job_that_nobody_runs_frees_the_lease() {
    let server = server();
    text::dropped_job(|| config(settings(&server.url())));
}

#[test]
fn law_5_what_was_given_away_is_the_answer_in_every_process() {
    let server = server();
    text::detached(|| config(settings(&server.url())));
}
