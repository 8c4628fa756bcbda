//! Children that do not outlive this process, however it ends.
//!
//! The kernel kills a child when the *thread* that started it is gone, not the process. Tests run
//! in threads that end with the test, and a server may be shared by many of them. So one thread,
//! which ends with the process, starts them all.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use rustix::process::{Signal, getpid, getppid, set_parent_process_death_signal};

struct Order {
    command: Command,
    born: Sender<io::Result<Child>>,
}

static NURSERY: Mutex<Option<Sender<Order>>> = Mutex::new(None);

/// Starts a program that the kernel kills when this process ends.
pub(crate) fn spawn(command: Command) -> io::Result<Child> {
    let (born, child) = channel();
    nursery()?
        .send(Order { command, born })
        .map_err(|_| io::Error::other("the thread that starts servers is gone"))?;
    child
        .recv()
        .map_err(|_| io::Error::other("the thread that starts servers is gone"))?
}

fn nursery() -> io::Result<Sender<Order>> {
    let mut nursery = NURSERY.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(orders) = &*nursery {
        return Ok(orders.clone());
    }
    let (orders, inbox) = channel::<Order>();
    thread::Builder::new()
        .name("nursery".to_owned())
        .spawn(move || {
            for order in inbox {
                // Who ordered it may be gone; then the child is dropped, and the kernel has it
                // when this process ends.
                let _ = order.born.send(bear(order.command));
            }
        })?;
    *nursery = Some(orders.clone());
    Ok(orders)
}

fn bear(mut command: Command) -> io::Result<Child> {
    let parent = Some(getpid());
    let before_it_runs = move || {
        set_parent_process_death_signal(Some(Signal::KILL))?;
        // If the parent died before the line above, no signal comes any more.
        if getppid() == parent {
            Ok(())
        } else {
            Err(io::Error::from(rustix::io::Errno::SRCH))
        }
    };
    // SAFETY: between fork and exec only async-signal-safe calls are allowed. The closure makes
    // two system calls and compares two integers; it allocates nothing and takes no lock.
    unsafe { command.pre_exec(before_it_runs) };
    command.spawn()
}
