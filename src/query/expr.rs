//! A filter as a tree, and how it is written. Writing a tree and reading it again gives the same tree.
//! Left out: how it is evaluated (`plan`).

use std::fmt;

use super::argument::ArgTest;
use super::pattern::Pattern;

/// A filter. `And` and `Or` have at least two parts and none of their own kind; see `Expr::all` and `Expr::any`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expr {
    /// The empty filter: every row.
    Everything,
    And(Vec<Expr>),
    Or(Vec<Expr>),
    Not(Box<Expr>),
    Test(Test),
}

/// One question about a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    /// A call's name, or a pattern over names.
    Call(String),
    /// A class of calls, without the percent sign.
    Class(String),
    /// The call failed; with this errno, if given.
    Failed(Option<u16>),
    /// The result as strace shows it: -1 for a failed call.
    Result(Compare, i64),
    /// Nanoseconds between entry and exit.
    Duration(Compare, u64),
    /// What a call moved, if its result is a number of bytes.
    Bytes(Compare, u64),
    /// Nanoseconds from the beginning of the session to the row, for a call to its entry.
    Time(Compare, u64),
    /// The row's number.
    Row(Compare, u64),
    /// Process id (the thread group's).
    Pid(i32),
    /// Thread id.
    Tid(i32),
    /// The process or one of its ancestors.
    Tree(i32),
    /// A part of the task's name.
    Task(String),
    /// A descriptor among the arguments, or the result where that is a new descriptor.
    Fd(i32),
    /// The same, at this use of the number: how often it had been given out.
    FdUse(i32, u32),
    /// A descriptor of what the call of this row opened, under any number, in any process.
    Opened(u64),
    /// A pattern for a path among the arguments, as written and from the root, or behind a descriptor.
    Path(String),
    /// A pattern for the directory that the task stands in.
    Cwd(String),
    /// A regular expression.
    Fits(Subject, Pattern),
    /// The value of an argument.
    Argument(ArgTest),
    /// A signal, if given this one.
    Signal(Option<u8>),
    /// An execve that succeeded.
    Exec,
    /// A call that has not come back.
    Unfinished,
    /// A remark on the end of the call.
    Marked(Mark),
    /// The loaded profile would stop the call, or do exactly this with it.
    Blocked(Option<Answer>),
    /// Decided by this rule of the profile, from 0; None: by the default action.
    Rule(Option<usize>),
    /// A part of the line as it is shown; text without capitals matches both.
    Text(String),
}

/// What a regular expression is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    Path,
    Cwd,
    Task,
    Text,
}

/// Who had a hand in a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// It was made by the vDSO or in its place.
    Vdso,
    /// sysview changed it.
    Injected,
    /// sysview made it wait.
    Delayed,
    /// The program's own seccomp filter answered it.
    Filtered,
}

impl Subject {
    pub(super) fn field(self) -> &'static str {
        match self {
            Subject::Path => "path",
            Subject::Cwd => "cwd",
            Subject::Task => "task",
            Subject::Text => "text",
        }
    }
}

impl Mark {
    pub(super) const ALL: [Mark; 4] = [Mark::Vdso, Mark::Injected, Mark::Delayed, Mark::Filtered];

    pub(super) fn word(self) -> &'static str {
        match self {
            Mark::Vdso => "vdso",
            Mark::Injected => "injected",
            Mark::Delayed => "delayed",
            Mark::Filtered => "filtered",
        }
    }
}

/// What a profile answers to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// ERRNO, with this number if given.
    Errno(Option<u16>),
    Kill,
    Trap,
    Notify,
    Trace,
    Log,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compare {
    Less,
    LessOrEqual,
    Equal,
    NotEqual,
    GreaterOrEqual,
    Greater,
}

impl Compare {
    pub fn holds<T: Ord>(self, left: T, right: T) -> bool {
        match self {
            Compare::Less => left < right,
            Compare::LessOrEqual => left <= right,
            Compare::Equal => left == right,
            Compare::NotEqual => left != right,
            Compare::GreaterOrEqual => left >= right,
            Compare::Greater => left > right,
        }
    }

