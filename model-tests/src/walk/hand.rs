//! What an honest driver holds on its way through one call, and what it has seen.

use dogpile_core::flow::{
    Action, Claimed, Committed, Created, Ending, Event, Leased, Looked, Origin, Release, Trouble,
    Wish, Woke,
};

/// The driver's hand.
#[allow(clippy::struct_excessive_bools)] // things that are held or not, each by itself
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Hand {
    wish: Wish,
    /// This process's claim.
    claim: bool,
    /// The store's lease.
    lease: bool,
    /// A seat among a flight's waiters.
    seat: bool,
    /// What the last look at the store brought.
    looked: Option<Looked>,
    /// The second look found a fresh value.
    fresh_seen: bool,
    /// The store did not answer when asked for the lease, or the flight's creator says so.
    no_lease: bool,
    created: Option<Created>,
    committed: Option<Committed>,
    heard: Option<Woke>,
    /// How many values of others this call has waited for.
    values: u8,
    /// Whether a creation that is joined now began after this call did.
    patient: bool,
    cancelled: bool,
}

impl Hand {
    /// Nothing.
    pub(crate) fn empty(wish: Wish) -> Self {
        Self {
            wish,
            claim: false,
            lease: false,
            seat: false,
            looked: None,
            fresh_seen: false,
            no_lease: false,
            created: None,
            committed: None,
            heard: None,
            values: 0,
            patient: false,
            cancelled: false,
        }
    }

    /// The claim, and a copy of the stale value, of a call that went ahead with it.
    pub(crate) fn of_runner(wish: Wish) -> Self {
        let owned = false;
        Self {
            claim: true,
            looked: Some(Looked::Stale),
            ..Self::empty(Wish { owned, ..wish })
        }
    }

    /// What the driver may hold when `event` has come of `action`; nothing where an honest driver
    /// cannot give that answer.
    pub(crate) fn after(self, action: Action, event: Event) -> Vec<Self> {
        let mut next = self;
        match (action, event) {
            (_, Event::Cancelled) if self.cancelled => return Vec::new(),
            (_, Event::Cancelled) => return self.cancelled_in(action),
            (_, Event::Looked(looked)) => {
                next.looked = Some(looked);
                next.no_lease = false;
            }
            (
                Action::Claim { supersede: true },
                Event::Claimed(Claimed::Joined | Claimed::Changed),
            )
            | (
                Action::Lease { supersede: true },
                Event::Leased(Leased::Lost | Leased::Superseded),
            ) => {
                return Vec::new();
            }
            (_, Event::Claimed(claimed)) => next.claim = claimed == Claimed::Won,
            (_, Event::Detached(taken)) => next.claim = !taken,
            (_, Event::Leased(leased)) => {
                next.lease = matches!(leased, Leased::Won { .. } | Leased::Superseded);
                next.fresh_seen = leased == Leased::Won { fresh_seen: true };
                next.no_lease = leased == Leased::Failed;
            }
            (_, Event::Created(created)) => next.created = Some(created),
            (_, Event::Committed(committed)) => {
                next.committed = Some(committed);
                // Nobody knows what a store that did not answer has done.
                next.lease = committed == Committed::Failed;
            }
            (Action::Leave, Event::Done) => next.seat = false,
            (_, Event::Done) => (next.claim, next.lease) = (false, false),
            (Action::Wait { delegate }, Event::Woke(woke)) => {
                return self.woken(delegate, woke).into_iter().collect();
            }
            (_, Event::Woke(_)) => unreachable!("answers nothing but a wait"),
        }
        vec![next]
    }

    fn woken(self, delegate: bool, woke: Woke) -> Option<Self> {
        let mut next = self;
        next.heard = Some(woke);
        if delegate {
            return Some(next);
        }
        match woke {
            Woke::Value { began_after_me, .. } => {
                if self.patient && !began_after_me {
                    return None;
                }
                next.values += 1;
                next.seat = false;
            }
            Woke::StoreFailed => (next.seat, next.no_lease) = (false, true),
            Woke::Heir => (next.seat, next.claim) = (false, true),
            Woke::Error | Woke::Superseded => next.seat = false,
            // Nothing was said: the seat is still taken.
            Woke::LookAgain | Woke::LeaseTimer | Woke::Deadline | Woke::Cycle => {}
        }
        Some(next)
    }

    /// Cut off in the middle of `action`: it may have been carried out or not.
    fn cancelled_in(self, action: Action) -> Vec<Self> {
        let before = Self {
            cancelled: true,
            ..self
        };
        match action {
            Action::Release(_) | Action::HandOver => {
                let after = Self {
                    claim: false,
                    lease: false,
                    ..before
                };
                vec![before, after]
            }
            Action::Leave => {
                let after = Self {
                    seat: false,
                    ..before
                };
                vec![before, after]
            }
            Action::Lease { .. } => {
                let leased = Self {
                    lease: true,
                    ..before
                };
                vec![before, leased]
            }
            _ => vec![before],
        }
    }

