//! A JSON reader that remembers where each value stands (RFC 8259), so that every complaint has a line and every rule can
//! be quoted as it was written. Left out: what the values mean (`parse`), floating-point numbers (kept as text).

use std::ops::Range;

use super::error::Fault;

/// Nesting deeper than this is refused, so that no input can exhaust the stack.
const MAX_DEPTH: usize = 64;

#[derive(Debug, PartialEq)]
pub(super) struct Value {
    /// Bytes of the text.
    pub span: Range<usize>,
    pub kind: Kind,
}

#[derive(Debug, PartialEq)]
pub(super) enum Kind {
    Null,
    Bool(bool),
    /// As written.
    Number(String),
    String(String),
    Array(Vec<Value>),
    /// In file order, doubles included.
    Object(Vec<Member>),
}

#[derive(Debug, PartialEq)]
pub(super) struct Member {
    pub key: String,
    pub key_at: usize,
    pub value: Value,
}

impl Value {
    /// What it is, for a complaint.
    pub fn what(&self) -> &'static str {
        match self.kind {
            Kind::Null => "null",
            Kind::Bool(_) => "true or false",
            Kind::Number(_) => "a number",
            Kind::String(_) => "a string",
            Kind::Array(_) => "a list",
            Kind::Object(_) => "an object",
        }
    }
}

