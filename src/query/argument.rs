//! Questions about one argument: `arg.flags&O_CREAT`, `arg.count>4096`, `arg.whence=SEEK_END`.
//!
//! The name is the declaration's, as the call pane shows it. A value is a number or names of constants joined by `|`,
//! which mean what they mean on the architecture of the call. Left out: what stands behind pointers.

use std::fmt;

use super::QueryError;
use super::expr::Compare;
use super::values::or_nearest;
use crate::abi::{self, Arch, Arg, Call, FlagSet, Meaning, Type, Width};
use crate::model::CallView;

/// A question about the argument of a name, in every call that has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArgTest {
    pub name: String,
    pub question: Question,
    pub value: ArgValue,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// At least one of the bits is set.
    AnyBit,
    Is(Compare),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArgValue {
    /// From `i64::MIN` to `u64::MAX`: which of the two an argument is depends on its type.
    Number(i128),
    /// At least one.
    Names(Vec<String>),
}

const OPERATORS: [(&str, Question); 8] = [
    ("!=", Question::Is(Compare::NotEqual)),
    ("<=", Question::Is(Compare::LessOrEqual)),
    (">=", Question::Is(Compare::GreaterOrEqual)),
    ("&", Question::AnyBit),
    ("=", Question::Is(Compare::Equal)),
    (":", Question::Is(Compare::Equal)),
    ("<", Question::Is(Compare::Less)),
    (">", Question::Is(Compare::Greater)),
];

const EXAMPLE: &str = "as in arg.flags&O_CREAT";

/// Reads what follows `arg.` at `column` (the column of the `a`).
pub(super) fn parse(column: usize, text: &str) -> Result<ArgTest, QueryError> {
    let name_len = text.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
    let (name, rest) = text.split_at(name_len);
    let name_column = column + "arg.".len();
    let Some((operator, question)) = OPERATORS.into_iter().find(|(op, _)| rest.starts_with(op)) else {
        let column = name_column + name_len;
        return Err(QueryError::new(column, format!("a comparison with a value is missing here; {EXAMPLE}")));
    };
    if !arguments().any(|arg| arg.name == name) {
        let names = arguments().map(|arg| arg.name);
        let nearest = or_nearest(name, names, "to look for it as text, put it in quotes");
        return Err(QueryError::new(name_column, format!("no call has an argument named {name}{nearest}")));
    }
    let value_column = name_column + name_len + operator.len();
    let value =
        value(name, &rest[operator.len()..]).map_err(|(at, wrong)| QueryError::new(value_column + at, wrong))?;
    Ok(ArgTest { name: name.into(), question, value })
}

/// The error is the character at which it begins, and a clause.
fn value(name: &str, text: &str) -> Result<ArgValue, (usize, String)> {
    if text.is_empty() {
        return Err((0, format!("a value is missing here; {EXAMPLE}")));
    }
    if let Some(number) = number(text) {
        return Ok(ArgValue::Number(number));
    }
    let names: Vec<String> = text.split('|').map(str::to_string).collect();
    let mut at = 0;
    for constant in &names {
        let of = |arg: &Arg| Arch::ALL.iter().any(|&arch| constant_value(arg, arch, constant).is_some());
        if !arguments().filter(|arg| arg.name == name).any(of) {
            let known = constants(name);
            let nearest = or_nearest(constant, known.iter().copied(), EXAMPLE);
            let wrong = format!("{constant} is no number, and no argument named {name} knows such a constant{nearest}");
            return Err((at, wrong));
        }
        at += constant.chars().count() + 1;
    }
    Ok(ArgValue::Names(names))
}

/// Names that a value of the argument can have, of any call's.
pub(super) fn constants(name: &str) -> Vec<&'static str> {
    let mut known: Vec<&str> = arguments().filter(|arg| arg.name == name).flat_map(constants_of).collect();
    let mut seen = std::collections::HashSet::new();
    known.retain(|name| seen.insert(*name));
    known
}

