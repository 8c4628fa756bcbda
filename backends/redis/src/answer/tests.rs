use super::*;
use proptest::prelude::*;

fn text(text: &str) -> Value {
    Value::BulkString(text.as_bytes().to_vec())
}

#[test]
fn a_lease_s_answers_are_understood_and_nothing_else() {
    let won = Value::Array(vec![text("won"), Value::Nil]);
    assert_eq!(leased(won), Some(Answer::Won(None)));
    let lost = Value::Array(vec![text("lost"), text("v"), Value::Int(4)]);
    let left = Answer::Lost(Some(b"v".to_vec()), Span::from_millis(5));
    assert_eq!(leased(lost), Some(left));
    let seen = Value::Array(vec![text("seen"), text("v")]);
    assert_eq!(leased(seen), Some(Answer::Seen(b"v".to_vec())));
    for odd in [
        Value::Nil,
        text("won"),
        Value::Array(vec![]),
        Value::Array(vec![text("seen")]),
    ] {
        assert_eq!(leased(odd), None);
    }
}

#[test]
fn a_lease_without_an_end_has_none_and_one_that_is_gone_is_over() {
    assert_eq!(time_left(-1), Span::FOREVER);
    assert_eq!(time_left(-2), Span::ZERO);
}

#[test]
fn epochs_that_are_not_there_were_never_raised() {
    let both = Value::Array(vec![text("7"), Value::Nil]);
    let (hard, soft) = (Epoch::new(7), Epoch::FIRST);
    assert_eq!(epochs(both), Some(Epochs { hard, soft }));
    assert_eq!(epochs(Value::Array(vec![text("7")])), None);
}

#[test]
fn a_value_is_marked_by_its_header() {
    assert_eq!(mark(b"{\"ct\": 1}|payload"), b"{\"ct\": 1}|");
    assert_eq!(mark(b"garbage"), b"garbage");
    assert_eq!(mark(&[b'x'; 5000]).len(), 1024);
}

/// Anything that a server could say, or another program that answers in its place.
fn anything() -> impl Strategy<Value = Value> {
    let bytes = prop_oneof![
        Just(b"won".to_vec()),
        Just(b"lost".to_vec()),
        Just(b"seen".to_vec()),
        any::<Vec<u8>>(),
    ];
    let leaf = prop_oneof![
        Just(Value::Nil),
        Just(Value::Okay),
        any::<i64>().prop_map(Value::Int),
        any::<bool>().prop_map(Value::Boolean),
        any::<String>().prop_map(Value::SimpleString),
        bytes.prop_map(Value::BulkString),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop::collection::vec(inner, 0..4).prop_map(Value::Array)
    })
}

proptest! {
    #[test]
    fn whatever_is_said_is_understood_as_what_it_is_or_not_at_all(said in anything()) {
        if let Some(answer) = leased(said.clone()) {
            let Value::Array(parts) = &said else {
                return Err(TestCaseError::fail("only a list tells of a lease"));
            };
            prop_assert_eq!(parts.len(), if matches!(answer, Answer::Lost(..)) { 3 } else { 2 });
        }
        if let Some(epochs) = epochs(said.clone()) {
            prop_assert!(matches!(said, Value::Okay | Value::Array(_)));
            prop_assert!(epochs.current() >= epochs.hard);
        }
        let _ = bytes(said);
    }

    #[test]
    fn whatever_lies_there_has_a_mark_by_which_it_is_found_again(value in any::<Vec<u8>>()) {
        let mark = mark(&value);
        prop_assert!(value.starts_with(mark));
        prop_assert!(mark.is_empty() == value.is_empty());
        let _ = Found::read(&value).entry();
    }
}
