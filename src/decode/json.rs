//! The tree of values as JSON, for exports and scripts. Numbers stay numbers, names stay names with the number lost
//! only where the name says it all; bytes that are no UTF-8 become `\u00XX`, one for each byte.

use std::fmt::Write;

use super::print::{signed, unsigned};
use super::value::{Decoded, Value};
use crate::model::Outcome;

/// The call as one JSON object: `{"name":…,"args":[{"name":…,"raw":…,"value":…}],"result":…}`.
pub fn call_json(call: &Decoded) -> String {
    let mut out = String::with_capacity(256);
    out.push_str("{\"name\":");
    string(&mut out, call.name.as_bytes());
    out.push_str(",\"args\":[");
    for (i, arg) in call.args.iter().enumerate() {
        comma(&mut out, i);
        out.push_str("{\"name\":");
        string(&mut out, arg.name.as_bytes());
        out.push_str(",\"raw\":");
        unsigned(&mut out, arg.raw);
        out.push_str(",\"value\":");
        value_json(&mut out, &arg.value);
        out.push('}');
    }
    out.push_str("],\"result\":");
    match call.result {
        None => out.push_str("null"),
        Some(Outcome::Returned(n)) => signed(&mut out, n),
        Some(Outcome::Failed(errno)) => {
            out.push_str("{\"errno\":");
            unsigned(&mut out, u64::from(errno));
            if let Some((name, _)) = super::errno_name(errno) {
                out.push_str(",\"error\":");
                string(&mut out, name.as_bytes());
            }
            out.push('}');
        }
        Some(Outcome::NeverReturned) => out.push_str("\"never returned\""),
        Some(Outcome::KilledBySeccomp) => out.push_str("\"killed by seccomp\""),
        Some(Outcome::Detached) => out.push_str("\"detached\""),
    }
    out.push('}');
    out
}

/// Appends one value.
pub fn value_json(out: &mut String, value: &Value) {
    match value {
        Value::Signed(n) | Value::Pid(n) => signed(out, *n),
        Value::Unsigned(n) | Value::Hex(n) | Value::Octal(n) | Value::Address(n) | Value::Mode(n) => unsigned(out, *n),
        Value::Fd(fd) => signed(out, i64::from(*fd)),
        Value::Unread(addr) => {
            out.push_str("{\"unread\":");
            unsigned(out, *addr);
            out.push('}');
        }
        Value::Null => out.push_str("null"),
        Value::Named(text) | Value::Text(text) => string(out, text.as_bytes()),
        Value::Flags { names, rest, .. } => {
            out.push('[');
            for (i, name) in names.iter().enumerate() {
                comma(out, i);
                string(out, name.as_bytes());
            }
            if *rest != 0 {
                comma(out, names.len());
                unsigned(out, *rest);
            }
            out.push(']');
        }
        Value::Unknown { raw, .. } => unsigned(out, *raw),
        Value::Str { bytes, true_len, terminated } => {
            if *true_len > bytes.len() as u64 || !terminated {
                out.push_str("{\"cut\":");
                string(out, bytes);
                out.push_str(",\"length\":");
                unsigned(out, *true_len);
                out.push('}');
            } else {
                string(out, bytes);
            }
        }
        Value::HexStr { bytes, .. } => {
            out.push('"');
            bytes.iter().for_each(|b| {
                // Writing to a String cannot fail.
                let _ = write!(out, "{b:02x}");
            });
            out.push('"');
        }
        Value::Commented(value, _) => value_json(out, value),
        Value::Struct { fields, .. } => {
            out.push('{');
            for (i, (name, value)) in fields.iter().enumerate() {
                comma(out, i);
                // A field without a name is a call-like value: its function says what it is.
                let label = match value {
                    Value::Call { function, .. } if name.is_empty() => function,
                    _ => name.as_ref(),
                };
                string(out, label.as_bytes());
                out.push(':');
                value_json(out, value);
            }
            out.push('}');
        }
        Value::Array { items, .. } => list(out, items),
        Value::Set { items, inverted } => {
            out.push_str(if *inverted { "{\"not\":[" } else { "[" });
            for (i, item) in items.iter().enumerate() {
                comma(out, i);
                string(out, item.as_bytes());
            }
            out.push_str(if *inverted { "]}" } else { "]" });
        }
        Value::Call { args, .. } => match args.as_slice() {
            [only] => value_json(out, only),
            _ => list(out, args),
        },
        Value::Changed(before, after) => {
            out.push_str("{\"entry\":");
            value_json(out, before);
            out.push_str(",\"exit\":");
            value_json(out, after);
            out.push('}');
        }
    }
}

fn list(out: &mut String, items: &[Value]) {
    out.push('[');
    for (i, item) in items.iter().enumerate() {
        comma(out, i);
        value_json(out, item);
    }
    out.push(']');
}

fn comma(out: &mut String, index: usize) {
    if index > 0 {
        out.push(',');
    }
}

/// RFC 8259 section 7; the output is ASCII.
fn string(out: &mut String, bytes: &[u8]) {
    out.push('"');
    match std::str::from_utf8(bytes) {
        Ok(text) => text.chars().for_each(|c| character(out, c)),
        Err(_) => bytes.iter().for_each(|&b| character(out, b as char)),
    }
    out.push('"');
}

fn character(out: &mut String, c: char) {
    match c {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        ' '..='~' => out.push(c),
        _ => {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::DecodedArg;

    #[test]
    fn a_call_is_one_object_that_a_json_parser_reads() {
        let call = Decoded {
            name: "read".into(),
            args: vec![
                DecodedArg { name: "fd".into(), index: 0, raw: 3, value: Value::Fd(3), at_exit: false },
                DecodedArg {
                    name: "buf".into(),
                    index: 1,
                    raw: 0x1000,
                    value: Value::Str { bytes: b"a\"\xff\n".to_vec(), true_len: 9, terminated: true },
                    at_exit: true,
                },
                DecodedArg {
                    name: "x".into(),
                    index: 2,
                    raw: 0,
                    value: Value::structure(
                        "x",
                        vec![
                            ("f".into(), Value::Flags { names: vec!["A".into()], rest: 8, unknown: "" }),
                            ("n".into(), Value::Null),
                            (
                                "c".into(),
                                Value::pointee(Value::Changed(Value::Signed(-1).into(), Value::Signed(4).into())),
                            ),
                        ],
                    ),
                    at_exit: true,
                },
            ],
            result: Some(Outcome::Failed(9999)),
        };
        let parsed: serde_json::Value = serde_json::from_str(&call_json(&call)).expect("valid JSON");
        assert_eq!(parsed["args"][1]["value"]["cut"], "a\"\u{ff}\n");
        assert_eq!(parsed["args"][2]["value"]["f"][1], 8);
        assert_eq!(parsed["args"][2]["value"]["c"][0]["entry"], -1);
        assert_eq!(parsed["result"]["errno"], 9999);
    }
}
