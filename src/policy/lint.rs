//! What is probably a mistake in a profile, and what is dangerous in it. Nothing here changes a verdict.

use std::collections::HashMap;
use std::fmt;

use super::form::Form;
use super::profile::Architectures;
use super::resolve::Dropped;
use super::{Action, Certainty, Condition, Context, Judge, Op, Profile, Rule, names, portable};
use crate::abi::{Meaning, Type, Width, by_name};

/// One finding. Lines count from 1; 0: the profile as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The file, if it is another than the profile's own.
    pub file: Option<String>,
    pub line: usize,
    pub column: usize,
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{file}:")?;
        }
        write!(f, "{}:{}: {}", self.line, self.column, self.message)
    }
}

/// Findings about one profile that are worth reading; the others are counted.
const MAX_FINDINGS: usize = 1000;

/// Calls that give a program power over others or the kernel, or have been the way out of many sandboxes.
const DANGEROUS: &[(&str, &str)] = &[
    ("ptrace", "reads and changes other processes; before Linux 4.8 it also passes the filter"),
    ("process_vm_writev", "writes into other processes"),
    ("bpf", "loads programs into the kernel"),
    ("keyctl", "the kernel's keyrings are not divided by containers"),
    ("add_key", "the kernel's keyrings are not divided by containers"),
    ("request_key", "the kernel's keyrings are not divided by containers"),
    ("userfaultfd", "makes races in the kernel easy to win"),
    ("perf_event_open", "a large interface that shows what others do"),
    ("io_uring_setup", "its requests are calls that no filter sees"),
    ("kexec_load", "replaces the kernel"),
    ("kexec_file_load", "replaces the kernel"),
    ("init_module", "loads code into the kernel"),
    ("finit_module", "loads code into the kernel"),
    ("open_by_handle_at", "opens files outside the container's tree"),
    ("mount", "changes what stands where in the file system"),
    ("unshare", "user namespaces open much of the kernel to everybody"),
    ("setns", "enters the namespaces of others"),
    ("reboot", "ends the machine"),
    ("swapon", "memory to a file of the caller's choice"),
    ("iopl", "raw ports"),
    ("ioperm", "raw ports"),
];

/// All findings, in the order of the text; dangers last.
pub fn check(profile: &Profile, context: &Context) -> Vec<Finding> {
    let mut found: Vec<Finding> = profile
        .warnings()
        .iter()
        .map(|w| Finding { file: w.file.clone(), line: w.line, column: w.column, message: w.message.clone() })
        .collect();
    let judge = match profile.resolve(context) {
        Ok(judge) => judge,
        Err(error) => {
            let file = (error.file != profile.name()).then_some(error.file);
            found.push(Finding { file, line: error.line, column: error.column, message: error.message });
            return found;
        }
    };
    let plain = plain_rules(profile);
    for (index, rule) in profile.rules().iter().enumerate() {
        if found.len() > MAX_FINDINGS {
            break;
        }
        let mut say = |message: String| found.push(at(profile, rule.span.start, message));
        useless(profile, &judge, &plain, (index, rule), &mut say);
        conditions(profile, rule, &mut say);
        if let Form::Docker | Form::Podman = profile.form() {
            for (key, selector) in [("includes", &rule.includes), ("excludes", &rule.excludes)] {
                if *selector != Default::default() {
                    say(format!("containerd drops {key} of a Localhost profile: there this rule always takes part"));
                }
            }
        }
    }
    whole(profile, &judge, &mut found);
    found.sort_by(|a, b| (a.line == 0, &a.file, a.line, a.column).cmp(&(b.line == 0, &b.file, b.line, b.column)));
    found.dedup();
    dangers(&judge, &mut found);
    found
}

/// By name of a call, the first rule on it that always takes part and looks at no argument.
fn plain_rules(profile: &Profile) -> HashMap<&str, usize> {
    let mut plain = HashMap::new();
    for (index, rule) in profile.rules().iter().enumerate() {
        let always = rule.includes == Default::default() && rule.excludes == Default::default();
        if rule.args.is_empty() && always && rule.action != profile.default_action() {
            for name in &rule.names {
                plain.entry(name.as_str()).or_insert(index);
            }
        }
    }
    plain
}

