//! The function that templates call.

use std::sync::Arc;
use std::time::Duration;

use minijinja::value::{Kwargs, ValueKind};
use minijinja::{AutoEscape, Error, ErrorKind, State, Value};

use super::{Form, FragmentKey, NAME};
use crate::Region;

/// `cached(key, timeout, caller)`; the caller is the block.
pub(super) fn function(region: Region<String>) -> Value {
    let cached =
        move |state: &mut State<'_, '_>, key: Value, timeout: Option<Value>, rest: Kwargs| {
            let timeout = match timeout {
                None => rest.get::<Option<Value>>("timeout")?,
                given => given,
            };
            let Ok(block) = rest.get::<Value>("caller") else {
                return Err(refused(
                    ErrorKind::MissingArgument,
                    "has no block to cache: write {% call cached(..) %}..{% endcall %}",
                ));
            };
            rest.assert_all_used()?;
            fragment(&region, state, &key, timeout.as_ref(), &block)
        };
    Value::from_function(cached)
}

fn fragment(
    region: &Region<String>,
    state: &mut State<'_, '_>,
    key: &Value,
    timeout: Option<&Value>,
    block: &Value,
) -> Result<Value, Error> {
    let key = key_of(key)?;
    let form = form(state.auto_escape())?;
    let mut at = region.at(form.key(&key));
    if let Some(timeout) = timeout.filter(|timeout| !timeout.is_none()) {
        at = at.fresh_for(span(timeout)?);
    }
    let render = || Ok(block.call(state, &[])?.to_string());
    let text = at
        .try_create(render)
        .map_err(|error| of_template(&key, error))?;
    Ok(match form {
        // Its block has escaped it.
        Form::Html => Value::from_safe_string(text.value),
        Form::Plain => Value::from(text.value),
    })
}

/// Undefined is no key: it would be one fragment for all whom a template forgot to tell apart.
fn key_of(key: &Value) -> Result<FragmentKey<'static>, Error> {
    match key.kind() {
        ValueKind::String => Ok(key.to_string().into()),
        ValueKind::Number if key.is_integer() => Ok(FragmentKey::number(key.to_string())),
        other => Err(refused(
            ErrorKind::InvalidOperation,
            &format!("takes text or a whole number for a key, and was given {other}: {key}"),
        )),
    }
}

fn form(escaping: &AutoEscape) -> Result<Form, Error> {
    match escaping {
        AutoEscape::Html => Ok(Form::Html),
        AutoEscape::None => Ok(Form::Plain),
        other => Err(refused(
            ErrorKind::InvalidOperation,
            &format!(
                "caches HTML and what is not escaped, and this template is escaped as {other:?}"
            ),
        )),
    }
}

fn span(timeout: &Value) -> Result<Duration, Error> {
    let seconds = f64::try_from(timeout.clone()).ok();
    let span = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    span.ok_or_else(|| {
        let what = format!("takes seconds for a timeout, none below zero, and was given {timeout}");
        refused(ErrorKind::InvalidOperation, &what)
    })
}

fn refused(kind: ErrorKind, what: &str) -> Error {
    Error::new(kind, format!("`{NAME}` {what}"))
}

/// A block's own error is the template's, as if the block were not cached.
fn of_template(key: &FragmentKey<'_>, error: crate::Error<Error>) -> Error {
    match error {
        crate::Error::Creator(error) => Arc::try_unwrap(error).unwrap_or_else(|shared| {
            let what = shared
                .detail()
                .unwrap_or("another call rendered it and failed");
            Error::new(shared.kind(), format!("fragment `{key}`: {what}"))
                .with_source(Shared(shared))
        }),
        other => Error::new(
            ErrorKind::InvalidOperation,
            format!("fragment `{key}`: {other}"),
        )
        .with_source(other),
    }
}

/// The error of a block that several waited for.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
struct Shared(Arc<Error>);
