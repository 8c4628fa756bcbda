//! `futures::Shared`, one per key: the single-flight that people write first in async code.

use std::sync::{Arc, OnceLock};

use futures_util::FutureExt;
use futures_util::future::Shared;

use super::keyed::Keyed;
use crate::contender::{Contender, Pending, TaskDoor};

pub(super) struct FuturesShared;

impl Contender for FuturesShared {
    fn name(&self) -> &'static str {
        "futures Shared"
    }

    fn package(&self) -> &'static str {
        "futures-util"
    }

    fn task_door(&self) -> Option<TaskDoor> {
        let flights: Arc<Keyed<OnceLock<Shared<Pending>>>> = Arc::default();
        Some(Arc::new(move |key, create| {
            let flights = Arc::clone(&flights);
            Box::pin(async move {
                let flight = flights.of(&key).get_or_init(|| create().shared()).clone();
                flight.await
            })
        }))
    }
}
