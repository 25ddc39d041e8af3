//! Why a call got its verdict, and what would have to be different for another one. Costs more than a verdict: it
//! resolves the profile again under each circumstance that could matter, so nothing here is guessed.

use super::condition::Number;
use super::judge::{Found, Judge, real, visible};
use super::multiplex::on_i386;
use super::resolve::Dropped;
use super::{Action, Certainty, Condition, Context, Rule, Runtime, Verdict, names};
use crate::abi::{Arch, X32_BIT};

/// Everything there is to say about one judgement.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    pub verdict: Verdict,
    pub reason: Reason,
    /// The rule that decided.
    pub rule: Option<Quote>,
    /// Every comparison of every rule that looked at this call's arguments, in the order in which the rules count.
    pub checks: Vec<Check>,
    pub changes: Vec<Change>,
    /// Whole sentences.
    pub notes: Vec<String>,
}

impl Explanation {
    /// The answer to a call, and what would change it first of all: `reboot: blocked (ERRNO EPERM); with CAP_SYS_BOOT allowed
    /// by rule 23`.
    pub fn answer(&self, call: &str) -> String {
        let answer = format!("{call}: {}", answered(self.verdict.action));
        match self.changes.iter().find(|change| change.action.blocks() != self.verdict.action.blocks()) {
            Some(change) => format!("{answer}; {change}"),
            None => answer,
        }
    }

    /// The verdict and its reason in one line.
    pub fn headline(&self) -> String {
        let action = self.verdict.action;
        match (&self.rule, self.reason) {
            (Some(rule), _) => match &rule.file {
                Some(file) => format!("{} (line {} of {file})", rule.summary, rule.name_line),
                None => format!("{} (line {})", rule.summary, rule.name_line),
            },
            (None, Reason::Architecture) => format!("{action}: the profile has no part for this architecture"),
            (None, Reason::AboveHighest(highest)) => {
                format!("{action}: the number is above {highest}, the highest that the profile names")
            }
            (None, _) if self.checks.is_empty() => {
                format!("{action} by default: no rule that takes part names this call")
            }
            (None, _) => format!("{action} by default: of the rules for this call, none has its conditions met"),
        }
    }
}

/// Which part of the filter answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    Rule,
    Default,
    /// The filter has no part for the call's architecture.
    Architecture,
    /// The number is above the highest that the profile names; runc answers before the filter does.
    AboveHighest(u64),
}

/// A rule and its place in the profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    /// In the profile's own order, from 0.
    pub index: usize,
    /// The file in which it stands, if it is another than the profile's own.
    pub file: Option<String>,
    /// The line on which the rule begins, from 1.
    pub line: usize,
    /// The line on which the call's name stands.
    pub name_line: usize,
    /// As it was written, all lines.
    pub text: String,
    /// On one line: `ALLOW socket and 2 more if arg0 == 39, with CAP_SYS_ADMIN`.
    pub summary: String,
}

/// One comparison and how it went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Index and line of the rule it belongs to.
    pub rule: usize,
    pub line: usize,
    /// What that rule would answer.
    pub action: Action,
    pub condition: Condition,
    /// The argument as the filter saw it.
    pub actual: u64,
    pub held: bool,
}

/// Another circumstance, and the answer that it leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// `with CAP_SYS_ADMIN`, `if arg0 == 8`, `before Linux 4.8`.
    pub what: String,
    pub action: Action,
    /// The rule that would decide; None: no rule, or another one for each of several runtimes.
    pub rule: Option<usize>,
}

/// `with CAP_SYS_BOOT allowed by rule 23`, `if arg0 == 8 blocked (ERRNO EPERM)`.
impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.what, answered(self.action))?;
        self.rule.map_or(Ok(()), |rule| write!(f, " by rule {}", rule + 1))
    }
}

/// `allowed`, `logged`, `blocked (ERRNO EPERM)`.
fn answered(action: Action) -> String {
    match action {
        Action::Allow => "allowed".into(),
        Action::Log => "logged".into(),
        action => format!("blocked ({action})"),
    }
}

