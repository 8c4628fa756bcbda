//! The subject: a region of dogpile.

use std::sync::Arc;

use dogpile::backend::Store;
use dogpile::{Answer, Config, Error, File, JsonCodec, Memcached, Memory, Redis, Region, Sled};
use dogpile_test_servers::Flavour;

use super::home::Kind;
use super::host;
use super::{
    CallError, Contender, Create, CreateAsync, CreateMany, MEMORY, Origin, Pending, SUBJECT,
    Served, Terms,
};
use crate::creator::{CreatorError, Record};
use crate::error::LabError;
use crate::keys::Key;

type Open = fn(&str) -> Result<Arc<dyn Store<Record>>, LabError>;

/// Where a region stores. Another backend is another line of [`BACKENDS`].
pub(super) struct Backend {
    name: &'static str,
    pub(super) home: Kind,
    /// Opens the store at an address; nothing where each region has memory of its own.
    pub(super) store: Option<Open>,
}

const BACKENDS: &[Backend] = &[
    Backend {
        name: MEMORY,
        home: Kind::Process,
        store: None,
    },
    Backend {
        name: "file",
        home: Kind::Folder,
        store: Some(in_folder),
    },
    Backend {
        name: "sled",
        home: Kind::FolderOfOne,
        store: Some(on_sled),
    },
    Backend {
        name: "redis",
        home: Kind::Server(host::Kind::Redis(Flavour::Redis)),
        store: Some(on_redis),
    },
    Backend {
        name: "valkey",
        home: Kind::Server(host::Kind::Redis(Flavour::Valkey)),
        store: Some(on_redis),
    },
    Backend {
        name: "memcached",
        home: Kind::Server(host::Kind::Memcached),
        store: Some(on_memcached),
    },
];

fn on_redis(url: &str) -> Result<Arc<dyn Store<Record>>, LabError> {
    let opened = Redis::open(url).map_err(|error| unset(&error))?;
    Ok(Arc::new(opened.encoded(JsonCodec::new())))
}

fn on_memcached(url: &str) -> Result<Arc<dyn Store<Record>>, LabError> {
    let opened = Memcached::open(url).map_err(|error| unset(&error))?;
    Ok(Arc::new(opened.encoded(JsonCodec::new())))
}

fn in_folder(path: &str) -> Result<Arc<dyn Store<Record>>, LabError> {
    let opened = File::open(path).map_err(|error| unset(&error))?;
    Ok(Arc::new(opened.encoded(JsonCodec::new())))
}

fn on_sled(path: &str) -> Result<Arc<dyn Store<Record>>, LabError> {
    let opened = Sled::open(path).map_err(|error| unset(&error))?;
    Ok(Arc::new(opened.encoded(JsonCodec::new())))
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
        let config = match backend(&self.scenario.backend)?.store {
            Some(open) => Config::new(open(self.address)?),
            None => Config::new(Memory::unbounded()),
        };
        let config = config
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

    fn get_or_create_many(
        &self,
        keys: &[Key],
        create: CreateMany<'_>,
    ) -> Result<Vec<Record>, CallError> {
        let names: Vec<_> = keys.iter().map(|key| key.bytes()).collect();
        let creator = |missing: &[&[u8; 8]]| {
            let keys = missing.iter().map(|name| Key(u64::from_be_bytes(**name)));
            create(&keys.collect::<Vec<_>>())
        };
        self.get_or_try_create_many(&names, creator)
            .map_err(|partial| match partial.errors().next() {
                Some((_, Error::Creator(error))) => CallError::Creator((**error).clone()),
                _ => CallError::Cache(partial.to_string()),
            })
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
