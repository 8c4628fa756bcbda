//! What a call owes: the answers after which only one thing is right.
//!
//! The hand says what a driver *may* be asked for; a call that looked at a fresh value and then
//! claimed would break none of that. Here is what it *must* be asked for, and by which promise.

use dogpile_core::flow::{
    Action, Claimed, Ending, Event, Leased, Looked, Origin, Release, Trouble, Wish, Woke,
};

use super::hand::Hand;
use crate::hold;

/// Asserts that `asked` is what a call owes whose driver has this hand after `event`.
pub(super) fn pay(held: &Hand, before: Action, event: Event, asked: Action) {
    let wish = held.wish();
    match (before, event) {
        (_, Event::Looked(looked)) => after_a_look(wish, looked, asked),
        (_, Event::Claimed(Claimed::Changed)) => {
            hold!(
                "law 2: what has changed is looked at again",
                asked == Action::Look
            );
        }
        (_, Event::Claimed(Claimed::Joined) | Event::Leased(Leased::Lost)) if held.is_soft() => {
            hold!(
                "who wishes for the next value waits for it",
                matches!(asked, Action::Wait { .. })
            );
        }
        (_, Event::Leased(leased)) => with_the_lease(held, leased, asked),
        (Action::Detach { creation: true }, Event::Detached(true)) => hold!(
            "law 5: who gave its creation away waits for it",
            asked == Action::Wait { delegate: false }
        ),
        (Action::Detach { .. }, Event::Detached(false)) => hold!(
            "a creation that no runner takes is the caller's, unless it has a value",
            asked
                == match held.has_stale() {
                    true => Action::HandOver,
                    false => Action::Create,
                }
        ),
        (Action::Wait { delegate: false }, Event::Woke(woke)) => to_a_follower(held, woke, asked),
        (Action::Wait { delegate: true }, Event::Woke(woke)) => to_a_delegate(woke, asked),
        _ => {}
    }
}

fn gives(asked: Action, origin: Origin) -> bool {
    asked == Action::Return(Ending::Value(origin))
}

fn fails(asked: Action, trouble: Trouble) -> bool {
    asked == Action::Return(Ending::Trouble(trouble))
}

fn after_a_look(wish: Wish, looked: Looked, asked: Action) {
    match looked {
        Looked::Fresh => {
            hold!(
                "law 4: a fresh value is given at once",
                gives(asked, Origin::Hit)
            );
        }
        Looked::Failed { kept: true } => {
            hold!(
                "law 12: a kept value is given when the store fails",
                gives(asked, Origin::Kept)
            );
        }
        Looked::Failed { kept: false } if wish.needs_store => hold!(
            "law 12: a store that is needed and fails is an error at once",
            fails(asked, Trouble::Store)
        ),
        Looked::Miss | Looked::Stale | Looked::Due | Looked::Failed { kept: false } => {}
    }
}

fn with_the_lease(held: &Hand, leased: Leased, asked: Action) {
    let wish = held.wish();
    match leased {
        Leased::Won { fresh_seen: true } if !wish.refresh => hold!(
            "law 2: what the second look finds ends the flight",
            asked == Action::Release(Release::Confirmed)
        ),
        Leased::Won { .. } if held.has_given() => hold!(
            "an heir without a creator passes on what it inherited",
            asked == Action::HandOver
        ),
        Leased::Won { .. } => {
            hold!(
                "law 1: who has claim and lease creates",
                matches!(asked, Action::Create | Action::Detach { creation: true })
            );
        }
        Leased::Failed => hold!(
            "law 12: nobody waits for a store that does not answer",
            !matches!(asked, Action::Wait { .. })
        ),
        Leased::BackingOff => hold!(
            "law 5: a creator that is left alone is called by nobody",
            asked == Action::Release(Release::Failed)
        ),
        Leased::Lost | Leased::Superseded => {}
    }
}

fn to_a_follower(held: &Hand, woke: Woke, asked: Action) {
    let wish = held.wish();
    match woke {
        Woke::Value {
            committed,
            began_after_me,
        } if committed || began_after_me => hold!(
            "law 5: who waited gets the result itself",
            gives(asked, Origin::Shared)
        ),
        Woke::Value { .. } | Woke::Superseded => hold!(
            "law 5: who was told nothing that it may use looks again",
            asked == Action::Look
        ),
        Woke::Error => hold!(
            "law 5: one failing call for all who waited",
            fails(asked, Trouble::Shared) || gives(asked, Origin::StaleOnError)
        ),
        Woke::BackingOff if held.has_stale() && wish.stale_if_error => hold!(
            "law 5: what is served since a creator is left alone is told as such",
            gives(asked, Origin::StaleOnError)
        ),
        Woke::BackingOff => hold!(
            "law 5: who waited for a creator that is left alone goes round no more",
            matches!(asked, Action::Return(_))
        ),
        Woke::StoreFailed if held.has_stale() => hold!(
            "law 12: a value at hand is given when the store fails",
            gives(asked, Origin::Stale)
        ),
        Woke::StoreFailed if wish.needs_store || held.has_given() => hold!(
            "law 12: the store's failure is an error for all who need it",
            fails(asked, Trouble::Store)
        ),
        Woke::StoreFailed => hold!(
            "law 12: a store that has just failed is not asked again",
            asked == Action::Claim { supersede: false }
        ),
        _ => {}
    }
}

fn to_a_delegate(woke: Woke, asked: Action) {
    match woke {
        Woke::LookAgain | Woke::LeaseTimer => hold!(
            "law 7: a delegate asks again when something happens, and keeps its place",
            matches!(asked, Action::Lease { .. })
        ),
        Woke::Error => hold!(
            "law 5: a delegate's followers get the error that it got",
            asked == Action::Release(Release::Failed)
        ),
        Woke::Superseded => hold!(
            "law 3: a superseded delegate passes on what it has",
            asked == Action::HandOver
        ),
        _ => {}
    }
}
