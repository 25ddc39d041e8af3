//! From the JSON (or YAML) of container runtimes to a profile: keys as Go's encoding/json reads them (any case, unknown ones ignored, the last of doubles
//! counts), values checked here and now, each complaint at its line and column.

use std::collections::HashSet;

use super::error::Fault;
use super::form::Form;
use super::json::{self, Kind, Member, Value};
use super::profile::{Architectures, Reading, Rule, Selector};
use super::read::MAX_RULES;
use super::words::{self, nearest, not_among};
use super::{Action, Condition, EPERM, Op, names};

/// libseccomp refuses an errno from here on.
const MAX_ERRNO: u64 = 4095;

pub(super) fn parse(text: &str, form: Form) -> Result<Reading, Fault> {
    document(&json::read(text)?, form)
}

/// What [`parse`] makes of a document that was read already.
pub(super) fn document(document: &Value, form: Form) -> Result<Reading, Fault> {
    let mut parser = Parser { form, warnings: Vec::new(), unknown_calls: HashSet::new(), idle_errno: None, named: 0 };
    let mut top = Object::of(document, "the profile")?;
    if let Some(spec) = top.get("spec").filter(|_| form == Form::Spo) {
        top = Object::of(spec, "spec")?;
    }
    // An OCI runtime configuration (config.json) has its profile inside.
    if top.get("defaultAction").is_none()
        && let Some(linux) = top.get("linux")
        && let Some(seccomp) = Object::of(linux, "linux")?.get("seccomp")
    {
        top = Object::of(seccomp, "linux.seccomp")?;
    }
    let top = top;
    parser.check_keys(
        &top,
        &[
            "defaultAction",
            "defaultErrnoRet",
            "architectures",
            "archMap",
            "syscalls",
            "flags",
            "listenerPath",
            "listenerMetadata",
            "comment",
            "defaultErrno",
            "baseProfileName",
            "disabled",
            "state",
        ],
    );
    parser.flags(&top)?;
    let architectures = parser.architectures(&top)?;
    let mut rules = Vec::new();
    let items = list(top.get("syscalls"), "syscalls")?;
    if let Some(item) = items.get(MAX_RULES) {
        return Err(Fault::new(item.span.start, format!("more than {MAX_RULES} rules")));
    }
    for item in items {
        rules.push(parser.rule(item)?);
    }
    let default_action = match top.get("defaultAction") {
        None if rules.is_empty() => {
            parser.warn(top.at, "without defaultAction and syscalls the profile switches seccomp off: every call runs");
            Action::Allow
        }
        None => return Err(Fault::new(top.at, "defaultAction is missing: what happens to calls that no rule names?")),
        Some(word) => parser.action(
            word,
            (top.get("defaultErrnoRet"), "defaultErrnoRet"),
            (top.get("defaultErrno"), "defaultErrno"),
        )?,
    };
    if default_action == Action::Notify {
        parser.warn(top.at, "runc refuses SCMP_ACT_NOTIFY as defaultAction");
    }
    let Parser { warnings, idle_errno, .. } = parser;
    Ok(Reading { default_action, rules, architectures, warnings, idle_errno, programs: Vec::new() })
}

struct Parser {
    form: Form,
    warnings: Vec<Fault>,
    /// Each is reported once.
    unknown_calls: HashSet<String>,
    idle_errno: Option<usize>,
    /// Calls named so far, in all rules.
    named: usize,
}

impl Parser {
    fn warn(&mut self, offset: usize, message: impl Into<String>) {
        self.warnings.push(Fault::new(offset, message));
    }

    /// Go ignores keys that it does not know; a misspelt one is worth a word.
    fn check_keys(&mut self, object: &Object<'_>, valid: &[&str]) {
        let mut seen: HashSet<String> = HashSet::new();
        for member in object.members {
            let lower = member.key.to_lowercase();
            let podman = matches!(lower.as_str(), "defaulterrno" | "errno") && self.form != Form::Podman;
            let spo = matches!(lower.as_str(), "baseprofilename" | "disabled" | "state") && self.form != Form::Spo;
            if podman || spo || !valid.iter().any(|v| v.eq_ignore_ascii_case(&member.key)) {
                let hint = match nearest(&member.key, valid.iter().copied()) {
                    _ if spo => "; it is the Security Profiles Operator's".to_owned(),
                    _ if podman => format!("; Docker reads {:?} with a number", member.key.clone() + "Ret"),
                    Some(near) => format!("; did you mean {near:?}?"),
                    None => String::new(),
                };
                self.warn(member.key_at, format!("the key {:?} is ignored{hint}", member.key));
            } else if !seen.insert(lower) {
                self.warn(member.key_at, format!("{:?} is given twice; the last one counts", member.key));
            }
        }
    }

