//! One thing to be said to the server, and nothing of how it is sent.

use std::borrow::Cow;

use dogpile_backend::Operation;
use redis::Cmd;

use crate::script::Script;

/// A request, and what it is for, for errors.
pub(crate) struct Request<'a> {
    pub(crate) operation: Operation,
    /// The user's key, or the region.
    pub(crate) about: Cow<'a, [u8]>,
    /// Whether the server may carry it out twice without harm, so that it can be sent again when
    /// nobody knows what became of it.
    pub(crate) repeatable: bool,
    what: What,
}

enum What {
    /// As it is sent: nothing is left to do for a hit.
    Command(Cmd),
    Script {
        script: &'static Script,
        keys: Vec<Vec<u8>>,
        arguments: Vec<Vec<u8>>,
    },
}

/// How a script is named to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// By its hash, as a server knows it that has seen it.
    Short,
    /// In full.
    Full,
}

impl<'a> Request<'a> {
    /// A plain command.
    pub(crate) fn command(
        operation: Operation,
        about: &'a [u8],
        name: &'static str,
        arguments: &[&[u8]],
    ) -> Self {
        let length: usize = arguments.iter().map(|argument| argument.len()).sum();
        let mut command = Cmd::with_capacity(1 + arguments.len(), name.len() + length);
        command.arg(name).arg(arguments);
        Self::new(operation, about, What::Command(command))
    }

    /// A script's run.
    pub(crate) fn script(
        operation: Operation,
        about: &'a [u8],
        script: &'static Script,
        keys: Vec<Vec<u8>>,
        arguments: Vec<Vec<u8>>,
    ) -> Self {
        let what = What::Script {
            script,
            keys,
            arguments,
        };
        Self::new(operation, about, what)
    }

    fn new(operation: Operation, about: &'a [u8], what: What) -> Self {
        Self {
            operation,
            about: about.into(),
            repeatable: true,
            what,
        }
    }

    /// The same, never to be sent again once it was sent.
    pub(crate) fn once(self) -> Self {
        Self {
            repeatable: false,
            ..self
        }
    }

    /// The same for somebody who outlives the caller.
    pub(crate) fn into_owned(self) -> Request<'static> {
        Request {
            operation: self.operation,
            about: self.about.into_owned().into(),
            repeatable: self.repeatable,
            what: self.what,
        }
    }

    /// As the client library sends it.
    pub(crate) fn packed(&self, form: Form) -> Cow<'_, Cmd> {
        match &self.what {
            What::Command(command) => Cow::Borrowed(command),
            What::Script {
                script,
                keys,
                arguments,
            } => {
                let mut command = match form {
                    Form::Short => redis::cmd("EVALSHA").arg(script.name()).take(),
                    Form::Full => redis::cmd("EVAL").arg(script.text()).take(),
                };
                Cow::Owned(command.arg(keys.len()).arg(keys).arg(arguments).take())
            }
        }
    }
}
