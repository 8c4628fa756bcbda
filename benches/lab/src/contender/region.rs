//! The subject: a region of dogpile.

use dogpile::{Answer, Config, Error, Memory, Region};

use super::{CallError, Contender, Create, CreateAsync, MEMORY, Origin, Pending, Served, Terms};
use crate::creator::{CreatorError, Record};
use crate::error::LabError;
use crate::keys::Key;

/// Where a region stores. Another backend is another line of [`BACKENDS`].
pub(super) struct Backend {
    name: &'static str,
    /// Whether several processes can share it.
    pub(super) shared: bool,
    open: fn() -> Config<Record>,
}

const BACKENDS: &[Backend] = &[Backend {
    name: MEMORY,
    shared: false,
    open: || Config::new(Memory::unbounded()),
}];

/// # Errors
/// There is none of that name.
pub(super) fn backend(name: &str) -> Result<&'static Backend, LabError> {
    let found = BACKENDS.iter().find(|backend| backend.name == name);
    found.ok_or_else(|| {
        let known = BACKENDS.iter().map(|backend| backend.name);
        super::unknown("backend", name, known)
    })
}

impl Terms<'_> {
    /// A region on the scenario's backend.
    ///
    /// # Errors
    /// No such backend, or the region refuses the policy.
    pub(super) fn region(&self) -> Result<Region<Record>, LabError> {
        let config = (backend(self.backend)?.open)()
            .fresh_for(self.freshness.fresh)
            .stale_for(self.freshness.stale);
        let region = Region::new("lab");
        let configured = region.configure(config);
        configured.map_err(|error| LabError::Contender {
            name: "dogpile",
            message: error.to_string(),
        })?;
        Ok(region)
    }
}

impl Contender for Region<Record> {
    fn get_or_create(&self, key: Key, create: Create<'_>) -> Result<Served, CallError> {
        served(self.at(key.bytes()).try_create(create))
    }

    fn get_or_create_async<'a>(
        &'a self,
        key: Key,
        create: CreateAsync<'a>,
    ) -> Pending<'a, Result<Served, CallError>> {
        Box::pin(async move { served(self.at(key.bytes()).try_create_async(create).await) })
    }

    fn delete(&self, key: Key) -> Result<(), CallError> {
        self.delete(key.bytes())
            .map_err(|error| CallError::Cache(error.to_string()))
    }

    fn delete_async(&self, key: Key) -> Pending<'_, Result<(), CallError>> {
        Box::pin(async move {
            self.delete_async(key.bytes())
                .await
                .map_err(|error| CallError::Cache(error.to_string()))
        })
    }
}

fn served(answer: Result<Answer<Record>, Error<CreatorError>>) -> Result<Served, CallError> {
    let answer = match answer {
        Ok(answer) => answer,
        Err(Error::Creator(error)) => return Err(CallError::Creator((*error).clone())),
        Err(error) => return Err(CallError::Cache(error.to_string())),
    };
    let origin = match answer.origin {
        dogpile::Origin::Hit => Origin::Hit,
        dogpile::Origin::Stale => Origin::Stale,
        dogpile::Origin::Kept => Origin::Kept,
        dogpile::Origin::StaleOnError => Origin::StaleOnError,
        dogpile::Origin::Shared => Origin::Shared,
        dogpile::Origin::Superseded => Origin::Superseded,
        dogpile::Origin::Created | dogpile::Origin::Declined | dogpile::Origin::NotStored => {
            Origin::Created
        }
        other => return Err(CallError::Cache(format!("an unknown origin, {other:?}"))),
    };
    Ok(Served {
        record: answer.value,
        origin,
    })
}