    /// Flags do not change what is blocked; only their spelling is looked at.
    fn flags(&mut self, top: &Object<'_>) -> Result<(), Fault> {
        const FLAGS: [&str; 4] = [
            "SECCOMP_FILTER_FLAG_TSYNC",
            "SECCOMP_FILTER_FLAG_LOG",
            "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
            "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",
        ];
        for item in list(top.get("flags"), "flags")? {
            let flag = string(item, "a flag")?;
            if !FLAGS.contains(&flag) {
                self.warn(item.span.start, not_among(flag, "flag", &FLAGS));
            }
        }
        Ok(())
    }

    fn architectures(&mut self, top: &Object<'_>) -> Result<Architectures, Fault> {
        let plain = list(top.get("architectures"), "architectures")?;
        let map = list(self.dockers(top, "archMap"), "archMap")?;
        if !plain.is_empty() && !map.is_empty() {
            let at = top.get("archMap").map_or(top.at, |v| v.span.start);
            return Err(Fault::new(at, "architectures and archMap exclude each other; keep one of them"));
        }
        if !plain.is_empty() {
            return Ok(Architectures::List(plain.iter().map(architecture).collect::<Result<_, _>>()?));
        }
        if map.is_empty() {
            return Ok(Architectures::Native);
        }
        let mut entries = Vec::new();
        for item in map {
            let entry = Object::of(item, "an entry of archMap")?;
            self.check_keys(&entry, &["architecture", "subArchitectures"]);
            let Some(main) = entry.get("architecture") else {
                return Err(Fault::new(entry.at, "this entry of archMap has no architecture"));
            };
            let subs = list(entry.get("subArchitectures"), "subArchitectures")?;
            entries.push((architecture(main)?, subs.iter().map(architecture).collect::<Result<_, _>>()?));
        }
        Ok(Architectures::Map(entries))
    }

