//! A writer's turn: what may be done to one entry, one writer at a time.
//!
//! Readers take no turn and wait for none. Writers of one key take turns under the lock of the key's
//! stripe, so that look and change are one atomic step; a bounded store has a single stripe, because
//! a new entry may push out any other.
//!
//! # The entry
//!
//! An entry is absent, a value, a leased value, or a claim. `n` is a stamp never given before, `s` the
//! one that is there; a lease is current while its stamp is the entry's.
//!
//! | | absent | value(s) | leased value(s) | claim(s) |
//! |---|---|---|---|---|
//! | a reader sees | nothing | the value | the value | nothing |
//! | lease, and the value is fresh | - | fresh | fresh; a lease that the asker holds ends | - |
//! | lease | claim(n), won n | leased value(n), won n | lost | lost |
//! | lease, taking over s | claim(n), won n | leased value(n), won n | leased value(n), won n | claim(n), won n |
//! | lease, superseding | claim(n), won n | leased value(n), won n | leased value(n), won n | claim(n), won n |
//! | commit of s | refused | refused | value(n) | value(n) |
//! | renewal of s | refused | refused | stays | stays |
//! | release of s | refused | refused | value(n) | absent |
//! | set | value(n) | value(n) | value(n) | value(n) |
//! | delete, clear | absent | absent | absent | absent |
//! | eviction, expiry | - | absent | claim(s) | never |
//! | anything with another stamp | refused | refused | refused | refused |
//!
//! So a deleted value does not come back (its lease's stamp is gone), whoever lost the lease cannot
//! store, and a value that leaves while it is refreshed takes nothing from its creator. Claims
//! weigh nothing and stand in no queue. Where an entry is said to become a value and the store has no
//! room for it, the entry becomes absent and the value is told to have left.
//!
//! Only the stamp changes in place, when a lease is given or ended; everything else replaces the
//! whole entry, and readers see the one or the other.

use dogpile_backend::{CachedValue, News, Span, Stamp, Time};
use papaya::LocalGuard;
use parking_lot::MutexGuard;

use crate::bells::Bell;
use crate::departures::Departures;
use crate::eviction::Eviction;
use crate::key::{Hashed, Key, KeyHash, Place};
use crate::lifetime::Lifetime;
use crate::mark::{Mark, StampCell};
use crate::node::{Claim, Held, IsValue, Node};
use crate::table::{Stripe, Table};

/// The right to change one entry, until [`Turn::end`].
pub(crate) struct Turn<'g, V> {
    table: &'g Table<V>,
    guard: &'g LocalGuard<'g>,
    key: Hashed<'g>,
    stripe: MutexGuard<'g, Stripe>,
    departures: Departures<'g, V>,
    /// A value that was not let in.
    refused: Option<V>,
    bells: Vec<Bell>,
}

impl<'g, V> Turn<'g, V> {
    /// Waits for a turn on `key`. The guard keeps what this turn removes readable, and must outlive
    /// the turn's lock, so that no value is dropped under it.
    pub(crate) fn take(table: &'g Table<V>, guard: &'g LocalGuard<'g>, key: &'g [u8]) -> Self {
        let key = Hashed {
            bytes: key,
            hash: KeyHash::of(key),
        };
        Self {
            table,
            guard,
            key,
            stripe: table.stripe(key.hash).lock(),
            departures: Departures::new(&table.map, guard),
            refused: None,
            bells: Vec::new(),
        }
    }

