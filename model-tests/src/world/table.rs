//! States and ways, for people.

use std::fmt::Write;

use super::machine::Machine;
use super::moves::{Label, Who};
use super::parts::Phase;
use super::state::State;

/// One line of a way.
pub(crate) struct Row {
    step: usize,
    who: String,
    what: &'static str,
    store: String,
    processes: String,
    calls: String,
}

pub(crate) fn row(step: usize, label: Option<Label>, state: &State, machine: &Machine) -> Row {
    let who = match label.map(|label| label.who) {
        None => String::new(),
        Some(Who::Call(name)) => format!("call {name}"),
        Some(Who::Process(process)) => format!("process {process}"),
        Some(Who::Clock) => "clock".into(),
        Some(Who::Network) => "network".into(),
        Some(Who::Outside) => "outside".into(),
    };
    Row {
        step,
        who,
        what: label.map_or("the beginning", |label| label.what),
        store: store(state),
        processes: processes(state),
        calls: calls(state, machine),
    }
}

fn store(state: &State) -> String {
    let store = state.store;
    let mut text = match (store.value.is_some(), store.age) {
        (false, _) => "-".to_owned(),
        (true, age) => format!(
            "v{}{}",
            store.value.begun,
            ["", " stale", " gone"][usize::from(age)]
        ),
    };
    if store.lease != 0 {
        let lapsing = if store.lapsing { "?" } else { "" };
        let _ = write!(text, " lease {}{lapsing}", store.lease);
    }
    if store.hard + store.soft > 0 {
        let _ = write!(text, " epochs {}/{}", store.hard, store.soft);
    }
    for letter in state.letters.iter().flatten() {
        let _ = write!(text, " + {letter:?}");
    }
    text
}

fn processes(state: &State) -> String {
    let mut text = String::new();
    for (at, process) in state.processes.iter().enumerate() {
        if process.crashed {
            let _ = write!(text, "{at}: dead ");
        }
        for (place, flight) in (0_u8..).zip(&process.flights) {
            if flight.live {
                let there = if process.table == Some(place) {
                    ""
                } else {
                    "old "
                };
                let overdue = if flight.overdue { " overdue" } else { "" };
                let _ = write!(text, "{at}: {there}{:?}{overdue} ", flight.word());
            }
        }
    }
    text
}

fn calls(state: &State, machine: &Machine) -> String {
    let mut calls: Vec<_> = state.calls().collect();
    calls.sort_by_key(|call| call.name.0);
    let mut text = String::new();
    for call in calls {
        let _ = write!(text, "{}@{} ", call.name.0, call.process);
        if call.is_over() {
            text.push_str("over; ");
            continue;
        }
        let _ = write!(text, "{:?}", machine.action(call.flow));
        if call.phase != Phase::Asked {
            let _ = write!(text, " {:?}", call.phase);
        }
        if let Some(seat) = call.seat {
            let _ = write!(text, " seat({}, {:?})", seat.claim, seat.ear);
        }
        if let Some(claim) = call.claim {
            let _ = write!(text, " claim {claim}");
        }
        if call.lease != 0 {
            let _ = write!(text, " lease {}", call.lease);
        }
        text.push_str("; ");
    }
    text
}

/// Prints the rows in columns.
pub(crate) fn print(rows: &[Row]) {
    println!("| step | who | what | store | flights | calls |");
    println!("|---|---|---|---|---|---|");
    for row in rows {
        println!(
            "| {} | {} | {} | {} | {} | {} |",
            row.step, row.who, row.what, row.store, row.processes, row.calls
        );
    }
}
