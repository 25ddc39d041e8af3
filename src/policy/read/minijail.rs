//! minijail's policies, minijail0(5): a line a call, `name: expression`. An expression is alternatives (`||`) of
//! comparisons (`&&`) of an argument with a constant. Left out: `@include` and `@frequency`, which name other files.

use super::{Builder, rule};
use crate::abi::{self, Arch};
use crate::policy::error::Fault;
use crate::policy::form::Form;
use crate::policy::profile::{Architectures, Inner};
use crate::policy::words::{self, nearest};
use crate::policy::{Action, Condition, Op};

/// A comparison with several bits stands for as many alternatives; more than this are refused.
const MAX_ALTERNATIVES: usize = 256;
const ACTIONS: [&str; 9] =
    ["allow", "kill", "kill-process", "kill-thread", "log", "return", "trace", "trap", "user-notify"];
const DIRECTIVES: [&str; 4] = ["@default", "@denylist", "@frequency", "@include"];

pub fn read(text: &str, name: &str) -> Result<Inner, Fault> {
    let mut builder = Builder::new(text, name, Form::Minijail);
    let mut default = Action::KillProcess;
    for (at, line) in super::lines(text) {
        let line = line.split('#').next().unwrap_or(line).trim_end();
        let Some((start, first)) = super::words(line, at).next() else { continue };
        if let Some(after) = line.strip_suffix('\\') {
            return Err(Fault::new(
                at + after.len(),
                "a line that goes on in the next one is not read; write it as one",
            ));
        }
        if first.starts_with('@') {
            let (place, rest) = super::words(line, at).nth(1).unwrap_or((start, ""));
            match first {
                "@denylist" => default = Action::Allow,
                "@default" => {
                    default = action(rest, place)?.ok_or_else(|| Fault::new(place, "@default needs an action"))?
                }
                "@frequency" => builder.warn(start, "@frequency only orders the comparisons and is not read"),
                "@include" => {
                    return Err(Fault::new(
                        start,
                        "other files are not read; put their lines here in the place of @include",
                    ));
                }
                _ => return Err(Fault::new(start, not_among(first, "directive", &DIRECTIVES))),
            }
            continue;
        }
        let Some((call, expression)) = line.split_once(':') else {
            return Err(Fault::new(start, "a line must be NAME: EXPRESSION, as in read: 1"));
        };
        let call = call.trim();
        builder.check_call(call, start);
        let span = start..at + line.len();
        let expression_at = at + (expression.as_ptr() as usize - line.as_ptr() as usize);
        for (action, args) in statement(expression, expression_at)? {
            let mut rule = rule(vec![call.to_owned()], action, span.clone());
            rule.args = args;
            builder.push(rule)?;
        }
    }
    Ok(builder.finish(default, Architectures::Native))
}

type Alternatives = Vec<Vec<Condition>>;

/// `expression`, `action`, or `expression; action`.
fn statement(text: &str, at: usize) -> Result<Vec<(Action, Vec<Condition>)>, Fault> {
    let (first, then) = text.split_once(';').map_or((text, None), |(a, b)| (a, Some(b)));
    if let Some(action) = action(first.trim(), at + indent(first))? {
        return match then {
            None => Ok(vec![(action, Vec::new())]),
            Some(_) => Err(Fault::new(at + first.len(), "nothing can follow an action")),
        };
    }
    let mut out: Vec<_> = alternatives(first, at)?.into_iter().map(|args| (Action::Allow, args)).collect();
    match then {
        Some(then) => {
            let place = at + first.len() + 1 + indent(then);
            let action = action(then.trim(), place)?;
            let action = action.ok_or_else(|| Fault::new(place, "an action should follow, as in return EPERM"))?;
            out.push((action, Vec::new()));
        }
        // Without a match the call is killed, whatever the default is.
        None => out.push((Action::KillProcess, Vec::new())),
    }
    Ok(out)
}

fn indent(text: &str) -> usize {
    text.len() - text.trim_start().len()
}

/// `None`: this is an expression about arguments.
fn action(text: &str, at: usize) -> Result<Option<Action>, Fault> {
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    Ok(Some(match word {
        "1" | "allow" => Action::Allow,
        "kill" | "kill-process" => Action::KillProcess,
        "kill-thread" => Action::KillThread,
        "trap" => Action::Trap,
        "log" => Action::Log,
        "trace" => Action::Trace(0),
        "user-notify" => Action::Notify,
        "return" => {
            let place = at + text.len() - rest.len() + indent(rest);
            let number = words::errno(rest.trim(), place)?;
            let number = u16::try_from(number).ok().filter(|n| *n <= 4095);
            Action::Errno(number.ok_or_else(|| Fault::new(place, "an errno is at most 4095"))?)
        }
        _ if word.starts_with("arg") => return Ok(None),
        _ => return Err(Fault::new(at, not_among(word, "action or argument (arg0 to arg5)", &ACTIONS))),
    }))
}

