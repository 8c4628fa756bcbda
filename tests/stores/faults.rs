//! What a test makes go wrong in one process's handle.

use std::sync::{Condvar, Mutex};
use std::task::{Context, Poll, Waker};

use dogpile::backend::{Fault, Operation, StoreError};

use super::{lock, wait_until};

/// What is asked of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Op {
    Get,
    Set,
    Delete,
    Lease,
    Commit,
    Release,
    Renew,
    ReadEpochs,
    RaiseEpochs,
}

impl Op {
    pub(crate) const ALL: [Self; 9] = [
        Self::Get,
        Self::Set,
        Self::Delete,
        Self::Lease,
        Self::Commit,
        Self::Release,
        Self::Renew,
        Self::ReadEpochs,
        Self::RaiseEpochs,
    ];

    fn operation(self) -> Operation {
        match self {
            Self::Get => Operation::Get,
            Self::Set => Operation::Set,
            Self::Delete => Operation::Delete,
            Self::Lease | Self::Release | Self::Renew => Operation::Lease,
            Self::Commit => Operation::Commit,
            Self::ReadEpochs | Self::RaiseEpochs => Operation::Epoch,
        }
    }

    pub(crate) fn error(self, backend: &str, key: &[u8]) -> StoreError {
        let (fault, why) = (Fault::Unavailable, "the line is cut");
        StoreError::new(backend, self.operation(), key, fault, why)
    }
}

/// Where a gate stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gate {
    /// Before the store's step.
    Asking,
    /// Behind it: what the store answered is on its way.
    Answering,
}

/// The faults of one handle, switched at any time.
#[derive(Default)]
pub(crate) struct Faults {
    plan: Mutex<Plan>,
    changed: Condvar,
}

#[derive(Default)]
struct Plan {
    failing: Vec<Op>,
    /// These are carried out, and then their answer is lost.
    deaf: Vec<Op>,
    /// The operation that fails, counted from now.
    nth: Option<usize>,
    closed: Vec<(Op, Gate)>,
    at_gate: usize,
    wakers: Vec<Waker>,
}

impl Faults {
    /// These operations fail from now on.
    pub(crate) fn fail(&self, ops: &[Op]) {
        lock(&self.plan).failing = ops.to_vec();
    }

    /// These operations are carried out, and their answer is lost.
    pub(crate) fn lose_answers(&self, ops: &[Op]) {
        lock(&self.plan).deaf = ops.to_vec();
    }

    /// Only the operation after `count` others fails.
    pub(crate) fn fail_after(&self, count: usize) {
        lock(&self.plan).nth = Some(count);
    }

    /// Everything works again.
    pub(crate) fn heal(&self) {
        let mut plan = lock(&self.plan);
        (plan.failing, plan.deaf, plan.nth) = (Vec::new(), Vec::new(), None);
    }

    /// These operations wait at a gate until it is opened.
    pub(crate) fn close(&self, ops: &[Op]) {
        self.close_gate(ops, Gate::Asking);
    }

    /// These operations are carried out, and their answers wait; of [`Form::Later`](super::Form).
    pub(crate) fn hold_answers(&self, ops: &[Op]) {
        self.close_gate(ops, Gate::Answering);
    }

    fn close_gate(&self, ops: &[Op], gate: Gate) {
        lock(&self.plan).closed = ops.iter().map(|op| (*op, gate)).collect();
    }

    pub(crate) fn open(&self) {
        let mut plan = lock(&self.plan);
        plan.closed.clear();
        let wakers = std::mem::take(&mut plan.wakers);
        drop(plan);
        self.changed.notify_all();
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Waits until so many operations came to a closed gate.
    pub(crate) fn wait_at_gate(&self, count: usize) {
        drop(wait_until(&self.plan, &self.changed, "the gate", |plan| {
            plan.at_gate >= count
        }));
    }

    /// How many operations came to a closed gate.
    pub(crate) fn at_gate(&self) -> usize {
        lock(&self.plan).at_gate
    }

    pub(super) fn pass(&self, op: Op) {
        let mut plan = lock(&self.plan);
        let here = (op, Gate::Asking);
        if plan.closed.contains(&here) {
            plan.at_gate += 1;
            self.changed.notify_all();
            drop(plan);
            drop(wait_until(
                &self.plan,
                &self.changed,
                "an open gate",
                |plan| !plan.closed.contains(&here),
            ));
        }
    }

    pub(super) fn poll_pass(&self, op: Op, gate: Gate, context: &Context<'_>) -> Poll<()> {
        let mut plan = lock(&self.plan);
        if !plan.closed.contains(&(op, gate)) {
            return Poll::Ready(());
        }
        plan.at_gate += 1;
        self.changed.notify_all();
        plan.wakers.push(context.waker().clone());
        Poll::Pending
    }

    /// Whether the operation that begins now is to fail.
    pub(super) fn strikes(&self, op: Op) -> bool {
        let mut plan = lock(&self.plan);
        let nth = plan.nth;
        plan.nth = nth.and_then(|count| count.checked_sub(1));
        nth == Some(0) || plan.failing.contains(&op)
    }

    pub(super) fn swallows(&self, op: Op) -> bool {
        lock(&self.plan).deaf.contains(&op)
    }
}
