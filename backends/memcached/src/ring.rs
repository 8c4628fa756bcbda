//! Which of several servers has a key: ketama, as libmemcached has it with `ketama_weighted` and equal
//! weights, so that clients in other languages find the same keys on the same servers.
//!
//! Each server has 160 points on a ring of 32 bits, from the MD5 of `host:port-0` to `host:port-39` (without
//! the port where it is memcached's usual one); a key belongs to the first point at or after its own. A
//! server more or less moves the keys of its own points and no others.

use md5::{Digest, Md5};

/// Names that are hashed for each server; each hash makes four points.
const NAMES: usize = 40;

/// memcached's usual port.
const PORT: &str = ":11211";

/// The points of all servers.
#[derive(Debug)]
pub(crate) struct Ring {
    /// Each with its server; none where there is one server only.
    points: Vec<(u32, usize)>,
}

impl Ring {
    /// The ring of these servers, each `host:port`.
    pub(crate) fn new(servers: &[&str]) -> Self {
        let mut points = Vec::new();
        if servers.len() > 1 {
            for (server, name) in servers.iter().enumerate() {
                let name = name.strip_suffix(PORT).unwrap_or(name);
                let name = name.replace(['[', ']'], "");
                for number in 0..NAMES {
                    let hash = Md5::digest(format!("{name}-{number}"));
                    let four = hash.as_slice().chunks_exact(4);
                    points.extend(four.map(|bytes| (point(bytes), server)));
                }
            }
        }
        points.sort_unstable();
        Self { points }
    }

    /// The place in the list of the server that has `key`.
    pub(crate) fn of(&self, key: &[u8]) -> usize {
        let Some((_, first)) = self.points.first() else {
            return 0;
        };
        let wanted = point(&Md5::digest(key));
        let at = self.points.partition_point(|(point, _)| *point < wanted);
        self.points.get(at).map_or(*first, |(_, server)| *server)
    }
}

/// The first four bytes of a hash, the lowest first.
fn point(hash: &[u8]) -> u32 {
    let bytes = hash.iter().take(4).rev();
    bytes.fold(0, |point, byte| point << 8 | u32::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(servers: &[&str]) -> Vec<usize> {
        let ring = Ring::new(servers);
        (0..24)
            .map(|number| ring.of(format!("user:{number}").as_bytes()))
            .collect()
    }

    /// As libmemcached 1.0.16 put these keys, by way of pylibmc 1.6.3, on servers that ran there.
    #[test]
    fn keys_are_where_libmemcached_has_them() {
        assert_eq!(
            places(&["127.0.0.1:22801", "127.0.0.1:22802", "127.0.0.1:22803"]),
            [
                1, 1, 2, 2, 0, 0, 1, 1, 2, 2, 0, 1, 1, 2, 1, 0, 1, 1, 2, 2, 0, 0, 2, 2
            ]
        );
        assert_eq!(
            places(&["127.0.0.1:11211", "127.0.0.1:22802"]),
            [
                0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 0, 0, 1, 0
            ]
        );
    }

    #[test]
    fn one_server_has_all() {
        assert_eq!(places(&["127.0.0.1:22801"]), [0; 24]);
    }

    #[test]
    fn a_server_more_takes_keys_and_moves_no_others() {
        let before = places(&["a:1", "b:1", "c:1"]);
        let after = places(&["a:1", "b:1", "c:1", "d:1"]);
        let moved: Vec<_> = (before.iter().zip(&after))
            .filter(|(before, after)| before != after)
            .map(|(_, after)| *after)
            .collect();
        assert!(!moved.is_empty() && moved.len() < 12, "{moved:?}");
        assert!(moved.iter().all(|after| *after == 3), "{moved:?}");
    }
}
