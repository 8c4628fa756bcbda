//! tokio's `OnceCell`, one per key.

use std::sync::Arc;

use tokio::sync::OnceCell;

use super::keyed::Keyed;
use crate::contender::{Contender, TaskDoor, Value};

pub(super) struct TokioOnceCell;

impl Contender for TokioOnceCell {
    fn name(&self) -> &'static str {
        "tokio OnceCell"
    }

    fn package(&self) -> &'static str {
        "tokio"
    }

    fn task_door(&self) -> Option<TaskDoor> {
        let cells: Arc<Keyed<OnceCell<Value>>> = Arc::default();
        Some(Arc::new(move |key, create| {
            let cells = Arc::clone(&cells);
            Box::pin(async move { Arc::clone(cells.of(&key).get_or_init(|| create()).await) })
        }))
    }
}
