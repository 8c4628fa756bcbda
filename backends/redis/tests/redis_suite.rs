//! The suite that every store passes, on real servers.

use std::sync::OnceLock;

use dogpile_backend::Payload;
use dogpile_backend::proxy::{KeyPrefix, Proxied, Wrap};
use dogpile_redis::{Compatibility, Redis, RedisSettings};
use dogpile_test_servers::{Cluster, Flavour, Replicated, Server};

/// A server for all checks of this process. It ends with the process.
fn server(which: &'static OnceLock<Server>, flavour: Flavour) -> &'static Server {
    which.get_or_init(|| Server::start(flavour).expect("the server starts"))
}

mod redis {
    use super::*;

    fn open() -> Redis {
        static SERVER: OnceLock<Server> = OnceLock::new();
        Redis::open(&server(&SERVER, Flavour::Redis).url()).expect("a good address")
    }
    dogpile_backend::conformance_tests!(Payload, open);
}

/// Behind a proxy that changes the keys of every operation.
mod prefixed {
    use super::*;

    fn open() -> Proxied<KeyPrefix, Payload> {
        static SERVER: OnceLock<Server> = OnceLock::new();
        let redis = Redis::open(&server(&SERVER, Flavour::Redis).url()).expect("a good address");
        redis.wrap(KeyPrefix::new("shop:"))
    }
    dogpile_backend::conformance_tests!(Payload, open);
}

mod valkey {
    use super::*;

    fn open() -> Redis {
        static SERVER: OnceLock<Server> = OnceLock::new();
        Redis::open(&server(&SERVER, Flavour::Valkey).url()).expect("a good address")
    }
    dogpile_backend::conformance_tests!(Payload, open);
}

/// With all that a connection can be asked for: TLS, a user, a password, a database of its own.
mod guarded {
    use super::*;

    fn open() -> Redis {
        static SERVER: OnceLock<Server> = OnceLock::new();
        let server = SERVER.get_or_init(|| {
            Server::of(Flavour::Redis)
                .tls()
                .user("shop", "on >open-sesame ~shop:* &shop:* +@all")
                .start()
                .expect("the server starts")
        });
        let tls = server.tls().expect("it speaks TLS");
        let settings = RedisSettings::url(tls.url())
            .root_certificate(tls.authority_pem())
            .username("shop")
            .password("open-sesame")
            .database(3)
            .prefix("shop");
        settings.open().expect("good settings")
    }
    dogpile_backend::conformance_tests!(Payload, open);
}

/// By way of Sentinels, to the master that they name.
mod sentinel {
    use super::*;

    fn open() -> Redis {
        static SERVERS: OnceLock<Replicated> = OnceLock::new();
        let servers =
            SERVERS.get_or_init(|| Replicated::start(Flavour::Redis).expect("the servers start"));
        let settings = RedisSettings::sentinel(servers.sentinel_urls(), servers.master_name());
        settings.open().expect("good settings")
    }
    dogpile_backend::conformance_tests!(Payload, open);
}

/// On three masters with a replica each.
mod cluster {
    use super::*;

    fn open() -> Redis {
        static SERVERS: OnceLock<Cluster> = OnceLock::new();
        let servers =
            SERVERS.get_or_init(|| Cluster::start(Flavour::Redis).expect("the servers start"));
        let settings = RedisSettings::cluster(servers.urls());
        settings.open().expect("good settings")
    }
    dogpile_backend::conformance_tests!(Payload, open);
}

/// Beside Python, whose locks and values these are: every promise holds among processes of ours.
mod python {
    use super::*;

    fn open(which: &'static OnceLock<Server>, flavour: Flavour) -> Redis {
        let settings = RedisSettings::url(server(which, flavour).url());
        let settings = settings.compatibility(Compatibility::Python);
        settings.open().expect("good settings")
    }

    mod redis {
        use super::*;

        fn open() -> Redis {
            static SERVER: OnceLock<Server> = OnceLock::new();
            super::open(&SERVER, Flavour::Redis)
        }
        dogpile_backend::conformance_tests!(Payload, open);
    }

    mod valkey {
        use super::*;

        fn open() -> Redis {
            static SERVER: OnceLock<Server> = OnceLock::new();
            super::open(&SERVER, Flavour::Valkey)
        }
        dogpile_backend::conformance_tests!(Payload, open);
    }

    /// Where the suite's keys get their tag from the prefix: all are in one slot.
    mod cluster {
        use super::*;

        fn open() -> Redis {
            static SERVERS: OnceLock<Cluster> = OnceLock::new();
            let servers =
                SERVERS.get_or_init(|| Cluster::start(Flavour::Redis).expect("the servers start"));
            let settings = RedisSettings::cluster(servers.urls()).prefix("{shop}:");
            let settings = settings.compatibility(Compatibility::Python);
            settings.open().expect("good settings")
        }
        dogpile_backend::conformance_tests!(Payload, open);
    }
}
