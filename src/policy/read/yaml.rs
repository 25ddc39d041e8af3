//! The YAML that seccomp profiles are written in, read into the same values as JSON: block and flow collections, plain
//! and quoted scalars, comments, several documents. Left out: anchors, tags, block scalars; each is refused by name.

use crate::policy::error::Fault;
use crate::policy::json::{self, Kind, Member, Value};

const MAX_DEPTH: usize = 32;

struct Line<'a> {
    /// The byte at which the content starts.
    at: usize,
    indent: usize,
    content: &'a str,
}

/// Documents of one file, more than these are refused.
const MAX_DOCUMENTS: usize = 64;

/// Reads all documents, of which there is at least one.
pub fn documents(text: &str) -> Result<Vec<Value>, Fault> {
    let mut parts: Vec<Vec<Line>> = vec![Vec::new()];
    for (start, line) in super::lines(text) {
        let content = uncommented(line);
        let trimmed = content.trim_start_matches(' ');
        let indent = content.len() - trimmed.len();
        if trimmed.starts_with('\t') {
            return Err(Fault::new(start + indent, "YAML is indented with spaces, not with tabs"));
        }
        match content {
            "" => {}
            "---" | "..." if parts.len() > MAX_DOCUMENTS => {
                return Err(Fault::new(start, format!("more than {MAX_DOCUMENTS} documents in one file")));
            }
            "---" | "..." => parts.push(Vec::new()),
            _ if trimmed.is_empty() => {}
            _ => {
                let content = trimmed.trim_end();
                parts.last_mut().into_iter().for_each(|lines| lines.push(Line { at: start + indent, indent, content }));
            }
        }
    }
    parts.retain(|lines| !lines.is_empty());
    if parts.is_empty() {
        return Err(Fault::new(0, "there is nothing in this file"));
    }
    parts.into_iter().map(document).collect()
}

fn document(lines: Vec<Line>) -> Result<Value, Fault> {
    let indent = lines.first().map_or(0, |line| line.indent);
    let mut reader = Reader { lines, next: 0 };
    let value = reader.block(indent, 0)?;
    match reader.lines.get(reader.next) {
        None => Ok(value),
        Some(line) => Err(Fault::new(line.at, "this line is indented less than what it belongs to")),
    }
}

/// A line without its comment: `#` at the start or after a space, outside quotes.
fn uncommented(line: &str) -> &str {
    let mut quote = None;
    let mut before = ' ';
    for (at, c) in line.char_indices() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (Some(_), _) => {}
            (None, '#') if before == ' ' || before == '\t' => return line[..at].trim_end(),
            (None, '"' | '\'') if matches!(before, ' ' | '[' | '{' | ',' | ':') => quote = Some(c),
            _ => {}
        }
        before = c;
    }
    line.trim_end()
}

struct Reader<'a> {
    lines: Vec<Line<'a>>,
    next: usize,
}

impl<'a> Reader<'a> {
    fn here(&self, indent: usize) -> Option<(usize, &'a str)> {
        let line = self.lines.get(self.next)?;
        (line.indent == indent).then_some((line.at, line.content))
    }

    /// The lines of this indentation: a list, a map or a scalar.
    fn block(&mut self, indent: usize, depth: usize) -> Result<Value, Fault> {
        let (at, content) = self.here(indent).ok_or_else(|| Fault::new(0, "a value is missing"))?;
        if depth > MAX_DEPTH {
            return Err(Fault::new(at, format!("nested deeper than {MAX_DEPTH} levels")));
        }
        if is_item(content) {
            return self.list(indent, depth);
        }
        if key(content, at)?.is_some() {
            return self.map(indent, depth);
        }
        self.next += 1;
        scalar(content, at)
    }

    fn list(&mut self, indent: usize, depth: usize) -> Result<Value, Fault> {
        let mut items = Vec::new();
        let start = self.lines[self.next].at;
        let mut end = start;
        while let Some((at, content)) = self.here(indent).filter(|(_, content)| is_item(content)) {
            let rest = content[1..].trim_start();
            let item = if rest.is_empty() {
                self.next += 1;
                self.nested(indent, at, depth)?
            } else {
                // What stands after the dash is indented as far as it stands to the right.
                let skip = content.len() - rest.len();
                let line = &mut self.lines[self.next];
                (line.at, line.indent, line.content) = (at + skip, indent + skip, rest);
                self.block(indent + skip, depth + 1)?
            };
            end = item.span.end;
            items.push(Value { span: at..item.span.end, ..item });
        }
        Ok(Value { span: start..end, kind: Kind::Array(items) })
    }

