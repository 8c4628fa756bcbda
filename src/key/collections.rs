//! Rows, tuples, options and ordered collections.

use std::collections::{BTreeMap, BTreeSet};

use super::number::write_number;
use super::{KeyBuffer, KeyPart, write_many, write_tuple};

impl<T: KeyPart> KeyPart for [T] {
    #[inline]
    fn write_key(&self, key: &mut KeyBuffer) {
        T::write_row(self, key);
    }
}

impl<T: KeyPart, const N: usize> KeyPart for [T; N] {
    #[inline]
    fn write_key(&self, key: &mut KeyBuffer) {
        self.as_slice().write_key(key);
    }
}

impl<T: KeyPart> KeyPart for Vec<T> {
    #[inline]
    fn write_key(&self, key: &mut KeyBuffer) {
        self.as_slice().write_key(key);
    }
}

impl<T: KeyPart> KeyPart for Option<T> {
    fn write_key(&self, key: &mut KeyBuffer) {
        match self {
            None => key.push(b"n"),
            Some(value) => {
                key.push(b"o");
                value.write_key(key);
            }
        }
    }
}

impl<K: KeyPart, V: KeyPart> KeyPart for BTreeMap<K, V> {
    fn write_key(&self, key: &mut KeyBuffer) {
        write_number(key, b'{', self.len() as u128);
        for (name, value) in self {
            name.write_key(key);
            value.write_key(key);
        }
    }
}

impl<T: KeyPart> KeyPart for BTreeSet<T> {
    fn write_key(&self, key: &mut KeyBuffer) {
        write_many(key, b'<', self.iter());
    }
}

impl KeyPart for () {
    fn write_key(&self, key: &mut KeyBuffer) {
        write_tuple(0, key);
    }
}

macro_rules! tuples {
    ($($count:literal: $($part:ident)*;)*) => {$(
        impl<$($part: KeyPart),*> KeyPart for ($($part,)*) {
            #[inline]
            fn write_key(&self, key: &mut KeyBuffer) {
                #[allow(non_snake_case)] // a part is called like its type
                let ($($part,)*) = self;
                write_tuple($count, key);
                $($part.write_key(key);)*
            }
        }
    )*};
}

tuples! {
    1: A;
    2: A B;
    3: A B C;
    4: A B C D;
    5: A B C D E;
    6: A B C D E F;
    7: A B C D E F G;
    8: A B C D E F G H;
    9: A B C D E F G H I;
    10: A B C D E F G H I J;
    11: A B C D E F G H I J K;
    12: A B C D E F G H I J K L;
}
