//! One call, scene by scene: what happens, and what is asked next. That every path holds its
//! promises is shown by the walk in the model tests; these are for reading.

extern crate std;

use std::string::ToString;

use super::*;

/// Steps through `scene`: each event and the action that must follow.
#[track_caller]
fn play((mut flow, first): (Flow, Action), begins: Action, scene: &[(Event, Action)]) -> Flow {
    assert_eq!(first, begins);
    for (event, expected) in scene {
        assert_eq!(flow.step(*event), Ok(*expected), "after {event:?}");
    }
    flow
}

fn plain() -> (Flow, Action) {
    Flow::start(Wish::default())
}

const CLAIM: Action = Action::Claim { supersede: false };
const LEASE: Action = Action::Lease { supersede: false };
const FOLLOW: Action = Action::Wait { delegate: false };
const DELEGATE: Action = Action::Wait { delegate: true };
const WON: Event = Event::Claimed(Claimed::Won);
const JOINED: Event = Event::Claimed(Claimed::Joined);
const MISS: Event = Event::Looked(Looked::Miss);
const STALE: Event = Event::Looked(Looked::Stale);
const LEASED: Event = Event::Leased(Leased::Won { fresh_seen: false });
const SERVED_STALE: Action = Action::Return(Ending::Value(Origin::Stale));

const fn value(committed: bool, began_after_me: bool) -> Event {
    Event::Woke(Woke::Value {
        committed,
        began_after_me,
    })
}

const fn returns(origin: Origin) -> Action {
    Action::Return(Ending::Value(origin))
}

const fn fails(trouble: Trouble) -> Action {
    Action::Return(Ending::Trouble(trouble))
}

#[test]
fn a_hit_is_one_step() {
    let scene = [(Event::Looked(Looked::Fresh), returns(Origin::Hit))];
    play(plain(), Action::Look, &scene);
}

#[test]
fn a_miss_creates_and_commits() {
    let scene = [
        (MISS, CLAIM),
        (WON, LEASE),
        (LEASED, Action::Create),
        (Event::Created(Created::Ok), Action::Commit { store: true }),
        (
            Event::Committed(Committed::Stored),
            Action::Release(Release::Confirmed),
        ),
        (Event::Done, returns(Origin::Created)),
    ];
    play(plain(), Action::Look, &scene);
}

#[test]
fn law_2_a_winner_that_finds_a_fresh_value_creates_nothing() {
    let scene = [
        (STALE, CLAIM),
        (WON, LEASE),
        (
            Event::Leased(Leased::Won { fresh_seen: true }),
            Action::Release(Release::Confirmed),
        ),
        (Event::Done, returns(Origin::Hit)),
    ];
    play(plain(), Action::Look, &scene);
}

#[test]
fn law_3_a_refused_commit_still_gives_its_value() {
    let scene = [
        (MISS, CLAIM),
        (WON, LEASE),
        (LEASED, Action::Create),
        (Event::Created(Created::Ok), Action::Commit { store: true }),
        (
            Event::Committed(Committed::Refused),
            Action::Release(Release::Unconfirmed),
        ),
        (Event::Done, returns(Origin::Superseded)),
    ];
    play(plain(), Action::Look, &scene);
}

#[test]
fn law_4_a_reader_with_a_stale_value_never_waits() {
    let joined = [(STALE, CLAIM), (JOINED, SERVED_STALE)];
    play(plain(), Action::Look, &joined);
    let lost = [
        (STALE, CLAIM),
        (WON, LEASE),
        (Event::Leased(Leased::Lost), Action::HandOver),
        (Event::Done, SERVED_STALE),
    ];
    play(plain(), Action::Look, &lost);
}

#[test]
fn law_4_an_owned_creator_runs_elsewhere() {
    let owned = Wish {
        owned: true,
        ..Wish::default()
    };
    let taken = [
        (STALE, CLAIM),
        (WON, Action::Detach { creation: false }),
        (Event::Detached(true), SERVED_STALE),
    ];
    play(Flow::start(owned), Action::Look, &taken);
    let busy = [
        (STALE, CLAIM),
        (WON, Action::Detach { creation: false }),
        (Event::Detached(false), Action::HandOver),
        (Event::Done, SERVED_STALE),
    ];
    play(Flow::start(owned), Action::Look, &busy);
    let runner = [
        (LEASED, Action::Create),
        (Event::Created(Created::Ok), Action::Commit { store: true }),
    ];
    play(Flow::detached(owned), LEASE, &runner);
}

