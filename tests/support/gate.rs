//! A gate that is shut until somebody opens it, for threads and tasks.

use std::sync::Arc;

use dogpile::backend::block_on;
use tokio::sync::watch;

#[derive(Clone)]
pub(crate) struct Gate(Arc<watch::Sender<bool>>);

impl Gate {
    pub(crate) fn shut() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }

    pub(crate) fn open(&self) {
        self.0.send_replace(true);
    }

    pub(crate) async fn passed(&self) {
        self.0.subscribe().wait_for(|open| *open).await.unwrap();
    }

    pub(crate) fn pass(&self) {
        block_on(self.passed());
    }
}
