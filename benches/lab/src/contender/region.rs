//! The subject: a region of dogpile.

use dogpile::{Answer, Config, Error, JsonCodec, Memory, Redis, Region};
use dogpile_test_servers::Flavour;

use super::{
    CallError, Contender, Create, CreateAsync, MEMORY, Origin, Pending, SUBJECT, Served, Terms,
};
use crate::creator::{CreatorError, Record};
use crate::error::LabError;
use crate::keys::Key;

/// Where a region stores. Another backend is another line of [`BACKENDS`].
pub(super) struct Backend {
    name: &'static str,
    /// The server that it needs, and that several processes can share.
    pub(super) flavour: Option<Flavour>,
    open: fn(&Terms<'_>) -> Result<Config<Record>, LabError>,
}

const BACKENDS: &[Backend] = &[
    Backend {
        name: MEMORY,
        flavour: None,
        open: |_| Ok(Config::new(Memory::unbounded())),
    },
    Backend {
        name: "redis",
        flavour: Some(Flavour::Redis),
        open: on_redis,
    },
    Backend {
        name: "valkey",
        flavour: Some(Flavour::Valkey),
        open: on_redis,
    },
];

fn on_redis(terms: &Terms<'_>) -> Result<Config<Record>, LabError> {
    let opened = Redis::open(terms.url.unwrap_or_default());
    let store = opened.map_err(|error| unset(&error))?;
    Ok(Config::new(store.encoded(JsonCodec::new())))
}

fn unset(error: &dyn std::error::Error) -> LabError {
    LabError::Contender {
        name: SUBJECT,
        message: error.to_string(),
    }
}

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
        let (freshness, plan) = (self.scenario.freshness, self.scenario.region);
        let config = (backend(&self.scenario.backend)?.open)(self)?
            .fresh_for(freshness.fresh)
            .stale_for(freshness.stale)
            .lease_time(plan.lease)
            .creation_limit(plan.creation_limit)
            .keep_last(plan.keep_last);
        let region = Region::new("lab");
        region.configure(config).map_err(|error| unset(&error))?;
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