    /// A key that Docker knows and OCI's readers, such as containerd, drop in silence.
    fn dockers<'v>(&mut self, object: &Object<'v>, key: &str) -> Option<&'v Value> {
        let value = object.get(key)?;
        if matches!(self.form, Form::Oci | Form::Kubernetes | Form::Spo) {
            self.warn(value.span.start, format!("{key} is Docker's; read as {} it is dropped", self.form.name()));
            return None;
        }
        Some(value)
    }

    fn rule(&mut self, item: &Value) -> Result<Rule, Fault> {
        let rule = Object::of(item, "a rule of syscalls")?;
        self.check_keys(
            &rule,
            &["names", "name", "action", "errnoRet", "errno", "args", "comment", "includes", "excludes"],
        );
        let several = list(rule.get("names"), "names")?;
        let one = self.dockers(&rule, "name");
        if let Some(one) = one
            && !several.is_empty()
            && !string(one, "name")?.is_empty()
        {
            return Err(Fault::new(one.span.start, "name and names exclude each other; keep names"));
        }
        let mut calls = Vec::new();
        for value in several.iter().chain(one) {
            let call = string(value, "the name of a system call")?;
            if call.is_empty() && several.is_empty() {
                continue;
            }
            self.check_call(call, value.span.start);
            self.named += 1;
            if self.named > MAX_RULES {
                return Err(Fault::new(value.span.start, format!("more than {MAX_RULES} calls are named")));
            }
            calls.push(call.to_owned());
        }
        if calls.is_empty() {
            self.warn(rule.at, "this rule names no system call");
        }
        let Some(action) = rule.get("action") else {
            return Err(Fault::new(rule.at, "this rule has no action"));
        };
        let action = self.action(action, (rule.get("errnoRet"), "errnoRet"), (rule.get("errno"), "errno"))?;
        if action == Action::Notify && calls.iter().any(|c| c == "write") {
            self.warn(rule.at, "runc refuses SCMP_ACT_NOTIFY for write");
        }
        let args = list(rule.get("args"), "args")?;
        Ok(Rule {
            names: calls,
            action,
            args: args.iter().map(|arg| self.condition(arg)).collect::<Result<_, _>>()?,
            includes: self.selector(&rule, "includes")?,
            excludes: self.selector(&rule, "excludes")?,
            comment: rule.get("comment").map_or(Ok(""), |c| string(c, "comment"))?.to_owned(),
            span: item.span.clone(),
        })
    }

    fn check_call(&mut self, call: &str, at: usize) {
        if names::known(call) || !self.unknown_calls.insert(call.to_owned()) {
            return;
        }
        let hint = match nearest(call, names::all()) {
            Some(near) => format!("; did you mean {near:?}?"),
            None => String::new(),
        };
        self.warn(at, format!("no architecture has a system call {call:?}; runtimes pass it over{hint}"));
    }

    /// `errno` is the key with a number, `named` Podman's with a word, which wins.
    fn action(
        &mut self,
        word: &Value,
        (errno, key): (Option<&Value>, &str),
        (named, named_key): (Option<&Value>, &str),
    ) -> Result<Action, Fault> {
        let text = string(word, "an action")?;
        let named = match named.filter(|_| self.form == Form::Podman) {
            Some(value) if string(value, named_key)?.is_empty() => None,
            Some(value) => Some((value.span.start, words::errno(string(value, named_key)?, value.span.start)?)),
            None => None,
        };
        let number = match named {
            Some(named) => Some(named),
            None => errno.map(|e| Ok((e.span.start, unsigned(e, key)?))).transpose()?,
        };
        let key = if named.is_some() { named_key } else { key };
        let number_or_eperm = |limit: u64| match number {
            None => Ok(EPERM),
            Some((at, n)) if n >= limit => Err(Fault::new(at, format!("{key} must be less than {limit}, not {n}"))),
            Some((_, n)) => u16::try_from(n).map_err(|e| Fault::new(word.span.start, e.to_string())),
        };
        let action = match text {
            "SCMP_ACT_KILL" | "SCMP_ACT_KILL_THREAD" => Action::KillThread,
            "SCMP_ACT_KILL_PROCESS" => Action::KillProcess,
            "SCMP_ACT_TRAP" => Action::Trap,
            "SCMP_ACT_ERRNO" => return Ok(Action::Errno(number_or_eperm(MAX_ERRNO)?)),
            "SCMP_ACT_TRACE" => return Ok(Action::Trace(number_or_eperm(0x1_0000)?)),
            "SCMP_ACT_NOTIFY" => Action::Notify,
            "SCMP_ACT_LOG" => Action::Log,
            "SCMP_ACT_ALLOW" => Action::Allow,
            _ => return Err(Fault::new(word.span.start, not_among(text, "action", &words::ACTIONS))),
        };
        if let Some((at, _)) = number {
            self.warn(at, format!("{key} has no meaning with {text}: runc ignores it, crun refuses the profile"));
            self.idle_errno.get_or_insert(at);
        }
        Ok(action)
    }

    fn condition(&mut self, item: &Value) -> Result<Condition, Fault> {
        let arg = Object::of(item, "a condition of args")?;
        self.check_keys(&arg, &["index", "value", "valueTwo", "op"]);
        let number = |key: &str| arg.get(key).map_or(Ok(0), |v| unsigned(v, key));
        let index = match number("index")? {
            index @ 0..=5 => index as u8,
            index => {
                let at = arg.get("index").map_or(arg.at, |v| v.span.start);
                return Err(Fault::new(
                    at,
                    format!("index must be 0 to 5, not {index}: a system call has six arguments"),
                ));
            }
        };
        let Some(op) = arg.get("op") else {
            return Err(Fault::new(
                arg.at,
                format!("this condition has no op; valid are {}", words::OPERATORS.join(", ")),
            ));
        };
        let text = string(op, "op")?;
        let operator = match text {
            "SCMP_CMP_EQ" => Op::Eq,
            "SCMP_CMP_NE" => Op::Ne,
            "SCMP_CMP_LT" => Op::Lt,
            "SCMP_CMP_LE" => Op::Le,
            "SCMP_CMP_GT" => Op::Gt,
            "SCMP_CMP_GE" => Op::Ge,
            "SCMP_CMP_MASKED_EQ" => Op::MaskedEq,
            _ => return Err(Fault::new(op.span.start, not_among(text, "operator", &words::OPERATORS))),
        };
        Ok(Condition { index, op: operator, value: number("value")?, value_two: number("valueTwo")? })
    }

    fn selector(&mut self, rule: &Object<'_>, key: &str) -> Result<Selector, Fault> {
        let Some(value) = self.dockers(rule, key) else { return Ok(Selector::default()) };
        let object = Object::of(value, key)?;
        self.check_keys(&object, &["caps", "arches", "minKernel"]);
        let caps = list(object.get("caps"), "caps")?;
        let arches = list(object.get("arches"), "arches")?;
        Ok(Selector {
            caps: caps.iter().map(|v| word(v, "capability", &words::CAPABILITIES)).collect::<Result<_, _>>()?,
            arches: arches.iter().map(|v| word(v, "machine", &words::MACHINES)).collect::<Result<_, _>>()?,
            min_kernel: match object.get("minKernel") {
                Some(value) if self.form == Form::Podman => {
                    self.warn(value.span.start, "Podman does not know minKernel and ignores it");
                    None
                }
                value => value.map(min_kernel).transpose()?,
            },
        })
    }
}

