//! The arms of the flow, asked of the code: every event in every state that is reached, and of what
//! a call wishes and knows only that on which the answer depends.

use std::collections::{BTreeMap, HashSet};

use dogpile_core::flow::{Action, Event, Flow, Wish};
use dogpile_model_tests::mutant::events;

/// What a call wishes, and what it learns. Of conditions that would do, the first is named.
const FACTS: [&str; 12] = [
    "refresh",
    "store_failed",
    "soft",
    "stale",
    "needs_store",
    "waited",
    "superseded",
    "given",
    "owned",
    "patient",
    "detached",
    "stale_if_error",
];
/// The place of the one that is asked for when all is over.
const WAITED: usize = 5;

/// How many rows with conditions an event may have before the last one, which has none.
const MOST: usize = 4;

/// Which of the facts hold, a bit each.
type Facts = u16;

/// What an event leads to.
#[derive(Clone, PartialEq, Eq)]
struct Way {
    action: String,
    state: String,
    then: String,
}

/// What an event led to for a call of which these facts held, and which held afterwards.
#[derive(Clone)]
struct Case {
    before: Facts,
    way: Way,
    after: Facts,
}

/// Where these facts hold and no row above fits.
struct Row {
    when: Facts,
    way: Way,
    learns: Facts,
    forgets: Facts,
}

/// A name as core spells it, with parentheses throughout, as in the vectors.
fn spelled(item: &impl std::fmt::Debug) -> String {
    let text = format!("{item:?}");
    text.replace(" { ", "(").replace(" }", ")")
}

/// A flow's state and its facts, by its own description.
fn described(flow: &Flow) -> (String, Facts) {
    let text = spelled(flow);
    let state = || text.split_once("state: ")?.1.split_once(", facts: ");
    let Some((state, _)) = state() else {
        panic!("a flow describes its state and then its facts: {text}");
    };
    let mut facts = 0;
    for (bit, fact) in FACTS.iter().enumerate() {
        let holds = text.contains(&format!("{fact}: true"));
        let said = holds || text.contains(&format!("{fact}: false"));
        assert!(said, "a flow says whether `{fact}` holds: {text}");
        facts |= Facts::from(holds) << bit;
    }
    (state.to_owned(), facts)
}

/// What stands between the brackets of a state that remembers what follows.
fn remembered(state: &str) -> Option<&str> {
    let inside = state.strip_suffix(')')?;
    inside
        .strip_prefix("Parting(")
        .or(inside.strip_prefix("Leaving("))
}

/// The state without that.
fn name(state: &str) -> &str {
    match state.split_once('(') {
        Some((name, _)) if remembered(state).is_some() => name,
        _ => state,
    }
}

fn way(event: Event, action: Action, next: &str, facts: Facts) -> Way {
    if event == Event::Done {
        let (action, state) = ("what was put off".to_owned(), "as it says".to_owned());
        let then = String::new();
        return Way {
            action,
            state,
            then,
        };
    }
    let refresh = facts & 1 == 1;
    let action = match action {
        Action::Lease { supersede } if supersede == refresh => {
            "Lease(supersede: refresh)".to_owned()
        }
        other => spelled(&other),
    };
    Way {
        action,
        state: name(next).to_owned(),
        then: remembered(next).unwrap_or_default().to_owned(),
    }
}

/// The states in the table's order, and every event in each with the cases that were met.
fn cases() -> BTreeMap<(usize, String, usize), Vec<Case>> {
    const ORDER: [&str; 9] = [
        "Looking",
        "Claiming",
        "Detaching",
        "Leasing",
        "Waiting",
        "Creating",
        "Committing",
        "Parting",
        "Leaving",
    ];
    let wish = |bits: u8| Wish {
        refresh: bits & 1 != 0,
        owned: bits & 2 != 0,
        stale_if_error: bits & 4 != 0,
        needs_store: bits & 8 != 0,
        patient: bits & 16 != 0,
        detached: bits & 32 != 0,
    };
    let starts = |wish| {
        let late = Flow::creating_late(wish).0;
        [Flow::start(wish).0, Flow::detached(wish).0, late]
    };
    // A detached creator is owned, as the page says.
    let is_used = |wish: &Wish| wish.owned || !wish.detached;
    let used = (0..64).map(wish).filter(is_used);
    let mut open: Vec<Flow> = used.flat_map(starts).collect();
    open.extend([false, true].map(|store_failed| Flow::creating(store_failed).0));
    let mut met: HashSet<Flow> = open.iter().copied().collect();
    let mut cases: BTreeMap<_, Vec<Case>> = BTreeMap::new();
    while let Some(flow) = open.pop() {
        let (state, before) = described(&flow);
        for (number, event) in events().into_iter().enumerate() {
            let mut next = flow;
            let Ok(action) = next.step(event) else {
                continue;
            };
            let (after_state, after) = described(&next);
            let way = way(event, action, &after_state, after);
            let state = name(&state).to_owned();
            let Some(place) = ORDER.iter().position(|first| state.starts_with(first)) else {
                panic!("a state that has no place in the table: {state}");
            };
            let case = Case { before, way, after };
            cases.entry((place, state, number)).or_default().push(case);
            if met.insert(next) {
                open.push(next);
            }
        }
    }
    cases
}

