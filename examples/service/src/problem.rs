//! What can keep the service or its deploy from running.

/// Why it ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    /// The store's settings.
    #[error(transparent)]
    Memcached(#[from] dogpile::memcached::BadSettings),
    /// The same.
    #[error(transparent)]
    Redis(#[from] dogpile::redis::BadSettings),
    /// The store's folder.
    #[error(transparent)]
    File(#[from] dogpile::file::OpenError),
    /// The same.
    #[error(transparent)]
    Sled(#[from] dogpile::sled::CannotOpen),
    /// The region's settings.
    #[error(transparent)]
    Region(#[from] dogpile::ConfigError),
    /// The server of the deploy.
    #[error("no server for the instances: {0}")]
    Server(#[from] dogpile_test_servers::Error),
    /// A port, a process, a pipe.
    #[error("the system refuses: {0}")]
    System(#[from] std::io::Error),
    /// An instance.
    #[error("an instance ended before it listened; what it said stands above")]
    NoInstance,
}
