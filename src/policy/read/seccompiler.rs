//! seccompiler's JSON, and Firecracker's older words for it: filters by thread category, each call with alternatives.
//! With several categories the first is read and the others are named in a warning.

use super::{Builder, rule};
use crate::policy::error::Fault;
use crate::policy::json::{self, Kind, Value};
use crate::policy::parse::{Object, list, string, unsigned, wrong};
use crate::policy::profile::{Architectures, Reading};
use crate::policy::words::not_among;
use crate::policy::{Action, Condition, Op};

const INT: u64 = u32::MAX as u64;
/// Comparisons of one half of an argument stand for several rules; more than this of one rule are refused.
const MAX_ALTERNATIVES: usize = 4096;
const ACTIONS: [&str; 7] = ["allow", "errno", "kill_process", "kill_thread", "log", "trace", "trap"];
const OPERATORS: [&str; 7] = ["eq", "ne", "lt", "le", "gt", "ge", "masked_eq"];

pub fn read(text: &str) -> Result<Reading, Fault> {
    let mut builder = Builder::new();
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
        let comment = object.get("comment").map_or(Ok(""), |c| string(c, "comment"))?;
        let mut all: Vec<Vec<Condition>> = vec![Vec::new()];
        for item in list(object.get("args"), "args")? {
            let choices = condition(item)?;
            all = all.iter().flat_map(|a| choices.iter().map(|c| [a.as_slice(), &[*c]].concat())).collect();
            if all.len() > MAX_ALTERNATIVES {
                let what = format!("these comparisons of lower halves stand for more than {MAX_ALTERNATIVES} rules");
                return Err(Fault::new(item.span.start, what));
            }
        }
        for args in all {
            let mut rule = rule(vec![word.to_owned()], matched, item.span.clone());
            (rule.args, rule.comment) = (args, comment.to_owned());
            builder.push(rule)?;
        }
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

/// One comparison; several conditions if any of them is enough.
fn condition(item: &Value) -> Result<Vec<Condition>, Fault> {
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
            Ok(vec![Condition { index, op, value: mask, value_two: value }])
        }
        (_, false) => Ok(vec![Condition { index, op, value, value_two: 0 }]),
        (_, true) => Ok(halves(index, op, value & INT)),
    }
}

/// A comparison of the lower half of an argument. Numbers are ordered by the highest bit in which they differ, so each
/// order is a choice among equalities under a mask: the bits above are equal, and this one is the greater one's.
fn halves(index: u8, op: Op, value: u64) -> Vec<Condition> {
    let masked = |mask: u64, bits: u64| Condition { index, op: Op::MaskedEq, value: mask, value_two: bits };
    let mut out = Vec::new();
    if matches!(op, Op::Eq | Op::Le | Op::Ge) {
        out.push(masked(INT, value));
    }
    for bit in (0..32).map(|bit| 1u64 << bit) {
        let is_set = value & bit != 0;
        let differs = match op {
            Op::Lt | Op::Le => is_set,
            Op::Gt | Op::Ge => !is_set,
            _ => false,
        };
        if op == Op::Ne {
            out.push(masked(bit, !value & bit));
        } else if differs {
            let mask = INT & !(bit - 1);
            out.push(masked(mask, (value ^ bit) & mask));
        }
    }
    // Nothing is below 0 or above all: a condition that never holds.
    if out.is_empty() {
        out.push(Condition { index, op: Op::Lt, value: 0, value_two: 0 });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_half_is_compared_as_a_number() {
        let values = [0, 1, 2, 5, 6, 7, 8, 255, 256, 0x7fff_ffff, 0x8000_0000, INT - 1, INT];
        for value in values {
            for actual in values.into_iter().flat_map(|v| [v, v | 1 << 32, v | 0xffff_ffff << 32]) {
                let half = actual & INT;
                for (op, holds) in [
                    (Op::Eq, half == value),
                    (Op::Ne, half != value),
                    (Op::Lt, half < value),
                    (Op::Le, half <= value),
                    (Op::Gt, half > value),
                    (Op::Ge, half >= value),
                ] {
                    let found = halves(0, op, value).iter().any(|c| c.holds(&[actual, 0, 0, 0, 0, 0]));
                    assert_eq!(found, holds, "{actual:#x} {op:?} {value:#x}");
                }
            }
        }
    }
}
