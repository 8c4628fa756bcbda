//! Whatever happens to a call, in whatever order: it gives back what it took and then it is over.

use arbitrary::Arbitrary;
use dogpile_core::flow::{
    Action, Claimed, Committed, Created, Ending, Event, Flow, Leased, Looked, Origin, Wish, Woke,
};

/// A wish, and a choice for each step of the call.
#[derive(Arbitrary, Clone, Debug)]
pub struct Input {
    wish: u8,
    choices: Vec<u8>,
}

/// What the call holds and has done, as whoever carries out its actions sees it.
#[derive(Default)]
struct Account {
    claim: bool,
    lease: bool,
    /// What found a stale value that may be served.
    at_hand: Option<Looked>,
    creations: usize,
    stored: Option<Committed>,
    values_waited_for: usize,
    cut_off: bool,
}

/// Steps a call through the input; where the choices end, the caller goes away.
///
/// # Panics
/// If the flow refuses an event that answers its action or accepts one that does not, if the call
/// ends holding a claim or a lease, creates without the claim or twice, says that it stored what
/// it did not, serves a stale value that may not be served any more, or waits for a third creation.
pub fn check(input: &Input) {
    let ((mut flow, mut action), mut account) = begin(input.wish);
    for choice in &input.choices {
        if let Action::Return(ending) = action {
            return over(&mut flow, &account, ending);
        }
        assert_refuses(&mut flow, action);
        let event = if choice & 0x80 != 0 {
            account.cut_off = true;
            Event::Cancelled
        } else if choice & 0x20 != 0 && may_be_outdated(action) {
            account.at_hand = None;
            Event::Outdated
        } else {
            answer(action, *choice, flow.has_waited(), &mut account)
        };
        action = flow
            .step(event)
            .unwrap_or_else(|misuse| panic!("law 8: {misuse}"));
    }
    account.cut_off = true;
    // At most: finish giving something back, look again, hand over, and out.
    for _ in 0..4 {
        if let Action::Return(ending) = action {
            return over(&mut flow, &account, ending);
        }
        let event = match action {
            Action::Release(_) | Action::HandOver | Action::Leave => {
                answer(action, 0, false, &mut account)
            }
            _ => Event::Cancelled,
        };
        action = flow
            .step(event)
            .unwrap_or_else(|misuse| panic!("law 6: {misuse}"));
    }
    panic!("law 6: a cancelled call ends, and does not {action:?}");
}

fn wish(bits: u8) -> Wish {
    Wish {
        refresh: bits & 1 != 0,
        owned: bits & 2 != 0,
        stale_if_error: bits & 4 != 0,
        needs_store: bits & 8 != 0,
        patient: bits & 16 != 0,
        detached: bits & 32 != 0,
    }
}

/// A call, or the part of one that a runner carries on, with what it holds then.
fn begin(bits: u8) -> ((Flow, Action), Account) {
    let (wish, failed) = (wish(bits), bits & 1 != 0);
    let held = Account {
        claim: true,
        ..Account::default()
    };
    match bits >> 6 {
        0 => (Flow::start(wish), Account::default()),
        1 => {
            let at_hand = Some(Looked::Stale);
            (Flow::detached(wish), Account { at_hand, ..held })
        }
        2 => {
            let lease = !failed;
            (Flow::creating(failed), Account { lease, ..held })
        }
        _ => (Flow::creating_late(wish), held),
    }
}

/// Whether the world may say, before it answers, that a stale value may not be served any more.
fn may_be_outdated(action: Action) -> bool {
    matches!(
        action,
        Action::Lease { .. } | Action::Wait { .. } | Action::Create
    )
}

/// An answer that the action may have, and what it means for the account.
fn answer(action: Action, choice: u8, has_waited: bool, account: &mut Account) -> Event {
    let pick = |count: u8| (choice & 0x1f) % count;
    match action {
        Action::Look => {
            let looked = looked(pick(6));
            let is_stale = matches!(looked, Looked::Stale | Looked::Due);
            account.at_hand = is_stale.then_some(looked);
            Event::Looked(looked)
        }
        Action::Claim { supersede } => {
            account.claim = supersede || pick(2) == 0;
            Event::Claimed(claimed(account.claim, pick(4)))
        }
        Action::Detach { .. } => {
            let taken = pick(2) == 0;
            (account.claim, account.lease) = (account.claim && !taken, account.lease && !taken);
            Event::Detached(taken)
        }
        Action::Lease { .. } => {
            assert!(
                account.claim,
                "law 1: a lease is asked for by the holder of the claim"
            );
            account.lease = matches!(pick(6), 0 | 1 | 5);
            Event::Leased(leased(pick(6)))
        }
        Action::Wait { delegate } => {
            let committed = choice & 0x40 != 0;
            let woke = woke(delegate, pick(9), committed, has_waited);
            Event::Woke(heard(woke, account))
        }
        Action::Create => {
            assert!(account.claim, "law 1: only the holder of the claim creates");
            account.creations += 1;
            assert_eq!(account.creations, 1, "a call creates at most once");
            Event::Created(
                [
                    Created::Ok,
                    Created::Declined,
                    Created::Err,
                    Created::Panicked,
                ][usize::from(pick(4))],
            )
        }
        Action::Commit { store } => {
            assert!(account.lease, "law 3: only under a lease");
            account.lease = false;
            Event::Committed(committed(store, pick(3), account))
        }
        Action::Release(_) | Action::HandOver => {
            // Cut off while it gave something back, a call hands over whatever is left, be it nothing.
            let held = account.claim || account.cut_off;
            assert!(held, "only what is held can be given back");
            (account.claim, account.lease) = (false, false);
            Event::Done
        }
        Action::Leave | Action::Return(_) => Event::Done,
    }
}

