//! What tasks ask, in as few round trips as there can be: all that was left for a server while its thread
//! was away is said on one connection, in rounds.
//!
//! Each server has one such thread, from its first job until there has been none for a while. In one
//! thread writes have an order: one whose caller has gone is never overtaken by a later one.
//!
//! Where many calls are polled in one pass, the thread lets them all leave what they ask before it begins,
//! unless that takes longer than it should.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use dogpile_backend::after_the_pass;

use crate::job::Job;
use crate::servers::Servers;
use crate::trouble::Trouble;

/// How long a thread waits for more before it ends.
const IDLE_FOR: Duration = Duration::from_secs(10);

/// How long the others of a pass are waited for: far longer than it takes to poll them, and not long for
/// whoever waits meanwhile.
const PASS: Duration = Duration::from_millis(1);

/// The threads of one store. When it is dropped, they end with what was left for them.
pub(crate) struct Pipeline {
    servers: Arc<Servers>,
    desks: Box<[Arc<Desk>]>,
}

/// Where jobs for one server are left.
#[derive(Default)]
struct Desk {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    jobs: Vec<Box<dyn Job>>,
    /// How many of these were left in a pass that is not over.
    in_a_pass: usize,
    /// A thread is at work.
    works: bool,
    closed: bool,
}

impl Pipeline {
    pub(crate) fn new(servers: &Arc<Servers>) -> Self {
        Self {
            servers: Arc::clone(servers),
            desks: (0..servers.count()).map(|_| Arc::default()).collect(),
        }
    }

    /// Leaves a job for the server of this number. It never waits.
    pub(crate) fn leave(&self, server: usize, job: Box<dyn Job>) {
        let desk = &self.desks[server];
        let passing = Arc::clone(desk);
        let in_a_pass = after_the_pass(move || passing.pass_is_over());
        let mut state = desk.state();
        state.jobs.push(job);
        state.in_a_pass += usize::from(in_a_pass);
        if !state.works {
            let (desk, servers) = (Arc::clone(desk), Arc::clone(&self.servers));
            let thread = std::thread::Builder::new().name("dogpile-memcached".to_owned());
            if let Err(cause) = thread.spawn(move || desk.work(&servers, server)) {
                let jobs = std::mem::take(&mut state.jobs);
                drop(state);
                let trouble = Trouble::NoThread {
                    server: self.servers.name(server).to_owned(),
                    cause: Arc::new(cause),
                };
                for job in jobs {
                    job.end(Some(trouble.clone()));
                }
                return;
            }
            state.works = true;
        }
        drop(state);
        desk.changed.notify_one();
    }
}

impl Drop for Pipeline {
    fn drop(&mut self) {
        for desk in &self.desks {
            desk.state().closed = true;
            desk.changed.notify_one();
        }
    }
}

impl Desk {
    fn work(&self, servers: &Servers, server: usize) {
        while let Some(jobs) = self.wait() {
            // Each caller hears of a job that is lost. Those to come need this thread.
            let _ = catch_unwind(AssertUnwindSafe(|| servers.talk_all(server, jobs)));
        }
    }

    /// All that was left meanwhile; `None` when the thread is to end.
    fn wait(&self) -> Option<Vec<Box<dyn Job>>> {
        let nothing_to_do = |state: &mut State| state.jobs.is_empty() && !state.closed;
        let waited = self
            .changed
            .wait_timeout_while(self.state(), IDLE_FOR, nothing_to_do);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let others_come = |state: &mut State| state.in_a_pass > 0;
        let waited = self.changed.wait_timeout_while(state, PASS, others_come);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let jobs = std::mem::take(&mut state.jobs);
        state.works = !jobs.is_empty();
        state.works.then_some(jobs)
    }

    fn pass_is_over(&self) {
        let mut state = self.state();
        state.in_a_pass -= 1;
        let all = state.in_a_pass == 0;
        drop(state);
        if all {
            self.changed.notify_one();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