/// A finding at a byte of the profile's texts.
fn at(profile: &Profile, offset: usize, message: String) -> Finding {
    let place = profile.texts().place(offset);
    Finding { file: (!place.is_own).then(|| place.file.to_owned()), line: place.line, column: place.column, message }
}

/// A finding about the profile as a whole.
fn overall(message: String) -> Finding {
    Finding { file: None, line: 0, column: 0, message }
}

/// Rules that change nothing.
fn useless(
    profile: &Profile,
    judge: &Judge,
    plain: &HashMap<&str, usize>,
    (index, rule): (usize, &Rule),
    say: &mut dyn FnMut(String),
) {
    if judge.resolved().dropped[index] == Some(Dropped::SameAsDefault) {
        say(format!("this rule is dead: {} is the default action, and runtimes leave such rules out", rule.action));
        return;
    }
    if judge.resolved().dropped[index].is_some() || profile.form() == Form::Systemd {
        return;
    }
    let shadow = |name: &String| {
        let other = plain.get(name.as_str()).copied().filter(|other| *other != index)?;
        (other < index || !rule.args.is_empty() && !profile.form().is_in_order()).then_some(other)
    };
    let shadowed: Vec<(&String, usize)> = rule.names.iter().filter_map(|name| Some((name, shadow(name)?))).collect();
    if let Some((name, other)) = shadowed.first() {
        let place = profile.rule_place(*other);
        let more = if shadowed.len() > 1 { format!(" and {} more", shadowed.len() - 1) } else { String::new() };
        say(format!("for {name}{more} this rule is shadowed by the one on {place}, which has no conditions"));
    }
}

/// Comparisons that do not mean what they seem to.
fn conditions(profile: &Profile, rule: &Rule, say: &mut dyn FnMut(String)) {
    for (at, condition) in rule.args.iter().enumerate() {
        if profile.form().is_for_containers() && rule.args[..at].iter().any(|c| c.index == condition.index) {
            say(format!(
                "arg{} is compared twice: runtimes make a rule of each, so that one suffices",
                condition.index
            ));
        }
        if condition.op == Op::MaskedEq && condition.value == 0 {
            say(format!("{condition} always holds: the mask is empty"));
        } else if condition.op == Op::MaskedEq && condition.value_two & !condition.value != 0 {
            say(format!(
                "the value {:#x} has bits outside the mask {:#x}, which do not count",
                condition.value_two, condition.value
            ));
        }
        let Some(name) = rule.names.iter().find(|name| is_int(name, condition)) else { continue };
        if let Some(what) = hole(rule.action, condition) {
            say(format!(
                "{condition}: arg{} of {name} is an int, of which the kernel takes 32 bits and the filter compares 64: {what}; \
                 compare under the mask 0xffffffff",
                condition.index
            ));
        }
    }
}

fn is_int(name: &str, condition: &Condition) -> bool {
    let Some(arg) = by_name(name).and_then(|call| call.args.get(usize::from(condition.index))) else { return false };
    match arg.ty {
        Type::Num { width, meaning } => {
            matches!(width, Width::W32) && !matches!(meaning, Meaning::Pointer | Meaning::Hex)
        }
        _ => false,
    }
}

/// What a value with bits in its upper half would do to this rule.
fn hole(action: Action, condition: &Condition) -> Option<&'static str> {
    let small = condition.value <= u64::from(u32::MAX);
    match condition.op {
        Op::MaskedEq => None,
        Op::Ne | Op::Gt | Op::Ge if small && !action.blocks() => {
            Some("any value passes it with a bit in the upper half")
        }
        Op::Eq | Op::Lt | Op::Le if small && action.blocks() => Some("a bit in the upper half evades it"),
        Op::Eq | Op::Lt | Op::Le if small => Some("rubbish in the upper half blocks a good call"),
        _ => None,
    }
}

