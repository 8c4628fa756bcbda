//! A few tasks in one thread, polled in no particular order, some of them cancelled.

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use super::{Random, Seen};

/// How many tasks there are at a time.
const MOST: usize = 8;

/// Whether a task's creator has begun.
pub(crate) type Begun = Rc<Cell<bool>>;
type Call<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

struct Task<'a> {
    call: Call<'a>,
    alarm: Arc<Alarm>,
    begun: Begun,
    polled: bool,
}

struct Alarm {
    woken: Mutex<bool>,
    thread: Thread,
}

impl Alarm {
    fn set(&self, woken: bool) -> bool {
        let mut state = self.woken.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut state, woken)
    }
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.set(true);
        self.thread.unpark();
    }
}

impl Task<'_> {
    fn poll(&mut self) -> bool {
        self.polled = true;
        self.alarm.set(false);
        let waker = Waker::from(Arc::clone(&self.alarm));
        let polled = self.call.as_mut().poll(&mut Context::from_waker(&waker));
        polled.is_ready()
    }
}

/// Begins, polls and drops tasks, `steps` times; then waits for those that are left.
pub(crate) fn work<'a>(
    steps: usize,
    random: &mut Random,
    begin: impl Fn(&mut Random, Begun) -> Call<'a>,
) -> Seen {
    let mut seen = Seen::default();
    let mut tasks: Vec<Task<'a>> = Vec::new();
    for _ in 0..steps {
        let kind = random.below(10);
        if tasks.is_empty() || (kind < 3 && tasks.len() < MOST) {
            let begun = Begun::default();
            tasks.push(Task {
                call: begin(random, Rc::clone(&begun)),
                alarm: Arc::new(Alarm {
                    woken: Mutex::new(true),
                    thread: thread::current(),
                }),
                begun,
                polled: false,
            });
            continue;
        }
        let which = usize::try_from(random.below(tasks.len() as u64)).unwrap_or_default();
        if kind == 9 {
            let gone = tasks.swap_remove(which);
            seen.waiters_gone += usize::from(gone.polled && !gone.begun.get());
        } else if tasks[which].poll() {
            tasks.swap_remove(which);
            seen.reads += 1;
        }
    }
    while !tasks.is_empty() {
        let woken = tasks.iter().position(|task| task.alarm.set(false));
        match woken {
            None => thread::park(),
            Some(which) => {
                if tasks[which].poll() {
                    tasks.swap_remove(which);
                    seen.reads += 1;
                }
            }
        }
    }
    seen
}

/// Is ready when it is polled again, and asks for that at once.
pub(crate) async fn pause() {
    let mut polled = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut polled, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
