//! The suite that every store passes, on real servers.

use std::sync::OnceLock;

use dogpile_backend::{
    Ask, Backend, Bell, Blocking, CachedValue, Commit, EpochStore, Epochs, Invalidation, Lease,
    LeaseStore, Leased, Payload, Reply, Span, Store, Watch,
};
use dogpile_memcached::{Compatibility, Memcached, MemcachedSettings, Pipelined};
use dogpile_test_servers::Memcached as Server;

mod mangled;

use mangled::Mangled;

/// A store as tasks use it: no answer is there at once, and each is polled for.
struct AsTasks(Pipelined);

impl Store<Payload> for AsTasks {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn get<'a>(&'a self, key: &'a [u8]) -> Reply<'a, Option<CachedValue<Payload>>> {
        Reply::later(self.0.get(key))
    }

    fn set<'a>(&'a self, key: &'a [u8], entry: CachedValue<Payload>, ttl: Span) -> Reply<'a, ()> {
        Reply::later(self.0.set(key, entry, ttl))
    }

    fn delete<'a>(&'a self, key: &'a [u8]) -> Reply<'a, ()> {
        Reply::later(self.0.delete(key))
    }

    fn leases(&self) -> Option<&dyn LeaseStore<Payload>> {
        Some(self)
    }

    fn epochs(&self) -> Option<&dyn EpochStore> {
        Some(self)
    }
}

impl LeaseStore<Payload> for AsTasks {
    fn lease<'a>(&'a self, key: &'a [u8], ask: Ask<'a>) -> Reply<'a, Leased<Payload>> {
        Reply::later(self.0.lease(key, ask))
    }

    fn commit<'a>(
        &'a self,
        key: &'a [u8],
        lease: &'a Lease,
        entry: CachedValue<Payload>,
        ttl: Span,
    ) -> Reply<'a, Commit> {
        Reply::later(self.0.commit(key, lease, entry, ttl))
    }

    fn release<'a>(&'a self, key: &'a [u8], lease: &'a Lease, failed: bool) -> Reply<'a, Commit> {
        Reply::later(self.0.release(key, lease, failed))
    }

    fn shut<'a>(&'a self, key: &'a [u8], lease: &'a Lease, time: Span) -> Reply<'a, Commit> {
        Reply::later(self.0.shut(key, lease, time))
    }

    fn shuts(&self) -> bool {
        self.0.shuts()
    }

    fn renew<'a>(&'a self, key: &'a [u8], lease: &'a Lease, time: Span) -> Reply<'a, Commit> {
        Reply::later(self.0.renew(key, lease, time))
    }

    fn watch(&self, key: &[u8], bell: Bell) -> Option<Watch> {
        LeaseStore::watch(&self.0, key, bell)
    }
}

impl EpochStore for AsTasks {
    fn read<'a>(&'a self, region: &'a str) -> Reply<'a, Epochs> {
        Reply::later(self.0.read(region))
    }

    fn raise<'a>(&'a self, region: &'a str, how: Invalidation) -> Reply<'a, Epochs> {
        Reply::later(self.0.raise(region, how))
    }

    fn restore<'a>(&'a self, region: &'a str, known: Epochs) -> Reply<'a, ()> {
        Reply::later(self.0.restore(region, known))
    }
}

mod memcached {
    use super::*;

    /// For all checks of this process; it ends with the process.
    fn server() -> &'static Server {
        static SERVER: OnceLock<Server> = OnceLock::new();
        SERVER.get_or_init(|| Server::start(&[]).expect("the server starts"))
    }

    fn open() -> Pipelined {
        Pipelined::new(Memcached::open(&server().url()).expect("a good address"))
    }
    dogpile_backend::conformance_tests!(Payload, open);

    mod for_tasks {
        use super::*;

        fn open() -> AsTasks {
            AsTasks(super::open())
        }
        dogpile_backend::conformance_tests!(Payload, open);
    }

    mod for_tasks_on_one_connection {
        use super::*;

        fn open() -> AsTasks {
            let settings = MemcachedSettings::server(server().url()).prefix("one");
            let store = settings.connections(1).open().expect("good settings");
            AsTasks(Pipelined::new(store))
        }
        dogpile_backend::conformance_tests!(Payload, open);
    }
}