    pub(super) fn verb(self) -> &'static str {
        match self {
            Compare::Less => "is below",
            Compare::LessOrEqual => "is at most",
            Compare::Equal => "is",
            Compare::NotEqual => "is not",
            Compare::GreaterOrEqual => "is at least",
            Compare::Greater => "is above",
        }
    }

    pub fn symbol(self) -> &'static str {
        match self {
            Compare::Less => "<",
            Compare::LessOrEqual => "<=",
            Compare::Equal => "=",
            Compare::NotEqual => "!=",
            Compare::GreaterOrEqual => ">=",
            Compare::Greater => ">",
        }
    }
}

impl Answer {
    pub(super) fn name(self) -> String {
        match self {
            Answer::Errno(None) => "ERRNO".into(),
            Answer::Errno(Some(number)) => errno_text(number),
            Answer::Kill => "KILL".into(),
            Answer::Trap => "TRAP".into(),
            Answer::Notify => "NOTIFY".into(),
            Answer::Trace => "TRACE".into(),
            Answer::Log => "LOG".into(),
        }
    }
}

impl Expr {
    /// All of the parts hold; none: everything.
    pub fn all(parts: Vec<Expr>) -> Expr {
        let mut flat = Vec::new();
        for part in parts {
            match part {
                Expr::And(inner) => flat.extend(inner),
                Expr::Everything => {}
                other => flat.push(other),
            }
        }
        match flat.len() {
            0 => Expr::Everything,
            1 => flat.remove(0),
            _ => Expr::And(flat),
        }
    }

    /// At least one of the parts holds.
    pub fn any(parts: Vec<Expr>) -> Expr {
        let mut flat = Vec::new();
        for part in parts {
            match part {
                Expr::Or(inner) => flat.extend(inner),
                // One part that is always true makes the whole so.
                Expr::Everything => return Expr::Everything,
                other => flat.push(other),
            }
        }
        if flat.len() == 1 { flat.remove(0) } else { Expr::Or(flat) }
    }

    pub fn negate(part: Expr) -> Expr {
        Expr::Not(Box::new(part))
    }

    /// Tests in the tree.
    pub(super) fn size(&self) -> usize {
        match self {
            Expr::Everything => 0,
            Expr::And(parts) | Expr::Or(parts) => parts.iter().map(Expr::size).sum(),
            Expr::Not(part) => part.size(),
            Expr::Test(_) => 1,
        }
    }

    /// Parts inside each other.
    pub(super) fn depth(&self) -> usize {
        match self {
            Expr::Everything | Expr::Test(_) => 0,
            Expr::And(parts) | Expr::Or(parts) => 1 + parts.iter().map(Expr::depth).max().unwrap_or(0),
            Expr::Not(part) => 1 + part.depth(),
        }
    }

