//! strace's `-x` and `-xx`: strings as `"\x5f\x78"`. Works on the finished tree, so no decoder knows of it.

use super::HexStrings;
use super::value::{Decoded, Value};

/// Turns the strings of a call that the option is about.
pub fn turn(call: &mut Decoded, option: HexStrings) {
    if option != HexStrings::Never {
        call.args.iter_mut().for_each(|arg| value(&mut arg.value, option));
    }
}

fn value(tree: &mut Value, option: HexStrings) {
    match tree {
        Value::Str { bytes, true_len, terminated } if wants(option, bytes) => {
            // A string that goes on where nobody could read is marked as cut.
            let true_len = if *terminated { *true_len } else { (*true_len).max(bytes.len() as u64 + 1) };
            *tree = Value::HexStr { bytes: std::mem::take(bytes), true_len };
        }
        Value::Commented(inner, _) => value(inner, option),
        Value::Changed(before, after) => {
            value(before, option);
            value(after, option);
        }
        Value::Struct { fields, .. } => fields.iter_mut().for_each(|(_, field)| value(field, option)),
        Value::Array { items, .. } | Value::Call { args: items, .. } => {
            items.iter_mut().for_each(|item| value(item, option));
        }
        _ => {}
    }
}

/// Whether bytes are shown in hexadecimal.
pub fn wants(option: HexStrings, bytes: &[u8]) -> bool {
    match option {
        HexStrings::Never => false,
        HexStrings::NotText => !bytes.iter().all(|&b| text(b)),
        HexStrings::All => true,
    }
}

/// isprint(3) or isspace(3) in the C locale.
fn text(byte: u8) -> bool {
    matches!(byte, 0x20..=0x7e | 0x09..=0x0d)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::DecodedArg;

    fn turned(bytes: &[u8], option: HexStrings) -> String {
        let string = Value::Str { bytes: bytes.to_vec(), true_len: bytes.len() as u64, terminated: true };
        let nested = Value::structure("s", vec![("a".into(), Value::Array { items: vec![string], elided: false })]);
        let arg = DecodedArg { name: "x".into(), index: 0, raw: 0, value: nested.commented("c"), at_exit: false };
        let mut call = Decoded { name: "f".into(), args: vec![arg], unknown: 0, result: None };
        turn(&mut call, option);
        call.args[0].value.text()
    }

    #[test]
    fn only_the_strings_that_are_meant_are_turned() {
        assert_eq!(turned(b"a\n", HexStrings::Never), r#"{a=["a\n"]} /* c */"#);
        assert_eq!(turned(b"a\n", HexStrings::NotText), r#"{a=["a\n"]} /* c */"#);
        assert_eq!(turned(b"a\x1b", HexStrings::NotText), r#"{a=["\x61\x1b"]} /* c */"#);
        assert_eq!(turned(b"a\n", HexStrings::All), r#"{a=["\x61\x0a"]} /* c */"#);
        assert_eq!(turned(b"", HexStrings::All), r#"{a=[""]} /* c */"#);
    }

    #[test]
    fn what_was_cut_stays_cut() {
        let mut tree = Value::Str { bytes: b"ab".to_vec(), true_len: 2, terminated: false };
        value(&mut tree, HexStrings::All);
        assert_eq!(tree.text(), r#""\x61\x62"..."#);
    }
}
