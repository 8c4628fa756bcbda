//! A region's epochs in the server, and the channel on which their rise is told.

use dogpile_backend::{
    Bell, EpochStore, Epochs, Invalidation, Operation, Reply, StoreError, Watch,
};
use redis::Value;

use crate::redis::odd;
use crate::request::Request;
use crate::watcher::Spot;
use crate::{Redis, answer, script};

impl Redis {
    fn raise_request<'a>(&self, region: &'a str, which: &str, least: Epochs) -> Request<'a> {
        let number = |epoch: dogpile_backend::Epoch| epoch.number().to_string().into_bytes();
        let arguments = vec![
            which.into(),
            number(least.hard),
            number(least.soft),
            self.keys.invalidations(region),
        ];
        let (keys, about) = (vec![self.keys.epochs(region)], region.as_bytes());
        Request::script(Operation::Epoch, about, &script::RAISE, keys, arguments)
    }
}

fn understood(request: &Request<'_>, value: Value) -> Result<Epochs, StoreError> {
    answer::epochs(value).ok_or_else(|| odd(request, &Value::Nil))
}

impl EpochStore for Redis {
    fn read<'a>(&'a self, region: &'a str) -> Reply<'a, Epochs> {
        let arguments: [&[u8]; 3] = [&self.keys.epochs(region), b"hard", b"soft"];
        let request = Request::command(Operation::Epoch, region.as_bytes(), "HMGET", &arguments);
        self.sender.ask(request, understood)
    }

    fn raise<'a>(&'a self, region: &'a str, how: Invalidation) -> Reply<'a, Epochs> {
        let which = match how {
            Invalidation::Hard => "hard",
            Invalidation::Soft => "soft",
        };
        let request = self.raise_request(region, which, Epochs::default());
        self.sender.ask(request, understood)
    }

    fn restore<'a>(&'a self, region: &'a str, known: Epochs) -> Reply<'a, ()> {
        let request = self.raise_request(region, "", known);
        self.sender.ask(request, |_, _| Ok(()))
    }

    fn watch(&self, region: &str, bell: Bell) -> Option<Watch> {
        let spot = Spot::patient(self.keys.invalidations(region));
        Some(self.watcher.watch(spot, bell))
    }
}
