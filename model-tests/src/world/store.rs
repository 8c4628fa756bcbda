//! The store with its leases, as `backends/memory/src/turn.rs` and the ports describe them: an entry is
//! absent, a value, a leased value or a claim, and each operation is one step.

use super::parts::{Grant, Letter, Stamp, Value};
use super::scene::Scene;
use super::witness::Witness;
use crate::hold;

impl Scene<'_> {
    /// Looks and gives the lease, unless there is a fresh value or another holds it.
    pub(crate) fn store_lease(&mut self, process: u8, held: Stamp, supersede: bool) -> Grant {
        let store = self.state.store;
        let fresh = !supersede && self.judges_fresh(process, store.value);
        let held = (held != 0 && held == store.lease).then_some(held);
        if fresh && self.rules.looks_again {
            if held.is_some() {
                self.entitled_to_void();
                self.state.store.lease = 0;
                self.rang();
            }
            self.saw(Witness::SecondLookFindsFresh);
            return Grant::Fresh(store.value);
        }
        hold!(
            "no lease is given where a fresh value is",
            !fresh,
            "{store:?}"
        );
        if store.lease != 0 && held.is_none() && !supersede && self.rules.one_lease {
            self.saw(Witness::LeaseLost);
            return Grant::Lost(store.lease);
        }
        let may = store.lease == 0 || held.is_some() || supersede;
        hold!("a lease has one holder", may, "{store:?}");
        if store.lease != 0 {
            self.saw(Witness::LeaseTakenOver);
        }
        Grant::Won(self.give_lease(held))
    }

    fn give_lease(&mut self, held: Option<Stamp>) -> Stamp {
        self.entitled_to_void();
        let stamp = match held {
            Some(held) if !self.rules.heir_gets_new_token => held,
            _ if self.rules.tokens_are_new => self.state.next_stamp(),
            _ => self.state.store.last.max(1),
        };
        let new = !self.state.remembers(stamp);
        hold!("tokens never repeat", new, "{stamp} was given before");
        if self.state.processes.iter().any(|process| process.crashed) {
            self.saw(Witness::AskedAfterCrash);
        }
        self.state.store.last = self.state.store.last.max(stamp);
        self.state.store.lease = stamp;
        self.state.store.lapsing = false;
        self.rang();
        stamp
    }

    /// Stores `value` and ends the lease, only while it is current.
    pub(crate) fn store_commit(
        &mut self,
        stamp: Stamp,
        value: Value,
        voided: bool,
        late: bool,
    ) -> bool {
        let current = self.state.store.lease == stamp && stamp != 0;
        let compares = if late {
            self.rules.late_commit_compares
        } else {
            self.rules.commit_compares
        };
        if !current && compares {
            self.saw(if late {
                Witness::LateCommitRefused
            } else {
                Witness::CommitRefused
            });
            return false;
        }
        hold!("a void lease never commits", current, "{stamp} is void");
        hold!("a superseded creator never publishes", !voided, "{value:?}");
        let store = self.state.store;
        hold!(
            "a deleted value never comes back",
            value.born == store.writes,
            "{value:?} into {store:?}"
        );
        hold!(
            "versions never go back",
            value.begun > store.high,
            "{value:?} into {store:?}"
        );
        self.store_put(value);
        if self.rules.commit_ends {
            self.state.store.lease = 0;
        }
        hold!(
            "a commit uses up its lease",
            self.state.store.lease != stamp,
            "{stamp}"
        );
        true
    }

    fn store_put(&mut self, value: Value) {
        self.state.store.value = value;
        self.state.store.age = 0;
        self.state.store.high = self.state.store.high.max(value.begun);
        self.rang();
    }

    /// Ends the lease and stores nothing; a delegate elsewhere may hear that the creator failed.
    pub(crate) fn store_release(&mut self, stamp: Stamp) -> bool {
        let current = self.state.store.lease == stamp && stamp != 0;
        if !current && self.rules.release_compares {
            self.saw(Witness::ReleaseRefused);
            return false;
        }
        hold!(
            "a release touches only the owner's lease",
            current || self.state.store.lease == 0,
            "{stamp} ends {:?}",
            self.state.store
        );
        self.state.store.lease = 0;
        self.state.store.lapsing = false;
        self.rang();
        true
    }

    /// Prolongs the lease while it is current.
    pub(crate) fn store_renew(&mut self, stamp: Stamp) {
        let current = self.state.store.lease == stamp && stamp != 0;
        if current || !self.rules.renewal_compares {
            self.state.store.lapsing = false;
        } else {
            self.saw(Witness::RenewalRefused);
        }
        hold!(
            "a renewal touches only the owner's lease",
            current || self.state.store.lapsing,
            "{stamp} prolongs {:?}",
            self.state.store
        );
    }

    /// A set (with a value) or a delete: changes the value and voids the lease.
    pub(crate) fn store_write(&mut self, set: Value) {
        let voids = if set.is_some() {
            self.rules.set_voids
        } else {
            self.rules.delete_voids
        };
        self.state.store.writes += 1;
        // Whoever holds the lease is superseded, whatever the store makes of it.
        self.entitled_to_void();
        if self.state.store.lease != 0 {
            self.saw(Witness::WriteVoidsLease);
        }
        if voids {
            self.state.store.lease = 0;
            self.state.store.lapsing = false;
        }
        if set.is_some() {
            let born = self.state.store.writes;
            self.store_put(Value { born, ..set });
        } else {
            self.state.store.value = Value::NONE;
            self.state.store.age = 0;
            self.rang();
        }
    }

    /// The time of the lease is over.
    pub(crate) fn store_expire(&mut self) {
        self.entitled_to_void();
        if self.rules.expiry_frees {
            self.state.store.lease = 0;
        }
        self.state.store.lapsing = false;
        self.rang();
    }

    /// Whoever has the lease loses it to somebody who may take it.
    fn entitled_to_void(&mut self) {
        let lease = self.state.store.lease;
        if lease == 0 {
            return;
        }
        for call in &mut self.state.calls {
            call.voided |= call.lease == lease;
        }
        for letter in self.state.letters.iter_mut().flatten() {
            if let Letter::Commit { stamp, voided, .. } = letter {
                *voided |= *stamp == lease;
            }
        }
    }

    /// Delegates hear that something changed.
    fn rang(&mut self) {
        if !self.rules.bell_rings {
            return;
        }
        for call in &mut self.state.calls {
            call.rung |= call.subscribed;
        }
    }

    /// A request that is under way by itself.
    pub(crate) fn post(&mut self, letter: Letter) {
        // A chore for which there is no room is dropped, as by the worker's bounded queue.
        if let Some(slot) = self.state.letters.iter_mut().find(|slot| slot.is_none()) {
            *slot = Some(letter);
        }
    }
}
