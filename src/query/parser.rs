//! From tokens to a tree. Precedence: `not`, then `and` (or nothing between two parts), then `or`.

use super::expr::{Answer, Compare, Expr, Test};
use super::lexer::{Kind, Token, tokens};
use super::{QueryError, argument};
use crate::abi;

/// Parentheses and negations inside each other; deeper is refused, so that no line exhausts the stack.
const MAX_DEPTH: usize = 64;

/// Units of time and their size in nanoseconds, smallest first.
pub(super) const UNITS: [(&str, u64); 4] = [("ns", 1), ("us", 1_000), ("ms", 1_000_000), ("s", 1_000_000_000)];

/// What can stand before `:` or a comparison, and an example of each.
pub(super) const FIELDS: [(&str, &str); 13] = [
    ("call", "call:openat"),
    ("err", "err=ENOENT"),
    ("ret", "ret<0"),
    ("dur", "dur>1ms"),
    ("pid", "pid:123"),
    ("tid", "tid:123"),
    ("tree", "tree:123"),
    ("task", "task:bash"),
    ("fd", "fd:3"),
    ("path", "path:/etc/**"),
    ("signal", "signal=SIGINT"),
    ("blocked", "blocked=ERRNO"),
    ("text", "text:\"No such\""),
];

/// strace's classes; the table of calls says which call is in which.
pub(super) const CLASSES: [&str; 15] = [
    "file", "desc", "network", "process", "signal", "memory", "ipc", "creds", "clock", "pure", "stat", "lstat",
    "fstat", "statfs", "fstatfs",
];

/// Whether a call's name or pattern would be read as something else without `call:` before it.
pub(super) fn needs_prefix(name: &str) -> bool {
    let word = matches!(name, "err" | "signal" | "exec" | "unfinished" | "blocked");
    word || (name.contains('?') && !name.contains('*'))
}

pub(super) fn parse(line: &str) -> Result<Expr, QueryError> {
    let tokens = tokens(line)?;
    if tokens.is_empty() {
        return Ok(Expr::Everything);
    }
    let mut parser = Parser { tokens: &tokens, at: 0, end: line.chars().count(), depth: 0 };
    let expr = parser.any()?;
    match parser.peek() {
        None => Ok(expr),
        Some(token) => Err(QueryError::new(token.column, "this parenthesis closes nothing; remove it")),
    }
}

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
    /// Where the line ends, in characters.
    end: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.at)
    }

    fn any(&mut self) -> Result<Expr, QueryError> {
        let mut parts = vec![self.all()?];
        while matches!(self.peek(), Some(Token { kind: Kind::Or, .. })) {
            self.at += 1;
            parts.push(self.all()?);
        }
        Ok(Expr::any(parts))
    }

    fn all(&mut self) -> Result<Expr, QueryError> {
        let mut parts = vec![self.part()?];
        loop {
            match self.peek().map(|t| &t.kind) {
                None | Some(Kind::Or | Kind::Close) => return Ok(Expr::all(parts)),
                Some(Kind::And) => self.at += 1,
                Some(_) => {}
            }
            parts.push(self.part()?);
        }
    }

    fn part(&mut self) -> Result<Expr, QueryError> {
        let Some(token) = self.peek() else {
            return Err(QueryError::new(self.end, "something is missing here, such as a call's name"));
        };
        if self.depth == MAX_DEPTH {
            return Err(QueryError::new(token.column, "too many parentheses or negations inside each other"));
        }
        self.at += 1;
        match &token.kind {
            Kind::Not => {
                self.depth += 1;
                let part = self.part()?;
                self.depth -= 1;
                Ok(Expr::negate(part))
            }
            Kind::Open => {
                self.depth += 1;
                let inner = self.any()?;
                self.depth -= 1;
                match self.peek() {
                    Some(Token { kind: Kind::Close, .. }) => self.at += 1,
                    _ => {
                        return Err(QueryError::new(
                            token.column,
                            "this parenthesis is never closed; add a ) at its end",
                        ));
                    }
                }
                Ok(inner)
            }
            Kind::Close => Err(QueryError::new(token.column, "something is missing before this parenthesis")),
            Kind::And | Kind::Or => Err(QueryError::new(
                token.column,
                "something is missing before this word; to look for the word itself, put it in quotes",
            )),
            Kind::Quoted(text) => Ok(Expr::Test(Test::Text(text.clone()))),
            Kind::Word { text, value } => word(token.column, text, value.as_deref()),
        }
    }
}