    fn map(&mut self, indent: usize, depth: usize) -> Result<Value, Fault> {
        let mut members = Vec::new();
        let start = self.lines[self.next].at;
        let mut end = start;
        while let Some((at, content)) = self.here(indent) {
            if is_item(content) {
                break;
            }
            let Some((word, rest)) = key(content, at)? else {
                return Err(Fault::new(at, "a key with a colon should stand here"));
            };
            self.next += 1;
            let value = if rest.is_empty() {
                // Lists may stand as far left as their key.
                match self.here(indent).filter(|(_, content)| is_item(content)) {
                    Some(_) => self.list(indent, depth + 1)?,
                    None => self.nested(indent, at, depth)?,
                }
            } else {
                scalar(rest, at + content.len() - rest.len())?
            };
            end = value.span.end.max(at + content.len());
            members.push(Member { key: word, key_at: at, value });
        }
        if let Some(line) = self.lines.get(self.next).filter(|line| line.indent > indent) {
            return Err(Fault::new(line.at, "this line is indented more than what it belongs to"));
        }
        Ok(Value { span: start..end, kind: Kind::Object(members) })
    }

    /// The block below a line, if it is indented further; else null.
    fn nested(&mut self, indent: usize, at: usize, depth: usize) -> Result<Value, Fault> {
        match self.lines.get(self.next) {
            Some(line) if line.indent > indent => self.block(line.indent, depth + 1),
            _ => Ok(Value { span: at..at, kind: Kind::Null }),
        }
    }
}

fn is_item(content: &str) -> bool {
    content == "-" || content.starts_with("- ")
}

/// `key:` or `key: value`.
fn key(content: &str, at: usize) -> Result<Option<(String, &str)>, Fault> {
    if content.starts_with(['[', '{']) {
        return Ok(None);
    }
    if let Some(quote) = content.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        let Some(close) = content[1..].find(quote) else {
            return Err(Fault::new(at, "this string has no closing quote"));
        };
        let rest = &content[close + 2..];
        return Ok(rest.strip_prefix(':').map(|rest| (content[1..=close].to_owned(), rest.trim_start())));
    }
    let cut = match content.find(": ") {
        Some(cut) => cut,
        None if content.ends_with(':') => content.len() - 1,
        None => return Ok(None),
    };
    Ok(Some((content[..cut].trim_end().to_owned(), content[cut + 1..].trim_start())))
}

fn scalar(text: &str, at: usize) -> Result<Value, Fault> {
    let span = at..at + text.len();
    let refuse = |what: &str| Err(Fault::new(at, format!("{what} are not read here; write the value out")));
    let kind = match text.as_bytes().first() {
        Some(b'&' | b'*') => return refuse("anchors and aliases"),
        Some(b'!') => return refuse("tags"),
        Some(b'|' | b'>') => return refuse("block scalars"),
        Some(b'[' | b'{') => return flow(text, at),
        Some(b'"') => match json::read(text) {
            Ok(Value { kind, .. }) => kind,
            Err(fault) => return Err(Fault::new(at + fault.offset, fault.message)),
        },
        Some(b'\'') => match text[1..].strip_suffix('\'').filter(|_| text.len() > 1) {
            Some(inner) => Kind::String(inner.replace("''", "'")),
            None => return Err(Fault::new(at, "this string has no closing quote")),
        },
        _ => plain(text),
    };
    Ok(Value { span, kind })
}

fn plain(text: &str) -> Kind {
    match text {
        "null" | "~" => Kind::Null,
        "true" => Kind::Bool(true),
        "false" => Kind::Bool(false),
        _ => match text.strip_prefix("0x").map(|digits| u64::from_str_radix(digits, 16)) {
            Some(Ok(number)) => Kind::Number(number.to_string()),
            _ if text.bytes().all(|b| b.is_ascii_digit()) => Kind::Number(text.to_owned()),
            _ => Kind::String(text.to_owned()),
        },
    }
}