#[test]
fn law_5_a_waiter_takes_what_is_new_enough() {
    for (committed, began_after_me) in [(true, false), (false, true), (true, true)] {
        let scene = [
            (MISS, CLAIM),
            (JOINED, FOLLOW),
            (value(committed, began_after_me), returns(Origin::Shared)),
        ];
        play(plain(), Action::Look, &scene);
    }
}

#[test]
fn law_5_a_waiter_looks_again_after_a_value_from_before_its_call() {
    let scene = [
        (MISS, CLAIM),
        (JOINED, FOLLOW),
        (value(false, false), Action::Look),
        (MISS, CLAIM),
        (JOINED, FOLLOW),
        (value(false, true), returns(Origin::Shared)),
    ];
    let flow = play(plain(), Action::Look, &scene);
    assert!(flow.has_waited());
}

#[test]
fn law_5_waiters_get_the_error() {
    let scene = [
        (MISS, CLAIM),
        (JOINED, FOLLOW),
        (Event::Woke(Woke::Error), fails(Trouble::Shared)),
    ];
    play(plain(), Action::Look, &scene);
}

#[test]
fn law_6_an_error_and_a_panic_free_the_claim() {
    let ends = [
        (Created::Err, Release::Failed, Trouble::Creator),
        (Created::Panicked, Release::Panicked, Trouble::Panicked),
    ];
    for (created, release, trouble) in ends {
        let scene = [
            (MISS, CLAIM),
            (WON, LEASE),
            (LEASED, Action::Create),
            (Event::Created(created), Action::Release(release)),
            (Event::Done, fails(trouble)),
        ];
        play(plain(), Action::Look, &scene);
    }
}

#[test]
fn law_6_a_cancelled_creator_hands_over() {
    let scene = [
        (MISS, CLAIM),
        (WON, LEASE),
        (LEASED, Action::Create),
        (Event::Cancelled, Action::HandOver),
        (Event::Done, Action::Return(Ending::Cancelled)),
    ];
    play(plain(), Action::Look, &scene);
}

#[test]
fn law_7_a_cancelled_waiter_leaves_its_seat() {
    let scene = [
        (MISS, CLAIM),
        (JOINED, FOLLOW),
        (Event::Cancelled, Action::Leave),
        (Event::Done, Action::Return(Ending::Cancelled)),
    ];
    play(plain(), Action::Look, &scene);
}

#[test]
fn law_7_an_heir_carries_on() {
    let scene = [
        (MISS, CLAIM),
        (JOINED, FOLLOW),
        (Event::Woke(Woke::Heir), LEASE),
        (LEASED, Action::Create),
    ];
    play(plain(), Action::Look, &scene);
}

#[test]
fn law_7_a_deadline_bounds_followers_and_delegates() {
    let follower = [
        (MISS, CLAIM),
        (JOINED, FOLLOW),
        (Event::Woke(Woke::Deadline), Action::Leave),
        (Event::Done, fails(Trouble::Deadline)),
    ];
    play(plain(), Action::Look, &follower);
    let delegate = [
        (MISS, CLAIM),
        (WON, LEASE),
        (Event::Leased(Leased::Lost), DELEGATE),
        (Event::Woke(Woke::Deadline), Action::HandOver),
        (Event::Done, fails(Trouble::Deadline)),
    ];
    play(plain(), Action::Look, &delegate);
}

#[test]
fn a_delegate_asks_again_when_the_store_moves() {
    let scene = [
        (MISS, CLAIM),
        (WON, LEASE),
        (Event::Leased(Leased::Lost), DELEGATE),
        (Event::Woke(Woke::LeaseTimer), LEASE),
        (
            Event::Leased(Leased::Won { fresh_seen: true }),
            Action::Release(Release::Confirmed),
        ),
        (Event::Done, returns(Origin::Shared)),
    ];
    play(plain(), Action::Look, &scene);
}

