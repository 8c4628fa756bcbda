//! Whole regions under random and PCT schedules. Each test is a thread of its own.

mod batches;
mod faults;
mod given_away;
mod kept;
mod mixes;
mod old_values;
mod passing_time;
mod tags;
mod wakes;
