//! The words of the language: those that stand alone, and fields with their values (`err=ENOENT`, `dur>1ms`, `path~"\.so"`).
//! Left out: what stands between them (`parser`), arguments (`argument`).

use super::QueryError;
use super::expr::{Compare, Expr, Mark, Subject, Test};
use super::lexer::Quoted;
use super::pattern::Pattern;
use super::values::{self, or_nearest};
use crate::abi;

/// What can stand before `:` or a comparison, and an example of each.
pub(super) const FIELDS: [(&str, &str); 19] = [
    ("call", "call:openat"),
    ("err", "err=ENOENT"),
    ("ret", "ret<0"),
    ("dur", "dur>1ms"),
    ("bytes", "bytes>4096"),
    ("t", "t=1s..2s"),
    ("row", "row:100..200"),
    ("pid", "pid:123"),
    ("tid", "tid:123"),
    ("tree", "tree:123"),
    ("task", "task:bash"),
    ("fd", "fd:3"),
    ("opened", "opened:812"),
    ("path", "path:/etc/**"),
    ("cwd", "cwd:/home/**"),
    ("signal", "signal=SIGINT"),
    ("blocked", "blocked=ERRNO"),
    ("rule", "rule=23"),
    ("text", "text:\"No such\""),
];

/// Words that stand alone, with what each finds.
pub(super) const WORDS: [(&str, &str); 9] = [
    ("err", "calls that failed"),
    ("signal", "signals"),
    ("exec", "new programs"),
    ("unfinished", "calls that have not come back"),
    ("blocked", "calls that the profile would stop"),
    ("vdso", "what the vDSO answered, calls that it made, and those that stand in for its functions"),
    ("injected", "calls that sysview changed"),
    ("delayed", "calls that sysview made wait"),
    ("filtered", "calls that the program's own seccomp filter answered"),
];

/// strace's classes; the table of calls says which call is in which.
pub(super) const CLASSES: [&str; 15] = [
    "file", "desc", "network", "process", "signal", "memory", "ipc", "creds", "clock", "pure", "stat", "lstat",
    "fstat", "statfs", "fstatfs",
];

/// Whether a call's name or pattern would be read as something else without `call:` before it.
pub(super) fn needs_prefix(name: &str) -> bool {
    WORDS.iter().any(|(word, _)| *word == name) || (name.contains('?') && !name.contains('*'))
}

/// A word, with the value in quotes that followed it at once.
pub(super) fn word(column: usize, text: &str, quoted: Option<&Quoted>) -> Result<Expr, QueryError> {
    if let (Some(rest), None) = (text.strip_prefix("arg."), quoted) {
        return super::argument::parse(column, rest).map(|test| Expr::Test(Test::Argument(test)));
    }
    let name_len = text.bytes().take_while(u8::is_ascii_lowercase).count();
    let (name, rest) = text.split_at(name_len);
    let operator = ["!=", "<=", ">=", ":", "=", "<", ">", "~"].into_iter().find(|op| rest.starts_with(op));
    match operator {
        Some(operator) if !name.is_empty() => {
            let bare = &rest[operator.len()..];
            let value_column = column + name.len() + operator.len();
            let value = match quoted {
                Some(quoted) if bare.is_empty() => {
                    Value { text: &quoted.text, columns: Some(&quoted.columns), column: value_column }
                }
                Some(_) => return Err(QueryError::new(column, "put the whole value in quotes, or nothing of it")),
                None => Value { text: bare, columns: None, column: value_column },
            };
            field(column, name, operator, value)
        }
        _ if quoted.is_some() => Err(QueryError::new(column, "put the whole text in quotes, or nothing of it")),
        _ => bare_word(column, text),
    }
}

