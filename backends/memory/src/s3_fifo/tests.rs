//! The policy beside a model of it that is too slow to use and too plain to be wrong.

use std::cell::RefCell;
use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

type Id = u8;

impl Item for Id {
    fn hash(self) -> u64 {
        u64::from(self)
    }
}

/// The uses of each item, shared by the policy and its model.
#[derive(Default)]
struct Uses(RefCell<BTreeMap<Id, u8>>);

impl Marks<Id> for Uses {
    fn uses(&self, item: Id) -> u8 {
        self.0.borrow().get(&item).copied().unwrap_or(0)
    }

    fn set_uses(&self, item: Id, uses: u8) {
        self.0.borrow_mut().insert(item, uses);
    }
}

/// S3-FIFO said in vectors: the front is at index zero.
struct Model {
    capacity: u64,
    small: Vec<(Id, u32)>,
    main: Vec<(Id, u32)>,
    /// What left lately; a name is struck out when it comes back.
    ghost: Vec<Option<Id>>,
    uses: Uses,
}

fn weight_of(queue: &[(Id, u32)]) -> u64 {
    queue.iter().map(|(_, weight)| u64::from(*weight)).sum()
}

impl Model {
    fn weight(&self) -> u64 {
        weight_of(&self.small) + weight_of(&self.main)
    }

    fn victims(&mut self, weight: u32) -> Vec<Id> {
        let mut victims = Vec::new();
        while self.weight() + u64::from(weight) > self.capacity {
            let share = (self.capacity * 15 / 100).max(1);
            if self.main.is_empty() || weight_of(&self.small) >= share {
                let (item, its) = self.small.remove(0);
                if self.uses.uses(item) > 0 {
                    self.uses.set_uses(item, 0);
                    self.main.push((item, its));
                } else {
                    victims.push(item);
                    self.ghost.push(Some(item));
                    let kept = self.small.len() + self.main.len();
                    let forgotten = self.ghost.len().saturating_sub(kept);
                    self.ghost.drain(..forgotten);
                }
            } else {
                let (item, its) = self.main.remove(0);
                let uses = self.uses.uses(item);
                if uses > 0 {
                    self.uses.set_uses(item, uses - 1);
                    self.main.push((item, its));
                } else {
                    victims.push(item);
                }
            }
        }
        victims
    }

    fn insert(&mut self, item: Id, weight: u32) {
        let remembered = self.ghost.iter().position(|name| *name == Some(item));
        let queue = if let Some(at) = remembered {
            self.ghost[at] = None;
            &mut self.main
        } else {
            &mut self.small
        };
        queue.push((item, weight));
    }

    fn find(&mut self, item: Id) -> Option<(&mut Vec<(Id, u32)>, usize)> {
        if let Some(at) = self.small.iter().position(|(id, _)| *id == item) {
            return Some((&mut self.small, at));
        }
        let at = self.main.iter().position(|(id, _)| *id == item)?;
        Some((&mut self.main, at))
    }
}

/// The policy driven as the store drives it.
struct Real {
    policy: S3Fifo<Id>,
    slots: BTreeMap<Id, u32>,
    uses: Uses,
}

impl Real {
    fn victims(&mut self, weight: u32) -> Vec<Id> {
        let mut victims = Vec::new();
        while let Some(item) = self.policy.next_victim(weight, &self.uses) {
            self.slots.remove(&item);
            victims.push(item);
        }
        victims
    }
}

#[derive(Clone, Debug)]
enum Step {
    Put(Id, u32),
    Use(Id),
    Remove(Id),
}

fn step() -> impl Strategy<Value = Step> {
    let id = 0_u8..24;
    prop_oneof![
        4 => (id.clone(), 1_u32..6).prop_map(|(item, weight)| Step::Put(item, weight)),
        4 => id.clone().prop_map(Step::Use),
        1 => id.prop_map(Step::Remove),
    ]
}

