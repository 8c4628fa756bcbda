//! The suite that every store passes, on real servers.

use std::sync::OnceLock;

use dogpile_backend::{Backend, Blocking, Payload};
use dogpile_memcached::{Compatibility, Memcached, MemcachedSettings};
use dogpile_test_servers::Memcached as Server;

mod mangled;

use mangled::Mangled;

mod memcached {
    use super::*;

    fn open() -> Blocking<Memcached> {
        // For all checks of this process; it ends with the process.
        static SERVER: OnceLock<Server> = OnceLock::new();
        let server = SERVER.get_or_init(|| Server::start(&[]).expect("the server starts"));
        Blocking::new(Memcached::open(&server.url()).expect("a good address"))
    }
    dogpile_backend::conformance_tests!(Payload, open);
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

    fn open() -> Blocking<Memcached> {
        static SERVERS: OnceLock<[Server; 3]> = OnceLock::new();
        let start = || std::array::from_fn(|_| Server::start(&[]).expect("a server starts"));
        let servers = SERVERS.get_or_init(start);
        let settings = MemcachedSettings::servers(servers.each_ref().map(Server::url));
        Blocking::new(settings.open().expect("good settings"))
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
        Blocking::new(store).wrap(Mangled)
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
