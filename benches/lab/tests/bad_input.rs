//! What cannot be run is refused with its name and what to do, before anything is measured.

mod common;

use common::{directory, refusal, scenario};

const SOUND: &str = r#"
name = "test"
contenders = ["plain"]
[keys]
from = "one"
requests = 10
[arrivals]
kind = "open"
rate = 1000
[callers]
threads = 2
[creator.work]
kind = "sleep"
time = "1ms"
[freshness]
fresh = "1s"
"#;

#[test]
fn unknown_fields_are_refused_in_every_table() {
    let directory = directory();
    common::figures(&["run", &scenario(&directory, SOUND)]);
    for (table, place) in [
        ("", "\nname"),
        ("keys", "\nfrom"),
        ("arrivals", "\nkind = \"open\""),
        ("creator.work", "\nkind = \"sleep\""),
        ("freshness", "\nfresh ="),
    ] {
        let broken = SOUND.replacen(place, &format!("\nspeling = 1{place}"), 1);
        let message = refusal(&["run", &scenario(&directory, &broken)]);
        assert!(message.contains("speling"), "[{table}]: {message}");
    }
    let faults = format!("{SOUND}[faults]\nspeling = 1\n");
    assert!(refusal(&["run", &scenario(&directory, &faults)]).contains("speling"));
    let callers = SOUND.replace("threads = 2", "threads = 2\ntasks = 3");
    refusal(&["run", &scenario(&directory, &callers)]);
}

#[test]
fn values_that_mean_nothing_are_refused_by_field() {
    let directory = directory();
    for (sound, broken, field) in [
        ("rate = 1000", "rate = 0", "arrivals.rate"),
        ("rate = 1000", "rate = -5.5", "arrivals.rate"),
        ("rate = 1000", "rate = nan", "arrivals.rate"),
        ("threads = 2", "threads = 0", "callers.threads"),
        ("threads = 2", "tasks = 0", "callers.tasks"),
        ("threads = 2", "threads = 1000000", "callers.threads"),
        ("threads = 2", "processes = 2", "callers.processes"),
        ("requests = 10", "requests = 0", "keys.requests"),
        ("fresh = \"1s\"", "fresh = \"0s\"", "freshness.fresh"),
        ("fresh = \"1s\"", "fresh = \"1000000h\"", "freshness.fresh"),
        ("[\"plain\"]", "[]", "contenders"),
        ("[\"plain\"]", "[\"nobody\"]", "nobody"),
        ("time = \"1ms\"", "time = \"soon\"", "soon"),
        ("rate = 1000", "rate = \"fast\"", "fast"),
        ("threads = 2", "threads = -1", "-1"),
    ] {
        assert!(SOUND.contains(sound), "{sound}");
        let message = refusal(&["run", &scenario(&directory, &SOUND.replace(sound, broken))]);
        assert!(message.contains(field), "{broken}: {message}");
    }
}

#[test]
fn what_processes_cannot_have_is_refused_with_what_to_do() {
    let processes = ["stampede", "--processes", "2", "--backend", "redis"];
    for (flags, wanted) in [
        (&["--contenders", "dogpile,plain"][..], "name dogpile only"),
        (&["--creator", "sqlite"], "--creator sleep:300ms"),
        (&["--fault", "stop-server"], "--mode stale"),
        (
            &["--mode", "stale", "--fault", "fail-creator"],
            "--mode cold",
        ),
        (&["--fault", "slow-creator", "--lease", "10s"], "--lease"),
        (&["--fault", "kill-creator", "--bound", "5s"], "bound"),
    ] {
        let message = refusal(&[&processes[..], flags].concat());
        assert!(message.contains(wanted), "{flags:?}: {message}");
    }
}

#[test]
fn a_trace_cut_short_is_refused() {
    let directory = directory();
    let path = directory.path().join("trace");
    let name = path.to_str().expect("UTF-8");
    let whole = include_bytes!("../../traces/web12.trace.xz");
    for (bytes, wanted) in [
        (&[0, 0, 0, 1, 0][..], "cut short"),
        (&[][..], "empty"),
        (&whole[..whole.len() / 2], "cut-short xz"),
        (&whole[..whole.len() - 4], "cut-short xz"),
    ] {
        std::fs::write(&path, bytes).expect("written");
        let message = refusal(&["replay", "--trace", name, "--json"]);
        assert!(
            message.contains(wanted) && message.contains(name),
            "{message}"
        );
    }
    assert!(refusal(&["replay", "--trace", "/no/such/trace"]).contains("/no/such/trace"));
}

#[test]
fn flags_that_mean_nothing_are_refused() {
    for arguments in [
        &["replay", "--rate", "0"][..],
        &["replay", "--threads", "0"],
        &["replay", "--requests", "0"],
        &["replay", "--fresh", "0s"],
        &["replay", "--backend", "nowhere"],
        &["replay", "--contenders", "plain,plain"],
        &["stampede", "--threads", "0"],
        &["stampede", "--rounds", "0"],
        &["stampede", "--async"],
        &["stampede", "--tasks", "5"],
        &["stampede", "--threads", "5", "--async", "--tasks", "5"],
        &["stampede", "--creator", "sleep:"],
        &["stampede", "--creator", "dream"],
        &["stampede", "--mode", "lukewarm"],
        &["stampede", "--sabotage", "nothing"],
        &["stampede", "--processes", "2"],
        &["stampede", "--processes", "0", "--backend", "redis"],
        &["stampede", "--processes", "2", "--async", "--tasks", "2"],
        &["stampede", "--fault", "kill-creator"],
        &["stampede", "--fault", "lightning"],
        &["stampede", "--lease", "0s"],
        &["run", "/no/such/scenario"],
        &["check", "/no/such/log"],
    ] {
        assert!(refusal(arguments).contains("error"), "{arguments:?}");
    }
}