fn not_among(word: &str, what: &str, valid: &[&str]) -> String {
    words::not_among(word, what, valid)
}

fn alternatives(text: &str, at: usize) -> Result<Alternatives, Fault> {
    let mut out = Alternatives::new();
    for (start, part) in split(text, at, "||") {
        let mut all: Alternatives = vec![Vec::new()];
        for (start, atom) in split(part, start, "&&") {
            let choices = comparison(atom, start)?;
            let crossed = all.iter().flat_map(|a| choices.iter().map(|c| [a.as_slice(), &[*c]].concat()));
            all = crossed.collect();
            if all.len() + out.len() > MAX_ALTERNATIVES {
                return Err(Fault::new(start, format!("this stands for more than {MAX_ALTERNATIVES} alternatives")));
            }
        }
        out.extend(all);
    }
    Ok(out)
}

fn split<'a>(text: &'a str, at: usize, by: &'a str) -> impl Iterator<Item = (usize, &'a str)> {
    text.split(by).map(move |part| (at + (part.as_ptr() as usize - text.as_ptr() as usize) + indent(part), part.trim()))
}

/// One comparison; several conditions if any of them is enough.
fn comparison(text: &str, at: usize) -> Result<Vec<Condition>, Fault> {
    let mut words = super::words(text, at);
    let (Some((_, argument)), Some((op_at, op))) = (words.next(), words.next()) else {
        return Err(Fault::new(at, "a comparison must be argN OPERATOR CONSTANT, as in arg0 == 1"));
    };
    let Some(index) = argument.strip_prefix("arg").and_then(|n| n.parse().ok()).filter(|n| *n <= 5u8) else {
        return Err(Fault::new(at, format!("{argument:?} is no argument; there are arg0 to arg5")));
    };
    let Some((value_at, _)) = words.next() else {
        return Err(Fault::new(at + text.len(), "a constant is missing here"));
    };
    let value = constant(text[value_at - at..].trim(), value_at)?;
    let one = |op, value, value_two| vec![Condition { index, op, value, value_two }];
    Ok(match op {
        "==" => one(Op::Eq, value, 0),
        "!=" => one(Op::Ne, value, 0),
        "<" => one(Op::Lt, value, 0),
        "<=" => one(Op::Le, value, 0),
        ">" => one(Op::Gt, value, 0),
        ">=" => one(Op::Ge, value, 0),
        // Only these bits, and any of these bits.
        "in" => one(Op::MaskedEq, !value, 0),
        "&" => {
            let bits = (0..64).map(|bit| 1u64 << bit).filter(|bit| value & bit != 0);
            bits.map(|bit| Condition { index, op: Op::MaskedEq, value: bit, value_two: bit }).collect()
        }
        _ => return Err(Fault::new(op_at, not_among(op, "operator", &["==", "!=", "<", "<=", ">", ">=", "&", "in"]))),
    })
}

/// Numbers and names of constants, joined by `|`; `~` inverts.
fn constant(text: &str, at: usize) -> Result<u64, Fault> {
    let mut all = 0;
    for (start, part) in split(text, at, "|") {
        let (part, inverted) = part.strip_prefix('~').map_or((part, false), |rest| (rest.trim(), true));
        let value = match part.strip_prefix("0x").or_else(|| part.strip_prefix("0X")) {
            Some(digits) => u64::from_str_radix(digits, 16).ok(),
            None if part.starts_with('-') => part.parse::<i64>().ok().map(|n| n as u64),
            None if part.len() > 1 && part.starts_with('0') => u64::from_str_radix(part, 8).ok(),
            None => part.parse().ok().or_else(|| named(part)),
        };
        let value = value.ok_or_else(|| {
            let near = nearest(part, abi::flag_sets().flat_map(|s| s.constants(Arch::X86_64)).map(|c| c.name));
            let near = near.map(|near| format!("; did you mean {near:?}?")).unwrap_or_default();
            Fault::new(start, format!("{part:?} is no number and no known constant{near}"))
        })?;
        all |= if inverted { !value } else { value };
    }
    Ok(all)
}

fn named(name: &str) -> Option<u64> {
    abi::flag_sets().find_map(|set| set.value(Arch::X86_64, name))
}
