//! The checker checked: histories made by hand, of which each breaks one promise at one line, or
//! keeps it by a hair.

mod dropped;

use crate::checker::{Rejected, check};
use crate::history::{Answer, Asked, Call, End, Event, Op, Origin, table};
use crate::setting::{FOREVER, Setting};
use crate::spec::RegionSpec;

/// Fresh for two seconds, stale for two more.
const SETTING: Setting = Setting {
    fresh_for: 2,
    stale_for: 2,
    creation_limit: FOREVER,
    lease_time: FOREVER,
    stale_if_error: true,
    evicts: false,
    outlives: false,
    keys: 2,
    processes: 1,
};

fn asks(call: Call, op: Op) -> Event {
    asks_of(call, 0, op)
}

fn asks_of(call: Call, key: u8, op: Op) -> Event {
    let asked = Asked {
        client: 0,
        process: 0,
        key,
        op,
    };
    Event::Asked(call, asked)
}

fn began(call: Call) -> Event {
    Event::Began(call)
}

fn made(call: Call) -> Event {
    Event::Made(call, End::Value)
}

fn done(call: Call) -> Event {
    Event::Answered(call, Answer::Done)
}

fn nothing(call: Call) -> Event {
    Event::Answered(call, Answer::Nothing)
}

fn has(call: Call, by: Call, origin: Origin) -> Event {
    Event::Answered(call, Answer::Value(by, Some(origin)))
}

/// Calls that are over before the next is asked.
fn alone(call: Call, op: Op) -> [Event; 2] {
    [asks(call, op), done(call)]
}

fn creates(call: Call) -> [Event; 4] {
    let end = has(call, call, Origin::Created);
    [asks(call, Op::Create), began(call), made(call), end]
}

fn verdict(setting: &Setting, history: &[Event]) -> Result<usize, Rejected> {
    check(&RegionSpec::new(setting, history), history)
}

#[track_caller]
fn legal(history: &[Event]) {
    let checked = verdict(&SETTING, history);
    assert!(checked.is_ok(), "{checked:?}\n{}", table(history));
}

/// Rejected at its last line, and not before.
#[track_caller]
fn illegal(history: &[Event]) {
    illegal_with(&SETTING, history);
}

#[track_caller]
fn illegal_with(setting: &Setting, history: &[Event]) {
    let events = history.len();
    let checked = verdict(setting, history);
    assert_eq!(checked, Err(Rejected { events }), "\n{}", table(history));
}

fn story<const N: usize>(parts: [&[Event]; N]) -> Vec<Event> {
    parts.concat()
}

#[test]
fn a_deleted_value_does_not_come_back() {
    let deleted = story([
        &alone(1, Op::Set),
        &alone(2, Op::Delete),
        &[asks(3, Op::Get)],
    ]);
    legal(&story([&deleted, &[nothing(3)]]));
    illegal(&story([&deleted, &[has(3, 1, Origin::Hit)]]));
}

#[test]
fn a_creation_that_began_before_a_delete_is_not_stored() {
    let late = story([
        &[asks(1, Op::Create), began(1)],
        &alone(2, Op::Delete),
        &[made(1)],
    ]);
    legal(&story([&late, &[has(1, 1, Origin::Superseded)]]));
    illegal(&story([&late, &[has(1, 1, Origin::Created)]]));
    // Told so, but stored all the same.
    let told = story([&late, &[has(1, 1, Origin::Superseded), asks(3, Op::Get)]]);
    legal(&story([&told, &[nothing(3)]]));
    illegal(&story([&told, &[has(3, 1, Origin::Hit)]]));
}

#[test]
fn nobody_is_superseded_by_nothing() {
    let made = [asks(1, Op::Create), began(1), made(1)];
    illegal(&story([&made, &[has(1, 1, Origin::Superseded)]]));
}

#[test]
fn who_joins_a_call_that_found_a_fresh_value_is_given_it() {
    let found = story([
        &alone(1, Op::Set),
        &[asks(2, Op::Create)],
        &alone(3, Op::Advance(2)),
    ]);
    let (hit, joins) = ([has(2, 1, Origin::Hit)], [asks(4, Op::Create)]);
    let shared = [has(4, 1, Origin::Shared)];
    legal(&story([&found, &joins, &hit, &shared]));
    illegal(&story([&found, &hit, &joins, &shared]));
    let deleted = alone(5, Op::Delete);
    illegal(&story([&found, &deleted, &joins, &hit, &shared]));
}

