//! How often a history came to where a promise could have been broken.

use std::collections::BTreeMap;

use crate::history::{Answer, Asked, Event, Op, Origin};

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Witness {
    pub(crate) histories: usize,
    /// Values that were read by other calls than their creators'.
    pub(crate) read: usize,
    /// Answers about a key that had been answered with a value before which was then replaced or
    /// deleted.
    pub(crate) replaced: usize,
    /// Creators that were told that their value was not stored.
    pub(crate) superseded: usize,
    /// Stale values that were served.
    pub(crate) stale: usize,
    /// Calls that ended without creating while a creator was at work.
    pub(crate) beside_a_creator: usize,
}

impl Witness {
    pub(crate) fn of(history: &[Event]) -> Self {
        let mut seen = Self {
            histories: 1,
            ..Self::default()
        };
        let mut asked: BTreeMap<_, Asked> = BTreeMap::new();
        let mut at_work = BTreeMap::new();
        let mut last = BTreeMap::new();
        for event in history {
            let call = event.call();
            match event {
                Event::Asked(_, ask) => {
                    asked.insert(call, *ask);
                }
                Event::Began(_) => {
                    at_work.insert(call, asked[&call].key);
                }
                Event::Made(..) => {}
                Event::Answered(_, answer) => {
                    at_work.remove(&call);
                    let Asked { key, op, .. } = asked[&call];
                    if let Answer::Value(by, origin) = answer {
                        seen.read += usize::from(*by != call);
                        seen.superseded += usize::from(*origin == Some(Origin::Superseded));
                        seen.stale += usize::from(matches!(
                            origin,
                            Some(Origin::Stale | Origin::StaleOnError)
                        ));
                        let others = at_work.values().any(|busy| *busy == key);
                        let created = op == Op::Create && *by != call;
                        seen.beside_a_creator += usize::from(created && others);
                    }
                    let now = match answer {
                        Answer::Value(by, _) => Some(*by),
                        Answer::Nothing => None,
                        _ => continue,
                    };
                    let before = last.insert(key, now);
                    seen.replaced +=
                        usize::from(before.flatten().is_some_and(|by| Some(by) != now));
                }
            }
        }
        seen
    }

    pub(crate) const fn plus(self, other: Self) -> Self {
        Self {
            histories: self.histories + other.histories,
            read: self.read + other.read,
            replaced: self.replaced + other.replaced,
            superseded: self.superseded + other.superseded,
            stale: self.stale + other.stale,
            beside_a_creator: self.beside_a_creator + other.beside_a_creator,
        }
    }
}
