//! The JSON of container runtimes: with a comment on every rule for Docker and Podman, who know that key, and short for
//! OCI, who does not.

use serde_json::{Map, Value, json};

use crate::policy::draft::{Draft, DraftRule};
use crate::policy::profile::{Architectures, Selector};
use crate::policy::{Action, Condition, Op, errno_name};

/// `SCMP_ACT_*`.
pub fn action_word(action: Action) -> &'static str {
    match action {
        Action::KillProcess => "SCMP_ACT_KILL_PROCESS",
        Action::KillThread => "SCMP_ACT_KILL_THREAD",
        Action::Trap => "SCMP_ACT_TRAP",
        Action::Errno(_) => "SCMP_ACT_ERRNO",
        Action::Notify => "SCMP_ACT_NOTIFY",
        Action::Trace(_) => "SCMP_ACT_TRACE",
        Action::Log => "SCMP_ACT_LOG",
        Action::Allow => "SCMP_ACT_ALLOW",
    }
}

pub fn operator_word(op: Op) -> &'static str {
    match op {
        Op::Eq => "SCMP_CMP_EQ",
        Op::Ne => "SCMP_CMP_NE",
        Op::Lt => "SCMP_CMP_LT",
        Op::Le => "SCMP_CMP_LE",
        Op::Gt => "SCMP_CMP_GT",
        Op::Ge => "SCMP_CMP_GE",
        Op::MaskedEq => "SCMP_CMP_MASKED_EQ",
    }
}

/// One rule a line, each with its comment.
pub fn commented(draft: &Draft, podman: bool) -> String {
    let rules = draft.rules.iter().map(|rule| {
        let mut object = body(rule, podman);
        if !rule.comment.is_empty() {
            object.insert("comment".into(), rule.comment.clone().into());
        }
        for (key, selector) in [("includes", &rule.includes), ("excludes", &rule.excludes)] {
            if let Some(value) = selector_value(selector) {
                object.insert(key.into(), value);
            }
        }
        Value::Object(object)
    });
    document(draft, podman, rules.collect())
}

/// Rules that say the same are put together, and nothing is said that OCI has no key for.
pub fn plain(draft: &Draft) -> String {
    let mut rules: Vec<DraftRule> = Vec::new();
    for rule in &draft.rules {
        match rules.iter_mut().find(|r| r.action == rule.action && r.args == rule.args) {
            Some(same) => {
                let new: Vec<String> = rule.names.iter().filter(|n| !same.names.contains(n)).cloned().collect();
                same.names.extend(new);
            }
            None => rules.push(rule.clone()),
        }
    }
    document(draft, false, rules.iter().map(|rule| Value::Object(body(rule, false))).collect())
}

/// The number of an errno or message, if the action has one.
fn data(action: Action) -> Option<u16> {
    match action {
        Action::Errno(number) | Action::Trace(number) => Some(number),
        _ => None,
    }
}

fn document(draft: &Draft, podman: bool, rules: Vec<Value>) -> String {
    let mut head = vec![("defaultAction", Value::from(action_word(draft.default_action)))];
    if let Some(number) = data(draft.default_action) {
        head.push(("defaultErrnoRet", number.into()));
        if podman && matches!(draft.default_action, Action::Errno(_)) {
            head.push(("defaultErrno", errno_name(number).into()));
        }
    }
    match &draft.architectures {
        Architectures::Native => {}
        Architectures::List(list) => head.push(("architectures", json!(list))),
        Architectures::Map(map) => {
            let entry = |(main, subs): &(String, Vec<String>)| json!({"architecture": main, "subArchitectures": subs});
            head.push(("archMap", map.iter().map(entry).collect()));
        }
    }
    let mut out = String::from("{\n");
    for (key, value) in head {
        out += &format!("\t\"{key}\": {value},\n");
    }
    out += "\t\"syscalls\": [";
    for (at, rule) in rules.iter().enumerate() {
        out += if at == 0 { "\n" } else { ",\n" };
        out += &format!("\t\t{rule}");
    }
    out + "\n\t]\n}\n"
}

fn body(rule: &DraftRule, podman: bool) -> Map<String, Value> {
    let mut object = Map::new();
    object.insert("names".into(), json!(rule.names));
    object.insert("action".into(), action_word(rule.action).into());
    if let Some(number) = data(rule.action) {
        object.insert("errnoRet".into(), number.into());
        if podman && matches!(rule.action, Action::Errno(_)) {
            object.insert("errno".into(), errno_name(number).into());
        }
    }
    if !rule.args.is_empty() {
        object.insert("args".into(), rule.args.iter().map(condition).collect());
    }
    object
}

fn condition(condition: &Condition) -> Value {
    let mut value = json!({"index": condition.index, "value": condition.value, "op": operator_word(condition.op)});
    if condition.op == Op::MaskedEq {
        value["valueTwo"] = condition.value_two.into();
    }
    value
}

fn selector_value(selector: &Selector) -> Option<Value> {
    let mut object = Map::new();
    if !selector.caps.is_empty() {
        object.insert("caps".into(), json!(selector.caps));
    }
    if !selector.arches.is_empty() {
        object.insert("arches".into(), json!(selector.arches));
    }
    if let Some((kernel, major)) = selector.min_kernel {
        object.insert("minKernel".into(), format!("{kernel}.{major}").into());
    }
    (!object.is_empty()).then_some(Value::Object(object))
}