fn word(column: usize, text: &str, quoted: Option<&str>) -> Result<Expr, QueryError> {
    if let (Some(rest), None) = (text.strip_prefix("arg."), quoted) {
        return argument::parse(column, rest).map(|test| Expr::Test(Test::Argument(test)));
    }
    let name_len = text.bytes().take_while(u8::is_ascii_lowercase).count();
    let (name, rest) = text.split_at(name_len);
    let operator = ["!=", "<=", ">=", ":", "=", "<", ">", "~"].into_iter().find(|op| rest.starts_with(op));
    match operator {
        Some(operator) if !name.is_empty() => {
            let bare = &rest[operator.len()..];
            let value = match quoted {
                Some(quoted) if bare.is_empty() => Value { text: quoted, quoted: true },
                Some(_) => return Err(QueryError::new(column, "put the whole value in quotes, or nothing of it")),
                None => Value { text: bare, quoted: false },
            };
            let value_column = column + name.len() + operator.len();
            field(Field { column, value_column, name, operator }, value)
        }
        _ if quoted.is_some() => Err(QueryError::new(column, "put the whole text in quotes, or nothing of it")),
        _ => bare_word(column, text),
    }
}

fn bare_word(column: usize, text: &str) -> Result<Expr, QueryError> {
    if let Some(class) = text.strip_prefix('%') {
        return class_test(column, class);
    }
    Ok(Expr::Test(match text {
        "err" => Test::Failed(None),
        "signal" => Test::Signal(None),
        "exec" => Test::Exec,
        "unfinished" => Test::Unfinished,
        "blocked" => Test::Blocked(None),
        name if is_call(name) => Test::Call(name.into()),
        pattern
            if pattern.contains('*') && pattern.bytes().all(|b| b.is_ascii_alphanumeric() || b"_*?".contains(&b)) =>
        {
            return call_test(column, pattern);
        }
        text => Test::Text(text.into()),
    }))
}

/// A name of any ABI's table, or how an unknown number is shown.
fn is_call(name: &str) -> bool {
    abi::by_name(name).is_some()
        || abi::Arch::ALL.iter().any(|&arch| abi::number(arch, name).is_some())
        || unknown_number(name).is_some()
}

/// The number in `syscall_0x270f`.
pub(super) fn unknown_number(name: &str) -> Option<u64> {
    let digits = name.strip_prefix("syscall_0x")?;
    let plain = digits.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    if plain { u64::from_str_radix(digits, 16).ok() } else { None }
}

fn call_test(column: usize, pattern: &str) -> Result<Expr, QueryError> {
    let fits = is_call(pattern) || abi::calls().any(|call| abi::glob(pattern.as_bytes(), call.name.as_bytes()));
    if fits {
        return Ok(Expr::Test(Test::Call(pattern.into())));
    }
    Err(QueryError::new(column, format!("no call is named {pattern}; to look for it as text, put it in quotes")))
}

fn class_test(column: usize, class: &str) -> Result<Expr, QueryError> {
    let class = if class == "net" { "network" } else { class };
    let known = CLASSES.contains(&class) || abi::calls().any(|call| call.tags.contains(&class));
    if known {
        return Ok(Expr::Test(Test::Class(class.into())));
    }
    Err(QueryError::new(column, format!("there is no class %{class}; there are {}", class_list())))
}

fn class_list() -> String {
    CLASSES.map(|c| format!("%{c}")).join(" ")
}

struct Field<'a> {
    column: usize,
    value_column: usize,
    name: &'a str,
    operator: &'static str,
}

#[derive(Clone, Copy)]
struct Value<'a> {
    text: &'a str,
    quoted: bool,
}

