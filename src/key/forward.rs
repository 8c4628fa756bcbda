//! What holds a value is that value.

use std::borrow::Cow;
use std::rc::Rc;
use std::sync::Arc;

use super::{KeyBuffer, KeyPart};

macro_rules! forward {
    ($($holder:ty),*) => {$(
        impl<T: KeyPart + ?Sized> KeyPart for $holder {
            #[inline]
            fn write_key(&self, key: &mut KeyBuffer) {
                (**self).write_key(key);
            }
        }
    )*};
}

forward!(&T, &mut T, Box<T>, Rc<T>, Arc<T>);

impl<T: KeyPart + ToOwned + ?Sized> KeyPart for Cow<'_, T> {
    #[inline]
    fn write_key(&self, key: &mut KeyBuffer) {
        (**self).write_key(key);
    }
}
