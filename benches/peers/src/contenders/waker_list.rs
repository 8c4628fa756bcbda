//! A list of wakers behind a mutex, one per key: the least that a task can wait in. No creator here may fail or be
//! dropped.

use std::future::poll_fn;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use super::keyed::Keyed;
use crate::contender::{Contender, TaskCreator, TaskDoor, Value};

pub(super) struct WakerList;

#[derive(Default)]
enum State {
    #[default]
    Cold,
    Creating(Vec<Waker>),
    Ready(Value),
}

#[derive(Default)]
struct Place(Mutex<State>);

impl Place {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether whoever asks is to create.
    fn begin(&self) -> bool {
        let mut state = self.state();
        let cold = matches!(*state, State::Cold);
        if cold {
            *state = State::Creating(Vec::new());
        }
        cold
    }

    async fn create(&self, create: &TaskCreator) -> Value {
        let value = create().await;
        let before = mem::replace(&mut *self.state(), State::Ready(Arc::clone(&value)));
        if let State::Creating(wakers) = before {
            wakers.into_iter().for_each(Waker::wake);
        }
        value
    }

    async fn wait(&self) -> Value {
        poll_fn(|context| match &mut *self.state() {
            State::Ready(value) => Poll::Ready(Arc::clone(value)),
            State::Creating(wakers) => {
                wakers.push(context.waker().clone());
                Poll::Pending
            }
            State::Cold => unreachable!("somebody has begun"),
        })
        .await
    }
}

impl Contender for WakerList {
    fn name(&self) -> &'static str {
        "list of wakers"
    }

    fn package(&self) -> &'static str {
        "std"
    }

    fn task_door(&self) -> Option<TaskDoor> {
        let places: Arc<Keyed<Place>> = Arc::default();
        Some(Arc::new(move |key, create| {
            let places = Arc::clone(&places);
            Box::pin(async move {
                let place = places.of(&key);
                match place.begin() {
                    true => place.create(&create).await,
                    false => place.wait().await,
                }
            })
        }))
    }
}