/// What all of these cases have in common, if that is all there is to say.
fn row(when: Facts, cases: &[Case]) -> Option<Row> {
    let first = cases.first()?;
    if cases.iter().any(|case| case.way != first.way) {
        return None;
    }
    let (mut learns, mut forgets) = (0, 0);
    let is_over = first.way.state == "Over" || first.way.then.starts_with("Return");
    for bit in 0..FACTS.len() {
        let fact = 1 << bit;
        let changes = |case: &&Case| (case.before ^ case.after) & fact != 0;
        if is_over && bit != WAITED || !cases.iter().any(|case| changes(&case)) {
            continue;
        }
        let holding = cases.iter().filter(|case| case.after & fact != 0).count();
        match holding {
            0 => forgets |= fact,
            all if all == cases.len() => learns |= fact,
            _ => return None,
        }
    }
    let way = first.way.clone();
    Some(Row {
        when,
        way,
        learns,
        forgets,
    })
}

/// One fact, or two.
fn conditions() -> Vec<Facts> {
    let one: Vec<Facts> = (0..FACTS.len()).map(|bit| 1 << bit).collect();
    let with = |first: Facts| {
        one.iter()
            .filter(move |second| **second > first)
            .map(move |second| first | second)
    };
    let two = one.iter().flat_map(|first| with(*first));
    one.iter().copied().chain(two).collect()
}

/// The fewest rows that say where `cases` lead, the first that fits being taken.
fn rows(cases: &[Case], most: usize) -> Option<Vec<Row>> {
    if let Some(row) = row(0, cases) {
        return Some(vec![row]);
    }
    (1..=most).find_map(|more| {
        conditions().into_iter().find_map(|when| {
            let fits = |case: &&Case| case.before & when == when;
            let (fitting, others): (Vec<&Case>, Vec<&Case>) = cases.iter().partition(fits);
            let fitting: Vec<_> = fitting.into_iter().cloned().collect();
            let others: Vec<_> = others.into_iter().cloned().collect();
            let first = row(when, &fitting)?;
            let rest = rows(&others, more - 1)?;
            Some([vec![first], rest].into_iter().flatten().collect())
        })
    })
}

fn named(facts: Facts, prefix: &str) -> Vec<String> {
    let bits = FACTS.iter().enumerate();
    let held = bits.filter(|(bit, _)| facts & (1 << bit) != 0);
    held.map(|(_, fact)| format!("{prefix}{fact}")).collect()
}

pub(crate) fn table() -> String {
    let mut lines = vec![
        "| state | event | where | action | next state | then | learns |".to_owned(),
        "|---|---|---|---|---|---|---|".to_owned(),
    ];
    let events = events();
    for ((_, state, number), cases) in cases() {
        let event = spelled(&events[number]);
        let Some(rows) = rows(&cases, MOST) else {
            panic!("{event} in {state}: more rows than anybody reads");
        };
        for Row {
            when,
            way,
            learns,
            forgets,
        } in rows
        {
            let facts = [named(learns, ""), named(forgets, "not ")].concat();
            lines.push(format!(
                "| {state} | {event} | {} | {} | {} | {} | {} |",
                named(when, "").join(" and "),
                way.action,
                way.state,
                way.then,
                facts.join(", ")
            ));
        }
    }
    let lines = lines.into_iter().map(|line| line.replace("|  |", "| |"));
    lines
        .map(|line| line.replace("|  |", "| |"))
        .collect::<Vec<_>>()
        .join("\n")
        + "\n"
}
