//! Regions, and the lock without a cache, asked for the laws and for what their documentation promises.
//!
//! One program, since each is compiled with what tests share and linked with all the backends. Beside this
//! folder stand those that want one to themselves, above all where they change what a whole process has: its
//! allocator, its environment, who hears of logs and figures, the names of backends. What macros expand to is
//! seen there as in the root of a user's crate.
#![allow(clippy::unwrap_used)] // what a test cannot go on without, fails it

mod ahead_of_time;
mod back_off;
mod background;
mod configuration;
mod creation;
mod creation_elsewhere;
mod creation_many;
#[cfg(feature = "macros")]
mod creation_memoized;
mod detached;
mod dogpile;
#[cfg(feature = "macros")]
mod law_10_derived_key_parts;
mod law_10_key_parts;
mod law_10_keys;
mod law_11_epochs;
mod law_11_strict_looks;
mod law_11_strict_writes;
mod law_11_tags;
mod law_11_tags_asked_once;
mod law_11_tags_under_way;
mod law_11_tags_writers;
mod law_12_failing_store;
mod law_12_kept_values;
mod law_12_tags;
mod law_1_deletion_before_the_lease;
mod law_1_late_jobs;
mod law_1_one_creator;
mod law_1_waiting_jobs;
mod law_2_look_again;
mod law_3_the_store_decides;
mod law_3_values_at_hand;
mod law_5_errors_and_panics;
mod law_5_panics_of_judges;
mod law_5_waiters_get_the_result;
mod law_6_creation_limit;
mod law_6_every_exit_frees;
mod law_6_owned_creators;
mod law_7_waits_end;
mod law_8_cycles;
mod law_9_unreadable;
mod lock;
mod many_keys;
mod many_keys_meet;
mod own_terms;
mod proxies;
mod random_schedules;
mod rule;
mod single_key;
#[cfg(feature = "sled")]
mod sled;
mod soft_timeout;
mod statistics;
mod stored;
mod tags_of;
#[cfg(all(feature = "file", feature = "sled"))]
mod tags_on_disk;
#[cfg(feature = "minijinja")]
mod templates;
mod tiers;
mod worker;

#[path = "../stores/mod.rs"]
mod stores;
#[path = "../support/mod.rs"]
mod support;