impl Judge {
    /// Like [`Judge::verdict`], with the reasons.
    pub fn explain(&self, arch: Arch, nr: u64, args: &[u64; 6]) -> Explanation {
        let nr = nr & u64::from(u32::MAX);
        let call = Call { arch: real(arch, nr), nr, args: *args };
        let verdict = self.verdict(arch, nr, args);
        let reason = match self.find(arch, nr) {
            Found::BadArchitecture => Reason::Architecture,
            Found::Above(highest) => Reason::AboveHighest(highest),
            _ if verdict.rule.is_some() => Reason::Rule,
            _ => Reason::Default,
        };
        let mut explanation = Explanation {
            verdict,
            reason,
            rule: verdict.rule.and_then(|index| self.quote(index, &call)),
            checks: self.checks(&call),
            changes: self.changes(&call, verdict),
            notes: Vec::new(),
        };
        explanation.notes = self.notes(&call, &explanation);
        explanation
    }

    fn quote(&self, index: usize, call: &Call) -> Option<Quote> {
        let rule = self.profile().rules().get(index)?;
        let (line, text) = self.profile().rule_text(index)?;
        let name = rule.names.iter().find(|name| call.is(name)).or(rule.names.first());
        let quoted = name.and_then(|name| text.find(&format!("\"{name}\"")));
        let name_line = quoted.map_or(line, |at| self.profile().texts().place(rule.span.start + at).line);
        let summary = summary(rule, name.map_or("", |n| n));
        let file = self.profile().rule_file(index).map(str::to_owned);
        Some(Quote { index, file, line, name_line, text: text.to_owned(), summary })
    }

    fn checks(&self, call: &Call) -> Vec<Check> {
        let Found::Conditional(conditional) = self.find(call.arch, call.nr) else { return Vec::new() };
        let args = visible(call.arch, call.nr, &call.args);
        let mut checks = Vec::new();
        for clause in &conditional.clauses {
            let line = self.profile().rule_text(clause.rule).map_or(0, |(line, _)| line);
            for condition in &clause.conditions {
                checks.push(Check {
                    rule: clause.rule,
                    line,
                    action: clause.action,
                    condition: *condition,
                    actual: args[usize::from(condition.index)],
                    held: condition.holds(&args),
                });
            }
        }
        checks
    }

    fn changes(&self, call: &Call, verdict: Verdict) -> Vec<Change> {
        let mut changes = self.argument_changes(call, verdict);
        let rules = self.profile().rules().iter().zip(&self.resolved().dropped);
        for (rule, dropped) in rules.filter(|(rule, _)| rule.names.iter().any(|name| call.is(name))) {
            for (what, context) in circumstances(rule, dropped.as_ref(), self.context()) {
                // A circumstance under which the runtime refuses the profile is no way to another verdict.
                let Ok(judge) = self.profile().resolve(&context) else { continue };
                let Verdict { action, rule, .. } = judge.verdict(call.arch, call.nr, &call.args);
                let change = Change { what, action, rule };
                if action != verdict.action && !changes.contains(&change) {
                    changes.push(change);
                }
            }
        }
        changes.extend(self.runtime_changes(call, verdict));
        changes
    }

    /// Other runtimes that make another filter of the profile, those with the same answer together.
    fn runtime_changes(&self, call: &Call, verdict: Verdict) -> Vec<Change> {
        let written = self.written();
        let mut by_action: Vec<(Action, Vec<&str>)> = Vec::new();
        for runtime in Runtime::ALL.into_iter().filter(|_| written.form().is_for_containers()) {
            let context = Context { runtime: Some(runtime), ..self.context().clone() };
            let Ok(judge) = written.resolve(&context) else { continue };
            let action = judge.verdict(call.arch, call.nr, &call.args).action;
            if action == verdict.action {
                continue;
            }
            match by_action.iter_mut().find(|(known, _)| *known == action) {
                Some((_, names)) => names.push(runtime.name()),
                None => by_action.push((action, vec![runtime.name()])),
            }
        }
        let change = |(action, names): (Action, Vec<&str>)| Change {
            what: format!("under {}", alternatives(&names)),
            action,
            rule: None,
        };
        by_action.into_iter().map(change).collect()
    }

