//! The suite that proves a backend: what every store promises, checked one promise at a time.
//!
//! A backend's author runs it on their own store in a few lines. The whole of a backend and its
//! proof:
//!
//! ```
#![doc = include_str!("../examples/hash_map.rs")]
//! ```
//!
//! Each check opens a store of its own and runs twice over the same text: once waiting for every
//! reply as a thread does, once awaiting it as a task does (a store that
//! [`blocks`](Store::blocks) behind [`Offloaded`]). A store without leases is [`Guarded`] first, as a
//! region would guard it. Keys are random, so that a check may run against a server that others use.
//!
//! Among a crate's tests, [`conformance_tests!`](crate::conformance_tests) makes one test of each
//! check.

mod epochs;
mod keys;
mod leases;
mod races;
mod report;
mod sample;
mod shuts;
mod subject;
mod values;
mod voids;
mod watches;

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use crate::errand::panic_message;
use crate::{Guarded, Offloaded, Store};
pub use report::{Failure, Form, Report};
pub use sample::Sample;
use subject::{Outcome, Subject};

/// A future that a runtime is to run to its end.
pub type Task<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

type Runtime = Arc<dyn Fn(Task<'_>) + Send + Sync>;
type Open<V> = Arc<dyn Fn() -> Arc<dyn Store<V>> + Send + Sync>;

/// Runs every check on the stores that `open` opens.
///
/// ```
/// # use dogpile_backend::{Backend, Blocking, CachedValue, Span, StoreError, conformance};
/// # struct Forgetful;
/// # impl Backend<u64> for Forgetful {
/// #     fn get(&self, _: &[u8]) -> Result<Option<CachedValue<u64>>, StoreError> { Ok(None) }
/// #     fn set(&self, _: &[u8], _: CachedValue<u64>, _: Span) -> Result<(), StoreError> { Ok(()) }
/// #     fn delete(&self, _: &[u8]) -> Result<(), StoreError> { Ok(()) }
/// # }
/// let report = conformance::check::<u64, _>(|| Blocking::new(Forgetful));
/// assert!(report.has_failed("a_value_is_found_after_set"), "{report}");
/// assert!(!report.has_failed("deleting_nothing_is_no_error"), "{report}");
/// ```
pub fn check<V: Sample, S: Store<V>>(open: impl Fn() -> S + Send + Sync + 'static) -> Report {
    Suite::new(open).run()
}

/// The suite for one kind of store, where [`check`] does not say enough.
pub struct Suite<V> {
    open: Open<V>,
    runtime: Runtime,
    forms: Vec<Form>,
    patience: Duration,
}

impl<V: Sample> Suite<V> {
    /// Checks the stores that `open` opens: for each check a new one, or a new handle to the same.
    pub fn new<S: Store<V>>(open: impl Fn() -> S + Send + Sync + 'static) -> Self {
        Self {
            open: Arc::new(move || Arc::new(open())),
            runtime: Arc::new(|task| crate::reply::block_on(task)),
            forms: vec![Form::Waiting, Form::Awaiting],
            patience: Duration::from_mins(1),
        }
    }

    /// For a store whose futures need a runtime: `run` runs a future to its end, and threads never
    /// wait. `run` is called from several threads at once.
    #[must_use]
    pub fn on_runtime(mut self, run: impl Fn(Task<'_>) + Send + Sync + 'static) -> Self {
        self.runtime = Arc::new(run);
        self.forms = vec![Form::Awaiting];
        self
    }

    /// After how long a check counts as hung: a minute unless it is said otherwise. Its thread is
    /// left behind then.
    #[must_use]
    pub const fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Runs every check.
    pub fn run(&self) -> Report {
        self.run_those(&checks())
    }

    /// Runs the one check that is called `name`.
    ///
    /// # Panics
    /// When there is no such check.
    pub fn run_one(&self, name: &str) -> Report {
        let mut checks = checks();
        checks.retain(|check| check.name == name);
        assert!(!checks.is_empty(), "there is no check called `{name}`");
        self.run_those(&checks)
    }

    fn run_those(&self, checks: &[Check<V>]) -> Report {
        let mut report = Report::default();
        for check in checks {
            for form in &self.forms {
                report.add(check.name, *form, self.run_in(*form, check.run));
            }
        }
        report
    }

    /// Runs a check on a thread of its own, so that one that hangs can be left behind.
    fn run_in(&self, form: Form, run: Run<V>) -> Result<(), String> {
        let (open, runtime) = (Arc::clone(&self.open), Arc::clone(&self.runtime));
        let (done, outcome) = mpsc::channel();
        thread::spawn(move || {
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                let store = in_form(form, open());
                run(&Subject::new(store, form, runtime))
            }));
            let outcome = outcome.unwrap_or_else(|panic| Err(panic_message(&*panic).into()));
            // Nobody listens any more to a check that has hung.
            let _ = done.send(outcome);
        });
        match outcome.recv_timeout(self.patience) {
            Ok(outcome) => outcome.map_err(|broken| broken.to_string()),
            Err(_) => Err(format!("hangs: no end after {:?}", self.patience)),
        }
    }
}