    /// Whether any test of the tree satisfies the predicate.
    pub fn mentions(&self, wanted: &dyn Fn(&Test) -> bool) -> bool {
        match self {
            Expr::Everything => false,
            Expr::And(parts) | Expr::Or(parts) => parts.iter().any(|p| p.mentions(wanted)),
            Expr::Not(part) => part.mentions(wanted),
            Expr::Test(test) => wanted(test),
        }
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Expr::Everything => Ok(()),
            Expr::And(parts) => {
                for (i, part) in parts.iter().enumerate() {
                    let space = if i > 0 { " " } else { "" };
                    match part {
                        Expr::Or(_) => write!(f, "{space}({part})")?,
                        _ => write!(f, "{space}{part}")?,
                    }
                }
                Ok(())
            }
            Expr::Or(parts) => {
                for (i, part) in parts.iter().enumerate() {
                    write!(f, "{}{part}", if i > 0 { " or " } else { "" })?;
                }
                Ok(())
            }
            Expr::Not(part) => match **part {
                Expr::And(_) | Expr::Or(_) => write!(f, "!({part})"),
                _ => write!(f, "!{part}"),
            },
            Expr::Test(test) => write!(f, "{test}"),
        }
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Test::Call(name) if super::fields::needs_prefix(name) => write!(f, "call:{name}"),
            Test::Call(name) => write!(f, "{name}"),
            Test::Class(class) => write!(f, "%{class}"),
            Test::Failed(None) => write!(f, "err"),
            Test::Failed(Some(number)) => write!(f, "err={}", errno_text(*number)),
            Test::Result(compare, value) => write!(f, "ret{}{value}", compare.symbol()),
            Test::Duration(compare, ns) => write!(f, "dur{}{}", compare.symbol(), duration_text(*ns)),
            Test::Bytes(compare, bytes) => write!(f, "bytes{}{bytes}", compare.symbol()),
            Test::Time(compare, ns) => write!(f, "t{}{}", compare.symbol(), duration_text(*ns)),
            Test::Row(compare, row) => write!(f, "row{}{row}", compare.symbol()),
            Test::Pid(pid) => write!(f, "pid:{pid}"),
            Test::Tid(tid) => write!(f, "tid:{tid}"),
            Test::Tree(pid) => write!(f, "tree:{pid}"),
            Test::Task(name) => write!(f, "task:{}", value_text(name)),
            Test::Fd(fd) => write!(f, "fd:{fd}"),
            Test::FdUse(fd, generation) => write!(f, "fd:{fd}#{generation}"),
            Test::Opened(row) => write!(f, "opened:{row}"),
            Test::Path(pattern) => write!(f, "path:{}", value_text(pattern)),
            Test::Cwd(pattern) => write!(f, "cwd:{}", value_text(pattern)),
            Test::Fits(subject, pattern) => write!(f, "{}~{}", subject.field(), quoted(pattern.text())),
            Test::Argument(test) => write!(f, "{test}"),
            Test::Signal(None) => write!(f, "signal"),
            Test::Signal(Some(number)) => write!(f, "signal={}", signal_text(*number)),
            Test::Exec => write!(f, "exec"),
            Test::Unfinished => write!(f, "unfinished"),
            Test::Marked(mark) => write!(f, "{}", mark.word()),
            Test::Blocked(None) => write!(f, "blocked"),
            Test::Blocked(Some(answer)) => write!(f, "blocked={}", answer.name()),
            Test::Rule(None) => write!(f, "rule=default"),
            Test::Rule(Some(rule)) => write!(f, "rule={}", rule + 1),
            Test::Text(text) => write!(f, "{}", quoted(text)),
        }
    }
}

/// `ENOENT`, or the number of an error without a name.
pub(super) fn errno_text(number: u16) -> String {
    crate::abi::errno(number).map_or_else(|| number.to_string(), |(name, _)| name.to_string())
}

/// `SIGINT`, or the number of a signal without a name.
pub(super) fn signal_text(number: u8) -> String {
    crate::abi::signal_name(u64::from(number)).map_or_else(|| number.to_string(), str::to_string)
}

/// In the largest unit in which the number stays whole: `1500us`, `2s`.
pub(super) fn duration_text(ns: u64) -> String {
    let (unit, size) = super::values::UNITS
        .into_iter()
        .rev()
        .find(|(_, size)| ns != 0 && ns.is_multiple_of(*size))
        .unwrap_or(("ns", 1));
    format!("{}{unit}", ns / size)
}

fn value_text(value: &str) -> String {
    let plain = |c: char| !c.is_whitespace() && !"()\"\\".contains(c);
    if !value.is_empty() && value.chars().all(plain) { value.to_string() } else { quoted(value) }
}

/// A backslash is doubled only where it would mean something, so that regular expressions stay readable.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let means = match c {
            '"' => true,
            '\\' => matches!(chars.peek(), None | Some('"' | '\\')),
            _ => false,
        };
        if means {
            out.push('\\');
        }
        out.push(c);
    }
    out + "\""
}
