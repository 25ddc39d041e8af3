//! One printed value as a tree: numbers, names, strings, structures, lists. The tree prints as the text that it was read
//! from, to the letter; what would not is kept as text. Any text is taken.

use std::borrow::Cow;

use super::value::Value;

/// Structures in structures that are taken apart; what lies deeper is text.
const DEPTH_LIMIT: usize = 24;

/// Values that look like a call of a function.
const FUNCTIONS: [&str; 11] = [
    "makedev",
    "htons",
    "htonl",
    "inet_addr",
    "inet_pton",
    "if_nametoindex",
    "KERNEL_VERSION",
    "IOPRIO_PRIO_VALUE",
    "QCMD",
    "_IOC",
    "v4l2_fourcc",
];

/// Reads a value.
pub fn read(text: &str) -> Value {
    value(text, DEPTH_LIMIT)
}

/// The tree of a text, or the text.
fn value(text: &str, depth: usize) -> Value {
    match tree(text, depth) {
        Some(tree) if tree.text() == text => tree,
        _ => Value::Text(Cow::Owned(text.to_string())),
    }
}

fn tree(text: &str, depth: usize) -> Option<Value> {
    let depth = depth.checked_sub(1)?;
    if let Some((before, after)) = top_level(text, " => ") {
        return Some(Value::Changed(Box::new(value(before, depth)), Box::new(value(after, depth))));
    }
    if let Some(body) = text.strip_suffix(" */") {
        let (inner, comment) = body.rsplit_once(" /* ")?;
        return Some(value(inner, depth).commented(comment.to_string()));
    }
    match text.as_bytes().first()? {
        b'"' => string(text),
        b'{' => structure(text.strip_prefix('{')?.strip_suffix('}')?, depth),
        b'[' => list(text.strip_prefix('[')?.strip_suffix(']')?, depth),
        b'~' => set(text.strip_prefix("~[")?.strip_suffix(']')?, true),
        b'-' | b'0'..=b'9' => number(text).or_else(|| flags(text)),
        b'A'..=b'Z' | b'a'..=b'z' | b'_' => word(text, depth),
        _ => None,
    }
}

fn number(text: &str) -> Option<Value> {
    if let Some(digits) = text.strip_prefix("0x") {
        return u64::from_str_radix(digits, 16).ok().map(Value::Hex);
    }
    if text.starts_with('-') {
        return text.parse().ok().map(Value::Signed);
    }
    if text.len() > 1 && text.starts_with('0') {
        return u64::from_str_radix(text, 8).ok().map(Value::Octal);
    }
    text.parse().ok().map(Value::Unsigned)
}

fn word(text: &str, depth: usize) -> Option<Value> {
    if text == "NULL" {
        return Some(Value::Null);
    }
    if is_word(text) {
        return Some(Value::Named(Cow::Owned(text.to_string())));
    }
    if let Some((name, args)) = text.strip_suffix(')').and_then(|text| text.split_once('(')) {
        let function = *FUNCTIONS.iter().find(|function| **function == name)?;
        return Some(Value::Call { function, args: items(args, b",").map(|arg| value(arg, depth)).collect() });
    }
    flags(text)
}

