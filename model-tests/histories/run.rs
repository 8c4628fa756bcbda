//! Runs a program: each client a thread, or each a task of this thread whose turns the dice decide.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Barrier, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use crate::dice::Dice;
use crate::history::{Answer, Event};
use crate::program::{Planned, Program};
use crate::world::{World, panicked};

/// Longer than any program takes: what lasts so long hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// A run in which somebody waits for ever.
#[derive(Debug)]
pub(crate) struct Hangs;

/// Runs each client in a thread of its own; all begin together.
pub(crate) fn threads(world: &Arc<World>, program: &Program) -> Result<(), Hangs> {
    let gate = Arc::new(Barrier::new(program.clients.len()));
    let (done, ended) = channel();
    for client in &program.clients {
        let (world, gate, done) = (Arc::clone(world), Arc::clone(&gate), done.clone());
        let client = client.clone();
        thread::spawn(move || {
            gate.wait();
            for planned in &client {
                ask(&world, planned);
                let called = catch_unwind(AssertUnwindSafe(|| world.call(planned)));
                let answer = called.unwrap_or_else(|panic| panicked(&*panic));
                answered(&world, planned, answer);
            }
            // Who waits may have given up.
            let _ = done.send(());
        });
    }
    for _ in &program.clients {
        match ended.recv_timeout(PATIENCE) {
            Ok(()) => {}
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return Err(Hangs),
        }
    }
    Ok(())
}

fn ask(world: &World, planned: &Planned) {
    world.log.record(Event::Asked(planned.call, planned.asked));
}

fn answered(world: &World, planned: &Planned, answer: Answer) {
    world.log.record(Event::Answered(planned.call, answer));
}

/// Woken from any thread; the runner waits for one of all.
#[derive(Default)]
struct Bells {
    rung: Mutex<Vec<bool>>,
    changed: Condvar,
}

struct Bell(Arc<Bells>, usize);

impl Bells {
    fn rung(&self) -> MutexGuard<'_, Vec<bool>> {
        self.rung.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.rung()[self.1] = true;
        self.0.changed.notify_all();
    }
}

type Running<'w> = Pin<Box<dyn Future<Output = Answer> + 'w>>;

/// A client, and the call that it has under way.
struct Client<'w> {
    left: &'w [Planned],
    running: Option<Running<'w>>,
    polls: usize,
    waker: Waker,
}

/// Runs each client as a task; between any two polls the dice decide who is next.
pub(crate) fn tasks(world: &World, program: &Program, dice: &mut Dice) -> Result<(), Hangs> {
    let bells = Arc::new(Bells::default());
    *bells.rung() = vec![true; program.clients.len()];
    let mut clients = Vec::new();
    for (at, left) in program.clients.iter().enumerate() {
        clients.push(Client {
            left,
            running: None,
            polls: 0,
            waker: Waker::from(Arc::new(Bell(Arc::clone(&bells), at))),
        });
    }
    while clients.iter().any(|client| !client.left.is_empty()) {
        let next = next(&clients, &bells, dice)?;
        bells.rung()[next] = false;
        turn(world, &mut clients[next], &bells, next);
    }
    Ok(())
}

/// One of those who are awake; now and then one who is not.
fn next(clients: &[Client<'_>], bells: &Bells, dice: &mut Dice) -> Result<usize, Hangs> {
    let unfinished = |at: &usize| !clients[*at].left.is_empty();
    if dice.once_in(16) {
        let any: Vec<_> = (0..clients.len()).filter(unfinished).collect();
        return Ok(any[dice.below(any.len())]);
    }
    let awake = |rung: &[bool]| -> Vec<usize> {
        (0..clients.len())
            .filter(unfinished)
            .filter(|at| rung[*at])
            .collect()
    };
    let (rung, timeout) = bells
        .changed
        .wait_timeout_while(bells.rung(), PATIENCE, |rung| awake(rung).is_empty())
        .unwrap_or_else(PoisonError::into_inner);
    if timeout.timed_out() {
        return Err(Hangs);
    }
    let awake = awake(&rung);
    Ok(awake[dice.below(awake.len())])
}

/// Polls the client's call once, or drops it.
fn turn<'w>(world: &'w World, client: &mut Client<'w>, bells: &Bells, at: usize) {
    let Some(planned) = client.left.first() else {
        return;
    };
    let running = client.running.get_or_insert_with(|| {
        ask(world, planned);
        client.polls = 0;
        Box::pin(world.call_async(planned))
    });
    let answer = if planned.dropped_after == Some(client.polls) {
        Answer::Cancelled
    } else {
        client.polls += 1;
        let mut context = Context::from_waker(&client.waker);
        let polled = catch_unwind(AssertUnwindSafe(|| running.as_mut().poll(&mut context)));
        match polled {
            Ok(Poll::Pending) => return,
            Ok(Poll::Ready(answer)) => answer,
            Err(panic) => panicked(&*panic),
        }
    };
    client.running = None;
    answered(world, planned, answer);
    client.left = &client.left[1..];
    bells.rung()[at] = true;
}
