//! The forms that are lines: the Security Profiles Operator's YAML, a systemd unit's settings, minijail's policy.

use super::json::{action_word, operator_word};
use crate::abi::Arch;
use crate::policy::draft::{Draft, DraftRule};
use crate::policy::profile::Architectures;
use crate::policy::{Action, Condition, Op, errno_name, names};

/// Values above this are written in hexadecimal.
const DECIMAL: u64 = 4096;
const INT: u64 = u32::MAX as u64;

fn comments(out: &mut String, indent: &str, lines: &[String]) {
    for line in lines {
        *out += &format!("{indent}# {line}\n");
    }
}

/// `kind: SeccompProfile` of `security-profiles-operator.x-k8s.io/v1beta1`.
pub fn spo(draft: &Draft) -> String {
    let mut out = String::new();
    comments(&mut out, "", &draft.remarks);
    out +=
        "apiVersion: security-profiles-operator.x-k8s.io/v1beta1\nkind: SeccompProfile\nmetadata:\n  name: sysview\n";
    out += &format!("spec:\n  defaultAction: {}\n", action_word(draft.default_action));
    if let Action::Errno(number) = draft.default_action {
        out += &format!("  defaultErrnoRet: {number}\n");
    }
    if let Architectures::List(list) = &draft.architectures {
        out += "  architectures:\n";
        list.iter().for_each(|arch| out += &format!("  - {arch}\n"));
    }
    out += if draft.rules.is_empty() { "  syscalls: []\n" } else { "  syscalls:\n" };
    // One rule for all that is allowed without conditions, with the reasons beside the names.
    let together = |rule: &&DraftRule| rule.action == Action::Allow && rule.args.is_empty();
    if draft.rules.iter().any(|r| together(&r)) {
        out += "  - action: SCMP_ACT_ALLOW\n    names:\n";
    }
    for rule in draft.rules.iter().filter(together) {
        for name in &rule.names {
            out += &format!("    - {name}{}\n", beside(&rule.comment));
        }
    }
    for rule in draft.rules.iter().filter(|r| !together(r)) {
        out += &format!("  - action: {}{}\n    names:\n", action_word(rule.action), beside(&rule.comment));
        rule.names.iter().for_each(|name| out += &format!("    - {name}\n"));
        if let Action::Errno(number) = rule.action {
            out += &format!("    errnoRet: {number}\n");
        }
        if !rule.args.is_empty() {
            out += "    args:\n";
        }
        for Condition { index, op, value, value_two } in &rule.args {
            out += &format!("    - index: {index}\n      value: {value}\n");
            if *op == Op::MaskedEq {
                out += &format!("      valueTwo: {value_two}\n");
            }
            out += &format!("      op: {}\n", operator_word(*op));
        }
    }
    out
}

fn beside(comment: &str) -> String {
    if comment.is_empty() { String::new() } else { format!(" # {comment}") }
}

/// The settings of systemd.exec(5), to be put under `[Service]`.
pub fn systemd(draft: &Draft, lost: &mut Vec<String>) -> Result<String, String> {
    let mut out = String::new();
    comments(&mut out, "", &draft.remarks);
    out += "[Service]\n";
    if let Architectures::List(list) = &draft.architectures {
        let words: Vec<&str> = list.iter().filter_map(|arch| systemd_architecture(arch)).collect();
        out += &format!("SystemCallArchitectures={}\n", words.join(" "));
    } else {
        out += "SystemCallArchitectures=native\n";
    }
    let denies = !draft.default_action.blocks();
    match (denies, draft.default_action) {
        (true, _) | (false, Action::KillProcess) => {}
        (false, Action::Errno(number)) => out += &format!("SystemCallErrorNumber={}\n", errno_name(number)),
        (false, other) => {
            return Err(format!(
                "systemd can answer with an error or kill the process, not with {other}; choose another default action"
            ));
        }
    }
    let mut narrower = 0;
    let mut seen: Vec<&str> = Vec::new();
    for rule in &draft.rules {
        if rule.action == draft.default_action {
            continue;
        }
        if !rule.args.is_empty() {
            narrower += 1;
            if denies {
                lost.push(format!("{} is not denied: systemd cannot look at arguments", rule.names.join(", ")));
                continue;
            }
        }
        let suffix = match rule.action {
            Action::Allow if !denies => String::new(),
            Action::Errno(number) => format!(":{}", errno_name(number)),
            Action::KillProcess => ":kill".into(),
            other => {
                lost.push(format!("{other} for {} is left out: systemd has no such action", rule.names.join(", ")));
                continue;
            }
        };
        let new: Vec<&str> = rule.names.iter().map(String::as_str).filter(|n| !seen.contains(n)).collect();
        if new.is_empty() {
            continue;
        }
        if !rule.comment.is_empty() {
            out += &format!("# {}\n", rule.comment);
        }
        let words: Vec<String> = new.iter().map(|name| format!("{name}{suffix}")).collect();
        out += &format!("SystemCallFilter={}{}\n", if denies { "~" } else { "" }, words.join(" "));
        seen.extend(new);
    }
    if narrower > 0 && !denies {
        lost.push(format!(
            "systemd cannot look at arguments: the calls of {narrower} rules are allowed whatever they are"
        ));
    }
    if !denies {
        lost.push("systemd allows all of @default besides".into());
    }
    Ok(out)
}

