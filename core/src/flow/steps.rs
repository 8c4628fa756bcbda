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
            (State::Detaching { creation }, Event::Detached(taken)) => {
                Some(self.detached_to(creation, taken))
            }
            (State::Leasing, Event::Leased(leased)) => Some(self.leased(leased)),
            (State::Waiting { delegate: false }, Event::Woke(woke)) => self.follower_woke(woke),
            (State::Waiting { delegate: true }, Event::Woke(woke)) => self.delegate_woke(woke),
            (State::Awaiting, Event::Woke(woke)) => self.giver_woke(woke),
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
                | State::Detaching { .. }
                | State::Leasing
                | State::Waiting { .. }
                | State::Awaiting
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
        self.facts.stale = matches!(looked, Looked::Stale | Looked::Due);
        self.facts.soft = looked == Looked::Stale && self.wish.patient;
        // A store that answers again is used again.
        self.facts.store_failed = matches!(looked, Looked::Failed { .. });
        match looked {
            Looked::Fresh => self.give(Origin::Hit),
            Looked::Failed { kept: true } => self.give(Origin::Kept),
            Looked::Failed { kept: false } if self.wish.needs_store => self.fail(Trouble::Store),
            Looked::Stale | Looked::Due | Looked::Miss | Looked::Failed { kept: false } => {
                self.claim()
            }
        }
    }

    fn claimed(&mut self, claimed: Claimed) -> Action {
        match claimed {
            Claimed::Won if self.facts.store_failed => self.create(),
            Claimed::Won if self.facts.stale && self.wish.owned && !self.facts.soft => {
                self.detach(false)
            }
            Claimed::Won => self.lease(),
            Claimed::Joined if self.facts.stale && !self.facts.soft => self.give(Origin::Stale),
            Claimed::Joined => self.wait(false),
            Claimed::Changed => self.look(),
        }
    }

    /// Who has a value at hand is served either way; a creation that no runner takes then goes to a
    /// waiter or ends. Who has none creates by itself rather than not at all.
    fn detached_to(&mut self, creation: bool, taken: bool) -> Action {
        match taken {
            true if creation => {
                self.state = State::Awaiting;
                Action::Wait { delegate: false }
            }
            true => self.give(Origin::Stale),
            false if self.facts.stale => self.hand_over(Then::Return(Ending::Value(Origin::Stale))),
            false => self.create_here(),
        }
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
            Leased::Lost if self.facts.stale && !self.facts.soft => {
                self.hand_over(Then::Return(Ending::Value(Origin::Stale)))
            }
            Leased::Lost => self.wait(true),
            Leased::BackingOff => self.release(Release::Failed, self.without(Trouble::BackingOff)),
            // Once: a call goes a bounded way, however often the key is deleted meanwhile.
            // In the call itself: nobody can take a seat there, so nobody could wait for a runner.
            Leased::Superseded if self.facts.superseded && self.facts.soft => {
                self.hand_over(Then::Return(Ending::Value(Origin::Stale)))
            }
            Leased::Superseded if self.facts.superseded => self.create_here(),
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
            Created::Err => self.release(Release::Failed, self.without(Trouble::Creator)),
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
            Woke::Error => {
                let ending = self.without(Trouble::Shared);
                self.end(ending)
            }
            Woke::StoreFailed if self.facts.stale => self.give(Origin::Stale),
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
            Woke::Deadline => self.leave(Then::Return(self.at_hand_or(Trouble::Deadline))),
            Woke::Cycle => self.leave(Then::Return(self.at_hand_or(Trouble::Cycle))),
            Woke::LeaseTimer => return None,
        })
    }

    /// The creation was this call's own. Nobody asks it to create again, so what brings it no value
    /// ends it.
    fn giver_woke(&mut self, woke: Woke) -> Option<Action> {
        self.facts.waited = true;
        let came_to_nothing = self.at_hand_or(Trouble::Dropped);
        Some(match woke {
            Woke::Value {
                committed: false,
                began_after_me: false,
            }
            | Woke::Superseded => self.end(came_to_nothing),
            Woke::Value { .. } => self.give(Origin::Shared),
            Woke::Error => {
                let ending = self.without(Trouble::Shared);
                self.end(ending)
            }
            Woke::StoreFailed => {
                let ending = self.at_hand_or(Trouble::Store);
                self.end(ending)
            }
            Woke::Heir => self.hand_over(Then::Return(came_to_nothing)),
            Woke::LookAgain => self.leave(Then::Return(came_to_nothing)),
            Woke::Deadline => self.leave(Then::Return(self.at_hand_or(Trouble::Deadline))),
            Woke::Cycle => self.leave(Then::Return(self.at_hand_or(Trouble::Cycle))),
            Woke::LeaseTimer => return None,
        })
    }

    fn delegate_woke(&mut self, woke: Woke) -> Option<Action> {
        self.facts.waited = true;
        Some(match woke {
            Woke::LookAgain | Woke::LeaseTimer => self.lease(),
            Woke::Error => self.release(Release::Failed, self.without(Trouble::Shared)),
            Woke::Superseded => self.hand_over(Then::Look),
            Woke::Deadline => self.hand_over(Then::Return(self.at_hand_or(Trouble::Deadline))),
            Woke::Cycle => self.hand_over(Then::Return(self.at_hand_or(Trouble::Cycle))),
            Woke::Value { .. } | Woke::StoreFailed | Woke::Heir => return None,
        })
    }

    /// Whatever the call holds goes to somebody else.
    fn cancelled(&mut self) -> Action {
        let end = Then::Return(Ending::Cancelled);
        match self.state {
            State::Looking | State::Claiming | State::Over => self.end(Ending::Cancelled),
            State::Waiting { delegate: false } | State::Awaiting | State::Leaving(_) => {
                self.leave(end)
            }
            State::Detaching { .. }
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

    /// Runs the creator, or has it run elsewhere while the call waits for it.
    fn create(&mut self) -> Action {
        let elsewhere = if self.facts.stale {
            self.facts.soft && self.wish.owned
        } else {
            self.wish.detached
        };
        if elsewhere {
            return self.detach(true);
        }
        self.create_here()
    }

    fn create_here(&mut self) -> Action {
        self.state = State::Creating;
        Action::Create
    }

    fn detach(&mut self, creation: bool) -> Action {
        self.state = State::Detaching { creation };
        Action::Detach { creation }
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

    /// What a creator's failure means to a call.
    const fn without(&self, trouble: Trouble) -> Ending {
        if self.facts.stale && self.wish.stale_if_error {
            return Ending::Value(Origin::StaleOnError);
        }
        Ending::Trouble(trouble)
    }

    /// The value at hand, or the reason why there is none.
    const fn at_hand_or(&self, trouble: Trouble) -> Ending {
        if self.facts.stale {
            return Ending::Value(Origin::Stale);
        }
        Ending::Trouble(trouble)
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
