//! The tree of values as JSON, for exports and scripts; `assets/schema/log.schema.json` describes it.
//!
//! Nothing is lost and nothing can be taken for something else: a value is a number, null, a list, a text that the memory
//! held, or an object whose keys say what it is. Integers that a double cannot hold are `{"int":"18446744073709551615"}`,
//! addresses and registers are hexadecimal texts, bytes that are no UTF-8 are hexadecimal. Left out: rows that are no
//! calls (`session::export::objects`).

use std::borrow::Cow;
use std::fmt::Write;

use super::constants;
use super::custom::wait_status::{self, Kind};
use super::escape::escaped;
use super::value::{Decoded, Value};
use crate::abi::Arch;
use crate::model::{Marks, Outcome};

/// Integers from minus this to this are numbers in JSON: a double holds them exactly.
const EXACT: u64 = (1 << 53) - 1;

/// What only the session knows of a value.
pub trait Known {
    /// Appends members to a descriptor's object, each with a comma before it. `at_exit`: as of the call's end.
    fn descriptor(&self, out: &mut String, fd: i32, at_exit: bool);
    /// Appends members to a process's object.
    fn process(&self, out: &mut String, pid: i64);
}

/// Nothing.
pub struct Nothing;

impl Known for Nothing {
    fn descriptor(&self, _: &mut String, _: i32, _: bool) {}
    fn process(&self, _: &mut String, _: i64) {}
}

/// Appends the arguments as a list of objects: `[{"name":"fd","raw":"0x3","value":{"fd":3}}]`; without `raw` where only text
/// tells of the argument.
pub fn args(out: &mut String, arch: Arch, call: &Decoded, known: &dyn Known) {
    out.push('[');
    for (i, arg) in call.args.iter().enumerate() {
        comma(out, i);
        out.push_str("{\"name\":");
        string(out, &arg.name);
        if let Some(raw) = call.raw(arg) {
            // Writing to a String cannot fail, here and below.
            let _ = write!(out, ",\"raw\":\"{raw:#x}\"");
        }
        out.push_str(",\"value\":");
        Printer { arch, known, at_exit: arg.at_exit }.value(out, &arg.value);
        out.push('}');
    }
    out.push(']');
}

/// Appends one value.
pub fn value(out: &mut String, arch: Arch, value: &Value, known: &dyn Known) {
    Printer { arch, known, at_exit: false }.value(out, value);
}

/// Appends what came of a call: `{"value":3}`, `{"errno":2,"error":"ENOENT","message":"…"}`, `{"ended":"never returned"}`.
/// `descriptor`: the value is a new one.
pub fn result(out: &mut String, outcome: Option<Outcome>, marks: Marks, descriptor: bool, known: &dyn Known) {
    match outcome {
        None => return out.push_str("null"),
        Some(Outcome::Returned(n)) => {
            out.push_str("{\"value\":");
            signed(out, n);
            if let (true, Ok(fd)) = (descriptor, i32::try_from(n)) {
                let _ = write!(out, ",\"descriptor\":{{\"fd\":{fd}");
                known.descriptor(out, fd, true);
                out.push('}');
            }
        }
        Some(Outcome::Failed(errno)) => {
            let _ = write!(out, "{{\"errno\":{errno}");
            if let Some((name, message)) = super::errno_name(errno) {
                out.push_str(",\"error\":");
                string(out, name);
                out.push_str(",\"message\":");
                string(out, message);
            }
        }
        Some(Outcome::NeverReturned) => out.push_str("{\"ended\":\"never returned\""),
        Some(Outcome::KilledBySeccomp) => out.push_str("{\"ended\":\"killed by seccomp\""),
        Some(Outcome::Detached) => out.push_str("{\"ended\":\"detached\""),
    }
    let names = [
        (Marks::INJECTED, "injected"),
        (Marks::DELAYED, "delayed"),
        (Marks::FILTERED, "filtered"),
        (Marks::VDSO, "vdso"),
    ];
    for (_, name) in names.into_iter().filter(|(mark, _)| marks.has(*mark)) {
        let _ = write!(out, ",\"{name}\":true");
    }
    out.push('}');
}