pub(super) fn constants_of(arg: &'static Arg) -> Vec<&'static str> {
    match arg.ty {
        Type::Num { meaning: Meaning::DirFd, .. } => vec!["AT_FDCWD"],
        Type::Num { meaning: Meaning::Signal, .. } => super::values::signals().map(|(_, name)| name).collect(),
        Type::Num { meaning: Meaning::Const { name, .. }, .. } => vec![name],
        _ => flag_set(arg)
            .into_iter()
            .flat_map(|set| set.constants(Arch::X86_64))
            .map(|constant| constant.name)
            .collect(),
    }
}

fn number(text: &str) -> Option<i128> {
    let value = match text.strip_prefix("0x") {
        Some(digits) if digits.bytes().all(|b| b.is_ascii_hexdigit()) => i128::from_str_radix(digits, 16).ok()?,
        Some(_) => return None,
        None => text.parse().ok()?,
    };
    (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(&value).then_some(value)
}

/// Every argument of every declaration, variants included.
pub(super) fn arguments() -> impl Iterator<Item = &'static Arg> {
    abi::calls().flat_map(|call| std::iter::once(call).chain(call.variants)).flat_map(|call: &Call| call.args)
}

fn flag_set(arg: &Arg) -> Option<&'static FlagSet> {
    match arg.ty {
        Type::Num { meaning: Meaning::Flags(set) | Meaning::Enum(set), .. } => Some(set),
        _ => None,
    }
}

fn constant_value(arg: &Arg, arch: Arch, name: &str) -> Option<u64> {
    match arg.ty {
        _ if name == "NULL" => Some(0),
        Type::Num { meaning: Meaning::DirFd, .. } if name == "AT_FDCWD" => Some(-100_i64 as u64),
        Type::Num { meaning: Meaning::Signal, .. } => abi::signal_number(name),
        Type::Num { meaning: Meaning::Const { name: own, value, .. }, .. } if own == name => Some(value),
        _ => flag_set(arg)?.value(arch, name),
    }
}

/// The register's content as a number of the argument's width and sign.
fn as_number(arg: &Arg, arch: Arch, raw: u64) -> i128 {
    let Type::Num { width, meaning } = arg.ty else {
        return i128::from(if arch.word() == 4 { raw & 0xffff_ffff } else { raw });
    };
    let bits = match width {
        Width::Word => arch.word() as u32 * 8,
        other => other.bytes(arch) as u32 * 8,
    };
    let unused = 64 - bits.min(64);
    let signed =
        matches!(meaning, Meaning::Signed | Meaning::Fd { .. } | Meaning::DirFd | Meaning::Pid | Meaning::Time);
    if signed { i128::from(((raw << unused) as i64) >> unused) } else { i128::from((raw << unused) >> unused) }
}

/// Whether the content of the argument's register is known: text of another tool may not tell it, and then nothing fits.
fn is_told(view: &CallView<'_>, arg: &Arg) -> bool {
    let call = abi::lookup(view.arch, view.nr).map(|call| call.select(view.args));
    let register = call.and_then(|call| call.args.iter().position(|own| std::ptr::eq(own, arg)));
    register.is_none_or(|register| view.knows(register))
}

impl ArgTest {
    /// False for a call that has no argument of that name or one to which the constants say nothing.
    pub(super) fn matches(&self, view: &CallView<'_>) -> bool {
        let fits = |(arg, raw): (&Arg, u64)| {
            let actual = as_number(arg, view.arch, raw);
            let wanted = match &self.value {
                ArgValue::Number(number) => *number,
                ArgValue::Names(names) => {
                    let mut values = names.iter().map(|name| constant_value(arg, view.arch, name));
                    match values.try_fold(0, |all, value| Some(all | value?)) {
                        Some(value) => as_number(arg, view.arch, value),
                        None => return false,
                    }
                }
            };
            match self.question {
                Question::AnyBit => actual & wanted != 0,
                Question::Is(compare) => compare.holds(actual, wanted),
            }
        };
        super::subject::arguments(view).filter(|(arg, _)| arg.name == self.name && is_told(view, arg)).any(fits)
    }

    pub(super) fn describe(&self) -> String {
        let ArgTest { name, value, .. } = self;
        match self.question {
            Question::AnyBit => format!("the argument {name} has a bit of {value}"),
            Question::Is(compare) => format!("the argument {name} {} {value}", compare.verb()),
        }
    }
}

impl fmt::Display for ArgTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operator = match self.question {
            Question::AnyBit => "&",
            Question::Is(compare) => compare.symbol(),
        };
        write!(f, "arg.{}{operator}{}", self.name, self.value)
    }
}

impl fmt::Display for ArgValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ArgValue::Number(number) => write!(f, "{number}"),
            ArgValue::Names(names) => f.write_str(&names.join("|")),
        }
    }
}
