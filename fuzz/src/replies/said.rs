//! What an impostor says, and how that goes over the wire.

use arbitrary::Arbitrary;

/// One piece of what comes back.
#[derive(Arbitrary, Clone, Debug)]
pub(super) enum Said {
    Nothing,
    Number(i64),
    Line(String),
    Failure(String),
    Text(Vec<u8>),
    Record(Vec<u8>),
    /// A list of the pieces that follow it.
    List(u8),
    Won,
    Lost,
    Seen,
    Bytes(Vec<u8>),
}

impl Said {
    /// As it goes over the wire.
    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Nothing => b"$-1\r\n".to_vec(),
            Self::Number(number) => format!(":{number}\r\n").into(),
            Self::Line(text) => format!("+{}\r\n", one_line(text)).into(),
            Self::Failure(text) => format!("-{}\r\n", one_line(text)).into(),
            Self::Text(text) => bulk(text),
            Self::Record(payload) => bulk(&[&b"{\"ct\": 1.5, \"v\": 2}|"[..], payload].concat()),
            Self::List(length) => format!("*{}\r\n", length % 4).into(),
            Self::Won => bulk(b"won"),
            Self::Lost => bulk(b"lost"),
            Self::Seen => bulk(b"seen"),
            Self::Bytes(bytes) => bytes.clone(),
        }
    }
}

fn one_line(text: &str) -> String {
    text.replace(['\r', '\n'], " ")
}

fn bulk(text: &[u8]) -> Vec<u8> {
    [format!("${}\r\n", text.len()).as_bytes(), text, b"\r\n"].concat()
}

/// A list and what is in it are one answer.
pub(super) fn answers(said: &[Said]) -> Vec<Vec<u8>> {
    let mut answers: Vec<Vec<u8>> = Vec::new();
    let mut missing = 0;
    for piece in said {
        match answers.last_mut() {
            Some(list) if missing > 0 => list.extend(piece.bytes()),
            _ => answers.push(piece.bytes()),
        }
        missing = match piece {
            Said::List(length) => usize::from(length % 4),
            _ => missing.saturating_sub(1),
        };
    }
    answers
}