/// With all that a connection can be asked for, and one connection for all.
mod guarded {
    use super::*;

    fn open() -> Blocking<Memcached> {
        static SERVER: OnceLock<Server> = OnceLock::new();
        let start = || Server::guarded("shop", "open-sesame").expect("the server starts");
        let settings = MemcachedSettings::server(SERVER.get_or_init(start).url())
            .login("shop", "open-sesame")
            .prefix("shop")
            .connections(1);
        Blocking::new(settings.open().expect("good settings"))
    }
    dogpile_backend::conformance_tests!(Payload, open);
}

/// Over TLS, by a certificate that only this server's authority vouches for.
mod encrypted {
    use super::*;

    fn open() -> Blocking<Memcached> {
        static SERVER: OnceLock<Server> = OnceLock::new();
        let start = || Server::encrypted().expect("the server starts");
        let tls = SERVER.get_or_init(start).tls().expect("it speaks TLS");
        let settings = MemcachedSettings::server(format!("memcacheds://{}", tls.address()))
            .root_certificate(tls.authority_pem());
        Blocking::new(settings.open().expect("good settings"))
    }
    dogpile_backend::conformance_tests!(Payload, open);

    #[test]
    fn who_vouches_for_nobody_here_is_not_believed() {
        let server = Server::encrypted().expect("the server starts");
        let address = server.tls().expect("it speaks TLS").address();
        let strangers = MemcachedSettings::server(format!("memcacheds://{address}"));
        let store = strangers.open().expect("good settings");
        let error = store.get(b"key").expect_err("Mozilla does not know it");
        assert!(error.to_string().contains("certificate"), "{error}");
    }
}

/// Where each key has one of three servers.
mod several {
    use super::*;

    fn open() -> AsTasks {
        static SERVERS: OnceLock<[Server; 3]> = OnceLock::new();
        let start = || std::array::from_fn(|_| Server::start(&[]).expect("a server starts"));
        let servers = SERVERS.get_or_init(start);
        let settings = MemcachedSettings::servers(servers.each_ref().map(Server::url));
        AsTasks(Pipelined::new(settings.open().expect("good settings")))
    }
    dogpile_backend::conformance_tests!(Payload, open);
}

/// Beside Python, whose locks and values these are: every promise holds among processes of ours. Keys go
/// through a mangler, as they have to where users' keys are any bytes.
mod python {
    use dogpile_backend::proxy::{Proxied, Wrap as _};

    use super::*;

    type Shared = Proxied<Mangled, Payload>;

    fn wrapped(settings: MemcachedSettings) -> Shared {
        let store = settings.open().expect("good settings");
        let store = Pipelined::new(store);
        assert!(store.blocks(), "tasks leave its calls to threads");
        store.wrap(Mangled)
    }

    mod one {
        use super::*;

        fn open() -> Shared {
            static SERVER: OnceLock<Server> = OnceLock::new();
            let server = SERVER.get_or_init(|| Server::start(&[]).expect("the server starts"));
            let settings = MemcachedSettings::server(server.url());
            wrapped(settings.compatibility(Compatibility::Python))
        }
        dogpile_backend::conformance_tests!(Payload, open);
    }

    /// Where a value and its lock are on two servers, most often, and values are bmemcached's.
    mod several {
        use super::*;

        fn open() -> Shared {
            static SERVERS: OnceLock<[Server; 3]> = OnceLock::new();
            let start = || std::array::from_fn(|_| Server::start(&[]).expect("a server starts"));
            let servers = SERVERS.get_or_init(start);
            let settings = MemcachedSettings::servers(servers.each_ref().map(Server::url));
            wrapped(settings.prefix("shop:").bmemcached())
        }
        dogpile_backend::conformance_tests!(Payload, open);
    }
}