/// `[a, b]`; flow maps are JSON's.
fn flow(text: &str, at: usize) -> Result<Value, Fault> {
    if let Ok(mut value) = json::read(text) {
        shift(&mut value, at);
        return Ok(value);
    }
    let inner = text.strip_prefix('[').and_then(|t| t.strip_suffix(']'));
    let Some(inner) = inner.filter(|inner| !inner.contains(['[', '{'])) else {
        return Err(Fault::new(at, "this is no list in brackets on one line; write one item a line"));
    };
    let mut items = Vec::new();
    let mut start = at + 1;
    for piece in inner.split(',') {
        let word = piece.trim();
        if !word.is_empty() {
            items.push(scalar(word, start + (piece.len() - piece.trim_start().len()))?);
        }
        start += piece.len() + 1;
    }
    Ok(Value { span: at..at + text.len(), kind: Kind::Array(items) })
}

/// Moves a value to where its text stands.
pub fn shift(value: &mut Value, by: usize) {
    value.span = value.span.start + by..value.span.end + by;
    match &mut value.kind {
        Kind::Array(items) => items.iter_mut().for_each(|item| shift(item, by)),
        Kind::Object(members) => members.iter_mut().for_each(|member| {
            member.key_at += by;
            shift(&mut member.value, by);
        }),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A value as JSON, without places.
    fn shown(value: &Value) -> String {
        match &value.kind {
            Kind::Null => "null".into(),
            Kind::Bool(b) => b.to_string(),
            Kind::Number(n) => n.clone(),
            Kind::String(s) => format!("{s:?}"),
            Kind::Array(items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(",")),
            Kind::Object(members) => {
                let members: Vec<_> = members.iter().map(|m| format!("{}:{}", m.key, shown(&m.value))).collect();
                format!("{{{}}}", members.join(","))
            }
        }
    }

    fn one(text: &str) -> Result<Value, Fault> {
        documents(text).map(|mut all| all.remove(0))
    }

    #[test]
    fn documents_are_divided() {
        let all = documents("# first\n---\na: 1\n---\n---\n  - b\n...\n").unwrap_or_else(|e| panic!("{}", e.message));
        assert_eq!(all.iter().map(shown).collect::<Vec<_>>(), ["{a:1}", "[\"b\"]"]);
        assert!(documents(&"---\na: 1\n".repeat(100)).is_err_and(|e| e.message.contains("more than 64")));
    }

    #[test]
    fn what_profiles_use() {
        for (text, wanted) in [
            ("---\na: b # c\n", "{a:\"b\"}"),
            ("a:\n- x\n- 'y z'\nb: 0x10\n", "{a:[\"x\",\"y z\"],b:16}"),
            ("a:\n  - k: 1\n    l:\n      - m\n  - k: \"2\"\n", "{a:[{k:1,l:[\"m\"]},{k:\"2\"}]}"),
            ("a: [x, y]\nb: []\nc: {\"d\": 1}\n", "{a:[\"x\",\"y\"],b:[],c:{d:1}}"),
            ("a:\nb: true\n", "{a:null,b:true}"),
            ("-\n  a: 1\n- 2\n", "[{a:1},2]"),
            ("\"q: r\": 'it''s'\n", "{q: r:\"it's\"}"),
        ] {
            assert_eq!(one(text).map(|v| shown(&v)).unwrap_or_else(|e| e.message), wanted, "{text}");
        }
    }

    #[test]
    fn complaints_point_at_the_place() {
        for (text, offset, part) in [
            ("", 0, "nothing"),
            ("a:\n\tb: 1\n", 3, "tabs"),
            ("a: &x 1\n", 3, "anchors"),
            ("a: 1\n  b: 2\n", 7, "indented more"),
            ("  a: 1\nb: 2\n", 7, "indented less"),
            ("a: 'x\n", 3, "closing quote"),
            ("a: 1\nword\n", 5, "colon"),
        ] {
            let fault = documents(text).expect_err(text);
            assert_eq!(fault.offset, offset, "{text}: {}", fault.message);
            assert!(fault.message.contains(part), "{text}: {}", fault.message);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_value_or_a_complaint(text in "([ \\-:#'\"\\[\\]{},a1ä\t\n]|- |: |  ){0,40}") {
            match documents(&text) {
                Ok(values) => prop_assert!(values.iter().all(|value| text.get(value.span.clone()).is_some())),
                Err(fault) => prop_assert!(fault.offset <= text.len()),
            }
        }
    }
}
