//! seccompiler's JSON, and Firecracker's older words for it: filters by thread category, each call with alternatives.
//! With several categories the first is read and the others are named in a warning.

use super::{Builder, rule};
use crate::policy::error::Fault;
use crate::policy::form::Form;
use crate::policy::json::{self, Kind, Value};
use crate::policy::parse::{Object, list, string, unsigned, wrong};
use crate::policy::profile::{Architectures, Inner};
use crate::policy::words::not_among;
use crate::policy::{Action, Condition, Op};

const INT: u64 = u32::MAX as u64;
const ACTIONS: [&str; 7] = ["allow", "errno", "kill_process", "kill_thread", "log", "trace", "trap"];
const OPERATORS: [&str; 7] = ["eq", "ne", "lt", "le", "gt", "ge", "masked_eq"];

pub fn read(text: &str, name: &str) -> Result<Inner, Fault> {
    let mut builder = Builder::new(text, name, Form::Seccompiler);
    let document = json::read(text)?;
    let top = Object::of(&document, "the profile")?;
    let Some((first, others)) = top.members.split_first() else {
        return Err(Fault::new(top.at, "there is no thread category in this file"));
    };
    if let Some(other) = others.first() {
        let what = format!("only the first category, {:?}, is read; there are {} more", first.key, others.len());
        builder.warn(other.key_at, what);
    }
    let filter = Object::of(&first.value, "a filter")?;
    let either = |new: &str, old: &str| {
        let found = filter.get(new).or_else(|| filter.get(old));
        found.ok_or_else(|| Fault::new(filter.at, format!("this filter has no {new}")))
    };
    let default = action(either("mismatch_action", "default_action")?)?;
    let matched = action(either("match_action", "filter_action")?)?;
    for item in list(filter.get("filter"), "filter")? {
        let object = Object::of(item, "a rule of filter")?;
        let Some(call) = object.get("syscall") else {
            return Err(Fault::new(object.at, "this rule has no syscall"));
        };
        let word = string(call, "syscall")?;
        builder.check_call(word, call.span.start);
        let mut rule = rule(vec![word.to_owned()], matched, item.span.clone());
        rule.args = list(object.get("args"), "args")?.iter().map(condition).collect::<Result<_, _>>()?;
        rule.comment = object.get("comment").map_or(Ok(""), |c| string(c, "comment"))?.to_owned();
        builder.push(rule)?;
    }
    Ok(builder.finish(default, Architectures::Native))
}

/// `"allow"`, `{"errno": 1}`.
fn action(value: &Value) -> Result<Action, Fault> {
    let (word, at, number) = match &value.kind {
        Kind::String(word) => (word.as_str(), value.span.start, None),
        Kind::Object(members) if members.len() == 1 => {
            let number = unsigned(&members[0].value, &members[0].key)?;
            let number = u16::try_from(number)
                .map_err(|_| Fault::new(members[0].value.span.start, format!("{number} is more than 65535")))?;
            (members[0].key.as_str(), members[0].key_at, Some(number))
        }
        _ => return Err(wrong(value, "an action", "a word, or an object like {\"errno\": 1}")),
    };
    match (word, number) {
        ("allow", None) => Ok(Action::Allow),
        ("log", None) => Ok(Action::Log),
        ("trap", None) => Ok(Action::Trap),
        ("kill_thread", None) => Ok(Action::KillThread),
        ("kill_process", None) => Ok(Action::KillProcess),
        ("errno", Some(number)) => Ok(Action::Errno(number.min(4095))),
        ("trace", Some(number)) => Ok(Action::Trace(number)),
        (word, _) if ACTIONS.contains(&word) => {
            let needs = if number.is_some() { "takes no number" } else { "needs a number, as in {\"errno\": 1}" };
            Err(Fault::new(at, format!("the action {word:?} {needs}")))
        }
        (word, _) => Err(Fault::new(at, not_among(word, "action", &ACTIONS))),
    }
}

fn condition(item: &Value) -> Result<Condition, Fault> {
    let object = Object::of(item, "a condition of args")?;
    let need = |key: &str| object.get(key).ok_or_else(|| Fault::new(object.at, format!("this condition has no {key}")));
    let index = match unsigned(need("index")?, "index")? {
        index @ 0..=5 => index as u8,
        index => return Err(Fault::new(need("index")?.span.start, format!("index must be 0 to 5, not {index}"))),
    };
    let value = unsigned(need("val")?, "val")?;
    let size = need("type")?;
    let int = match string(size, "type")? {
        "dword" => true,
        "qword" => false,
        other => return Err(Fault::new(size.span.start, not_among(other, "type", &["dword", "qword"]))),
    };
    let operator = need("op")?;
    let (word, mask) = match &operator.kind {
        Kind::Object(members) if members.len() == 1 => {
            (members[0].key.as_str(), Some(unsigned(&members[0].value, "the mask")?))
        }
        _ => (string(operator, "op")?, None),
    };
    let op = match word {
        "eq" => Op::Eq,
        "ne" => Op::Ne,
        "lt" => Op::Lt,
        "le" => Op::Le,
        "gt" => Op::Gt,
        "ge" => Op::Ge,
        "masked_eq" => Op::MaskedEq,
        _ => return Err(Fault::new(operator.span.start, not_among(word, "operator", &OPERATORS))),
    };
    match (op, int) {
        (Op::MaskedEq, _) => {
            let mask =
                mask.ok_or_else(|| Fault::new(operator.span.start, "masked_eq needs a mask: {\"masked_eq\": 255}"))?;
            let mask = if int { mask & INT } else { mask };
            Ok(Condition { index, op, value: mask, value_two: value })
        }
        // A dword is the lower half of the argument.
        (Op::Eq, true) => Ok(Condition { index, op: Op::MaskedEq, value: INT, value_two: value & INT }),
        (_, false) => Ok(Condition { index, op, value, value_two: 0 }),
        (_, true) => {
            let what = format!("{word} on a dword cannot be judged here; only eq and masked_eq look at one half alone");
            Err(Fault::new(operator.span.start, what))
        }
    }
}