fn field(field: Field<'_>, value: Value<'_>) -> Result<Expr, QueryError> {
    let Some(&(_, example)) = FIELDS.iter().find(|(name, _)| *name == field.name) else {
        let message = format!("there is no field {}; to look for it as text, put it in quotes", field.name);
        return Err(QueryError::new(field.column, message));
    };
    let wrong = |what: &str| Err(QueryError::new(field.value_column, format!("{what}; as in {example}")));
    if value.text.is_empty() && !value.quoted {
        return wrong("a value is missing here");
    }
    let compare = match field.operator {
        "<" => Compare::Less,
        "<=" => Compare::LessOrEqual,
        ":" | "=" => Compare::Equal,
        "!=" => Compare::NotEqual,
        ">=" => Compare::GreaterOrEqual,
        ">" => Compare::Greater,
        _ => return wrong("this comparison is not known"),
    };
    match field.name {
        "ret" => {
            return match number(value.text) {
                Some(number) => Ok(Expr::Test(Test::Result(compare, number))),
                None => wrong("the result is compared with a number"),
            };
        }
        "dur" => {
            return match duration(value.text) {
                Some(ns) => Ok(Expr::Test(Test::Duration(compare, ns))),
                None => wrong("a duration is a number with ns, us, ms or s"),
            };
        }
        _ => {}
    }
    if !matches!(compare, Compare::Equal | Compare::NotEqual) {
        return wrong("this field can only be equal or not");
    }
    let whole = value.quoted || matches!(field.name, "path" | "task" | "text");
    let items: Vec<&str> = if whole { vec![value.text] } else { value.text.split(',').collect() };
    let mut parts = Vec::new();
    for item in items {
        match one(field.name, item) {
            Ok(test) => parts.push(Expr::Test(test)),
            Err(what) => return wrong(&what),
        }
    }
    let part = Expr::any(parts);
    Ok(match (compare, field.name) {
        // "Failed otherwise" is what is meant, not "did not fail at all".
        (Compare::NotEqual, "err") => Expr::all(vec![Expr::Test(Test::Failed(None)), Expr::negate(part)]),
        (Compare::NotEqual, _) => Expr::negate(part),
        _ => part,
    })
}

/// One value of a field; the error is the beginning of a sentence.
fn one(field: &str, value: &str) -> Result<Test, String> {
    let id = || value.parse::<i32>().map_err(|_| format!("{value} is no number"));
    match field {
        "call" => match call_test(0, value) {
            Ok(Expr::Test(test)) => Ok(test),
            _ => Err(format!("no call is named {value}")),
        },
        "err" => errno(value).map(|number| Test::Failed(Some(number))).ok_or(format!("no error is named {value}")),
        "pid" => id().map(Test::Pid),
        "tid" => id().map(Test::Tid),
        "tree" => id().map(Test::Tree),
        "fd" if value == "AT_FDCWD" => Ok(Test::Fd(-100)),
        "fd" => id().map(Test::Fd),
        "task" => Ok(Test::Task(value.into())),
        "path" => Ok(Test::Path(value.into())),
        "signal" => signal(value).map(|s| Test::Signal(Some(s))).ok_or(format!("no signal is named {value}")),
        "blocked" => answer(value)
            .map(|a| Test::Blocked(Some(a)))
            .ok_or(format!("{value} is none of ERRNO, KILL, TRAP, NOTIFY, TRACE, LOG, nor the name of an error")),
        _ => Ok(Test::Text(value.into())),
    }
}

/// Decimal or, with 0x, hexadecimal; an address above the signed range is taken as the register's 64 bits.
fn number(text: &str) -> Option<i64> {
    match text.strip_prefix("0x") {
        Some(digits) if !digits.starts_with('+') => u64::from_str_radix(digits, 16).ok().map(|n| n as i64),
        Some(_) => None,
        None => text.parse().ok(),
    }
}

fn duration(text: &str) -> Option<u64> {
    let unit_at = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at(unit_at);
    let size = UNITS.iter().find(|(name, _)| *name == unit)?.1;
    if let Ok(whole) = number.parse::<u64>() {
        return whole.checked_mul(size);
    }
    let value = number.parse::<f64>().ok().filter(|v| v.is_finite() && *v >= 0.0)? * size as f64;
    (value < u64::MAX as f64).then_some(value.round() as u64)
}

fn errno(text: &str) -> Option<u16> {
    abi::errno_number(text).or_else(|| text.parse().ok())
}

fn signal(text: &str) -> Option<u8> {
    let number = abi::signal_number(text).or_else(|| text.parse().ok())?;
    u8::try_from(number).ok()
}

fn answer(text: &str) -> Option<Answer> {
    Some(match text {
        "ERRNO" => Answer::Errno(None),
        "KILL" => Answer::Kill,
        "TRAP" => Answer::Trap,
        "NOTIFY" => Answer::Notify,
        "TRACE" => Answer::Trace,
        "LOG" => Answer::Log,
        name => Answer::Errno(Some(errno(name)?)),
    })
}
