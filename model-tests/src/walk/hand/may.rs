//! What a driver with a hand may be asked for.

use dogpile_core::flow::{
    Action, Committed, Created, Ending, Looked, Origin, Release, Trouble, Woke,
};

use super::Hand;
use crate::hold;

impl Hand {
    /// Asserts that this hand may be asked for `action`, and takes the seat that a wait needs.
    pub(crate) fn may(&mut self, action: Action, has_waited: bool) {
        match action {
            Action::Look | Action::Claim { .. } => {
                hold!(
                    "who looks or claims holds nothing",
                    self.is_free(),
                    "{action:?} with {self:?}"
                );
            }
            Action::Detach { creation: true } => self.may_give(),
            Action::Detach { creation: false } | Action::Lease { .. } => self.may_go_on(action),
            Action::Wait { delegate: true } => self.may_delegate(),
            Action::Wait { delegate: false } => self.may_follow(has_waited),
            Action::Create => self.may_create(),
            Action::Commit { store } => self.may_commit(store),
            Action::Release(release) => self.may_release(release),
            Action::HandOver | Action::Leave => self.may_part(action),
            Action::Return(ending) => {
                hold!(
                    "law 6: who returns holds nothing",
                    self.is_free(),
                    "{self:?}"
                );
                hold!(
                    "law 5: nobody waits for more than two creations",
                    self.values <= 2
                );
                self.may_end(ending);
            }
        }
        let ends = matches!(
            action,
            Action::Leave | Action::HandOver | Action::Return(Ending::Cancelled)
        );
        hold!(
            "law 6: a cancelled call does nothing more",
            ends || !self.cancelled,
            "but {action:?}"
        );
    }

    fn is_free(&self) -> bool {
        !self.claim && !self.lease && !self.seat
    }

    fn may_follow(&mut self, has_waited: bool) {
        let given = self.given && self.seat && !self.claim && !self.lease;
        hold!(
            "a follower holds nothing but a seat beside its own creation",
            self.is_free() || given,
            "{self:?}"
        );
        hold!(
            "law 4: nobody with a stale value waits as a follower unless it wishes to",
            !self.has_stale() || self.is_soft(),
            "{self:?}"
        );
        self.seat = true;
        self.patient = self.given || has_waited;
    }

    fn may_give(&self) {
        let soft = self.is_soft() && self.wish.owned;
        let bare = self.wish.detached && !self.has_stale();
        hold!(
            "only an owned creator is given away that somebody wishes to wait for",
            soft || bare,
            "{self:?}"
        );
        hold!("a creator is given away once", !self.given, "{self:?}");
        self.may_begin();
    }

    fn may_go_on(&self, action: Action) {
        let before_the_lease = self.claim && !self.lease;
        if action == (Action::Detach { creation: false }) {
            let at_once = self.has_stale() && !self.is_soft();
            hold!(
                "only a claim with a stale value and an owned creator is given to a runner",
                before_the_lease && at_once && self.wish.owned
            );
            return;
        }
        hold!(
            "only who has the claim asks for the lease",
            before_the_lease,
            "{self:?}"
        );
        hold!(
            "law 12: who was not answered does not ask for the lease",
            !self.without_store(),
            "{self:?}"
        );
    }

    fn may_delegate(&self) {
        let may = self.claim && !self.lease && !self.seat;
        hold!("a delegate has the claim and nothing else", may, "{self:?}");
        hold!(
            "law 4: nobody with a stale value waits as a delegate unless it wishes to",
            !self.has_stale() || self.is_soft(),
            "{self:?}"
        );
    }

    fn may_commit(&self, store: bool) {
        let may = self.claim && self.lease;
        hold!(
            "law 3: nothing is committed without claim and lease",
            may,
            "{self:?}"
        );
        let is_kept = self.created == Some(Created::Ok);
        hold!("what is to be stored is stored", is_kept == store);
    }

    fn may_part(&self, action: Action) {
        if action == Action::Leave {
            hold!(
                "a seat that is left is taken",
                self.seat || self.cancelled,
                "{self:?}"
            );
            return;
        }
        hold!(
            "what is handed over is held",
            self.claim || self.cancelled,
            "{self:?}"
        );
        hold!("a seat cannot be handed over", !self.seat, "{self:?}");
    }

    /// The store does not answer this call, so that it goes on without.
    fn without_store(&self) -> bool {
        self.no_lease || matches!(self.looked, Some(Looked::Failed { .. }))
    }

    fn may_create(&self) {
        let elsewhere = match self.has_stale() {
            true => self.wish.owned,
            false => self.wish.detached && !self.handed_back && self.orphaned < 2,
        };
        hold!(
            "law 4: a creator that is to run elsewhere runs elsewhere",
            !elsewhere || self.wish.refresh,
            "{self:?}"
        );
        hold!(
            "who gave its creator away has none",
            !self.given,
            "{self:?}"
        );
        self.may_begin();
    }

