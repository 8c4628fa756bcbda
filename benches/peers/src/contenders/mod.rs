//! Everybody who takes part: one file each, and this list.

mod condvar;
mod dogpile;
mod dogpile_created;
mod dogpile_dyn;
mod foyer;
mod futures_shared;
mod keyed;
mod moka;
mod once_lock;
mod papaya;
pub mod plain_map;
mod quick_cache;
mod tokio_once_cell;
mod waker_list;

use crate::contender::Contender;

/// All contenders, in the order in which tables name them.
pub fn all() -> Vec<&'static dyn Contender> {
    vec![
        &dogpile::Dogpile,
        &dogpile_created::DogpileCreated,
        &dogpile_dyn::DogpileDyn,
        &papaya::Papaya,
        &moka::Moka,
        &quick_cache::QuickCache,
        &foyer::Foyer,
        &condvar::MutexCondvar,
        &once_lock::StdOnceLock,
        &futures_shared::FuturesShared,
        &tokio_once_cell::TokioOnceCell,
        &waker_list::WakerList,
    ]
}