    /// Other values of the arguments.
    fn argument_changes(&self, call: &Call, verdict: Verdict) -> Vec<Change> {
        let Found::Conditional(conditional) = self.find(call.arch, call.nr) else { return Vec::new() };
        let args = visible(call.arch, call.nr, &call.args);
        let mut changes = Vec::new();
        for clause in conditional.clauses.iter().filter(|c| c.action != verdict.action) {
            let missing: Vec<_> =
                clause.conditions.iter().filter(|c| !c.holds(&args)).map(Condition::to_string).collect();
            if !missing.is_empty() {
                let what = format!("if {}", missing.join(" and "));
                changes.push(Change { what, action: clause.action, rule: Some(clause.rule) });
            }
        }
        let default = self.profile().default_action();
        if verdict.rule.is_some() && verdict.action != default {
            changes.push(Change { what: "if no rule's comparisons held".into(), action: default, rule: None });
        }
        changes
    }

    fn notes(&self, call: &Call, explanation: &Explanation) -> Vec<String> {
        let mut notes = Vec::new();
        let arch = call.arch.name();
        match explanation.reason {
            Reason::Architecture => notes.push(format!(
                "The profile does not list the architecture {arch}: its calls never reach a rule, they kill the thread."
            )),
            Reason::AboveHighest(highest) => notes.push(format!(
                "The highest call number that the profile names for {arch} is {highest}; runc answers ENOSYS above it, so \
                 that programs take it for an older kernel. crun answers with the default action."
            )),
            Reason::Rule | Reason::Default => {}
        }
        if explanation.verdict.certainty == Certainty::DependsOnLibseccomp {
            notes.push(match self.find(call.arch, call.nr) {
                Found::Conditional(conditional) if conditional.doubtful => {
                    "libseccomp is known to translate rules like these wrongly in some cases: the real filter may answer \
                     otherwise."
                        .into()
                }
                _ => "Several rules with different actions apply to this call; which one counts is up to libseccomp, \
                      which promises no order."
                    .into(),
            });
        }
        match explanation.verdict.action {
            Action::Errno(0) => notes.push("Errno 0: the call does not run, yet the program sees success.".into()),
            action @ (Action::Notify | Action::Trace(_)) => {
                notes.push(format!("{action}: {}.", action.meaning()));
            }
            _ => {}
        }
        if call.arch.word() == 8
            && explanation.checks.iter().any(|c| c.actual >> 32 != 0 && c.condition.value >> 32 == 0)
        {
            notes.push(
                "The filter compares all 64 bits of an argument; of an int the kernel takes the lower 32 only, so the \
                 filter and the kernel may see different values here."
                    .into(),
            );
        }
        if call.arch == Arch::X86_64 && (call.is("uretprobe") || call.is("uprobe")) {
            notes.push(
                "Recent kernels let this call pass every filter (uretprobe since 6.14, uprobe since 6.18).".into(),
            );
        }
        if call.arch == Arch::I386 && matches!(call.nr, 102 | 117) {
            notes.push(
                "The filter sees which call is multiplexed here, but not its arguments: they are in memory.".into(),
            );
        }
        notes
    }
}

/// The call that is explained.
struct Call {
    arch: Arch,
    nr: u64,
    args: [u64; 6],
}

impl Call {
    /// Whether a rule that names `name` is about this call.
    fn is(&self, name: &str) -> bool {
        let nr = if self.arch == Arch::X32 { self.nr & !X32_BIT } else { self.nr };
        names::number(self.arch, name) == Some(nr)
            || self.arch == Arch::I386 && on_i386(name) == Some((nr, self.args[0] & u64::from(u32::MAX)))
    }
}