#[test]
fn a_value_is_fresh_and_stale_for_as_long_as_the_policy_says() {
    let aged = |seconds| {
        let creates = [asks(3, Op::Create), began(3), asks(4, Op::Create)];
        story([
            &alone(1, Op::Set),
            &alone(2, Op::Advance(seconds)),
            &creates,
        ])
    };
    illegal(&aged(1)[..6]);
    legal(&story([&aged(2), &[has(4, 1, Origin::Stale)]]));
    illegal(&story([&aged(2), &[has(4, 1, Origin::Hit)]]));
    legal(&story([&aged(3), &[has(4, 1, Origin::Stale)]]));
    illegal(&story([&aged(4), &[has(4, 1, Origin::Stale)]]));
    let never = Setting {
        stale_for: 0,
        ..SETTING
    };
    illegal_with(&never, &story([&aged(2), &[has(4, 1, Origin::Stale)]]));
    let get = [asks(5, Op::Get), has(5, 1, Origin::Hit)];
    illegal(&story([&aged(2), &get]));
}

#[test]
fn there_are_no_two_creators() {
    illegal(&[asks(1, Op::Create), asks(2, Op::Create), began(1), began(2)]);
    legal(&[
        asks(1, Op::Create),
        asks_of(2, 1, Op::Create),
        began(1),
        began(2),
    ]);
    let second = [
        asks(1, Op::Create),
        began(1),
        asks(2, Op::Refresh),
        began(2),
    ];
    legal(&second);
    let first = [made(1), has(1, 1, Origin::Created)];
    illegal(&story([&second, &first]));
}

#[test]
fn nobody_creates_what_is_there() {
    illegal(&story([&creates(1), &[asks(2, Op::Create), began(2)]]));
    // It may have looked before.
    illegal(&story([&[asks(2, Op::Create)], &creates(1), &[began(2)]]));
    legal(&story([&creates(1), &[asks(2, Op::Refresh), began(2)]]));
}

#[test]
fn a_set_is_not_lost() {
    let set = story([&alone(1, Op::Set), &[asks(2, Op::Get)]]);
    legal(&story([&set, &[has(2, 1, Origin::Hit)]]));
    illegal(&story([&set, &[nothing(2)]]));
    let of_another_key = [asks_of(3, 1, Op::Get), has(3, 1, Origin::Hit)];
    illegal(&story([&set, &of_another_key]));
}

#[test]
fn versions_do_not_go_back() {
    let both = [
        asks(1, Op::Set),
        asks(2, Op::Set),
        done(1),
        done(2),
        asks(3, Op::Get),
    ];
    let second = [has(3, 2, Origin::Hit), asks(4, Op::Get)];
    legal(&story([&both, &second, &[has(4, 2, Origin::Hit)]]));
    illegal(&story([&both, &second, &[has(4, 1, Origin::Hit)]]));
    legal(&story([&both, &[has(3, 1, Origin::Hit)]]));
}

#[test]
fn invalidations_reach_every_key() {
    for key in [0, 1] {
        let set = [asks_of(1, key, Op::Set), done(1)];
        let read = [asks_of(3, key, Op::Get)];
        let after = |op| story([&set, &alone(2, op), &read]);
        for op in [Op::Hard, Op::Soft] {
            legal(&story([&after(op), &[nothing(3)]]));
            illegal(&story([&after(op), &[has(3, 1, Origin::Hit)]]));
        }
        let creates = [
            asks_of(4, key, Op::Create),
            began(4),
            asks_of(5, key, Op::Create),
        ];
        let stale = [has(5, 1, Origin::Stale)];
        legal(&story([&after(Op::Soft), &creates, &stale]));
        illegal(&story([&after(Op::Hard), &creates, &stale]));
    }
}

#[test]
fn one_invalidation_has_one_moment_for_all_keys() {
    let sets = [
        asks_of(1, 0, Op::Set),
        asks_of(2, 1, Op::Set),
        done(1),
        done(2),
    ];
    let gone = [
        asks(3, Op::Hard),
        asks_of(4, 0, Op::Get),
        nothing(4),
        asks_of(5, 1, Op::Get),
    ];
    legal(&story([&sets, &gone, &[nothing(5)]]));
    illegal(&story([&sets, &gone, &[has(5, 2, Origin::Hit)]]));
}