/// `O_RDWR|O_CREAT|0x4`.
fn flags(text: &str) -> Option<Value> {
    let mut names: Vec<Cow<'static, str>> = Vec::new();
    let mut rest = 0;
    for part in text.split('|') {
        match part.strip_prefix("0x").and_then(|digits| u64::from_str_radix(digits, 16).ok()) {
            Some(bits) => rest |= bits,
            None if is_word(part) || part.starts_with("1<<") && is_word(&part[3..]) => {
                names.push(Cow::Owned(part.to_string()));
            }
            None => return None,
        }
    }
    Some(Value::Flags { names, rest, unknown: "" })
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn string(text: &str) -> Option<Value> {
    let (bytes, cut) = unquote(text)?;
    let true_len = bytes.len() as u64 + u64::from(cut);
    let plain = Value::Str { bytes, true_len, terminated: true };
    match plain {
        Value::Str { bytes, true_len, .. } if text.starts_with("\"\\x") => Some(Value::HexStr { bytes, true_len }),
        plain => Some(plain),
    }
}

/// The bytes of a C string that takes the whole text, and whether `...` says that there was more.
pub fn unquote(text: &str) -> Option<(Vec<u8>, bool)> {
    let body = text.strip_prefix('"')?;
    let mut bytes = Vec::with_capacity(body.len());
    let mut rest = body.as_bytes();
    loop {
        let (&first, after) = rest.split_first()?;
        rest = after;
        match first {
            b'"' => break,
            b'\\' => {
                let (&kind, after) = rest.split_first()?;
                rest = after;
                bytes.push(match kind {
                    b'n' => b'\n',
                    b't' => b'\t',
                    b'r' => b'\r',
                    b'v' => 0x0b,
                    b'f' => 0x0c,
                    b'a' => 0x07,
                    b'b' => 0x08,
                    b'x' => {
                        let digits = rest.get(..2)?;
                        rest = &rest[2..];
                        u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?
                    }
                    b'0'..=b'7' => {
                        let mut byte = u32::from(kind - b'0');
                        for _ in 0..2 {
                            let Some(digit @ b'0'..=b'7') = rest.first() else { break };
                            byte = byte * 8 + u32::from(digit - b'0');
                            rest = &rest[1..];
                        }
                        u8::try_from(byte).ok()?
                    }
                    other => other,
                });
            }
            byte => bytes.push(byte),
        }
    }
    match rest {
        b"" => Some((bytes, false)),
        b"..." => Some((bytes, true)),
        _ => None,
    }
}

fn structure(body: &str, depth: usize) -> Option<Value> {
    let mut fields = Vec::new();
    let mut elided = false;
    for item in items(body, b",") {
        if elided {
            return None;
        }
        if item == "..." {
            elided = true;
            continue;
        }
        let field = item.split_once('=').filter(|(name, _)| is_word(name));
        let (name, text) = field.unwrap_or(("", item));
        fields.push((Cow::Owned(name.to_string()), value(text, depth)));
    }
    Some(Value::Struct { name: "", fields, elided })
}

fn list(body: &str, depth: usize) -> Option<Value> {
    let comma = end_of_piece(body, b",") < body.len();
    // Signals and descriptors of a set have spaces between them.
    if !comma && (end_of_piece(body, b" ") < body.len()) && body.split(' ').all(is_member) {
        return set(body, false);
    }
    let mut all = Vec::new();
    let mut elided = false;
    for item in items(body, b",") {
        match item {
            _ if elided => return None,
            "..." => elided = true,
            item => all.push(value(item, depth)),
        }
    }
    Some(Value::Array { items: all, elided })
}

fn set(body: &str, inverted: bool) -> Option<Value> {
    let items = body.split(' ').filter(|item| !item.is_empty()).map(|item| Cow::Owned(item.to_string())).collect();
    Some(Value::Set { items, inverted })
}

fn is_member(text: &str) -> bool {
    is_word(text) || text.split('<').next().is_some_and(is_word)
}

/// What stands between `, `.
fn items<'a>(text: &'a str, stop: &'static [u8]) -> impl Iterator<Item = &'a str> {
    let mut rest = Some(text).filter(|text| !text.is_empty());
    std::iter::from_fn(move || {
        let text = rest?;
        let end = end_of_piece(text, stop);
        rest = text[end..].get(1..).map(|more| more.strip_prefix(' ').unwrap_or(more));
        Some(&text[..end])
    })
}

/// The text before and after the first occurrence of a mark that no bracket and no string holds.
fn top_level<'a>(text: &'a str, mark: &str) -> Option<(&'a str, &'a str)> {
    if !text.contains(mark) {
        return None;
    }
    let mut at = 0;
    while at < text.len() {
        at += end_of_piece(&text[at..], b" ");
        if text[at..].starts_with(mark) {
            return Some((&text[..at], &text[at + mark.len()..]));
        }
        at += 1;
    }
    None
}