    /// The entry as it is.
    pub(crate) fn look(&self) -> Option<&'g Node<V>> {
        self.table.map.get(&self.key, self.guard)
    }

    /// Gives the lease on the entry to a new holder and answers its stamp.
    pub(crate) fn lease(&mut self) -> Stamp {
        let number = self.stripe.stamps.lease();
        let stamp = StampCell::new(number);
        let given = stamp.stamp();
        if let Some(node) = self.look() {
            node.stamp().set(number);
        } else {
            let claim = Node::Claim(Claim { stamp });
            self.stripe.claims += 1;
            self.insert(Key::new(self.key.bytes), claim);
        }
        self.changed();
        given
    }

    /// Ends the lease on the entry, which is there and leased.
    pub(crate) fn unlease(&mut self) {
        match self.look() {
            Some(Node::Claim(_)) => self.remove(),
            Some(value) => value.stamp().set(self.stripe.stamps.value()),
            None => {}
        }
        self.changed();
    }

    /// Puts a value in place of whatever is there. `weight` is the value's.
    pub(crate) fn put(&mut self, entry: CachedValue<V>, ttl: Span, weight: u32) {
        self.changed();
        let before = self.look();
        if self
            .stripe
            .policy
            .as_ref()
            .is_some_and(|policy| !policy.admits(weight))
        {
            if before.is_some() {
                self.remove();
            }
            self.refused = Some(entry.value);
            return;
        }
        let key = Key::new(self.key.bytes);
        let place = Place {
            hash: self.key.hash,
            address: key.address(),
        };
        let (slot, mark) = self.admit(place, before.and_then(Node::value), weight);
        if let Some(Node::Claim(_)) = before {
            self.stripe.claims -= 1;
        }
        let CachedValue { value, metadata } = entry;
        let held = Held {
            value,
            created: metadata.created,
            epoch: metadata.epoch,
            stamp: StampCell::new(self.stripe.stamps.value()),
            slot,
            lifetime: Lifetime::at_least(ttl),
            mark,
            kind: IsValue::Yes,
        };
        self.insert(key, Node::of(held, metadata.terms));
    }

    /// Removes the value or the claim, and with it any lease.
    pub(crate) fn delete(&mut self) {
        if self.look().is_some() {
            self.remove();
            self.changed();
        }
    }

    /// Lets the value go if its time is over at `now`.
    pub(crate) fn expire(&mut self, now: Time) {
        let Some((key, node)) = self.table.map.get_key_value(&self.key, self.guard) else {
            return;
        };
        let Some(held) = node.value().filter(|held| held.end() <= now) else {
            return;
        };
        if let Some(policy) = &mut self.stripe.policy {
            policy.remove(held.slot);
        }
        self.changed();
        let place = Place {
            hash: self.key.hash,
            address: key.address(),
        };
        let stays = self.departures.let_go(place, Eviction::Expired);
        self.stripe.claims += usize::from(stays);
    }

    /// Hands the turn on; then, with no lock held, rings the bells of the key and tells of the values
    /// that left.
    pub(crate) fn end(self) {
        let Self {
            table,
            key,
            stripe,
            departures,
            refused,
            bells,
            ..
        } = self;
        drop(stripe);
        for bell in bells {
            bell(News::Changed);
        }
        departures.tell(&table.ear);
        if let Some(value) = refused {
            table.ear.tell(key.bytes, &value, Eviction::Capacity);
        }
    }

    fn changed(&mut self) {
        self.bells = self.stripe.bells.of(self.key.bytes);
    }

    fn insert(&self, key: Key, node: Node<V>) {
        self.table.map.insert(key, node, self.guard);
    }

    /// Removes the entry from the map and from the queues.
    fn remove(&mut self) {
        match self.table.map.remove(&self.key, self.guard) {
            Some(Node::Claim(_)) => self.stripe.claims -= 1,
            Some(value) => {
                if let (Some(policy), Some(held)) = (&mut self.stripe.policy, value.value()) {
                    policy.remove(held.slot);
                }
            }
            None => {}
        }
    }

    /// Makes room for a value of `weight` at `place`, which the map shall hold next, and gives it a
    /// slot and a mark: those of the value that it replaces, if there is one.
    fn admit(&mut self, place: Place, before: Option<&Held<V>>, weight: u32) -> (u32, Mark) {
        let stripe = &mut *self.stripe;
        let Some(policy) = &mut stripe.policy else {
            return (0, Mark::full());
        };
        let Some(held) = before else {
            stripe.claims += self.departures.make_room(policy, weight);
            return (policy.insert(place, weight), Mark::at(0));
        };
        let mark = Mark::at(held.mark.uses());
        if policy.replace(held.slot, place, weight) {
            return (held.slot, mark);
        }
        // It grew: it makes room for itself as a new one would, and joins its queue at the back.
        let queue = policy.remove(held.slot);
        stripe.claims += self.departures.make_room(policy, weight);
        (policy.insert_into(queue, place, weight), mark)
    }
}
