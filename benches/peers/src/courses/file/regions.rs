//! Regions on our own stores.

use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use dogpile::backend::Store;
use dogpile::{Config, File, JsonCodec, Region, Sled};

use super::stock::{Entrant, Operation, Stock, store};
use crate::bench::environment::version_of;
use crate::bench::user::User;
use crate::error::PeersError;

/// A region, and by which names it runs.
pub(super) struct Dogpile {
    region: Region<User>,
    stock: Stock,
    package: &'static str,
    names: [&'static str; 2],
}

impl Dogpile {
    /// On the file store in `folder`, with everything as it is by default.
    ///
    /// # Errors
    /// If the folder cannot be used.
    pub(super) fn on_file(stock: &Stock, folder: &Path) -> Result<Self, PeersError> {
        let there = File::open(folder.join("file")).map_err(store)?;
        let names = [super::GET_OR_CREATE, super::SET];
        let there = there.encoded(JsonCodec::new());
        Self::on(there, stock, "dogpile-file", names)
    }

    /// On sled in `folder`, with everything as it is by default.
    ///
    /// # Errors
    /// If the folder cannot be used.
    pub(super) fn on_sled(stock: &Stock, folder: &Path) -> Result<Self, PeersError> {
        let there = Sled::open(folder.join("sled")).map_err(store)?;
        let names = ["dogpile on sled get_or_create", "dogpile on sled set"];
        let there = there.encoded(JsonCodec::new());
        Self::on(there, stock, "dogpile-sled", names)
    }

    fn on(
        there: impl Store<User>,
        stock: &Stock,
        package: &'static str,
        names: [&'static str; 2],
    ) -> Result<Self, PeersError> {
        let region = Region::new(package);
        let config = Config::new(there).fresh_for(Duration::from_hours(1));
        region.configure(config).map_err(store)?;
        for key in &*stock.keys {
            region.set(key, User::sample()).map_err(store)?;
        }
        Ok(Self {
            region,
            stock: stock.clone(),
            package,
            names,
        })
    }
}

impl Entrant for Dogpile {
    fn name(&self, operation: Operation) -> &'static str {
        let [hit, set] = self.names;
        match operation {
            Operation::Hit => hit,
            Operation::Set => set,
        }
    }

    fn package(&self) -> (&'static str, String) {
        (self.package, version_of(self.package).to_owned())
    }

    fn run(
        &mut self,
        operation: Operation,
        threads: usize,
        calls: usize,
    ) -> Result<Duration, PeersError> {
        let (region, stock) = (&self.region, &self.stock);
        let took = match operation {
            Operation::Hit => stock.timed(threads, calls, |key| {
                let user = region.get_or_create(key, || stock.missed());
                black_box(user.map_err(store)?);
                Ok(())
            }),
            Operation::Set => {
                let user = User::sample();
                stock.timed(threads, calls, |key| {
                    region.set(key, user.clone()).map_err(store)
                })
            }
        }?;
        stock.all_hit(self.name(operation))?;
        Ok(took)
    }
}
