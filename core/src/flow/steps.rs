//! The arms of the protocol: for each state, what each event leads to. `None` is a misuse.

use super::{
    Action, Claimed, Committed, Created, Ending, Event, Flow, Leased, Looked, Origin, Release,
    State, Then, Trouble, Woke,
};

impl Flow {
    // The last arm spells out what a wildcard would hide: a new event must be placed by hand.
    #[allow(clippy::match_same_arms)]
    pub(super) fn react(&mut self, event: Event) -> Option<Action> {
        match (self.state, event) {
            (State::Looking, Event::Looked(looked)) => Some(self.looked(looked)),
            (State::Claiming, Event::Claimed(claimed)) => Some(self.claimed(claimed)),
            (State::Detaching, Event::Detached(taken)) => Some(self.detached_to(taken)),
            (State::Leasing, Event::Leased(leased)) => Some(self.leased(leased)),
            (State::Waiting { delegate: false }, Event::Woke(woke)) => self.follower_woke(woke),
            (State::Waiting { delegate: true }, Event::Woke(woke)) => self.delegate_woke(woke),
            (State::Creating, Event::Created(created)) => Some(self.created(created)),
            (State::Committing { store }, Event::Committed(committed)) => {
                Some(self.committed(store, committed))
            }
            (State::Parting(then) | State::Leaving(then), Event::Done) => Some(self.then(then)),
            (State::Over, _) => None,
            (_, Event::Cancelled) => Some(self.cancelled()),
            (
                State::Looking
                | State::Claiming
                | State::Detaching
                | State::Leasing
                | State::Waiting { .. }
                | State::Creating
                | State::Committing { .. }
                | State::Parting(_)
                | State::Leaving(_),
                Event::Looked(_)
                | Event::Claimed(_)
                | Event::Detached(_)
                | Event::Leased(_)
                | Event::Woke(_)
                | Event::Created(_)
                | Event::Committed(_)
                | Event::Done,
            ) => None,
        }
    }

    fn looked(&mut self, looked: Looked) -> Action {
        self.facts.stale = looked == Looked::Stale;
        // A store that answers again is used again.
        self.facts.store_failed = matches!(looked, Looked::Failed { .. });
        match looked {
            Looked::Fresh => self.give(Origin::Hit),
            Looked::Failed { kept: true } => self.give(Origin::Kept),
            Looked::Failed { kept: false } if self.wish.needs_store => self.fail(Trouble::Store),
            Looked::Stale | Looked::Miss | Looked::Failed { kept: false } => self.claim(),
        }
    }

    fn claimed(&mut self, claimed: Claimed) -> Action {
        match claimed {
            Claimed::Won if self.facts.store_failed => self.create(),
            Claimed::Won if self.facts.stale && self.wish.owned => {
                self.state = State::Detaching;
                Action::Detach
            }
            Claimed::Won => self.lease(),
            Claimed::Joined if self.facts.stale => self.give(Origin::Stale),
            Claimed::Joined => self.wait(false),
            Claimed::Changed => self.look(),
        }
    }

    /// The caller is served either way; a creation that no runner takes goes to a waiter or ends.
    fn detached_to(&mut self, taken: bool) -> Action {
        let served = Ending::Value(Origin::Stale);
        if taken {
            return self.end(served);
        }
        self.hand_over(Then::Return(served))
    }

    fn leased(&mut self, leased: Leased) -> Action {
        match leased {
            Leased::Won { fresh_seen: true } if !self.wish.refresh => {
                let origin = if self.facts.waited {
                    Origin::Shared
                } else {
                    Origin::Hit
                };
                self.release(Release::Confirmed, Ending::Value(origin))
            }
            Leased::Won { .. } => self.create(),
            Leased::Lost if self.facts.stale => {
                self.hand_over(Then::Return(Ending::Value(Origin::Stale)))
            }
            Leased::Lost => self.wait(true),
            Leased::BackingOff if self.facts.stale && self.wish.stale_if_error => {
                self.release(Release::Failed, Ending::Value(Origin::StaleOnError))
            }
            Leased::BackingOff => {
                self.release(Release::Failed, Ending::Trouble(Trouble::BackingOff))
            }
            // Once: a call goes a bounded way, however often the key is deleted meanwhile.
            Leased::Superseded if self.facts.superseded => self.create(),
            Leased::Superseded => {
                self.facts.superseded = true;
                self.hand_over(Then::Look)
            }
            Leased::Failed if self.facts.stale => {
                self.release(Release::StoreFailed, Ending::Value(Origin::Stale))
            }
            Leased::Failed if self.wish.needs_store => {
                self.release(Release::StoreFailed, Ending::Trouble(Trouble::Store))
            }
            Leased::Failed => {
                self.facts.store_failed = true;
                self.create()
            }
        }
    }

