//! seccompiler's JSON: one filter for the thread category `main`.

use serde_json::{Map, Value, json};

use crate::abi::Arch;
use crate::policy::draft::Draft;
use crate::policy::{Action, Condition, Op, names};

/// What the format compares with, when a condition looks at an int only.
const INT: u64 = u32::MAX as u64;

pub fn write(draft: &Draft, arch: Arch, lost: &mut Vec<String>) -> Result<String, String> {
    let mut matched = None;
    let mut absent = Vec::new();
    let mut filter = Vec::new();
    for rule in draft.rules.iter().filter(|rule| rule.action != draft.default_action) {
        if *matched.get_or_insert(rule.action) != rule.action {
            return Err(
                "seccompiler has one action for all rules, and this profile has several; choose another format".into(),
            );
        }
        for name in &rule.names {
            if names::number(arch, name).is_none() {
                absent.push(name.as_str());
                continue;
            }
            let mut object = Map::new();
            object.insert("syscall".into(), name.as_str().into());
            if !rule.args.is_empty() {
                object.insert("args".into(), rule.args.iter().map(argument).collect());
            }
            if !rule.comment.is_empty() {
                object.insert("comment".into(), rule.comment.as_str().into());
            }
            filter.push(Value::Object(object));
        }
    }
    if !absent.is_empty() {
        lost.push(format!(
            "{} has no {}; seccompiler refuses such names, so they are left out",
            arch.name(),
            absent.join(", ")
        ));
    }
    let mut out = String::from("{\n\t\"main\": {\n");
    out += &format!("\t\t\"mismatch_action\": {},\n", action(draft.default_action)?);
    out += &format!("\t\t\"match_action\": {},\n", action(matched.unwrap_or(Action::Allow))?);
    out += "\t\t\"filter\": [";
    for (at, rule) in filter.iter().enumerate() {
        out += if at == 0 { "\n" } else { ",\n" };
        out += &format!("\t\t\t{rule}");
    }
    Ok(out + "\n\t\t]\n\t}\n}\n")
}

fn action(action: Action) -> Result<Value, String> {
    Ok(match action {
        Action::Allow => "allow".into(),
        Action::Log => "log".into(),
        Action::Trap => "trap".into(),
        Action::KillThread => "kill_thread".into(),
        Action::KillProcess => "kill_process".into(),
        Action::Errno(number) => json!({"errno": number}),
        Action::Trace(number) => json!({"trace": number}),
        Action::Notify => return Err("seccompiler has no action NOTIFY; choose another format".into()),
    })
}

fn argument(condition: &Condition) -> Value {
    let Condition { index, op, value, value_two } = *condition;
    let (size, op, value) = match op {
        Op::MaskedEq if value == INT => ("dword", json!("eq"), value_two & INT),
        Op::MaskedEq => ("qword", json!({"masked_eq": value}), value_two & value),
        Op::Eq => ("qword", json!("eq"), value),
        Op::Ne => ("qword", json!("ne"), value),
        Op::Lt => ("qword", json!("lt"), value),
        Op::Le => ("qword", json!("le"), value),
        Op::Gt => ("qword", json!("gt"), value),
        Op::Ge => ("qword", json!("ge"), value),
    };
    json!({"index": index, "type": size, "op": op, "val": value})
}