    /// Asserts that this hand may be asked for `action`, and takes the seat that a wait needs.
    pub(crate) fn may(&mut self, action: Action, has_waited: bool) {
        let hand = *self;
        let free = !hand.claim && !hand.lease && !hand.seat;
        match action {
            Action::Look | Action::Claim { .. } => assert!(free, "{action:?} with {hand:?}"),
            Action::Detach => {
                assert!(hand.claim && !hand.lease && hand.has_stale() && hand.wish.owned);
            }
            Action::Lease { .. } => assert!(hand.claim && !hand.lease, "{hand:?}"),
            Action::Wait { delegate: true } => {
                assert!(hand.claim && !hand.lease && !hand.seat, "{hand:?}");
                assert!(!hand.has_stale(), "law 4: {hand:?} waits");
            }
            Action::Wait { delegate: false } => {
                assert!(free, "{action:?} with {hand:?}");
                assert!(!hand.has_stale(), "law 4: {hand:?} waits");
                self.seat = true;
                self.patient = has_waited;
            }
            Action::Create => hand.may_create(),
            Action::Commit { store } => {
                assert!(hand.claim && hand.lease, "{hand:?}");
                assert_eq!(hand.created == Some(Created::Ok), store);
            }
            Action::Release(release) => hand.may_release(release),
            Action::HandOver => {
                assert!(
                    hand.claim || hand.cancelled,
                    "nothing to hand over: {hand:?}"
                );
                assert!(!hand.seat, "a seat cannot be handed over: {hand:?}");
            }
            Action::Leave => assert!(hand.seat || hand.cancelled, "no seat to leave: {hand:?}"),
            Action::Return(ending) => {
                assert!(free, "returns with {hand:?}");
                assert!(hand.values <= 2, "law 5: two creations at most");
                hand.may_end(ending);
            }
        }
        assert!(
            !self.cancelled
                || matches!(
                    action,
                    Action::Leave | Action::HandOver | Action::Return(Ending::Cancelled)
                ),
            "a cancelled call does nothing more, but {action:?}"
        );
    }

    fn has_stale(&self) -> bool {
        self.looked == Some(Looked::Stale)
    }

    /// The store does not answer this call, so that it goes on without.
    fn without_store(&self) -> bool {
        self.no_lease || matches!(self.looked, Some(Looked::Failed { .. }))
    }

    fn may_create(&self) {
        assert!(self.claim, "creates without the claim: {self:?}");
        assert!(self.created.is_none(), "creates twice: {self:?}");
        assert!(self.lease || self.without_store(), "no lease: {self:?}");
        assert!(
            self.lease || !self.wish.needs_store,
            "law 12: creates without the store: {self:?}"
        );
        assert!(
            !(self.wish.owned && self.has_stale()),
            "law 4: an owned creator runs elsewhere: {self:?}"
        );
        assert!(
            !self.fresh_seen || self.wish.refresh,
            "law 2: creates although there is a fresh value: {self:?}"
        );
    }

    fn may_release(&self, release: Release) {
        assert!(self.claim, "{release:?} with {self:?}");
        match release {
            Release::Confirmed => assert!(
                self.fresh_seen || self.committed == Some(Committed::Stored),
                "{self:?}"
            ),
            Release::Unconfirmed => {
                assert!(self.has_created() && self.committed != Some(Committed::Stored));
            }
            Release::Failed => assert!(
                self.created == Some(Created::Err) || self.heard == Some(Woke::Error),
                "{self:?}"
            ),
            Release::Panicked => assert_eq!(self.created, Some(Created::Panicked)),
            Release::StoreFailed => assert!(self.no_lease && self.created.is_none()),
        }
    }

    fn has_created(&self) -> bool {
        matches!(self.created, Some(Created::Ok | Created::Declined))
    }

    fn may_end(&self, ending: Ending) {
        if self.has_created() && !self.cancelled {
            assert!(
                matches!(ending, Ending::Value(_)),
                "law 12: a created value is lost: {self:?}"
            );
        }
        let fits = match ending {
            Ending::Value(origin) => self.may_answer(origin),
            Ending::Trouble(Trouble::Creator) => self.created == Some(Created::Err),
            Ending::Trouble(Trouble::Panicked) => self.created == Some(Created::Panicked),
            Ending::Trouble(Trouble::Shared) => self.heard == Some(Woke::Error),
            Ending::Trouble(Trouble::Deadline) => self.heard == Some(Woke::Deadline),
            Ending::Trouble(Trouble::Cycle) => self.heard == Some(Woke::Cycle),
            Ending::Trouble(Trouble::Store) => self.wish.needs_store && self.without_store(),
            Ending::Cancelled => self.cancelled,
            Ending::Trouble(_) => false,
        };
        assert!(fits, "{ending:?} after {self:?}");
    }

    fn may_answer(&self, origin: Origin) -> bool {
        let committed = self.committed;
        match origin {
            Origin::Hit => self.looked == Some(Looked::Fresh) || self.fresh_seen,
            Origin::Stale => self.has_stale(),
            Origin::StaleOnError => {
                self.has_stale() && self.wish.stale_if_error && self.created == Some(Created::Err)
            }
            Origin::Kept => self.looked == Some(Looked::Failed { kept: true }),
            Origin::Shared => match self.heard {
                Some(Woke::Value {
                    committed,
                    began_after_me,
                }) => committed || began_after_me || self.fresh_seen,
                _ => self.fresh_seen,
            },
            Origin::Created => {
                self.created == Some(Created::Ok) && committed == Some(Committed::Stored)
            }
            Origin::Declined => self.created == Some(Created::Declined),
            Origin::Superseded => committed == Some(Committed::Refused),
            Origin::NotStored => {
                self.created == Some(Created::Ok)
                    && (committed == Some(Committed::Failed) || self.without_store())
            }
            _ => false,
        }
    }
}