struct Printer<'a> {
    arch: Arch,
    known: &'a dyn Known,
    at_exit: bool,
}

impl Printer<'_> {
    fn value(&self, out: &mut String, value: &Value) {
        match value {
            Value::Signed(n) => signed(out, *n),
            Value::Unsigned(n) | Value::Hex(n) | Value::Octal(n) => unsigned(out, *n),
            Value::Null => out.push_str("null"),
            Value::Address(addr) => {
                let _ = write!(out, "{{\"address\":\"{addr:#x}\"}}");
            }
            Value::Unread(addr) => {
                let _ = write!(out, "{{\"unread\":\"{addr:#x}\"}}");
            }
            Value::Fd(fd) => self.descriptor(out, *fd),
            Value::Pid(pid) => {
                out.push_str("{\"pid\":");
                signed(out, *pid);
                self.known.process(out, *pid);
                out.push('}');
            }
            Value::Named(name) if name == "AT_FDCWD" => self.descriptor(out, -100),
            Value::Named(name) => self.constant(out, name),
            Value::Text(text) => match composite(text) {
                Some((names, rest)) => self.flags(out, &names, rest),
                None => {
                    out.push_str("{\"text\":");
                    string(out, text);
                    out.push('}');
                }
            },
            Value::WaitStatus { raw, .. } => wait_status(out, *raw),
            Value::Flags { names, rest, .. } => self.flags(out, names, *rest),
            Value::Unknown { raw, .. } => {
                out.push_str("{\"unknown\":");
                unsigned(out, *raw);
                out.push('}');
            }
            Value::Mode(mode) => {
                out.push_str("{\"mode\":");
                unsigned(out, *mode);
                out.push_str(",\"text\":");
                string(out, &value.text());
                out.push('}');
            }
            Value::Str { bytes, true_len, terminated } => {
                memory(out, bytes, *true_len, *true_len > bytes.len() as u64 || !terminated);
            }
            Value::HexStr { bytes, true_len } => hexadecimal(out, bytes, *true_len),
            Value::Commented(inner, comment) => {
                out.push_str("{\"value\":");
                self.value(out, inner);
                out.push_str(",\"comment\":");
                string(out, comment);
                out.push('}');
            }
            Value::Struct { fields, elided, .. } => self.structure(out, fields, *elided),
            Value::Array { items, elided } => {
                if *elided {
                    out.push_str("{\"list\":");
                }
                self.list(out, items);
                if *elided {
                    out.push_str(",\"more\":true}");
                }
            }
            Value::Set { items, inverted } => {
                out.push_str(if *inverted { "{\"all_but\":[" } else { "{\"set\":[" });
                for (i, item) in items.iter().enumerate() {
                    comma(out, i);
                    string(out, item);
                }
                out.push_str("]}");
            }
            Value::Call { function, args } => {
                out.push_str("{\"call\":");
                string(out, function);
                out.push_str(",\"args\":");
                self.list(out, args);
                out.push('}');
            }
            Value::Changed(before, after) => {
                out.push_str("{\"before\":");
                self.value(out, before);
                out.push_str(",\"after\":");
                self.value(out, after);
                out.push('}');
            }
        }
    }

    fn descriptor(&self, out: &mut String, fd: i32) {
        let _ = write!(out, "{{\"fd\":{fd}");
        self.known.descriptor(out, fd, self.at_exit);
        out.push('}');
    }

    fn constant(&self, out: &mut String, name: &str) {
        out.push_str("{\"const\":");
        string(out, name);
        if let Some(raw) = constants::number(self.arch, name) {
            out.push_str(",\"raw\":");
            unsigned(out, raw);
        }
        out.push('}');
    }

    fn flags(&self, out: &mut String, names: &[Cow<'static, str>], rest: u64) {
        out.push_str("{\"flags\":[");
        for (i, name) in names.iter().enumerate() {
            comma(out, i);
            string(out, name);
        }
        out.push(']');
        if rest != 0 {
            out.push_str(",\"rest\":");
            unsigned(out, rest);
        }
        let raw = names.iter().try_fold(rest, |all, name| Some(all | constants::number(self.arch, name)?));
        if let Some(raw) = raw {
            out.push_str(",\"raw\":");
            unsigned(out, raw);
        }
        out.push('}');
    }

    fn structure(&self, out: &mut String, fields: &[(Cow<'static, str>, Value)], elided: bool) {
        out.push_str("{\"struct\":{");
        let mut seen: Vec<&str> = Vec::with_capacity(fields.len());
        for (i, (name, value)) in fields.iter().enumerate() {
            // A field without a name is a call-like value: its function says what it is.
            let label = match value {
                Value::Call { function, .. } if name.is_empty() => function,
                _ => name.as_ref(),
            };
            comma(out, i);
            match seen.iter().filter(|known| **known == label).count() {
                0 if !label.is_empty() => string(out, label),
                // Keys of an object differ.
                again => string(out, &format!("{label}#{}", again + 1)),
            }
            seen.push(label);
            out.push(':');
            self.value(out, value);
        }
        out.push('}');
        if elided {
            out.push_str(",\"more\":true");
        }
        out.push('}');
    }

    fn list(&self, out: &mut String, items: &[Value]) {
        out.push('[');
        for (i, item) in items.iter().enumerate() {
            comma(out, i);
            self.value(out, item);
        }
        out.push(']');
    }
}

/// The names and the number in a text such as `IPC_CREAT|0600`: flags beside which something else stands. None if it is
/// anything else.
fn composite(text: &str) -> Option<(Vec<Cow<'static, str>>, u64)> {
    let (mut names, mut rest) = (Vec::new(), 0);
    for word in text.split('|') {
        let is_name = word.starts_with(|first: char| first.is_ascii_uppercase() || first == '_')
            && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
        if is_name {
            names.push(word.to_owned().into());
        } else if let Some(digits) = word.strip_prefix("0x") {
            rest |= u64::from_str_radix(digits, 16).ok()?;
        } else {
            // As C reads it: octal behind a zero.
            rest |= u64::from_str_radix(word, if word.starts_with('0') { 8 } else { 10 }).ok()?;
        }
    }
    (!names.is_empty() && text.contains('|')).then_some((names, rest))
}

/// `{"wait":"exited","status":3,"raw":768}`.
fn wait_status(out: &mut String, raw: u32) {
    let signal = |number: u32| super::signal_name(number as u8);
    // Writing to a String cannot fail.
    let _ = match wait_status::kind(raw) {
        Kind::Exited { status } => write!(out, "{{\"wait\":\"exited\",\"status\":{status}"),
        Kind::Signaled { signal: number, core } => {
            write!(out, "{{\"wait\":\"signaled\",\"signal\":\"{}\",\"core\":{core}", signal(number))
        }
        Kind::Stopped { signal: number, syscall } => {
            write!(out, "{{\"wait\":\"stopped\",\"signal\":\"{}\",\"syscall\":{syscall}", signal(number))
        }
        Kind::Continued => write!(out, "{{\"wait\":\"continued\""),
        Kind::Unknown => write!(out, "{{\"wait\":\"unknown\""),
    };
    if wait_status::event(raw) != 0 {
        let _ = write!(out, ",\"event\":{}", wait_status::event(raw));
    }
    let _ = write!(out, ",\"raw\":{raw}}}");
}

/// Bytes that the program had: a text, or an object if that would not say it all.
fn memory(out: &mut String, bytes: &[u8], true_len: u64, cut: bool) {
    match std::str::from_utf8(bytes) {
        Ok(text) if !cut => string(out, text),
        Ok(text) => {
            out.push_str("{\"cut\":");
            string(out, text);
            out.push_str(",\"length\":");
            unsigned(out, true_len);
            out.push('}');
        }
        Err(_) => hexadecimal(out, bytes, true_len),
    }
}

fn hexadecimal(out: &mut String, bytes: &[u8], true_len: u64) {
    out.push_str("{\"hex\":\"");
    for byte in bytes {
        let _ = write!(out, "{byte:02x}");
    }
    out.push_str("\",\"length\":");
    unsigned(out, true_len);
    out.push('}');
}

/// A text that need not be UTF-8, as a path or a name: escaped as strace escapes it if it is not.
pub fn bytes(out: &mut String, bytes: &[u8]) {
    match std::str::from_utf8(bytes) {
        Ok(text) => string(out, text),
        Err(_) => {
            let mut text = String::new();
            escaped(&mut text, bytes);
            out.push_str("{\"escaped\":");
            string(out, &text);
            out.push('}');
        }
    }
}

pub fn signed(out: &mut String, n: i64) {
    let _ = if n.unsigned_abs() <= EXACT { write!(out, "{n}") } else { write!(out, "{{\"int\":\"{n}\"}}") };
}

pub fn unsigned(out: &mut String, n: u64) {
    let _ = if n <= EXACT { write!(out, "{n}") } else { write!(out, "{{\"int\":\"{n}\"}}") };
}

fn comma(out: &mut String, index: usize) {
    if index > 0 {
        out.push(',');
    }
}

/// RFC 8259 section 7; the output is ASCII.
pub fn string(out: &mut String, text: &str) {
    out.push('"');
    text.chars().for_each(|c| character(out, c));
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
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(tree: Value) -> String {
        let mut out = String::new();
        value(&mut out, Arch::X86_64, &tree, &Nothing);
        let _: serde_json::Value = serde_json::from_str(&out).unwrap_or_else(|e| panic!("{out}: {e}"));
        out
    }

    fn text(bytes: &[u8], true_len: u64) -> Value {
        Value::Str { bytes: bytes.to_vec(), true_len, terminated: true }
    }

    #[test]
    fn every_kind_says_what_it_is() {
        assert_eq!(json(Value::Unsigned(EXACT)), "9007199254740991");
        assert_eq!(json(Value::Unsigned(u64::MAX)), r#"{"int":"18446744073709551615"}"#);
        assert_eq!(json(Value::Signed(i64::MIN)), r#"{"int":"-9223372036854775808"}"#);
        assert_eq!(json(Value::Null), "null");
        assert_eq!(json(Value::Address(u64::MAX)), r#"{"address":"0xffffffffffffffff"}"#);
        assert_eq!(json(Value::Fd(3)), r#"{"fd":3}"#);
        assert_eq!(json(Value::Named("SEEK_END".into())), r#"{"const":"SEEK_END","raw":2}"#);
        assert_eq!(json(Value::Mode(0o100644)), r#"{"mode":33188,"text":"S_IFREG|0644"}"#);
        let flags = Value::Flags { names: vec!["O_RDWR".into(), "O_CLOEXEC".into()], rest: 4, unknown: "" };
        assert_eq!(json(flags), r#"{"flags":["O_RDWR","O_CLOEXEC"],"rest":4,"raw":524294}"#);
        assert_eq!(json(Value::Changed(Value::Signed(-1).into(), Value::Null.into())), r#"{"before":-1,"after":null}"#);
        assert_eq!(json(Value::Set { items: vec!["INT".into()], inverted: true }), r#"{"all_but":["INT"]}"#);
        assert_eq!(json(Value::Signed(1).commented("one")), r#"{"value":1,"comment":"one"}"#);
    }

    #[test]
    fn what_wait_stored_is_taken_apart() {
        let status = |raw| json(Value::WaitStatus { raw, text: "{}".into() });
        assert_eq!(status(0x300), r#"{"wait":"exited","status":3,"raw":768}"#);
        assert_eq!(status(9), r#"{"wait":"signaled","signal":"SIGKILL","core":false,"raw":9}"#);
        assert_eq!(status(0x8b), r#"{"wait":"signaled","signal":"SIGSEGV","core":true,"raw":139}"#);
        assert_eq!(status(0x137f), r#"{"wait":"stopped","signal":"SIGSTOP","syscall":false,"raw":4991}"#);
        assert_eq!(status(0x4057f), r#"{"wait":"stopped","signal":"SIGTRAP","syscall":false,"event":4,"raw":263551}"#);
        assert_eq!(status(0x857f), r#"{"wait":"stopped","signal":"SIGTRAP","syscall":true,"raw":34175}"#);
        assert_eq!(status(0xffff), r#"{"wait":"continued","raw":65535}"#);
        assert_eq!(status(0xff), r#"{"wait":"unknown","raw":255}"#);
    }

    #[test]
    fn flags_with_something_beside_them_are_flags() {
        let text = |text: &'static str| json(Value::Text(text.into()));
        assert_eq!(text("IPC_CREAT|0600"), r#"{"flags":["IPC_CREAT"],"rest":384,"raw":896}"#);
        assert_eq!(text("FAN_CLASS_NOTIF|FAN_CLOEXEC"), r#"{"flags":["FAN_CLASS_NOTIF","FAN_CLOEXEC"],"raw":1}"#);
        for plain in ["...", "", "32*1024", "[2]=7", "A|b", "BPF_LD|", "SIGCHLD"] {
            assert_eq!(text(plain), format!(r#"{{"text":"{plain}"}}"#));
        }
    }

    #[test]
    fn memory_is_a_text_only_if_that_is_all() {
        assert_eq!(json(text("a\"\u{e9}\n\u{1f600}".as_bytes(), 9)), r#""a\"\u00e9\n\ud83d\ude00""#);
        assert_eq!(json(text(b"abc", 9)), r#"{"cut":"abc","length":9}"#);
        assert_eq!(json(text(b"\xff\0", 2)), r#"{"hex":"ff00","length":2}"#);
        let mut out = String::new();
        bytes(&mut out, b"/a\xff");
        assert_eq!(out, r#"{"escaped":"/a\\377"}"#);
    }

    #[test]
    fn structures_have_every_field_once() {
        let call = |n| Value::Call { function: "makedev", args: vec![Value::Hex(n)] };
        let fields =
            vec![("a".into(), Value::Null), ("".into(), call(1)), ("".into(), call(2)), ("".into(), Value::Null)];
        assert_eq!(
            json(Value::Struct { name: "s", fields, elided: true }),
            r##"{"struct":{"a":null,"makedev":{"call":"makedev","args":[1]},"makedev#2":{"call":"makedev","args":[2]},"#1":null},"more":true}"##
        );
    }

    #[test]
    fn results_are_values_errors_or_ends() {
        let said = |outcome, marks, descriptor| {
            let mut out = String::new();
            result(&mut out, outcome, marks, descriptor, &Nothing);
            out
        };
        assert_eq!(said(None, Marks::NONE, false), "null");
        assert_eq!(
            said(Some(Outcome::Returned(3)), Marks::INJECTED, true),
            r#"{"value":3,"descriptor":{"fd":3},"injected":true}"#
        );
        assert_eq!(
            said(Some(Outcome::Failed(2)), Marks::NONE, false),
            r#"{"errno":2,"error":"ENOENT","message":"No such file or directory"}"#
        );
        assert_eq!(said(Some(Outcome::NeverReturned), Marks::NONE, false), r#"{"ended":"never returned"}"#);
    }
}
