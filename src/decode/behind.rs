//! What is behind descriptors: strace's `-y`, `3</etc/passwd>`. Works on the finished tree, with what the fetcher looked up
//! while the call was made; without that, nothing changes.

use super::escape::{escaped_with, hex_escaped};
use super::value::{Decoded, Value};
use super::{HexStrings, Options, constants, hexadecimal};
use crate::abi::Arch;
use crate::abi::fetch::descriptor_address;
use crate::model::{CallView, Memory};

/// Adds to every descriptor among the arguments what it is.
pub fn name(call: &mut Decoded, view: &CallView<'_>, options: &Options) {
    let [at_entry, at_exit] =
        [view.entry, view.exit].map(|memory| memory.regions.iter().any(|region| region.addr >= descriptor_address(0)));
    for arg in &mut call.args {
        // What the call gave is told by its end; what it was given may be another thing by then.
        if at_exit && arg.at_exit {
            value(&mut arg.value, view.exit, options);
        }
        if at_entry {
            value(&mut arg.value, view.entry, options);
        }
    }
}

fn value(tree: &mut Value, memory: Memory<'_>, options: &Options) {
    let hex = options.hex;
    match tree {
        Value::Fd(fd) => {
            if let Some(text) = text(*fd, memory, hex) {
                *tree = Value::Text(format!("{fd}{text}").into());
            }
        }
        Value::Named(name) if name == "AT_FDCWD" => {
            if let Some(text) = text(AT_FDCWD, memory, hex) {
                constants::value(tree, Arch::X86_64, options.constants);
                *tree = Value::Text(format!("{}{text}", tree.text()).into());
            }
        }
        // Sets of signals have names in them.
        Value::Set { items, .. } => {
            for item in items {
                if let Some(text) = item.parse().ok().and_then(|fd| text(fd, memory, hex)) {
                    item.to_mut().push_str(&text);
                }
            }
        }
        Value::Commented(inner, _) => value(inner, memory, options),
        Value::Changed(before, after) => {
            value(before, memory, options);
            value(after, memory, options);
        }
        Value::Struct { fields, .. } => fields.iter_mut().for_each(|(_, field)| value(field, memory, options)),
        Value::Array { items, .. } => items.iter_mut().for_each(|item| value(item, memory, options)),
        _ => {}
    }
}

const AT_FDCWD: i32 = -100;

/// `</etc/passwd>`, `<pipe:[123]>`, `</tmp/x>(deleted)`, `</dev/null<char 1:3>>`, `<TCP:[123]>`; None if nobody looked or
/// there was nothing. How the fetcher writes these down is told by `abi::fetch::descriptor_address`.
pub fn text(fd: i32, memory: Memory<'_>, hex: HexStrings) -> Option<String> {
    let piece = memory.at(descriptor_address(fd)).filter(|piece| !piece.bytes.is_empty())?;
    let cut = piece.bytes.iter().position(|&byte| byte == 0);
    let (path, more) = piece.bytes.split_at(cut.unwrap_or(piece.bytes.len()));
    let more: String = more.iter().filter(|byte| (b' '..=b'~').contains(byte)).map(|&byte| char::from(byte)).collect();
    let mut out = String::from("<");
    if hexadecimal::wants(hex, path) {
        hex_escaped(&mut out, path);
    } else {
        escaped_with(&mut out, path, b"<>");
    }
    match more.strip_prefix('=') {
        Some(plain) => out.push_str(&format!("{plain}>")),
        None if more.starts_with('<') => out.push_str(&format!("{more}>")),
        None => out.push_str(&format!(">{more}")),
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Region;

    fn shown(bytes: &[u8], hex: HexStrings) -> Option<String> {
        let len = bytes.len() as u32;
        let region = Region { addr: descriptor_address(3), true_len: u64::from(len), start: 0, len, fault: false };
        text(3, Memory { regions: &[region], bytes }, hex)
    }

    #[test]
    fn paths_and_what_is_said_beside_them_are_told_apart() {
        let plain = |bytes| shown(bytes, HexStrings::Never);
        assert_eq!(plain(b"/a<b>\"\n1").as_deref(), Some(r#"</a\74b\76\"\n1>"#));
        assert_eq!(plain(b"/x\0(deleted)").as_deref(), Some("</x>(deleted)"));
        assert_eq!(plain(b"/dev/null\0<char 1:3>").as_deref(), Some("</dev/null<char 1:3>>"));
        assert_eq!(plain(b"\0=TCP:[127.0.0.1:80]").as_deref(), Some("<TCP:[127.0.0.1:80]>"));
        assert_eq!(plain(b""), None);
        assert_eq!(shown(b"/\x01", HexStrings::NotText).as_deref(), Some(r"<\x2f\x01>"));
    }

    #[test]
    fn whatever_a_recording_holds_is_printable() {
        let all: Vec<u8> = (0..=255).collect();
        for start in 0..=255 {
            let text = shown(&all[start..], HexStrings::Never).expect("some text");
            assert!(text.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{text:?}");
        }
    }
}