pub fn systemd_architecture(word: &str) -> Option<&'static str> {
    Some(match word {
        "SCMP_ARCH_X86_64" => "x86-64",
        "SCMP_ARCH_X86" => "x86",
        "SCMP_ARCH_X32" => "x32",
        "SCMP_ARCH_ARM" => "arm",
        "SCMP_ARCH_AARCH64" => "arm64",
        "SCMP_ARCH_PPC64LE" => "ppc64-le",
        "SCMP_ARCH_S390X" => "s390x",
        "SCMP_ARCH_RISCV64" => "riscv64",
        "SCMP_ARCH_MIPS64" => "mips64",
        "SCMP_ARCH_LOONGARCH64" => "loongarch64",
        _ => return None,
    })
}

/// minijail0(5): calls that no line names are killed.
pub fn minijail(draft: &Draft, arch: Arch, lost: &mut Vec<String>) -> Result<String, String> {
    if !draft.default_action.blocks() {
        return Err(
            "minijail's policies list what is allowed, and this profile allows by default; choose another format"
                .into(),
        );
    }
    if !matches!(draft.default_action, Action::KillProcess | Action::KillThread) {
        lost.push(format!("minijail kills on other calls; it cannot answer {}", draft.default_action));
    }
    if matches!(&draft.architectures, Architectures::List(list) if list.len() > 1) {
        lost.push("a policy of minijail is for one architecture; calls of others are killed".into());
    }
    let mut out = String::new();
    comments(&mut out, "", &draft.remarks);
    let mut done: Vec<&str> = Vec::new();
    let mut absent: Vec<&str> = Vec::new();
    for name in draft.rules.iter().flat_map(|rule| &rule.names) {
        if done.contains(&name.as_str()) {
            continue;
        }
        done.push(name);
        if names::number(arch, name).is_none() {
            absent.push(name);
            continue;
        }
        let about: Vec<&DraftRule> = draft.rules.iter().filter(|rule| rule.names.contains(name)).collect();
        for rule in about.iter().filter(|rule| !rule.comment.is_empty()) {
            out += &format!("# {}\n", rule.comment);
        }
        out += &format!("{name}: {}\n", expression(name, &about, lost)?);
    }
    if !absent.is_empty() {
        lost.push(format!(
            "{} has no {}; minijail refuses such names, so they are left out",
            arch.name(),
            absent.join(", ")
        ));
    }
    Ok(out)
}

/// All that is said about one call. A rule without conditions counts whatever the others say.
fn expression(name: &str, rules: &[&DraftRule], lost: &mut Vec<String>) -> Result<String, String> {
    let word = |action: Action| match action {
        Action::Allow => Ok("1".to_owned()),
        Action::Errno(number) => Ok(format!("return {}", errno_name(number))),
        Action::KillProcess | Action::KillThread => Ok("kill".to_owned()),
        Action::Trap => Ok("trap".to_owned()),
        Action::Trace(_) => Ok("trace".to_owned()),
        Action::Log => Ok("log".to_owned()),
        Action::Notify => Err(format!("minijail has no action NOTIFY, which {name} has; choose another format")),
    };
    if let Some(rule) = rules.iter().find(|rule| rule.args.is_empty()) {
        return word(rule.action);
    }
    let mut alternatives = Vec::new();
    for rule in rules {
        if rule.action != Action::Allow {
            lost.push(format!(
                "the rule {} for some arguments of {name} is left out: such calls are killed",
                rule.action
            ));
            continue;
        }
        let atoms = rule.args.iter().map(|c| atom(c, name)).collect::<Result<Vec<_>, _>>()?;
        alternatives.push(atoms.join(" && "));
    }
    Ok(if alternatives.is_empty() { "kill".into() } else { alternatives.join(" || ") })
}

fn atom(condition: &Condition, name: &str) -> Result<String, String> {
    let Condition { index, op, value, value_two } = *condition;
    let number = |n: u64| if n < DECIMAL { n.to_string() } else { format!("{n:#x}") };
    let sign = match op {
        Op::Eq => "==",
        Op::Ne => "!=",
        Op::Lt => "<",
        Op::Le => "<=",
        Op::Gt => ">",
        Op::Ge => ">=",
        // Of an int all 64 bits are compared, which only differs where the upper half is not zero.
        Op::MaskedEq if value == INT || value == u64::MAX => {
            return Ok(format!("arg{index} == {}", number(value_two & value)));
        }
        Op::MaskedEq if value_two & value == 0 => return Ok(format!("arg{index} in {:#x}", !value)),
        Op::MaskedEq => {
            return Err(format!("minijail cannot compare {condition} of {name}; choose another format"));
        }
    };
    Ok(format!("arg{index} {sign} {}", number(value)))
}
