//! Which of the twenty properties a walk shows: those whose interesting state it reached.

use dogpile_model_tests::proof::{Property, Tool, shown};
use dogpile_model_tests::world::{Config, Report, Witness};

/// What could have broken each property, on some edge of the graph.
const SAFE: &[(Property, &[Witness])] = &[
    (Property::OneCreator, &[Witness::Joined, Witness::LeaseLost]),
    (
        Property::VersionsNeverGoBack,
        &[Witness::WriteVoidsLease, Witness::CommitRefused],
    ),
    (
        Property::SupersededNeverPublishes,
        &[Witness::CommitRefused],
    ),
    (Property::StaleOnlyWhereAllowed, &[Witness::StaleServed]),
    (Property::OneOutcomePerWaiter, &[Witness::WaiterTold]),
    (
        Property::NeverLeftBusy,
        &[Witness::CancelledBusy, Witness::EndedWithFailure],
    ),
    (
        Property::FailureReachesWaiters,
        &[Witness::WaiterToldFailure],
    ),
    (Property::CancelledWakePassedOn, &[Witness::HeirPassedOn]),
    (Property::InvalidationTerminates, &[Witness::WaitedTwice]),
    (Property::OldValueNeverBlocks, &[Witness::StaleServed]),
    (Property::TokensNeverRepeat, &[Witness::LeaseTakenOver]),
    (Property::VoidLeaseNeverCommits, &[Witness::CommitRefused]),
    (Property::OnlyTheOwnersLease, &[Witness::ReleaseRefused]),
    (
        Property::CrashedLeaseReturns,
        &[Witness::CrashedHolder, Witness::AskedAfterCrash],
    ),
    (
        Property::BadRepliesBreakNothing,
        &[Witness::BadReply, Witness::LateCommitRefused],
    ),
];

/// The same for the search for endless runs.
const LIVE: &[(Property, &[Witness])] = &[
    (Property::NoLostWakeUp, &[Witness::WaiterTold]),
    (
        Property::InvalidationTerminates,
        &[Witness::WaiterToldSuperseded],
    ),
    (
        Property::CrashedLeaseReturns,
        &[Witness::CrashedHolder, Witness::AskedAfterCrash],
    ),
];

/// Records what a walk that held has shown.
pub(crate) fn record(config: &Config, report: &Report) {
    say(Tool::Walk, SAFE, config, report);
    if report.fairness.is_some() {
        say(Tool::Liveness, LIVE, config, report);
    }
}

fn say(tool: Tool, table: &[(Property, &[Witness])], config: &Config, report: &Report) {
    for (property, witnesses) in table {
        let counts = witnesses.iter().map(|witness| report.counts.of(*witness));
        let least = counts.min().unwrap_or_default();
        if least > 0 {
            shown(*property, tool, config.name, report.states, least);
        }
    }
}