fn bare_word(column: usize, text: &str) -> Result<Expr, QueryError> {
    if let Some(class) = text.strip_prefix('%') {
        return class_test(column, class);
    }
    if let Some(mark) = Mark::ALL.into_iter().find(|mark| mark.word() == text) {
        return Ok(Expr::Test(Test::Marked(mark)));
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
pub(super) fn is_call(name: &str) -> bool {
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
    let nearest = or_nearest(pattern, abi::calls().map(|call| call.name), "to look for it as text, put it in quotes");
    Err(QueryError::new(column, format!("no call is named {pattern}{nearest}")))
}

fn class_test(column: usize, class: &str) -> Result<Expr, QueryError> {
    let class = if class == "net" { "network" } else { class };
    let known = CLASSES.contains(&class) || abi::calls().any(|call| call.tags.contains(&class));
    if known {
        return Ok(Expr::Test(Test::Class(class.into())));
    }
    let all = CLASSES.map(|c| format!("%{c}"));
    let nearest =
        or_nearest(&format!("%{class}"), all.iter().map(String::as_str), &format!("there are {}", all.join(" ")));
    Err(QueryError::new(column, format!("there is no class %{class}{nearest}")))
}

#[derive(Clone, Copy)]
struct Value<'a> {
    text: &'a str,
    /// Where each of its characters stands, if it is in quotes.
    columns: Option<&'a [usize]>,
    /// Where it begins.
    column: usize,
}

impl Value<'_> {
    fn column_of(&self, character: usize) -> usize {
        match self.columns {
            Some(columns) => columns.get(character).or(columns.last()).copied().unwrap_or(self.column),
            None => self.column + character,
        }
    }
}

fn field(column: usize, name: &str, operator: &str, value: Value<'_>) -> Result<Expr, QueryError> {
    let Some(&(_, example)) = FIELDS.iter().find(|(field, _)| *field == name) else {
        let fields = FIELDS.iter().map(|(field, _)| *field).chain(["arg"]);
        let nearest = or_nearest(name, fields, "to look for it as text, put it in quotes");
        return Err(QueryError::new(column, format!("there is no field {name}{nearest}")));
    };
    let wrong = |what: String| Err(QueryError::new(value.column, format!("{what}; as in {example}")));
    if value.text.is_empty() && value.columns.is_none() {
        return wrong("a value is missing here".into());
    }
    let compare = match operator {
        "~" => return regular(name, value).unwrap_or_else(|| wrong("this comparison is not known".into())),
        "<" => Compare::Less,
        "<=" => Compare::LessOrEqual,
        ":" | "=" => Compare::Equal,
        "!=" => Compare::NotEqual,
        ">=" => Compare::GreaterOrEqual,
        _ => Compare::Greater,
    };
    if let Some(read) = quantity(name, compare, value.text) {
        return match read {
            Ok(expr) => Ok(expr),
            Err(what) => wrong(what.into()),
        };
    }
    if !matches!(compare, Compare::Equal | Compare::NotEqual) {
        return wrong("this field can only be equal or not".into());
    }
    let whole = value.columns.is_some() || matches!(name, "path" | "cwd" | "task" | "text");
    let mut parts = Vec::new();
    let mut at = 0;
    for item in if whole { vec![value.text] } else { value.text.split(',').collect() } {
        match one(name, item, example) {
            Ok(test) => parts.push(Expr::Test(test)),
            Err(what) => return Err(QueryError::new(value.column_of(at), what)),
        }
        at += item.chars().count() + 1;
    }
    let part = Expr::any(parts);
    Ok(match (compare, name) {
        // "Failed otherwise" is what is meant, not "did not fail at all".
        (Compare::NotEqual, "err") => Expr::all(vec![Expr::Test(Test::Failed(None)), Expr::negate(part)]),
        (Compare::NotEqual, _) => Expr::negate(part),
        _ => part,
    })
}

/// `path~`, and the other fields that a regular expression can be asked about.
fn regular(name: &str, value: Value<'_>) -> Option<Result<Expr, QueryError>> {
    let subject =
        [Subject::Path, Subject::Cwd, Subject::Task, Subject::Text].into_iter().find(|s| s.field() == name)?;
    let read = Pattern::new(value.text).map(|pattern| Expr::Test(Test::Fits(subject, pattern)));
    Some(read.map_err(|(at, what)| QueryError::new(value.column_of(at), what)))
}