/// The store as a region would drive it.
fn in_form<V: Sample>(form: Form, store: Arc<dyn Store<V>>) -> Arc<dyn Store<V>> {
    let leased = match store.leases() {
        Some(_) => store,
        None => Arc::new(Guarded::new(store)),
    };
    match form {
        Form::Awaiting if leased.blocks() => Arc::new(Offloaded::new(leased)),
        _ => leased,
    }
}

type Run<V> = fn(&Subject<V>) -> Outcome;

struct Check<V> {
    name: &'static str,
    run: Run<V>,
}

/// The names of all checks, in the order in which they run.
pub fn names() -> impl Iterator<Item = &'static str> {
    checks::<u64>().into_iter().map(|check| check.name)
}

/// Writes the list of checks once, for the suite and for the tests that the macro makes of it.
macro_rules! list {
    ($dollar:tt $($room:ident: $($name:ident)+;)+) => {
        fn checks<V: Sample>() -> Vec<Check<V>> {
            vec![$($(Check {
                name: stringify!($name),
                run: $room::$name,
            },)+)+]
        }

        /// Makes a test of each check of the [suite](crate::conformance): the type of values, then
        /// a closure that opens the store.
        ///
        /// ```no_run
        /// # use dogpile_backend::{Backend, Blocking, CachedValue, Span, StoreError};
        /// # #[derive(Default)]
        /// # struct MyStore;
        /// # impl Backend<u64> for MyStore {
        /// #     fn get(&self, _: &[u8]) -> Result<Option<CachedValue<u64>>, StoreError> { Ok(None) }
        /// #     fn set(&self, _: &[u8], _: CachedValue<u64>, _: Span) -> Result<(), StoreError> { Ok(()) }
        /// #     fn delete(&self, _: &[u8]) -> Result<(), StoreError> { Ok(()) }
        /// # }
        /// # fn main() {}
        /// dogpile_backend::conformance_tests!(u64, || Blocking::new(MyStore::default()));
        /// ```
        #[macro_export]
        macro_rules! conformance_tests {
            ($dollar value:ty, $dollar open:expr) => {
                $($(
                    #[test]
                    fn $name() {
                        $crate::conformance::Suite::<$dollar value>::new($dollar open)
                            .run_one(stringify!($name))
                            .assert();
                    }
                )+)+
            };
        }
    };
}

list! { $
    values:
        nothing_is_found_where_nothing_was_set
        deleting_nothing_is_no_error
        a_value_is_found_after_set
        a_value_is_replaced_by_set
        a_deleted_value_is_gone
        metadata_is_kept
        a_values_own_terms_are_kept
        a_copy_does_not_change
        any_time_to_live_is_taken
        a_local_look_agrees_with_get
        a_thread_gets_what_is_there
        stamps_of_values_never_repeat
        dropped_replies_leave_the_store_usable;
    keys:
        keys_are_any_bytes
        keys_are_told_apart
        long_keys_are_told_apart
        many_keys_are_written_at_once;
    leases:
        a_lease_is_won_where_nothing_is
        a_lease_excludes_others
        a_lease_is_for_its_key_only
        a_fresh_value_needs_no_lease
        a_stale_value_is_seen_beside_the_lease
        a_commit_stores_and_ends_the_lease
        a_lease_is_used_up_by_its_commit
        a_released_lease_is_free_and_void
        a_lease_can_be_renewed_while_current
        a_lease_can_be_superseded
        an_heir_takes_over_what_is_held
        what_is_held_but_void_gives_no_right
        stamps_of_leases_never_repeat
        a_dropped_ask_keeps_no_lease;
    shuts:
        a_shut_key_is_leased_to_nobody
        a_shut_key_keeps_its_value
        set_and_delete_open_a_shut_key
        a_shut_key_can_be_superseded
        a_void_lease_shuts_nothing;
    voids:
        set_voids_the_lease
        set_over_a_value_voids_the_lease
        delete_voids_the_lease
        delete_of_nothing_voids_the_lease
        a_refused_commit_changes_nothing;
    races:
        one_of_many_wins_the_lease
        a_deleted_value_never_comes_back
        a_set_value_is_never_overwritten_by_an_older_creation
        a_superseded_creator_never_overwrites
        looking_and_leasing_are_one_step
        values_are_whole_under_concurrent_writes;
    watches:
        a_release_rings
        a_commit_rings
        a_set_rings
        a_delete_rings;
    epochs:
        epochs_only_rise
        hard_and_soft_epochs_are_two
        regions_have_epochs_of_their_own
        no_invalidation_is_lost_among_many;
}