/// An object whose keys are found whatever their case; the last of doubles, and null is nothing, as in Go.
pub(super) struct Object<'a> {
    pub at: usize,
    pub members: &'a [Member],
}

impl<'a> Object<'a> {
    pub fn of(value: &'a Value, what: &str) -> Result<Object<'a>, Fault> {
        match &value.kind {
            Kind::Object(members) => Ok(Object { at: value.span.start, members }),
            _ => Err(wrong(value, what, "an object")),
        }
    }

    pub fn get(&self, key: &str) -> Option<&'a Value> {
        let found = self.members.iter().rev().find(|m| m.key.eq_ignore_ascii_case(key) && m.value.kind != Kind::Null);
        found.map(|m| &m.value)
    }
}

pub(super) fn wrong(value: &Value, what: &str, wanted: &str) -> Fault {
    Fault::new(value.span.start, format!("{what} must be {wanted}, not {}", value.what()))
}

pub(super) fn list<'a>(value: Option<&'a Value>, what: &str) -> Result<&'a [Value], Fault> {
    match value {
        None => Ok(&[]),
        Some(Value { kind: Kind::Array(items), .. }) => Ok(items),
        Some(other) => Err(wrong(other, what, "a list")),
    }
}

pub(super) fn string<'a>(value: &'a Value, what: &str) -> Result<&'a str, Fault> {
    match &value.kind {
        Kind::String(text) => Ok(text),
        _ => Err(wrong(value, what, "a string")),
    }
}

pub(super) fn unsigned(value: &Value, what: &str) -> Result<u64, Fault> {
    let Kind::Number(text) = &value.kind else { return Err(wrong(value, what, "a number")) };
    let wanted = "a whole number from 0 to 18446744073709551615, without point or exponent";
    text.parse().map_err(|_| Fault::new(value.span.start, format!("{what} must be {wanted}, not {text}")))
}

fn word(value: &Value, what: &str, valid: &[&str]) -> Result<String, Fault> {
    let text = string(value, what)?;
    if valid.contains(&text) {
        return Ok(text.to_owned());
    }
    Err(Fault::new(value.span.start, not_among(text, what, valid)))
}

fn architecture(value: &Value) -> Result<String, Fault> {
    word(value, "architecture", &words::ARCHITECTURES)
}

/// "4.8": exactly two numbers, each at most 255.
fn min_kernel(value: &Value) -> Result<(u32, u32), Fault> {
    let text = string(value, "minKernel")?;
    let parts = text.split_once('.').and_then(|(k, m)| Some((k.parse::<u8>().ok()?, m.parse::<u8>().ok()?)));
    match parts {
        Some((kernel, major)) if (kernel, major) != (0, 0) => Ok((kernel.into(), major.into())),
        _ => Err(Fault::new(value.span.start, format!("minKernel must be two numbers like \"4.8\", not {text:?}"))),
    }
}
