//! What encoders send, what attackers send, and that writing and reading are mirrors.

use proptest::prelude::*;

use super::*;

fn read(bytes: &[u8]) -> Result<Vec<Value>, Error> {
    decode_all(bytes, &Limits::default())
}

fn written(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    value.encode(&mut out);
    out
}

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

#[test]
fn an_ecma_array_is_read_to_its_end_marker_whatever_its_count_says() {
    for count in [0_u8, 1, 20] {
        let mut bytes = vec![8, 0, 0, 0, count, 0, 1, b'a', 1, 1, 0, 1, b'b', 5];
        bytes.extend_from_slice(&[0, 0, 9, 5]);
        let expected = Value::EcmaArray(vec![("a".into(), Value::Boolean(true)), ("b".into(), Value::Null)]);
        assert_eq!(read(&bytes), Ok(vec![expected, Value::Null]), "count {count}");
    }
}

#[test]
fn an_object_without_end_marker_ends_with_the_message() {
    let expected = Value::Object(vec![("a".into(), Value::Null)]);
    assert_eq!(read(&[3, 0, 1, b'a', 5]), Ok(vec![expected.clone()]));
    assert_eq!(read(&[3, 0, 1, b'a', 5, 0, 0]), Ok(vec![expected]));
}

#[test]
fn a_property_may_have_an_empty_name() {
    let expected = Value::Object(vec![(String::new(), Value::Null)]);
    assert_eq!(read(&[3, 0, 0, 5, 0, 0, 9]), Ok(vec![expected]));
}

#[test]
fn dates_long_strings_typed_objects_and_references_are_read() {
    let mut bytes = written(&Value::Date { millis: 1.5, zone: -60 });
    bytes.extend_from_slice(&[0x0C, 0, 0, 0, 2, b'h', b'i']);
    bytes.extend_from_slice(&[0x10, 0, 1, b'C', 0, 1, b'x', 5, 0, 0, 9]);
    bytes.extend_from_slice(&[7, 0, 0]);
    let typed = Value::Typed { class: "C".into(), properties: vec![("x".into(), Value::Null)] };
    let date = Value::Date { millis: 1.5, zone: -60 };
    assert_eq!(read(&bytes), Ok(vec![date, text("hi"), typed.clone(), typed]));
    assert_eq!(read(&[7, 0, 9]), Err(Error::Reference(9)));
}

#[test]
fn single_amf3_values_inside_a_message_are_read() {
    let bytes = [0x11, 4, 0x81, 0x00, 0x11, 6, 0x05, b'h', b'i', 0x11, 4, 0xFF, 0xFF, 0xFF, 0xFF, 0x11, 3];
    let expected = vec![Value::Number(128.0), text("hi"), Value::Number(-1.0), Value::Boolean(true)];
    assert_eq!(read(&bytes), Ok(expected));
    assert_eq!(read(&[0x11, 0x0A, 0]), Err(Error::Marker(0x0A)));
}

#[test]
fn invalid_utf_8_is_replaced_and_not_refused() {
    assert_eq!(read(&[2, 0, 2, 0xB0, 0xA1]), Ok(vec![text("\u{FFFD}\u{FFFD}")]));
}

#[test]
fn nesting_of_any_depth_is_refused_at_the_bound() {
    for marker in [&[0x0A, 0, 0, 0, 1][..], &[3, 0, 1, b'a'][..]] {
        let bytes = marker.repeat(20_000);
        assert_eq!(read(&bytes), Err(Error::TooDeep(16)));
    }
}

#[test]
fn a_count_of_four_billion_takes_no_memory() {
    let result = read(&[0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 5]);
    assert!(matches!(result, Err(Error::Truncated(_))), "{result:?}");
    let mut bytes = vec![0x0A, 0xFF, 0xFF, 0xFF, 0xFF];
    bytes.resize(100_000, 5);
    assert_eq!(read(&bytes), Err(Error::TooMany(4_096)));
    let result = read(&[0x0C, 0xFF, 0xFF, 0xFF, 0xFF, b'x']);
    assert!(matches!(result, Err(Error::Truncated(_))), "{result:?}");
}

#[test]
fn references_cannot_multiply_a_message() {
    let mut bytes = vec![0x0A, 0, 0, 3, 0];
    bytes.extend_from_slice(&[5; 768]);
    bytes.extend_from_slice(&[7, 0, 0].repeat(100));
    assert_eq!(read(&bytes), Err(Error::TooMany(4_096)));
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<f64>().prop_filter("comparable", |n| !n.is_nan()).prop_map(Value::Number),
        any::<bool>().prop_map(Value::Boolean),
        ".{0,20}".prop_map(Value::String),
        Just(Value::Null),
        Just(Value::Undefined),
        Just(Value::Unsupported),
        ".{0,20}".prop_map(Value::Xml),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        let properties = proptest::collection::vec(("[a-z]{1,8}", inner.clone()), 0..5);
        prop_oneof![
            properties.clone().prop_map(Value::Object),
            properties.clone().prop_map(Value::EcmaArray),
            ("[A-Z]{1,4}", properties).prop_map(|(class, properties)| Value::Typed { class, properties }),
            proptest::collection::vec(inner, 0..5).prop_map(Value::StrictArray),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read(value in any_value()) {
        prop_assert_eq!(read(&written(&value)), Ok(vec![value]));
    }

    #[test]
    fn garbage_is_an_error_or_values(bytes in proptest::collection::vec(any::<u8>(), 0..500)) {
        if let Ok(values) = read(&bytes) {
            prop_assert!(values.len() <= bytes.len());
        }
    }
}