#[test]
fn law_12_without_the_store_the_wish_decides() {
    let failed = Event::Looked(Looked::Failed { kept: false });
    let create = [
        (failed, CLAIM),
        (WON, Action::Create),
        (
            Event::Created(Created::Ok),
            Action::Release(Release::Unconfirmed),
        ),
        (Event::Done, returns(Origin::NotStored)),
    ];
    play(plain(), Action::Look, &create);
    let strict = Wish {
        needs_store: true,
        ..Wish::default()
    };
    let scene = [(failed, fails(Trouble::Store))];
    play(Flow::start(strict), Action::Look, &scene);
}

#[test]
fn law_12_a_waiter_goes_by_its_own_wish_when_the_store_fails_its_creator() {
    let scene = [
        (MISS, CLAIM),
        (JOINED, FOLLOW),
        (Event::Woke(Woke::StoreFailed), CLAIM),
        (WON, Action::Create),
    ];
    play(plain(), Action::Look, &scene);
}

#[test]
fn law_12_a_store_that_answers_again_is_used_again() {
    let scene = [
        (Event::Looked(Looked::Failed { kept: false }), CLAIM),
        (JOINED, FOLLOW),
        (Event::Woke(Woke::Superseded), Action::Look),
        (MISS, CLAIM),
        (WON, LEASE),
    ];
    play(plain(), Action::Look, &scene);
}

#[test]
fn a_refresh_supersedes_and_ignores_what_is_there() {
    let wish = Wish {
        refresh: true,
        ..Wish::default()
    };
    let scene = [
        (WON, Action::Lease { supersede: true }),
        (
            Event::Leased(Leased::Won { fresh_seen: true }),
            Action::Create,
        ),
    ];
    play(Flow::start(wish), Action::Claim { supersede: true }, &scene);
}

#[test]
fn a_misuse_changes_nothing_and_says_so() {
    let (mut flow, _) = plain();
    let before = flow;
    let Err(misuse) = flow.step(Event::Done) else {
        panic!("a look is not answered by done");
    };
    assert_eq!(flow, before);
    assert!(misuse.to_string().contains("Done cannot follow"));
}

#[test]
fn law_4_a_runner_waits_for_no_other_process_and_creates_for_no_failing_store() {
    let (mut lost, first) = Flow::detached(Wish::default());
    assert_eq!(first, Action::Lease { supersede: false });
    assert_eq!(lost.step(Event::Leased(Leased::Lost)), Ok(Action::HandOver));
    let (mut failed, _) = Flow::detached(Wish::default());
    let given_up = Action::Release(Release::StoreFailed);
    assert_eq!(failed.step(Event::Leased(Leased::Failed)), Ok(given_up));
    let served = Action::Return(Ending::Value(Origin::Stale));
    assert_eq!(lost.step(Event::Done), Ok(served));
    assert_eq!(failed.step(Event::Done), Ok(served));
}

#[test]
fn law_6_who_gave_its_creator_away_follows_others_and_creates_no_more() {
    let detached = Wish {
        owned: true,
        detached: true,
        ..Wish::default()
    };
    let give = Action::Detach { creation: true };
    let scene = [
        (MISS, CLAIM),
        (WON, LEASE),
        (LEASED, give),
        (Event::Detached(true), FOLLOW),
        (Event::Woke(Woke::Superseded), Action::Look),
        (MISS, CLAIM),
        (JOINED, FOLLOW),
        (Event::Woke(Woke::Heir), LEASE),
        (Event::Leased(Leased::Lost), DELEGATE),
        (Event::Woke(Woke::LookAgain), LEASE),
        (LEASED, Action::HandOver),
        (Event::Done, fails(Trouble::Dropped)),
    ];
    play(Flow::start(detached), Action::Look, &scene);
}

#[test]
fn law_3_a_value_that_grows_too_old_is_served_no_more() {
    let served = Wish {
        stale_if_error: true,
        ..Wish::default()
    };
    let scene = [
        (STALE, CLAIM),
        (WON, LEASE),
        (LEASED, Action::Create),
        (Event::Outdated, Action::Create),
        (
            Event::Created(Created::Err),
            Action::Release(Release::Failed),
        ),
        (Event::Done, fails(Trouble::Creator)),
    ];
    play(Flow::start(served), Action::Look, &scene);
}
