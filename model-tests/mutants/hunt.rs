//! The hunt: the baseline first, then each mutant before the models that pass its door.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use dogpile_model_tests::mutant::{self, Seen};
use indicatif::ProgressBar;

use crate::models::{MODELS, Model};
use crate::suspect::{Suspect, What};
use crate::{arms, cells, invariants, orderings, rules, suite};

/// How many hunt at once.
const HUNTERS: usize = 2;

/// A mutant and the models that pass its door, by their place in [`MODELS`].
#[derive(Debug)]
pub(crate) struct Quarry {
    pub(crate) suspect: Suspect,
    models: Vec<usize>,
}

/// What became of a mutant.
#[derive(Clone, Debug)]
pub(crate) struct Verdict {
    /// Who killed it, if somebody did.
    pub(crate) killer: Option<String>,
    /// How long that took.
    pub(crate) took: Duration,
}

/// Runs all models without a mutant, and answers what there is to hunt.
///
/// # Errors
/// The first that is red: what is red anyway kills nothing.
pub(crate) fn baseline(bar: &ProgressBar) -> Result<Vec<Quarry>, String> {
    bar.set_length(MODELS.len() as u64 + 1);
    bar.set_message("baseline");
    let passed = in_parallel(
        &[None]
            .into_iter()
            .chain(MODELS.iter().map(Some))
            .collect::<Vec<_>>(),
        |model| {
            let seen = match model {
                Some(model) => doors(model),
                None => suite::baseline().map_or(Ok(None), |red| {
                    Err(format!("the conformance suite on a right store: {red}"))
                }),
            };
            bar.inc(1);
            seen
        },
    );
    let mut quarries: BTreeMap<String, Quarry> = BTreeMap::new();
    for (model, seen) in passed.into_iter().skip(1).enumerate() {
        let suspects = seen?.map(|seen| suspects(&seen)).unwrap_or_default();
        for suspect in suspects {
            let quarry = quarries.entry(suspect.name.clone()).or_insert(Quarry {
                suspect,
                models: Vec::new(),
            });
            quarry.models.push(model);
        }
    }
    let stores = suite::suspects().into_iter().map(|suspect| Quarry {
        suspect,
        models: Vec::new(),
    });
    let mut all: Vec<_> = quarries.into_values().chain(stores).collect();
    all.sort_by_key(|quarry| quarry.suspect.kind);
    Ok(all)
}

/// The doors that a model passes, on this thread.
fn doors(model: &Model) -> Result<Option<Seen>, String> {
    mutant::forget();
    match catch_unwind(AssertUnwindSafe(|| model.run())) {
        Ok(()) => Ok(Some(mutant::seen())),
        Err(panic) => Err(format!("{}: {}", model.name, message(&*panic))),
    }
}

fn message(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("a panic without a text")
}

fn suspects(seen: &Seen) -> Vec<Suspect> {
    [
        orderings::suspects(seen),
        cells::suspects(seen),
        arms::suspects(seen),
        invariants::suspects(seen),
        rules::suspects(seen),
    ]
    .concat()
}

/// Puts each mutant before its models until one goes red.
pub(crate) fn hunt(quarries: &[&Quarry], bar: &ProgressBar) -> Vec<Verdict> {
    bar.set_position(0);
    bar.set_length(quarries.len() as u64);
    in_parallel(quarries, |quarry| {
        bar.set_message(quarry.suspect.name.clone());
        let start = Instant::now();
        let killer = killer(quarry);
        bar.inc(1);
        Verdict {
            killer,
            took: start.elapsed(),
        }
    })
}

fn killer(quarry: &Quarry) -> Option<String> {
    match quarry.suspect.what {
        What::Store(store) => suite::refusal(store).map(str::to_owned),
        What::Check(check) => suite::need(check),
        What::Mutant(mutant) => mutant::with(mutant, || {
            let mut models = quarry.models.iter().map(|model| &MODELS[*model]);
            let red = |model: &&Model| catch_unwind(AssertUnwindSafe(|| model.run())).is_err();
            models.find(red).map(|model| model.name.to_owned())
        }),
    }
}

/// Does `work` for each, on as many threads as hunt; the answers in the order of the questions.
fn in_parallel<T: Sync, R: Send>(questions: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = Mutex::new(questions.iter().enumerate());
    let answers = Mutex::new(BTreeMap::new());
    thread::scope(|scope| {
        for _ in 0..HUNTERS {
            scope.spawn(|| {
                while let Some((at, question)) = locked(&next, Iterator::next) {
                    let answer = work(question);
                    locked(&answers, |answers| answers.insert(at, answer));
                }
            });
        }
    });
    let answers = answers.into_inner().unwrap_or_else(PoisonError::into_inner);
    answers.into_values().collect()
}

fn locked<T, R>(mutex: &Mutex<T>, work: impl FnOnce(&mut T) -> R) -> R {
    work(&mut mutex.lock().unwrap_or_else(PoisonError::into_inner))
}
