//! One line of a monitor: `1700000000.123456 [0 127.0.0.1:54321] "SET" "key" "value"`.

use std::net::SocketAddr;

/// What a line says, as far as counting asks.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line<'t> {
    /// Who sent it; none if a script called it.
    pub(super) client: Option<SocketAddr>,
    /// The command, as it was spelled.
    pub(super) name: &'t str,
    /// Its first argument, as the monitor spells it; none if it has none or a quote within.
    pub(super) first: Option<&'t str>,
}

impl<'t> Line<'t> {
    /// Nothing if it is no such line.
    pub(super) fn parse(text: &'t str) -> Option<Self> {
        let (_, rest) = text.split_once(" [")?;
        let (origin, words) = rest.split_once("] \"")?;
        let (_, who) = origin.split_once(' ')?;
        let client = match who {
            "lua" => None,
            address => Some(address.parse().ok()?),
        };
        let (name, rest) = words.split_once('"')?;
        let first = rest
            .strip_prefix(" \"")
            .and_then(|rest| rest.split_once('"'));
        Some(Self {
            client,
            name,
            first: first.map(|(word, _)| word),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_and_what_are_read() {
        let line = Line::parse(r#"+17.5 [3 127.0.0.1:54321] "SeT" "a] \"b" "v""#);
        assert_eq!(
            line,
            Some(Line {
                client: Some(SocketAddr::from(([127, 0, 0, 1], 54321))),
                name: "SeT",
                first: Some("a] \\"),
            })
        );
    }

    #[test]
    fn a_script_is_nobody() {
        let line = Line::parse(r#"+17.5 [0 lua] "get""#);
        let line = line.map(|line| (line.client, line.name, line.first));
        assert_eq!(line, Some((None, "get", None)));
    }

    #[test]
    fn other_lines_are_none() {
        for text in ["", "+OK", "+1.0 [0 nobody] \"get\"", "+1.0 [0 lua] get"] {
            assert_eq!(Line::parse(text), None, "{text}");
        }
    }
}