#[test]
fn a_creation_from_before_an_invalidation_is_superseded() {
    let begun = story([
        &[asks(1, Op::Create), began(1)],
        &alone(2, Op::Hard),
        &[made(1)],
    ]);
    legal(&story([&begun, &[has(1, 1, Origin::Superseded)]]));
    illegal(&story([&begun, &[has(1, 1, Origin::Created)]]));
}

#[test]
fn waiters_get_what_was_committed_or_begun_after_them() {
    let shared = [asks(2, Op::Create), made(1), has(2, 1, Origin::Shared)];
    legal(&story([&[asks(1, Op::Create), began(1)], &shared]));
    // Begun before the call, and superseded before it.
    let superseded = story([&[asks(1, Op::Create), began(1)], &alone(3, Op::Delete)]);
    illegal(&story([&superseded, &shared]));
    // Superseded too, but begun after.
    let after = [asks(2, Op::Create), asks(1, Op::Create), began(1)];
    legal(&story([
        &after,
        &alone(3, Op::Delete),
        &[made(1), has(2, 1, Origin::Shared)],
    ]));
}

#[test]
fn waiters_are_not_given_what_was_deleted_before_they_came() {
    let read = [asks(1, Op::Set), asks(2, Op::Get), has(2, 1, Origin::Hit)];
    let waits = [asks(4, Op::Create), has(4, 1, Origin::Shared)];
    illegal(&story([&read, &alone(3, Op::Delete), &waits]));
    // Nobody saw the value before: the set may be the later of the two.
    legal(&story([&read[..1], &alone(3, Op::Delete), &waits]));
}

#[test]
fn errors_reach_those_who_wait_and_nobody_later() {
    let error = |call, by| Event::Answered(call, Answer::Error(by));
    let fails = [asks(1, Op::Create), began(1), Event::Made(1, End::Error)];
    let own = [error(1, 1)];
    legal(&story([
        &[asks(2, Op::Create)],
        &fails,
        &own,
        &[error(2, 1)],
    ]));
    illegal(&story([&fails, &own, &[asks(2, Op::Create), error(2, 1)]]));
    legal(&story([&fails, &own, &creates(2)]));
}

#[test]
fn a_failure_elsewhere_reaches_those_who_wait_and_nobody_later() {
    let asks_there = |call| {
        let asked = Asked {
            client: 1,
            process: 1,
            key: 0,
            op: Op::Create,
        };
        [Event::Asked(call, asked)]
    };
    let told = |call| [Event::Answered(call, Answer::FailedElsewhere)];
    let between_two = Setting {
        processes: 2,
        ..SETTING
    };
    let begins = [asks(1, Op::Create), began(1)];
    let own = Event::Answered(1, Answer::Error(1));
    let fails = [Event::Made(1, End::Error), own];
    let waits = story([&begins, &asks_there(2), &fails]);
    let told_so = story([&waits, &told(2)]);
    assert!(verdict(&between_two, &told_so).is_ok());
    // Who is beside the one that waits has the news when it has; who comes then has not.
    let joins = story([&waits, &asks_there(3), &told(2), &told(3)]);
    assert!(verdict(&between_two, &joins).is_ok());
    illegal_with(&between_two, &story([&told_so, &asks_there(3), &told(3)]));
    illegal_with(
        &between_two,
        &story([&begins, &fails, &asks_there(2), &told(2)]),
    );
    // Nobody failed.
    illegal_with(
        &between_two,
        &story([&begins, &asks_there(2), &[made(1)], &told(2)]),
    );
}

#[test]
fn declined_values_are_not_stored() {
    let declines = [asks(1, Op::Create), began(1), Event::Made(1, End::Declined)];
    let declined = story([&declines, &[has(1, 1, Origin::Declined), asks(2, Op::Get)]]);
    legal(&story([&declined, &[nothing(2)]]));
    illegal(&story([&declined, &[has(2, 1, Origin::Hit)]]));
}

#[test]
fn a_creator_is_taken_over_only_when_its_time_is_over() {
    let limited = Setting {
        creation_limit: 2,
        ..SETTING
    };
    let begun = [asks(1, Op::Create), began(1), asks(2, Op::Create)];
    let over = |seconds| story([&begun, &alone(3, Op::Advance(seconds)), &[began(2)]]);
    illegal_with(&limited, &over(1));
    illegal(&over(2));
    let taken = verdict(
        &limited,
        &story([&over(2), &[made(1), has(1, 1, Origin::Superseded)]]),
    );
    assert!(taken.is_ok());
    let both = story([&over(2), &[made(1), has(1, 1, Origin::Created)]]);
    illegal_with(&limited, &both);
}