/// Contexts in which a rule would take part that does not now, or the other way round.
fn circumstances(rule: &Rule, dropped: Option<&Dropped>, now: &Context) -> Vec<(String, Context)> {
    match dropped {
        Some(Dropped::OnMachine | Dropped::OtherMachine | Dropped::SameAsDefault) => Vec::new(),
        Some(_) => vec![fulfilled(rule, now)],
        None => {
            let includes = rule.includes.caps.iter().map(|cap| without(cap, now));
            let excludes = rule.excludes.caps.iter().map(|cap| with(cap, now));
            let older = rule.includes.min_kernel.map(|kernel| before(kernel, now));
            let newer = rule.excludes.min_kernel.map(|kernel| since(kernel, now));
            includes.chain(excludes).chain(older).chain(newer).collect()
        }
    }
}

/// All that a rule asks for at once.
fn fulfilled(rule: &Rule, now: &Context) -> (String, Context) {
    let mut words = Vec::new();
    let mut context = now.clone();
    let mut take = |(what, then): (String, Context)| {
        words.push(what);
        then
    };
    for cap in rule.includes.caps.iter().filter(|cap| !now.has(cap)) {
        context = take(with(cap, &context));
    }
    for cap in rule.excludes.caps.iter().filter(|cap| now.has(cap)) {
        context = take(without(cap, &context));
    }
    if let Some(kernel) = rule.includes.min_kernel.filter(|kernel| now.kernel < *kernel) {
        context = take(since(kernel, &context));
    }
    if let Some(kernel) = rule.excludes.min_kernel.filter(|kernel| now.kernel >= *kernel) {
        context = take(before(kernel, &context));
    }
    (words.join(" and "), context)
}

fn with(cap: &str, now: &Context) -> (String, Context) {
    let mut context = now.clone();
    context.capabilities.push(cap.to_owned());
    (format!("with {cap}"), context)
}

fn without(cap: &str, now: &Context) -> (String, Context) {
    let mut context = now.clone();
    context.capabilities.retain(|c| c != cap);
    (format!("without {cap}"), context)
}

fn since(kernel: (u32, u32), now: &Context) -> (String, Context) {
    (format!("from Linux {}.{} on", kernel.0, kernel.1), Context { kernel, ..now.clone() })
}

fn before(kernel: (u32, u32), now: &Context) -> (String, Context) {
    let older = match kernel {
        (version, 0) => (version.saturating_sub(1), u32::MAX),
        (version, revision) => (version, revision - 1),
    };
    (format!("before Linux {}.{}", kernel.0, kernel.1), Context { kernel: older, ..now.clone() })
}

/// `runc, crun or kernel`.
fn alternatives(words: &[&str]) -> String {
    match words {
        [most @ .., last] if !most.is_empty() => format!("{} or {last}", most.join(", ")),
        _ => words.concat(),
    }
}

impl Rule {
    /// On one line, with the first of its calls: `ALLOW socket and 2 more if arg0 == 39, with CAP_SYS_ADMIN`.
    pub fn summary(&self) -> String {
        summary(self, self.names.first().map_or("", |name| name))
    }
}

/// A rule on one line, as seen from one of the calls that it names.
fn summary(rule: &Rule, name: &str) -> String {
    let mut out = format!("{} {name}", rule.action);
    if rule.names.len() > 1 {
        out += &format!(" and {} more", rule.names.len() - 1);
    }
    if !rule.args.is_empty() {
        let args: Vec<_> = rule.args.iter().map(Condition::to_string).collect();
        out += &format!(" if {}", args.join(" and "));
    }
    for (word, selector) in [("with", &rule.includes), ("without", &rule.excludes)] {
        if !selector.caps.is_empty() {
            out += &format!(", {word} {}", selector.caps.join(" and "));
        }
    }
    if let Some((version, revision)) = rule.includes.min_kernel {
        out += &format!(", from Linux {version}.{revision} on");
    }
    if let Some((version, revision)) = rule.excludes.min_kernel {
        out += &format!(", before Linux {version}.{revision}");
    }
    out
}

/// `line 12: arg0 == 8: 16, does not hold`.
impl std::fmt::Display for Check {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let held = if self.held { "holds" } else { "does not hold" };
        write!(f, "line {}: {} {held}: it is {}", self.line, self.condition, Number(self.actual))
    }
}
