//! The suite that every backend passes, on each form of the memory backend.

use dogpile_backend::PostcardCodec;
use dogpile_memory::Memory;

mod unbounded {
    use super::*;
    dogpile_backend::conformance_tests!(String, Memory::unbounded);
}

mod bounded {
    use super::*;
    dogpile_backend::conformance_tests!(Vec<u8>, || Memory::bounded(1_000));
}

mod weighted {
    use super::*;
    dogpile_backend::conformance_tests!(u64, || Memory::weighted(1_000, |_: &[u8], _: &u64| 1));
}

mod serializing {
    use super::*;
    dogpile_backend::conformance_tests!(String, || {
        Memory::unbounded().serializing(PostcardCodec::new())
    });
}
