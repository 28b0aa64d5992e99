use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::Serialize;

use super::*;

fn written(value: &impl Serialize) -> String {
    let mut text = Vec::new();
    append(&mut text, value).unwrap();
    String::from_utf8(text).unwrap()
}

#[derive(Serialize)]
struct Sample<'a> {
    text: &'a str,
    missing: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    absent: Option<u8>,
    #[serde(flatten)]
    flat: BTreeMap<&'a str, i64>,
    kinds: Vec<Kind>,
    nothing: (),
    pair: (char, f64),
}

#[derive(Serialize)]
enum Kind {
    Unit,
    Newtype(u64),
    Tuple(bool, i8),
    Struct { a: f32 },
}

#[test]
fn every_kind_of_value_is_written_as_serde_json_does() {
    let sample = Sample {
        text: "a\"b",
        missing: None,
        absent: None,
        flat: BTreeMap::from([("x\n", -1), ("y", i64::MAX)]),
        kinds: vec![
            Kind::Unit,
            Kind::Newtype(u64::MAX),
            Kind::Tuple(true, -8),
            Kind::Struct { a: 0.5 },
        ],
        nothing: (),
        pair: ('ß', 1e300),
    };
    assert_eq!(written(&sample), serde_json::to_string(&sample).unwrap());
    let empty: (Vec<u8>, BTreeMap<&str, u8>) = Default::default();
    assert_eq!(written(&empty), "[[],{}]");
}

#[test]
fn name_that_is_no_text_is_an_error() {
    assert!(append(&mut Vec::new(), &BTreeMap::from([(1, 2)])).is_err());
}

/// A value that is serialized as what it displays.
struct Displayed<'a>(&'a str);

impl Serialize for Displayed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}{}", self.0, self.0))
    }
}

proptest! {
    #[test]
    fn any_text_is_written_as_serde_json_does(
        text in "(?s:.{0,40})",
        plain in "[ -~]{0,40}",
        position in 0_usize..20,
        byte in 0_u8..0x80,
    ) {
        let mut spiked = "a".repeat(20);
        spiked.insert(position, char::from(byte));
        for text in [text, plain, spiked] {
            prop_assert_eq!(written(&text), serde_json::to_string(&text).unwrap());
            let displayed = Displayed(&text);
            prop_assert_eq!(written(&displayed), serde_json::to_string(&displayed).unwrap());
        }
    }
}