/// Puts an item as the store does and answers who left.
fn put(model: &mut Model, real: &mut Real, item: Id, weight: u32) -> (Vec<Id>, Vec<Id>) {
    let Some(slot) = real.slots.get(&item).copied() else {
        let left = (model.victims(weight), real.victims(weight));
        for uses in [&model.uses, &real.uses] {
            uses.set_uses(item, 0);
        }
        model.insert(item, weight);
        real.slots.insert(item, real.policy.insert(item, weight));
        return left;
    };
    let grew = !real.policy.replace(slot, item, weight);
    let (queue, at) = model
        .find(item)
        .expect("the model holds what the policy holds");
    assert_eq!(grew, weight > queue[at].1);
    if !grew {
        queue[at].1 = weight;
        return (Vec::new(), Vec::new());
    }
    queue.remove(at);
    let in_main = real.policy.remove(slot);
    let left = (model.victims(weight), real.victims(weight));
    match in_main {
        Queue::Small => model.small.push((item, weight)),
        Queue::Main => model.main.push((item, weight)),
    }
    let slot = real.policy.insert_into(in_main, item, weight);
    real.slots.insert(item, slot);
    left
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_policy_decides_as_its_model(
        capacity in 0_u64..40,
        steps in proptest::collection::vec(step(), 0..400),
    ) {
        let mut model = Model {
            capacity,
            small: Vec::new(),
            main: Vec::new(),
            ghost: Vec::new(),
            uses: Uses::default(),
        };
        let mut real = Real {
            policy: S3Fifo::new(capacity),
            slots: BTreeMap::new(),
            uses: Uses::default(),
        };
        for step in steps {
            match step {
                Step::Put(item, weight) => {
                    prop_assert_eq!(real.policy.admits(weight), u64::from(weight) <= capacity);
                    if real.policy.admits(weight) {
                        let (expected, left) = put(&mut model, &mut real, item, weight);
                        prop_assert_eq!(expected, left);
                    }
                }
                Step::Use(item) => for uses in [&model.uses, &real.uses] {
                    uses.set_uses(item, (uses.uses(item) + 1).min(3));
                },
                Step::Remove(item) => if let Some(slot) = real.slots.remove(&item) {
                    real.policy.remove(slot);
                    let (queue, at) = model.find(item).expect("the model holds it too");
                    queue.remove(at);
                },
            }
            prop_assert_eq!(real.policy.weight(), model.weight());
            prop_assert!(real.policy.weight() <= capacity, "the bound");
            prop_assert_eq!(real.policy.len(), real.slots.len());
            prop_assert!(real.policy.ghost.len() <= model.ghost.len());
        }
    }
}

fn policy_of(capacity: u64, items: impl IntoIterator<Item = Id>) -> (S3Fifo<Id>, Uses) {
    let (mut policy, uses) = (S3Fifo::new(capacity), Uses::default());
    for item in items {
        while policy.next_victim(1, &uses).is_some() {}
        policy.insert(item, 1);
    }
    (policy, uses)
}

#[test]
fn what_is_used_once_does_not_displace_what_is_used_often() {
    let (mut policy, uses) = policy_of(20, 0..20);
    for item in 0..10 {
        uses.set_uses(item, 2);
    }
    let mut left = Vec::new();
    for scanned in 100..200 {
        left.extend(policy.next_victim(1, &uses));
        policy.insert(scanned, 1);
    }
    assert!(left.iter().all(|item| *item >= 10), "{left:?}");
}

#[test]
fn what_comes_back_soon_joins_main() {
    let (mut policy, uses) = policy_of(10, 0..10);
    let left = policy.next_victim(1, &uses).expect("it is full");
    assert_eq!(left, 0);
    let slot = policy.insert(left, 1);
    assert_eq!(policy.remove(slot), Queue::Main);
    let slot = policy.insert(left, 1);
    assert_eq!(policy.remove(slot), Queue::Small, "it is remembered once");
}

#[test]
fn room_for_nothing_and_room_without_end() {
    let (mut none, uses) = policy_of(0, []);
    assert!(!none.admits(1));
    assert_eq!(none.next_victim(1, &uses), None, "there is nobody to leave");
    let (mut all, uses) = policy_of(u64::MAX, 0..50);
    assert!(all.admits(u32::MAX));
    assert_eq!(all.next_victim(u32::MAX, &uses), None);
}

#[test]
fn a_cleared_policy_remembers_nobody() {
    let (mut policy, uses) = policy_of(4, 0..9);
    policy.clear();
    assert_eq!(
        (policy.len(), policy.weight(), policy.ghost.len()),
        (0, 0, 0)
    );
    assert_eq!(policy.next_victim(4, &uses), None);
}