    fn created(&mut self, created: Created) -> Action {
        match created {
            Created::Ok if self.facts.store_failed => {
                self.release(Release::Unconfirmed, Ending::Value(Origin::NotStored))
            }
            Created::Declined if self.facts.store_failed => {
                self.release(Release::Unconfirmed, Ending::Value(Origin::Declined))
            }
            Created::Ok => self.commit(true),
            Created::Declined => self.commit(false),
            Created::Err if self.facts.stale && self.wish.stale_if_error => {
                self.release(Release::Failed, Ending::Value(Origin::StaleOnError))
            }
            Created::Err => self.release(Release::Failed, Ending::Trouble(Trouble::Creator)),
            Created::Panicked => {
                self.release(Release::Panicked, Ending::Trouble(Trouble::Panicked))
            }
        }
    }

    fn committed(&mut self, store: bool, committed: Committed) -> Action {
        let (release, origin) = match committed {
            Committed::Stored if store => (Release::Confirmed, Origin::Created),
            Committed::Stored => (Release::Confirmed, Origin::Declined),
            Committed::Refused => (Release::Unconfirmed, Origin::Superseded),
            Committed::Failed if store => (Release::Unconfirmed, Origin::NotStored),
            Committed::Failed => (Release::Unconfirmed, Origin::Declined),
        };
        self.release(release, Ending::Value(origin))
    }

    fn follower_woke(&mut self, woke: Woke) -> Option<Action> {
        self.facts.waited = true;
        Some(match woke {
            Woke::Value {
                committed,
                began_after_me,
            } => {
                if committed || began_after_me {
                    self.give(Origin::Shared)
                } else {
                    self.look()
                }
            }
            Woke::Error => self.fail(Trouble::Shared),
            Woke::StoreFailed if self.wish.needs_store => self.fail(Trouble::Store),
            Woke::StoreFailed => {
                self.facts.store_failed = true;
                self.claim()
            }
            Woke::Heir if self.facts.store_failed => self.create(),
            Woke::Heir => self.lease(),
            Woke::Superseded => self.look(),
            // Nobody told it anything, so its seat is still taken.
            Woke::LookAgain => self.leave(Then::Look),
            Woke::Deadline => self.leave(Then::Return(Ending::Trouble(Trouble::Deadline))),
            Woke::Cycle => self.leave(Then::Return(Ending::Trouble(Trouble::Cycle))),
            Woke::LeaseTimer => return None,
        })
    }

    fn delegate_woke(&mut self, woke: Woke) -> Option<Action> {
        self.facts.waited = true;
        Some(match woke {
            Woke::LookAgain | Woke::LeaseTimer => self.lease(),
            Woke::Error => self.release(Release::Failed, Ending::Trouble(Trouble::Shared)),
            Woke::Superseded => self.hand_over(Then::Look),
            Woke::Deadline => self.hand_over(Then::Return(Ending::Trouble(Trouble::Deadline))),
            Woke::Cycle => self.hand_over(Then::Return(Ending::Trouble(Trouble::Cycle))),
            Woke::Value { .. } | Woke::StoreFailed | Woke::Heir => return None,
        })
    }

    /// Whatever the call holds goes to somebody else.
    fn cancelled(&mut self) -> Action {
        let end = Then::Return(Ending::Cancelled);
        match self.state {
            State::Looking | State::Claiming | State::Over => self.end(Ending::Cancelled),
            State::Waiting { delegate: false } | State::Leaving(_) => self.leave(end),
            State::Detaching
            | State::Leasing
            | State::Waiting { delegate: true }
            | State::Creating
            | State::Committing { .. }
            // Cut off while it gave something back: whatever was not given back yet.
            | State::Parting(_) => self.hand_over(end),
        }
    }

    fn look(&mut self) -> Action {
        self.state = State::Looking;
        Action::Look
    }

    fn claim(&mut self) -> Action {
        self.state = State::Claiming;
        Action::Claim { supersede: false }
    }

    fn lease(&mut self) -> Action {
        self.state = State::Leasing;
        Action::Lease {
            supersede: self.wish.refresh,
        }
    }

    fn wait(&mut self, delegate: bool) -> Action {
        self.state = State::Waiting { delegate };
        Action::Wait { delegate }
    }

    fn create(&mut self) -> Action {
        self.state = State::Creating;
        Action::Create
    }

    fn commit(&mut self, store: bool) -> Action {
        self.state = State::Committing { store };
        Action::Commit { store }
    }

    fn release(&mut self, release: Release, ending: Ending) -> Action {
        self.state = State::Parting(Then::Return(ending));
        Action::Release(release)
    }

    fn hand_over(&mut self, then: Then) -> Action {
        self.state = State::Parting(then);
        Action::HandOver
    }

    fn leave(&mut self, then: Then) -> Action {
        self.state = State::Leaving(then);
        Action::Leave
    }

    fn then(&mut self, then: Then) -> Action {
        match then {
            Then::Look => self.look(),
            Then::Return(ending) => self.end(ending),
        }
    }

    fn give(&mut self, origin: Origin) -> Action {
        self.end(Ending::Value(origin))
    }

    fn fail(&mut self, trouble: Trouble) -> Action {
        self.end(Ending::Trouble(trouble))
    }

    fn end(&mut self, ending: Ending) -> Action {
        self.state = State::Over;
        Action::Return(ending)
    }
}