/// Reads one document.
pub(super) fn read(text: &str) -> Result<Value, Fault> {
    let mut reader = Reader { text, at: 0 };
    let value = reader.value(0)?;
    reader.space();
    match reader.peek() {
        None => Ok(value),
        Some(_) => Err(reader.unexpected("the end of the file")),
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn unexpected(&self, wanted: &str) -> Fault {
        let message = match self.text.get(self.at..).and_then(|rest| rest.chars().next()) {
            None => format!("the file ends where {wanted} should follow"),
            Some('/' | '#') => format!("JSON has no comments; {wanted} should follow here"),
            Some(c) => format!("{c:?} stands where {wanted} should follow"),
        };
        Fault::new(self.at, message)
    }

    fn value(&mut self, depth: usize) -> Result<Value, Fault> {
        self.space();
        let start = self.at;
        if depth > MAX_DEPTH {
            return Err(Fault::new(start, format!("nested deeper than {MAX_DEPTH} levels")));
        }
        let kind = match self.peek() {
            Some(b'{') => self.object(depth)?,
            Some(b'[') => self.array(depth)?,
            Some(b'"') => Kind::String(self.string()?),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            _ => self.word()?,
        };
        Ok(Value { span: start..self.at, kind })
    }

    fn word(&mut self) -> Result<Kind, Fault> {
        let rest = &self.text[self.at..];
        for (word, kind) in [("null", Kind::Null), ("true", Kind::Bool(true)), ("false", Kind::Bool(false))] {
            if rest.starts_with(word) {
                self.at += word.len();
                return Ok(kind);
            }
        }
        Err(self.unexpected("a value"))
    }

    fn number(&mut self) -> Result<Kind, Fault> {
        let start = self.at;
        self.skip(b'-');
        if !self.skip(b'0') {
            self.digits()?;
        }
        if self.skip(b'.') {
            self.digits()?;
        }
        if self.skip(b'e') || self.skip(b'E') {
            let _ = self.skip(b'+') || self.skip(b'-');
            self.digits()?;
        }
        Ok(Kind::Number(self.text[start..self.at].to_owned()))
    }

    fn skip(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn digits(&mut self) -> Result<(), Fault> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start { Err(self.unexpected("a digit")) } else { Ok(()) }
    }

    fn string(&mut self) -> Result<String, Fault> {
        let opening = self.at;
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = &self.text[self.at..];
            let Some(c) = rest.chars().next() else {
                return Err(Fault::new(opening, "this string has no closing quote"));
            };
            match c {
                '"' => {
                    self.at += 1;
                    return Ok(out);
                }
                '\\' => out.push(self.escape()?),
                c if c < ' ' => {
                    let message =
                        format!("{c:?} must be written as an escape inside a string; is the closing quote missing?");
                    return Err(Fault::new(self.at, message));
                }
                c => {
                    out.push(c);
                    self.at += c.len_utf8();
                }
            }
        }
    }

    fn escape(&mut self) -> Result<char, Fault> {
        let start = self.at;
        self.at += 1;
        let simple = match self.peek() {
            Some(c @ (b'"' | b'\\' | b'/')) => c as char,
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(start),
            _ => return Err(Fault::new(start, "unknown escape; JSON has \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX")),
        };
        self.at += 1;
        Ok(simple)
    }

    /// `\uXXXX`, or two of them that form a surrogate pair. A lone surrogate becomes U+FFFD, as in Go.
    fn unicode(&mut self, start: usize) -> Result<char, Fault> {
        let first = self.hex4(start)?;
        if (0xd800..0xdc00).contains(&first) && self.text[self.at..].starts_with("\\u") {
            let back = self.at;
            self.at += 1;
            let second = self.hex4(start)?;
            if (0xdc00..0xe000).contains(&second) {
                let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                return Ok(char::from_u32(code).unwrap_or('\u{fffd}'));
            }
            self.at = back;
        }
        Ok(char::from_u32(first).unwrap_or('\u{fffd}'))
    }

    /// The four digits after the `u` that `at` points to.
    fn hex4(&mut self, start: usize) -> Result<u32, Fault> {
        let digits = self.text.get(self.at + 1..self.at + 5).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
        let digits = digits.ok_or_else(|| Fault::new(start, "\\u needs four hexadecimal digits"))?;
        self.at += 5;
        u32::from_str_radix(digits, 16).map_err(|e| Fault::new(start, e.to_string()))
    }

    fn array(&mut self, depth: usize) -> Result<Kind, Fault> {
        self.at += 1;
        let mut items = Vec::new();
        self.space();
        if self.skip(b']') {
            return Ok(Kind::Array(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.space();
            if self.skip(b']') {
                return Ok(Kind::Array(items));
            }
            if !self.skip(b',') {
                return Err(self.unexpected("a comma or ]"));
            }
            self.no_trailing_comma(b']')?;
        }
    }

    fn object(&mut self, depth: usize) -> Result<Kind, Fault> {
        self.at += 1;
        let mut members = Vec::new();
        self.space();
        if self.skip(b'}') {
            return Ok(Kind::Object(members));
        }
        loop {
            self.space();
            let key_at = self.at;
            if self.peek() != Some(b'"') {
                return Err(self.unexpected("a key in quotes"));
            }
            let key = self.string()?;
            self.space();
            if !self.skip(b':') {
                return Err(self.unexpected("a colon"));
            }
            let value = self.value(depth + 1)?;
            members.push(Member { key, key_at, value });
            self.space();
            if self.skip(b'}') {
                return Ok(Kind::Object(members));
            }
            if !self.skip(b',') {
                return Err(self.unexpected("a comma or }"));
            }
            self.no_trailing_comma(b'}')?;
        }
    }

    fn no_trailing_comma(&mut self, closing: u8) -> Result<(), Fault> {
        let comma = self.at - 1;
        self.space();
        if self.peek() == Some(closing) {
            return Err(Fault::new(comma, format!("JSON allows no comma before {}", closing as char)));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The same value as serde_json sees it.
    fn same(ours: &Value, theirs: &serde_json::Value) -> bool {
        use serde_json::Value as V;
        match (&ours.kind, theirs) {
            (Kind::Null, V::Null) => true,
            (Kind::Bool(a), V::Bool(b)) => a == b,
            (Kind::Number(a), V::Number(b)) => a.parse::<f64>().ok() == b.as_f64(),
            (Kind::String(a), V::String(b)) => a == b,
            (Kind::Array(a), V::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
            (Kind::Object(a), V::Object(b)) => {
                // The last of doubled keys counts.
                b.iter().all(|(key, b)| a.iter().rev().find(|m| m.key == *key).is_some_and(|m| same(&m.value, b)))
                    && a.iter().all(|m| b.contains_key(&m.key))
            }
            _ => false,
        }
    }

    #[test]
    fn spans_are_the_values_own_bytes() {
        let text = " {\"a\" : [1, \"x\" ]} ";
        let value = read(text).unwrap();
        assert_eq!(&text[value.span.clone()], "{\"a\" : [1, \"x\" ]}");
        let Kind::Object(members) = value.kind else { panic!() };
        assert_eq!((members[0].key_at, &text[members[0].value.span.clone()]), (2, "[1, \"x\" ]"));
    }

    #[test]
    fn complaints_point_at_the_place() {
        for (text, offset, part) in [
            ("", 0, "ends"),
            ("{\"a\":1,}", 6, "no comma before }"),
            ("[1 2]", 3, "comma or ]"),
            ("// x", 0, "no comments"),
            ("\"abc", 0, "closing quote"),
            ("\"\\q\"", 1, "unknown escape"),
            ("\"a\nb\"", 2, "escape inside"),
            ("01", 1, "end of the file"),
            ("{a:1}", 1, "key in quotes"),
        ] {
            let fault = read(text).unwrap_err();
            assert_eq!(fault.offset, offset, "{text}: {}", fault.message);
            assert!(fault.message.contains(part), "{text}: {}", fault.message);
        }
        assert!(read(&"[".repeat(100_000)).unwrap_err().message.contains("deeper"));
    }

    proptest! {
        #[test]
        fn agrees_with_serde_json(text in r#"[\[\]{}:, "a1.eE+\\u0d8-]{0,24}|(\[|\{"a":|1|,|"x"|\]|\}|null|true|-0\.5e3| ){0,12}"#) {
            match (read(&text), serde_json::from_str::<serde_json::Value>(&text)) {
                (Ok(ours), Ok(theirs)) => prop_assert!(same(&ours, &theirs), "{ours:?} {theirs}"),
                // Numbers that no f64 holds, and lone surrogates, are fine here: the text is kept, and Go accepts them.
                (Ok(_), Err(e)) => prop_assert!(
                    e.to_string().contains("out of range") || text.contains("\\u"), "{text}: only serde_json refuses: {e}"),
                (Err(e), Ok(_)) => prop_assert!(false, "{text}: only we refuse: {}", e.message),
                (Err(_), Err(_)) => {}
            }
        }
    }
}
