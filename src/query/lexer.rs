//! A line of the filter language as tokens, each with its column for error messages.

use super::QueryError;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    /// In characters, from 0.
    pub column: usize,
    pub kind: Kind,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Open,
    Close,
    Not,
    And,
    Or,
    /// Characters up to a space, a parenthesis or a quote; a value in quotes may follow at once (`path:"a b"`).
    Word {
        text: String,
        value: Option<Quoted>,
    },
    /// Text in quotes on its own.
    Quoted(Quoted),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Quoted {
    pub text: String,
    /// The column of each of its characters, and of the closing quote.
    pub columns: Vec<usize>,
}

impl Token {
    /// A word without a value in quotes.
    pub fn into_word(self) -> Option<String> {
        match self.kind {
            Kind::Word { text, value: None } => Some(text),
            _ => None,
        }
    }
}

pub(super) fn tokens(line: &str) -> Result<Vec<Token>, QueryError> {
    let chars: Vec<char> = line.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        let column = at;
        let kind = match c {
            c if c.is_whitespace() => {
                at += 1;
                continue;
            }
            '(' | ')' => {
                at += 1;
                if c == '(' { Kind::Open } else { Kind::Close }
            }
            '!' if chars.get(at + 1) != Some(&'=') => {
                at += 1;
                Kind::Not
            }
            '"' => Kind::Quoted(quoted(&chars, &mut at)?),
            _ => word(&chars, &mut at)?,
        };
        tokens.push(Token { column, kind });
    }
    Ok(tokens)
}

fn word(chars: &[char], at: &mut usize) -> Result<Kind, QueryError> {
    let begin = *at;
    let mut pattern = false;
    // Of a regular expression's parentheses, those that it opened itself belong to it.
    let mut open = 0_usize;
    while let Some(&c) = chars.get(*at) {
        match c {
            c if c.is_whitespace() || c == '"' => break,
            '(' if pattern => open += 1,
            ')' if open > 0 => open -= 1,
            '(' | ')' => break,
            '\\' if pattern && matches!(chars.get(*at + 1), Some('(' | ')')) => *at += 1,
            '~' => pattern |= chars[begin..*at].iter().all(char::is_ascii_lowercase),
            _ => {}
        }
        *at += 1;
    }
    let text: String = chars[begin..*at].iter().collect();
    let value = match chars.get(*at) {
        Some('"') => Some(quoted(chars, at)?),
        _ => None,
    };
    Ok(match (text.as_str(), &value) {
        ("and" | "&&", None) => Kind::And,
        ("or" | "||", None) => Kind::Or,
        ("not", None) => Kind::Not,
        _ => Kind::Word { text, value },
    })
}

/// `\"` is a quote and `\\` a backslash; before anything else a backslash stands for itself, because shown lines are
/// full of them.
fn quoted(chars: &[char], at: &mut usize) -> Result<Quoted, QueryError> {
    let begin = *at;
    let (mut text, mut columns) = (String::new(), Vec::new());
    *at += 1;
    while let Some(&c) = chars.get(*at) {
        columns.push(*at);
        *at += 1;
        match (c, chars.get(*at)) {
            ('"', _) => return Ok(Quoted { text, columns }),
            ('\\', Some(&next @ ('"' | '\\'))) => {
                text.push(next);
                *at += 1;
            }
            _ => text.push(c),
        }
    }
    Err(QueryError::new(begin, "this quote is never closed; add a \" where the text ends"))
}
