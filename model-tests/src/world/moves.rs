//! All that can happen next in a state.

use super::config::{Adversity, Config};
use super::machine::Machine;
use super::rules::Rules;
use super::scene::Scene;
use super::state::State;
use super::witness::Counts;

/// Who acts on an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// A call, by its name.
    Call(u8),
    Process(u8),
    Clock,
    Network,
    Outside,
}

/// What happens on an edge.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Label {
    pub(crate) who: Who,
    pub(crate) what: &'static str,
    /// Which actor's step it is, for fairness; nobody owes an adversity.
    pub(crate) fair: Option<u8>,
}

/// The actors beside the calls, for fairness.
pub(crate) const CLOCK: u8 = 8;
pub(crate) const NETWORK: u8 = 9;
pub(crate) const OUTSIDE: u8 = 10;

/// The states that follow one.
pub(crate) struct Moves<'a> {
    pub(crate) from: State,
    pub(crate) machine: &'a mut Machine,
    pub(crate) config: &'a Config,
    pub(crate) rules: Rules,
    pub(crate) counts: &'a mut Counts,
    pub(crate) symmetric: bool,
    /// What is under way, for when an invariant fails there.
    pub(crate) label: &'a mut Option<Label>,
    pub(crate) next: Vec<(Label, State)>,
}

impl Moves<'_> {
    /// Fills in `next`.
    pub(crate) fn all(&mut self) {
        self.next.clear();
        for at in self.from.indices() {
            self.of_call(at);
        }
        self.of_world();
        self.of_outside();
    }

    pub(crate) fn to(&mut self, label: Label, act: impl FnOnce(&mut Scene<'_>)) {
        *self.label = Some(label);
        let mut scene = Scene {
            state: self.from,
            machine: &mut *self.machine,
            config: self.config,
            rules: self.rules,
            counts: &mut *self.counts,
        };
        act(&mut scene);
        scene.in_every_state();
        let mut state = scene.state;
        state.settle(self.symmetric);
        self.next.push((label, state));
    }

    /// A step that the call owes.
    pub(crate) fn step(&mut self, at: usize, what: &'static str, act: impl FnOnce(&mut Scene<'_>)) {
        let label = Label {
            who: Who::Call(self.from.calls[at].name.0),
            what,
            fair: u8::try_from(at).ok(),
        };
        self.to(label, act);
    }

    /// Something that goes wrong, if it still may.
    pub(crate) fn wrong(
        &mut self,
        who: Who,
        what: &'static str,
        kinds: &[Adversity],
        act: impl FnOnce(&mut Scene<'_>),
    ) {
        let mut spent = self.from;
        for kind in kinds {
            if !spent.may(*kind) {
                return;
            }
            spent.spend(*kind);
        }
        let label = Label {
            who,
            what,
            fair: None,
        };
        let before = std::mem::replace(&mut self.from, spent);
        self.to(label, act);
        self.from = before;
    }

    pub(crate) fn wrong_call(
        &mut self,
        at: usize,
        what: &'static str,
        kind: Adversity,
        act: impl FnOnce(&mut Scene<'_>),
    ) {
        let who = Who::Call(self.from.calls[at].name.0);
        self.wrong(who, what, &[kind], act);
    }
}
