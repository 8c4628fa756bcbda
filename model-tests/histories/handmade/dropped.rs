//! Calls that are dropped, on a store that does what it was sent all the same.

use super::*;

#[test]
fn what_a_dropped_call_sent_is_done_where_the_store_outlives_it() {
    let sent = Setting {
        outlives: true,
        ..SETTING
    };
    let cancelled = |call| Event::Answered(call, Answer::Cancelled);
    let explained = |history: &[Event]| {
        let checked = verdict(&sent, history);
        assert!(checked.is_ok(), "{checked:?}\n{}", table(history));
        illegal(history);
    };
    let begun = [asks(1, Op::Create), began(1)];
    let superseded = [made(1), has(1, 1, Origin::Superseded)];
    let drops = |op| story([&begun, &[asks(2, op), cancelled(2)], &superseded]);
    explained(&drops(Op::Refresh));
    // It takes what is free, and nothing from anybody.
    illegal_with(&sent, &drops(Op::Create));
    // It supersedes once, and before it is dropped as well as after.
    let next = [asks(3, Op::Create), began(3), made(3)];
    let twice = [has(3, 3, Origin::Superseded)];
    illegal_with(&sent, &story([&drops(Op::Refresh), &next, &twice]));
    let asked = [asks(2, Op::Refresh)];
    let before = story([&begun, &asked, &superseded, &[cancelled(2)]]);
    assert!(verdict(&sent, &before).is_ok());
    let made = story([&begun, &[made(1), cancelled(1)]]);
    let late = [
        asks(2, Op::Get),
        nothing(2),
        asks(3, Op::Get),
        has(3, 1, Origin::Hit),
    ];
    explained(&story([&made, &late]));
    // A delete ends it as if it were there.
    let read = [asks(3, Op::Get), has(3, 1, Origin::Hit)];
    illegal_with(&sent, &story([&made, &alone(2, Op::Delete), &read]));
}
