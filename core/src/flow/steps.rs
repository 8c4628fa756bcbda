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
            (State::Creating, Event::Created(created)) => Some(self.created(created)),
            (State::Committing { store }, Event::Committed(committed)) => {
                Some(self.committed(store, committed))
            }
            (State::Parting(then) | State::Leaving(then), Event::Done) => Some(self.then(then)),
            (State::Leasing, Event::Outdated) => Some(self.outdated(Self::lease)),
            (State::Waiting { delegate }, Event::Outdated) => {
                Some(self.outdated(|flow| flow.wait(delegate)))
            }
            (State::Creating, Event::Outdated) => Some(self.outdated(Self::create_here)),
            (State::Over, _) => None,
            (_, Event::Cancelled) => Some(self.cancelled()),
            (
                State::Looking
                | State::Claiming
                | State::Detaching { .. }
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
                | Event::Outdated
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
            Looked::Failed { kept: false } if self.wish.needs_store || self.facts.given => {
                self.fail(Trouble::Store)
            }
            // It has no creator that a runner could go on with.
            Looked::Stale | Looked::Due if self.facts.given && !self.facts.soft => {
                self.give(Origin::Stale)
            }
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
                self.facts.given = true;
                self.wait(false)
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
            Leased::BackingOff => {
                let ending = self.left_alone(Trouble::BackingOff);
                self.release(Release::Failed, ending)
            }
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
            Leased::Failed if self.wish.needs_store || self.facts.given => {
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
            Woke::BackingOff => {
                let ending = self.left_alone(Trouble::Shared);
                self.end(ending)
            }
            Woke::StoreFailed if self.facts.stale => self.give(Origin::Stale),
            Woke::StoreFailed if self.wish.needs_store || self.facts.given => {
                self.fail(Trouble::Store)
            }
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

    fn delegate_woke(&mut self, woke: Woke) -> Option<Action> {
        self.facts.waited = true;
        Some(match woke {
            Woke::LookAgain | Woke::LeaseTimer => self.lease(),
            Woke::Error => self.release(Release::Failed, self.without(Trouble::Shared)),
            Woke::Superseded => self.hand_over(Then::Look),
            Woke::Deadline => self.hand_over(Then::Return(self.at_hand_or(Trouble::Deadline))),
            Woke::Cycle => self.hand_over(Then::Return(self.at_hand_or(Trouble::Cycle))),
            Woke::Value { .. } | Woke::BackingOff | Woke::StoreFailed | Woke::Heir => return None,
        })
    }

    /// Whatever the call holds goes to somebody else.
    fn cancelled(&mut self) -> Action {
        let end = Then::Return(Ending::Cancelled);
        match self.state {
            State::Looking | State::Claiming | State::Over => self.end(Ending::Cancelled),
            State::Waiting { delegate: false } | State::Leaving(_) => self.leave(end),
            State::Detaching { .. }
            | State::Leasing
            | State::Waiting { delegate: true }
            | State::Creating
            | State::Committing { .. }
            // Cut off while it gave something back: whatever was not given back yet.
            | State::Parting(_) => self.hand_over(end),
        }
    }

    /// The value at hand may not be served any more; `again` is what the call was at.
    fn outdated(&mut self, again: impl FnOnce(&mut Self) -> Action) -> Action {
        (self.facts.stale, self.facts.soft) = (false, false);
        again(self)
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

    /// Runs the creator, or has it run elsewhere while the call waits for it. Who gave it away has none,
    /// and leaves the creation to others.
    fn create(&mut self) -> Action {
        if self.facts.given {
            return self.without_creator();
        }
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
        if self.facts.given {
            return self.without_creator();
        }
        self.state = State::Creating;
        Action::Create
    }

    fn without_creator(&mut self) -> Action {
        self.hand_over(Then::Return(self.at_hand_or(Trouble::Dropped)))
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

    /// What it means to a call that its creator is left alone. Who waits for the next value only so long is
    /// not told of a failure that is not new.
    const fn left_alone(&self, trouble: Trouble) -> Ending {
        match self.without(trouble) {
            Ending::Trouble(_) if self.facts.soft => Ending::Value(Origin::Stale),
            ending => ending,
        }
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