/// A field that is more or less, compared with a value or with a range of them: `t=1s..2s`, `row:100..`. The error is the
/// beginning of a sentence; None for other fields.
fn quantity(name: &str, compare: Compare, text: &str) -> Option<Result<Expr, &'static str>> {
    type Read = fn(&str, Compare) -> Option<Test>;
    let (read, wrong): (Read, _) = match name {
        "ret" => (|t, c| values::number(t).map(|n| Test::Result(c, n)), "the result is compared with a number"),
        "dur" => {
            (|t, c| values::duration(t).map(|n| Test::Duration(c, n)), "a duration is a number with ns, us, ms or s")
        }
        "bytes" => (|t, c| values::bytes(t).map(|n| Test::Bytes(c, n)), "this is a number of bytes, 4096 or 4k"),
        "t" => (|t, c| values::moment(t).map(|n| Test::Time(c, n)), "a time is a number of seconds, or with ms or us"),
        "row" => (|t, c| t.parse().ok().map(|n| Test::Row(c, n)), "a row is its number in the trace"),
        _ => return None,
    };
    let Some((first, last)) = text.split_once("..") else {
        return Some(read(text, compare).map(Expr::Test).ok_or(wrong));
    };
    if !matches!(compare, Compare::Equal | Compare::NotEqual) || (first.is_empty() && last.is_empty()) {
        return Some(Err("a range is written with : and two ends"));
    }
    let mut parts = Vec::new();
    for (end, compare) in [(first, Compare::GreaterOrEqual), (last, Compare::LessOrEqual)] {
        match read(end, compare) {
            _ if end.is_empty() => {}
            Some(test) => parts.push(Expr::Test(test)),
            None => return Some(Err(wrong)),
        }
    }
    let range = Expr::all(parts);
    Some(Ok(if compare == Compare::NotEqual { Expr::negate(range) } else { range }))
}

/// One value of a field; the error is a clause.
fn one(field: &str, value: &str, example: &str) -> Result<Test, String> {
    let as_in = format!("as in {example}");
    let id = || value.parse::<i32>().map_err(|_| format!("{value} is no number; {as_in}"));
    let unknown =
        |what: String, valid: &mut dyn Iterator<Item = &'static str>| what + &or_nearest(value, valid, &as_in);
    match field {
        "call" => match call_test(0, value) {
            Ok(Expr::Test(test)) => Ok(test),
            _ => Err(unknown(format!("no call is named {value}"), &mut abi::calls().map(|call| call.name))),
        },
        "err" => values::errno(value)
            .map(|number| Test::Failed(Some(number)))
            .ok_or_else(|| unknown(format!("no error is named {value}"), &mut values::errors().map(|(name, _)| name))),
        "pid" => id().map(Test::Pid),
        "tid" => id().map(Test::Tid),
        "tree" => id().map(Test::Tree),
        "fd" if value == "AT_FDCWD" => Ok(Test::Fd(-100)),
        "fd" => match value.split_once('#') {
            Some((fd, generation)) => match (fd.parse(), generation.parse()) {
                (Ok(fd), Ok(generation)) => Ok(Test::FdUse(fd, generation)),
                _ => Err(format!("{value} is no descriptor; its second use is written fd:3#2")),
            },
            None => id().map(Test::Fd),
        },
        "opened" => value.parse().map(Test::Opened).map_err(|_| format!("{value} is no row; {as_in}")),
        "task" => Ok(Test::Task(value.into())),
        "path" => Ok(Test::Path(value.into())),
        "cwd" => Ok(Test::Cwd(value.into())),
        "signal" => values::signal(value).map(|s| Test::Signal(Some(s))).ok_or_else(|| {
            unknown(format!("no signal is named {value}"), &mut values::signals().map(|(_, name)| name))
        }),
        "blocked" => values::answer(value).map(|a| Test::Blocked(Some(a))).ok_or_else(|| {
            let names = values::ANSWERS.iter().map(|(name, _)| *name);
            let valid = &mut names.clone().chain(values::errors().map(|(name, _)| name));
            let all: Vec<&str> = names.collect();
            unknown(format!("{value} is none of {}, nor the name of an error", all.join(", ")), valid)
        }),
        "rule" if value == "default" => Ok(Test::Rule(None)),
        "rule" => match value.parse::<usize>().ok().and_then(|number| number.checked_sub(1)) {
            Some(rule) => Ok(Test::Rule(Some(rule))),
            None => Err(format!("{value} is no rule; {as_in}, counted from 1, or rule=default")),
        },
        _ => Ok(Test::Text(value.into())),
    }
}