fn whole(profile: &Profile, judge: &Judge, found: &mut Vec<Finding>) {
    let mut say = |message: String| found.push(overall(message));
    if !profile.programs().is_empty() {
        return;
    }
    if profile.form() == Form::Docker || profile.form() == Form::Podman {
        if let Architectures::Map(_) = profile.architectures() {
            say("containerd drops archMap of a Localhost profile: there 32-bit calls are killed".into());
        }
        if profile.rules().iter().any(|r| r.includes.min_kernel.is_some() || r.excludes.min_kernel.is_some()) {
            say("Podman and containerd do not know minKernel".into());
        }
    }
    let kernel = judge.context().kernel;
    let mut newer = Vec::new();
    let mut elsewhere = Vec::new();
    for name in profile.rules().iter().filter(|rule| !rule.action.blocks()).flat_map(|rule| &rule.names) {
        if let Some((word, since)) = portable::since(name).filter(|(_, since)| *since > kernel && kernel != (0, 0)) {
            newer.push(format!("{name} ({word})"));
            let _ = since;
        } else if names::known(name) && names::number(judge.context().arch, name).is_none() {
            elsewhere.push(name.as_str());
        }
    }
    if !newer.is_empty() {
        say(format!("Linux {}.{} does not have yet: {}", kernel.0, kernel.1, newer.join(", ")));
    }
    if !elsewhere.is_empty() {
        elsewhere.sort_unstable();
        elsewhere.dedup();
        say(format!("{} calls are not on {}: {}", elsewhere.len(), judge.context().arch.name(), elsewhere.join(", ")));
    }
    let doubtful = profile.rules().iter().flat_map(|rule| &rule.names).find(|name| {
        let nr = names::number(judge.context().arch, name);
        nr.is_some_and(|nr| judge.verdict(judge.context().arch, nr, &[0; 6]).certainty != Certainty::Exact)
    });
    if let Some(name) = doubtful {
        say(format!(
            "the rules for {name} are of a kind that libseccomp is known to translate wrongly for some arguments"
        ));
    }
}

fn dangers(judge: &Judge, found: &mut Vec<Finding>) {
    let arch = judge.context().arch;
    for (name, why) in DANGEROUS {
        let Some(nr) = names::number(arch, name) else { continue };
        let verdict = judge.verdict(arch, nr, &[0; 6]);
        if verdict.action.blocks() {
            continue;
        }
        let span = verdict.rule.and_then(|index| judge.profile().rules().get(index)).map(|rule| rule.span.start);
        let message = format!("dangerous: {name} is allowed: {why}");
        found.push(match span {
            Some(offset) => at(judge.profile(), offset, message),
            None => overall(message),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(text: &str) -> Vec<String> {
        let profile = Profile::parse(text, "l.json").expect("a profile");
        let context = Context::docker("5.4", "x86_64");
        check(&profile, &context).iter().map(Finding::to_string).collect()
    }

    #[test]
    fn each_kind_of_finding() {
        let found = findings(
            r#"{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [
{"names": ["read", "raed"], "action": "SCMP_ACT_ALLOW"},
{"names": ["read"], "action": "SCMP_ACT_ERRNO"},
{"names": ["read"], "action": "SCMP_ACT_LOG"},
{"names": ["socket"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "value": 38, "op": "SCMP_CMP_GT"}]},
{"names": ["personality"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "value": 0, "valueTwo": 4, "op": "SCMP_CMP_MASKED_EQ"}]},
{"names": ["lseek"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 1, "value": 4, "op": "SCMP_CMP_EQ"}, {"index": 1, "value": 5, "op": "SCMP_CMP_EQ"}]},
{"names": ["ptrace"], "action": "SCMP_ACT_ALLOW", "includes": {"minKernel": "4.8"}},
{"names": ["epoll_pwait2", "waitpid"], "action": "SCMP_ACT_ALLOW"}
]}"#,
        );
        for part in [
            "2:20: no architecture has a system call \"raed\"",
            "3:1: this rule is dead",
            "4:1: for read this rule is shadowed by the one on line 2",
            "5:1: arg0 > 38: arg0 of socket is an int",
            "6:1: arg0 & 0 == 0 always holds",
            "7:1: arg1 is compared twice",
            "8:1: containerd drops includes",
            "8:1: dangerous: ptrace is allowed",
            "Linux 5.4 does not have yet: epoll_pwait2 (5.11)",
            "not on x86_64: waitpid",
            "do not know minKernel",
        ] {
            assert!(found.iter().any(|line| line.contains(part)), "{part}: {found:#?}");
        }
        assert_eq!(
            findings(
                r#"{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["read"], "action": "SCMP_ACT_ALLOW"}]}"#
            ),
            [""; 0]
        );
    }
}
