//! Text, and what is almost text.

use super::{KeyBuffer, KeyPart, write_bytes};

impl KeyPart for str {
    #[inline]
    fn write_key(&self, key: &mut KeyBuffer) {
        write_bytes(key, b's', self.as_bytes());
    }
}

impl KeyPart for String {
    #[inline]
    fn write_key(&self, key: &mut KeyBuffer) {
        self.as_str().write_key(key);
    }
}

/// Its UTF-8. A character and a text of one character are different.
impl KeyPart for char {
    fn write_key(&self, key: &mut KeyBuffer) {
        key.push(b"c");
        key.push(self.encode_utf8(&mut [0; 4]).as_bytes());
    }
}

/// Paths are bytes on Unix only; elsewhere no bytes are promised for them.
#[cfg(unix)]
mod paths {
    use std::ffi::{OsStr, OsString};
    use std::os::unix::ffi::OsStrExt;
    use std::path::{Path, PathBuf};

    use super::{KeyBuffer, KeyPart, write_bytes};

    impl KeyPart for OsStr {
        fn write_key(&self, key: &mut KeyBuffer) {
            write_bytes(key, b'p', self.as_bytes());
        }
    }

    impl KeyPart for OsString {
        fn write_key(&self, key: &mut KeyBuffer) {
            self.as_os_str().write_key(key);
        }
    }

    /// As it is written: `a/b` and `a//b` are two keys.
    impl KeyPart for Path {
        fn write_key(&self, key: &mut KeyBuffer) {
            self.as_os_str().write_key(key);
        }
    }

    impl KeyPart for PathBuf {
        fn write_key(&self, key: &mut KeyBuffer) {
            self.as_os_str().write_key(key);
        }
    }
}
