//! What calls may still do that were dropped, where the store does what it was sent all the same.

use super::{Known, Pending, Phase, RegionSpec, State};
use crate::history::{Answer, End, Op};

impl RegionSpec<'_> {
    /// Whether a call is dropped before it hears that it has taken the lease from somebody.
    pub(super) fn may_take_in_vain(&self, known: &Known<'_>) -> bool {
        self.setting.outlives
            && known.asked.op == Op::Refresh
            && !known.begins
            && known.answer == Some(&Answer::Cancelled)
    }

    /// The wish of a refresh that was dropped takes the lease, and gives it back.
    pub(super) fn take_in_vain(&self, state: &State, at: usize, next: &mut Vec<State>) {
        let mut state = state.clone();
        let gone = state.calls.remove(at);
        state.keys[usize::from(self.known(gone.call).asked.key)].lease = None;
        next.push(state);
    }

    /// The commit of a creation that was dropped is done, or was never sent.
    pub(super) fn commit_unheard(&self, state: &State, at: usize, next: &mut Vec<State>) {
        let gone = state.calls[at].call;
        let first = next.len();
        self.commit(state, at, next);
        let mut unsent = state.clone();
        self.free(&mut unsent, gone);
        next.push(unsent);
        for state in &mut next[first..] {
            state.calls.retain(|pending| pending.call != gone);
        }
    }

    /// What a call that is dropped may still do, where the store does what it was asked all the same.
    pub(super) fn goes_on(&self, over: &Pending, answer: &Answer) -> Option<Phase> {
        let known = self.known(over.call);
        if *answer != Answer::Cancelled || !self.setting.outlives {
            return None;
        }
        match over.phase {
            Phase::Asked if self.may_take_in_vain(known) => Some(Phase::GoneAsking),
            Phase::Made if known.end == Some(End::Value) => Some(Phase::GoneCommitting),
            _ => None,
        }
    }
}
