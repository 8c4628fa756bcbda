//! Waiting tasks on one cold key.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use super::asked_for;
use super::wake::{Entrant, Gathering, SETTLE, WakeOptions, Woken};
use crate::bench::pinning::Cores;
use crate::contender::{Contender, Stock, TaskCreator, TaskDoor};
use crate::error::PeersError;

/// Those who can be awaited. They share one runtime, with a worker for each core.
///
/// # Errors
/// If the runtime cannot be started.
pub fn entrants(
    contenders: &[&'static dyn Contender],
    options: &WakeOptions,
) -> Result<Vec<Entrant>, PeersError> {
    if options.tasks == 0 {
        return Ok(Vec::new());
    }
    let callers = options.tasks;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(Cores::allowed().count())
        .enable_time()
        .build()
        .map_err(PeersError::system("cannot start the runtime"))?;
    let runtime = Arc::new(runtime);
    Ok(contenders
        .iter()
        .filter(|contender| asked_for(contender.name(), &options.only))
        .filter_map(|contender| {
            // Some doors look for the runtime when they are made.
            let _inside = runtime.enter();
            let door = contender.task_door()?;
            let (name, runtime) = (contender.name(), Arc::clone(&runtime));
            Some(Entrant {
                contender: *contender,
                round: Box::new(move |round| wake(name, &runtime, &door, callers, round)),
            })
        })
        .collect())
}

fn wake(
    contender: &'static str,
    runtime: &Runtime,
    door: &TaskDoor,
    callers: usize,
    round: usize,
) -> Result<Woken, PeersError> {
    let gathering = Arc::new(Gathering::default());
    let key: Arc<str> = format!("cold key of round {round}").into();
    let creator = creator(Arc::clone(&gathering), callers);
    let tasks: Vec<_> = (0..callers)
        .map(|_| {
            let (door, key, creator) = (Arc::clone(door), Arc::clone(&key), Arc::clone(&creator));
            let gathering = Arc::clone(&gathering);
            runtime.spawn(async move {
                gathering.arrive();
                door(key, creator).await;
                Instant::now()
            })
        })
        .collect();
    runtime.block_on(async {
        let mut last = None;
        for task in tasks {
            let time = task.await.map_err(|_| PeersError::Panicked { contender })?;
            last = last.max(Some(time));
        }
        Ok(gathering.woken(last.unwrap_or_else(Instant::now)))
    })
}

fn creator(gathering: Arc<Gathering>, callers: usize) -> TaskCreator {
    Arc::new(move || {
        let gathering = Arc::clone(&gathering);
        Box::pin(async move {
            gathering.begin();
            while !gathering.complete(callers) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            event(Arc::clone(&gathering)).await;
            let value = Stock::value();
            gathering.end();
            value
        })
    })
}

/// What the creator waits for. It comes from a thread, as an answer comes from another machine, and when it
/// comes is noted there: whom it wakes is the contender's own affair.
async fn event(gathering: Arc<Gathering>) {
    let (tell, told) = oneshot::channel();
    std::thread::spawn(move || {
        std::thread::sleep(SETTLE);
        gathering.event();
        // A creator that is gone waits for nothing.
        let _ = tell.send(());
    });
    // The thread tells in any case.
    let _ = told.await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_creator_serves_all_tasks_of_every_contender() {
        let options = WakeOptions {
            rounds: 1,
            threads: 0,
            tasks: 200,
            only: Vec::new(),
        };
        let entrants = entrants(&crate::contenders::all(), &options).expect("a runtime");
        assert!(entrants.len() >= 5);
        for mut entrant in entrants {
            let woken = (entrant.round)(0).expect("nobody panics");
            assert_eq!(woken.creators, 1, "{}", entrant.contender.name());
            let from_event = woken.from_event.expect("the creator waited");
            assert!(
                from_event >= woken.last,
                "it ended before what it waited for"
            );
        }
    }
}
