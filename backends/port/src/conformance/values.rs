//! What a store promises of values and their metadata.

use std::collections::HashSet;

use super::subject::{LONG, Outcome, Subject, ensure, same};
use super::{Form, Sample};
use crate::{CachedValue, Epoch, Local, Metadata, Span, Stamp, Tag, Tags, Terms, Time};

pub(super) fn nothing_is_found_where_nothing_was_set<V: Sample>(subject: &Subject<V>) -> Outcome {
    subject.is_empty(&subject.key("key"))
}

pub(super) fn deleting_nothing_is_no_error<V: Sample>(subject: &Subject<V>) -> Outcome {
    let key = subject.key("key");
    subject.delete(&key)?;
    subject.delete(&key)?;
    subject.is_empty(&key)
}

pub(super) fn a_value_is_found_after_set<V: Sample>(subject: &Subject<V>) -> Outcome {
    let key = subject.key("key");
    for number in 0..3 {
        // The first values of many types are empty or zero: those are values too.
        let key = [&key[..], &[u8::try_from(number)?]].concat();
        subject.set(&key, subject.entry(number))?;
        subject.holds(&key, &subject.entry(number))?;
        subject.holds(&key, &subject.entry(number))?;
    }
    Ok(())
}

pub(super) fn a_value_is_replaced_by_set<V: Sample>(subject: &Subject<V>) -> Outcome {
    let key = subject.key("key");
    for number in [1, 2, 1] {
        subject.set(&key, subject.entry(number))?;
        subject.holds(&key, &subject.entry(number))?;
    }
    Ok(())
}

pub(super) fn a_deleted_value_is_gone<V: Sample>(subject: &Subject<V>) -> Outcome {
    let (key, other) = (subject.key("key"), subject.key("other"));
    subject.set(&key, subject.entry(1))?;
    subject.set(&other, subject.entry(2))?;
    subject.delete(&key)?;
    subject.is_empty(&key)?;
    subject.delete(&key)?;
    subject.holds(&other, &subject.entry(2))?;
    subject.set(&key, subject.entry(3))?;
    subject.holds(&key, &subject.entry(3))
}

pub(super) fn metadata_is_kept<V: Sample>(subject: &Subject<V>) -> Outcome {
    let key = subject.key("key");
    let epochs = [0, 1, 1_700_000_000_000_001, u64::MAX - 1].map(Epoch::new);
    let times = [0, 1, 1_700_000_000_123_456_789, u64::MAX].map(Time::from_nanos);
    for epoch in epochs.into_iter().chain([Epoch::UNKNOWN]) {
        for created in times {
            let stamp = Stamp::new(u128::MAX - 7);
            let entry = CachedValue {
                value: V::sample(1),
                metadata: Metadata {
                    stamp,
                    epoch,
                    created,
                    terms: Terms::NONE,
                },
            };
            subject.set(&key, entry.clone())?;
            subject.holds(&key, &entry)?;
            let kept = subject.get(&key)?.map(|found| found.metadata.stamp);
            ensure!(
                kept != Some(Stamp::NONE),
                "a value was stored with {stamp:?} and comes back without any"
            );
        }
    }
    Ok(())
}

pub(super) fn a_values_own_terms_are_kept<V: Sample>(subject: &Subject<V>) -> Outcome {
    let key = subject.key("key");
    let spans = [None, Some(Span::ZERO), Some(LONG), Some(Span::FOREVER)];
    let eight = (0..Tags::MOST).try_fold(Tags::NONE, |tags, number| {
        tags.with(Tag::named(&number.to_be_bytes()))
    })?;
    for (fresh_for, stale_for) in spans.into_iter().zip(spans.into_iter().rev()) {
        for tags in [Tags::NONE, Tags::new(1), eight] {
            let mut entry = subject.entry(1);
            entry.metadata.terms = Terms {
                fresh_for,
                stale_for,
                tags,
            };
            subject.set(&key, entry.clone())?;
            subject.holds(&key, &entry)?;
        }
    }
    // None are left over from a value that had some.
    subject.set(&key, subject.entry(2))?;
    subject.holds(&key, &subject.entry(2))
}

pub(super) fn a_copy_does_not_change<V: Sample>(subject: &Subject<V>) -> Outcome {
    let key = subject.key("key");
    let argument = subject.entry(1);
    subject.set(&key, argument.clone())?;
    let copy = subject.get(&key)?;
    subject.set(&key, subject.entry(2))?;
    subject.delete(&key)?;
    ensure!(
        same(&argument, &subject.entry(1)),
        "the argument of set became {argument:?}"
    );
    ensure!(
        copy.as_ref().is_some_and(|copy| same(copy, &argument)),
        "what get had answered became {copy:?}"
    );
    Ok(())
}

