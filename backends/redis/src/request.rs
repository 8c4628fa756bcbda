//! One thing to be said to the server, and nothing of how it is sent.

use dogpile_backend::Operation;
use redis::Cmd;

use crate::script::Script;

/// A request, and what it is for, for errors.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) operation: Operation,
    /// The user's key, or the region.
    pub(crate) about: Box<[u8]>,
    /// Whether the server may carry it out twice without harm, so that it can be sent again when
    /// nobody knows what became of it.
    pub(crate) repeatable: bool,
    what: What,
}

#[derive(Debug)]
enum What {
    Command(&'static str, Vec<Vec<u8>>),
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

impl Request {
    /// A plain command.
    pub(crate) fn command(
        operation: Operation,
        about: &[u8],
        name: &'static str,
        arguments: Vec<Vec<u8>>,
    ) -> Self {
        Self {
            operation,
            about: about.into(),
            repeatable: true,
            what: What::Command(name, arguments),
        }
    }

    /// A script's run.
    pub(crate) fn script(
        operation: Operation,
        about: &[u8],
        script: &'static Script,
        keys: Vec<Vec<u8>>,
        arguments: Vec<Vec<u8>>,
    ) -> Self {
        Self {
            operation,
            about: about.into(),
            repeatable: true,
            what: What::Script {
                script,
                keys,
                arguments,
            },
        }
    }

    /// The same, never to be sent again once it was sent.
    pub(crate) fn once(self) -> Self {
        Self {
            repeatable: false,
            ..self
        }
    }

    /// As the client library sends it.
    pub(crate) fn packed(&self, form: Form) -> Cmd {
        match &self.what {
            What::Command(name, arguments) => redis::cmd(name).arg(arguments).take(),
            What::Script {
                script,
                keys,
                arguments,
            } => {
                let mut command = match form {
                    Form::Short => redis::cmd("EVALSHA").arg(script.name()).take(),
                    Form::Full => redis::cmd("EVAL").arg(script.text()).take(),
                };
                command.arg(keys.len()).arg(keys).arg(arguments).take()
            }
        }
    }
}