/// Where the first of the stop bytes is that no bracket, string or comment holds; a bracket that closes what was not
/// opened ends the piece, too. All of the text is ASCII around what matters, so this is a border of characters.
pub fn end_of_piece(text: &str, stops: &[u8]) -> usize {
    let bytes = text.as_bytes();
    let mut depth = 0usize;
    let mut at = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        match byte {
            _ if depth == 0 && stops.contains(&byte) => return at,
            b'"' => at = end_of_string(bytes, at),
            b'/' if bytes.get(at + 1) == Some(&b'*') => {
                let end = bytes[at..].windows(2).position(|pair| pair == b"*/");
                at = end.map_or(bytes.len(), |end| at + end + 1);
            }
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => match depth.checked_sub(1) {
                Some(less) => depth = less,
                None => return at,
            },
            // What is behind a descriptor, or a task's name.
            b'<' if at > 0 && bytes[at - 1].is_ascii_alphanumeric() && bytes.get(at + 1) != Some(&b'<') => {
                at = end_of_angles(bytes, at).unwrap_or(at);
            }
            b'<' if bytes.get(at + 1) == Some(&b'<') => at += 1,
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

/// The index of the quote that ends a string.
fn end_of_string(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 1,
            b'"' => return at,
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

/// The index of the `>` that ends what begins with `<`; arrows (`->`) do not.
pub fn end_of_angles(bytes: &[u8], start: usize) -> Option<usize> {
    let mut depth = 0usize;
    for (at, &byte) in bytes.iter().enumerate().skip(start) {
        match byte {
            b'<' => depth += 1,
            b'>' if bytes[at - 1] != b'-' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_strace_prints_becomes_a_tree_that_prints_the_same() {
        for (text, is) in [
            ("NULL", "Null"),
            ("-1", "Signed"),
            ("0", "Unsigned"),
            ("0x7ffe", "Hex"),
            ("0644", "Octal"),
            ("O_RDONLY", "Named"),
            ("O_RDONLY|O_CLOEXEC|0x8", "Flags"),
            ("1<<CAP_CHOWN|1<<CAP_KILL", "Flags"),
            (r#""a\n\0\"b""#, "Str"),
            (r#""abc"..."#, "Str"),
            (r#""\x7f\x45"..."#, "HexStr"),
            ("{st_mode=S_IFREG|0644, st_size=5, ...}", "Struct"),
            ("{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr(\"127.0.0.1\")}", "Struct"),
            ("[{WIFEXITED(s) && WEXITSTATUS(s) == 0}]", "Array"),
            ("[3, 4]", "Array"),
            ("[16 => 4]", "Array"),
            ("[]", "Array"),
            ("~[RTMIN RT_1]", "Set"),
            ("[INT CHLD]", "Set"),
            ("0x7ffe /* 24 vars */", "Commented"),
            ("{flags=CLONE_VM} => {parent_tid=[5]}", "Changed"),
            ("makedev(0x1, 0x3)", "Call"),
            ("3</etc/a, b>", "Text"),
            ("sizeof(struct x)", "Text"),
            ("", "Text"),
        ] {
            let value = read(text);
            assert_eq!(value.text(), text);
            let kind = format!("{value:?}");
            assert!(kind.starts_with(is), "{text} is {kind}");
        }
    }

    #[test]
    fn pieces_end_where_no_bracket_and_no_string_holds_the_comma() {
        let pieces = super::super::printed::pieces;
        assert_eq!(pieces(r#"3</tmp/a, b(>, "a, \"b", {c=[1, 2]}, f(d, e) /* x, y */"#).len(), 4);
        assert_eq!(
            pieces("3<TCP:[1.2.3.4:5->6.7.8.9:10]>, 1<</dev/x>"),
            ["3<TCP:[1.2.3.4:5->6.7.8.9:10]>", "1<</dev/x>"]
        );
        assert_eq!(pieces("0, "), ["0", ""]);
        assert!(pieces("").is_empty());
    }

    proptest! {
        #[test]
        fn any_text_is_taken_and_kept(text in "[ -~]{0,60}") {
            prop_assert_eq!(read(&text).text(), text);
        }

        #[test]
        fn text_of_brackets_and_quotes_is_kept(text in "[]\\[{}()\"<>,=| ~0ax/*\\\\.-]{0,40}") {
            prop_assert_eq!(read(&text).text(), text.clone());
            super::super::printed::pieces(&text);
        }
    }
}