fn committed(store: bool, choice: u8, account: &mut Account) -> Committed {
    let committed = match choice {
        0 => Committed::Stored,
        1 => Committed::Refused,
        _ => Committed::Failed,
    };
    account.stored = store.then_some(committed);
    committed
}

fn looked(choice: u8) -> Looked {
    match choice {
        0 => Looked::Miss,
        1 => Looked::Stale,
        2 => Looked::Fresh,
        5 => Looked::Due,
        kept => Looked::Failed { kept: kept == 3 },
    }
}

fn claimed(won: bool, choice: u8) -> Claimed {
    match (won, choice) {
        (true, _) => Claimed::Won,
        (false, 3) => Claimed::Changed,
        (false, _) => Claimed::Joined,
    }
}

fn leased(choice: u8) -> Leased {
    match choice {
        0 => Leased::Won { fresh_seen: false },
        1 => Leased::Won { fresh_seen: true },
        2 => Leased::Lost,
        3 => Leased::BackingOff,
        4 => Leased::Failed,
        _ => Leased::Superseded,
    }
}

fn woke(delegate: bool, choice: u8, committed: bool, has_waited: bool) -> Woke {
    match (delegate, choice) {
        (_, 0) => Woke::Error,
        (_, 1) => Woke::Superseded,
        (_, 2) => Woke::Deadline,
        (_, 3) => Woke::Cycle,
        (_, 4) => Woke::LookAgain,
        (true, _) => Woke::LeaseTimer,
        (false, 5) => Woke::Heir,
        (false, 7) => Woke::BackingOff,
        (false, 8) => Woke::StoreFailed,
        // Who has waited before joined this creation before it began.
        (false, _) => Woke::Value {
            committed,
            began_after_me: has_waited,
        },
    }
}

fn heard(woke: Woke, account: &mut Account) -> Woke {
    account.claim |= woke == Woke::Heir;
    account.values_waited_for += usize::from(matches!(woke, Woke::Value { .. }));
    assert!(
        account.values_waited_for <= 2,
        "law 5: nobody waits for a third creation"
    );
    woke
}

/// An event that answers nothing that was asked is refused and changes nothing.
fn assert_refuses(flow: &mut Flow, action: Action) {
    let before = *flow;
    let misfit = match action {
        Action::Look => Event::Done,
        _ => Event::Looked(Looked::Miss),
    };
    assert!(
        flow.step(misfit).is_err(),
        "{misfit:?} does not answer {action:?}"
    );
    assert_eq!(*flow, before, "a refused event changes nothing");
}

fn over(flow: &mut Flow, account: &Account, ending: Ending) {
    assert!(!account.claim, "law 6: {ending:?} with the claim in hand");
    assert!(!account.lease, "law 6: {ending:?} with the lease in hand");
    let created = ending == Ending::Value(Origin::Created);
    assert!(
        !created || account.stored == Some(Committed::Stored),
        "what was created was stored"
    );
    let stale = ending == Ending::Value(Origin::Stale);
    assert!(
        !stale || account.at_hand.is_some(),
        "law 4: what may not be served any more is not"
    );
    assert!(flow.step(Event::Cancelled).is_err(), "what is over is over");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every way through the first steps, from each beginning with each wish.
    #[test]
    fn short_calls_end_clean_whatever_happens() {
        const CHOICES: [u8; 12] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 6 + 0x40, 0x20, 0x80];
        // A runner's parts go by few of the wishes.
        let beginnings = (0..80).chain([0x80, 0x81, 0xc0, 0xc8]);
        for bits in beginnings {
            let places = if bits < 4 { 5 } else { 4 };
            for way in 0..CHOICES.len().pow(places) {
                let digit = |place| CHOICES[way / CHOICES.len().pow(place) % CHOICES.len()];
                check(&Input {
                    wish: bits,
                    choices: (0..places).map(digit).collect(),
                });
            }
        }
    }

    /// Look: nothing. Claim: joined. Wait: a value that nobody confirmed. And again.
    #[test]
    fn unconfirmed_values_are_waited_for_twice_at_most() {
        let choices = [0, 1, 6].repeat(4);
        check(&Input { wish: 0, choices });
    }
}