pub(super) fn any_time_to_live_is_taken<V: Sample>(subject: &Subject<V>) -> Outcome {
    let key = subject.key("key");
    for ttl in [LONG, Span::from_nanos(u64::MAX - 1), Span::FOREVER] {
        subject.take(subject.store().set(&key, subject.entry(1), ttl))?;
        subject.holds(&key, &subject.entry(1))?;
    }
    for ttl in [Span::ZERO, Span::from_nanos(1)] {
        // Gone or not yet: nobody asks for it any more.
        subject.take(subject.store().set(&key, subject.entry(2), ttl))?;
        let found = subject.get(&key)?;
        let defined = found
            .as_ref()
            .is_none_or(|found| same(found, &subject.entry(2)));
        ensure!(defined, "a value set to live for {ttl:?} leaves {found:?}");
    }
    Ok(())
}

pub(super) fn a_local_look_agrees_with_get<V: Sample>(subject: &Subject<V>) -> Outcome {
    let key = subject.key("key");
    local_look(subject, &key, None)?;
    subject.set(&key, subject.entry(1))?;
    local_look(subject, &key, Some(&subject.entry(1)))?;
    subject.set(&key, subject.entry(2))?;
    local_look(subject, &key, Some(&subject.entry(2)))?;
    subject.delete(&key)?;
    local_look(subject, &key, None)
}

fn local_look<V: Sample>(
    subject: &Subject<V>,
    key: &[u8],
    wanted: Option<&CachedValue<V>>,
) -> Outcome {
    let mut lent = Vec::new();
    let mut keep = |entry: CachedValue<&V>| lent.push(entry.map(V::clone));
    let found = subject.store().look_local(key, &mut keep);
    let agrees = match (found, &lent[..], wanted) {
        (Local::Lent, [lent], Some(wanted)) => same(lent, wanted),
        (Local::Absent, [], wanted) => wanted.is_none(),
        (Local::Unknown, [], _) => true,
        _ => false,
    };
    ensure!(
        agrees,
        "{wanted:?} is there, but look_local answers {found:?} and lends {lent:?}"
    );
    Ok(())
}

pub(super) fn a_thread_gets_what_is_there<V: Sample>(subject: &Subject<V>) -> Outcome {
    // Where replies are awaited nobody says that threads may wait.
    if subject.form() == Form::Awaiting {
        return Ok(());
    }
    let key = subject.key("key");
    let gets = |wanted: Option<&CachedValue<V>>| -> Outcome {
        let found = subject.store().get_blocking(&key)?;
        let agrees = match (&found, wanted) {
            (Some(found), Some(wanted)) => same(found, wanted),
            (None, None) => true,
            _ => false,
        };
        ensure!(
            agrees,
            "{wanted:?} is there, but get_blocking answers {found:?}"
        );
        Ok(())
    };
    gets(None)?;
    for number in [1, 2] {
        subject.set(&key, subject.entry(number))?;
        gets(Some(&subject.entry(number)))?;
    }
    subject.delete(&key)?;
    gets(None)
}

pub(super) fn stamps_of_values_never_repeat<V: Sample>(subject: &Subject<V>) -> Outcome {
    let key = subject.key("key");
    let mut seen = HashSet::new();
    for number in 0..100 {
        subject.set(&key, subject.entry(1))?;
        let stamp = subject.get(&key)?.map(|found| found.metadata.stamp);
        if let Some(stamp) = stamp.filter(|stamp| *stamp != Stamp::NONE) {
            ensure!(seen.insert(stamp), "two values of one key had {stamp:?}");
        }
        if number % 3 == 0 {
            subject.delete(&key)?;
        }
    }
    Ok(())
}

pub(super) fn dropped_replies_leave_the_store_usable<V: Sample>(subject: &Subject<V>) -> Outcome {
    let key = subject.key("key");
    let store = subject.store();
    for number in 0..20 {
        subject.poll_once(store.set(&key, subject.entry(number), LONG));
        subject.poll_once(store.get(&key));
        subject.poll_once(store.delete(&key));
        subject.get(&key)?;
    }
    // Another key, for what was dropped half-way may still be on its way.
    let other = subject.key("other");
    if subject.form() == Form::Awaiting {
        drop(store.set(&other, subject.entry(1), LONG));
        drop(store.delete(&other));
    }
    subject.set(&other, subject.entry(2))?;
    subject.holds(&other, &subject.entry(2))?;
    let lease = subject.win(&other)?;
    subject.release(&other, &lease)?;
    Ok(())
}