    fn may_begin(&self) {
        hold!(
            "law 5: nobody calls a creator that is left alone",
            !self.left_alone,
            "{self:?}"
        );
        hold!("who creates has the claim", self.claim, "{self:?}");
        hold!("a call creates once", self.created.is_none(), "{self:?}");
        hold!(
            "who creates has the lease, or no store answers",
            self.lease || self.without_store(),
            "{self:?}"
        );
        hold!(
            "law 12: nobody creates without a store that is needed",
            self.lease || !self.wish.needs_store,
            "{self:?}"
        );
        hold!(
            "law 2: nobody creates what there is",
            !self.fresh_seen || self.wish.refresh,
            "{self:?}"
        );
        hold!(
            "law 1: whose claim was superseded looks again once before it creates",
            !self.is_orphan || self.orphaned > 1,
            "{self:?}"
        );
    }

    fn may_release(&self, release: Release) {
        hold!(
            "only a claim is released",
            self.claim,
            "{release:?} with {self:?}"
        );
        match release {
            Release::Confirmed => hold!(
                "what is confirmed is in the store",
                self.fresh_seen || self.committed == Some(Committed::Stored),
                "{self:?}"
            ),
            Release::Unconfirmed => {
                let unsure = self.committed != Some(Committed::Stored);
                hold!(
                    "what is unconfirmed was created",
                    self.has_created() && unsure
                );
            }
            Release::Failed => hold!(
                "an error was somebody's",
                self.created == Some(Created::Err)
                    || self.heard == Some(Woke::Error)
                    || self.left_alone,
                "{self:?}"
            ),
            Release::Panicked => {
                hold!(
                    "a panic was the creator's",
                    self.created == Some(Created::Panicked)
                );
            }
            Release::StoreFailed => {
                let failed = self.no_lease && self.created.is_none();
                hold!("a store's failure was the store's", failed);
            }
        }
    }

    fn has_created(&self) -> bool {
        matches!(self.created, Some(Created::Ok | Created::Declined))
    }

    fn may_end(&self, ending: Ending) {
        if self.has_created() && !self.cancelled {
            let given = matches!(ending, Ending::Value(_));
            hold!("law 12: no created value is lost", given, "{self:?}");
        }
        let fits = match ending {
            Ending::Value(origin) => self.may_answer(origin),
            Ending::Trouble(Trouble::Creator) => self.created == Some(Created::Err),
            Ending::Trouble(Trouble::Panicked) => self.created == Some(Created::Panicked),
            Ending::Trouble(Trouble::Shared) => {
                let failed = matches!(self.heard, Some(Woke::Error | Woke::BackingOff));
                failed && !self.serves_for_a_failure()
            }
            Ending::Trouble(Trouble::BackingOff) => self.left_alone && !self.serves_for_a_failure(),
            Ending::Trouble(Trouble::Deadline) => {
                self.heard == Some(Woke::Deadline) && !self.has_stale()
            }
            Ending::Trouble(Trouble::Cycle) => self.heard == Some(Woke::Cycle) && !self.has_stale(),
            Ending::Trouble(Trouble::Store) => {
                let needed = self.wish.needs_store || self.given;
                needed && self.without_store() && !self.has_stale()
            }
            Ending::Trouble(Trouble::Dropped) => self.came_to_nothing() && !self.has_stale(),
            Ending::Cancelled => self.cancelled,
            Ending::Trouble(_) => false,
        };
        hold!(
            "an ending tells what happened",
            fits,
            "{ending:?} after {self:?}"
        );
    }

    /// Whether a value at hand is served in place of the failure that it has met.
    fn serves_for_a_failure(&self) -> bool {
        let softly = self.left_alone && self.is_soft();
        self.has_stale() && (self.wish.stale_if_error || softly)
    }

    /// The creation that it gave away brings it nothing, and it would have to create itself.
    fn came_to_nothing(&self) -> bool {
        self.given && self.turn
    }

    /// Why one who wished for the next value is served the one at hand.
    fn has_given_up(&self) -> bool {
        let too_long = matches!(self.heard, Some(Woke::Deadline | Woke::Cycle));
        let nobody = self.no_lease || self.left_alone || self.handed_back || self.orphaned > 1;
        too_long || nobody || self.came_to_nothing()
    }

    fn may_answer(&self, origin: Origin) -> bool {
        let committed = self.committed;
        match origin {
            Origin::Hit => self.looked == Some(Looked::Fresh) || self.fresh_seen,
            Origin::Stale => self.has_stale() && (!self.is_soft() || self.has_given_up()),
            Origin::StaleOnError => {
                let heard = self.heard == Some(Woke::Error);
                let failed = self.created == Some(Created::Err) || self.left_alone || heard;
                self.has_stale() && self.wish.stale_if_error && failed
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
            // Law 3: who was superseded is told so.
            Origin::Declined => {
                self.created == Some(Created::Declined) && committed != Some(Committed::Refused)
            }
            Origin::Superseded => committed == Some(Committed::Refused),
            Origin::NotStored => {
                self.created == Some(Created::Ok)
                    && (committed == Some(Committed::Failed) || self.without_store())
            }
            _ => false,
        }
    }
}
