//! Where two judges answer differently: every call of every architecture, with every argument that either looks at.
//! Texts are not compared. Left out: combinations of special values of several arguments.

use std::fmt;

use super::condition::Number;
use super::judge::Found;
use super::table::Conditional;
use super::{Action, Certainty, Condition, Judge, names};
use crate::abi::{Arch, X32_BIT};

/// One call to which they do not give the same answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    pub arch: Arch,
    /// As the register holds it.
    pub nr: u64,
    /// `None`: a number without a name.
    pub name: Option<&'static str>,
    /// The arguments for which they differ, index and value; none: whatever they are.
    pub args: Vec<(u8, u64)>,
    pub a: Action,
    pub b: Action,
    /// One of the two verdicts depends on how libseccomp compiles the rules.
    pub certain: bool,
}

/// `x86_64 socket(arg0=40): ERRNO EPERM -> ALLOW`.
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.arch.name())?;
        match self.name {
            Some(name) => f.write_str(name)?,
            None => write!(f, "{}", Number(self.nr))?,
        }
        if !self.args.is_empty() {
            let args: Vec<String> = self.args.iter().map(|(i, v)| format!("arg{i}={}", Number(*v))).collect();
            write!(f, "({})", args.join(", "))?;
        }
        let doubt = if self.certain { "" } else { " (depends on libseccomp)" };
        write!(f, ": {} -> {}{doubt}", self.a, self.b)
    }
}

/// Numbers beyond the tables, where profiles differ in what they do with the unknown.
const BEYOND: [u64; 2] = [599, 9999];
/// Values of each condition, at and around its own.
const AROUND: [i64; 3] = [-1, 0, 1];

pub fn diff(a: &Judge, b: &Judge) -> Vec<Difference> {
    let mut out = Vec::new();
    for arch in Arch::ALL.into_iter().filter(|arch| runs_on(*arch, a)) {
        let bit = if arch == Arch::X32 { X32_BIT } else { 0 };
        for nr in (0..500).filter(|nr| names::name(arch, *nr).is_some()).chain(BEYOND) {
            compare(a, b, arch, nr | bit, &mut out);
        }
    }
    out
}

/// Whether a machine of the judge's makes calls of this architecture.
fn runs_on(arch: Arch, judge: &Judge) -> bool {
    match judge.context().arch {
        Arch::Aarch64 => arch == Arch::Aarch64,
        _ => arch != Arch::Aarch64,
    }
}

fn compare(a: &Judge, b: &Judge, arch: Arch, nr: u64, out: &mut Vec<Difference>) {
    let name = names::name(arch, nr);
    let at = |args: &[u64; 6]| (a.verdict(arch, nr, args), b.verdict(arch, nr, args));
    let difference = |args: Vec<(u8, u64)>, values: &[u64; 6]| {
        let (x, y) = at(values);
        let certain = x.certainty == Certainty::Exact && y.certainty == Certainty::Exact;
        Difference { arch, nr, name, args, a: x.action, b: y.action, certain }
    };
    let points = points(a, b, arch, nr);
    let differing: Vec<&[u64; 6]> = points.iter().filter(|args| at(args).0.action != at(args).1.action).collect();
    let Some(first) = differing.first() else { return };
    let alike = |args: &&&[u64; 6]| (at(args).0.action, at(args).1.action) == (at(first).0.action, at(first).1.action);
    if differing.len() == points.len() && differing.iter().all(|args| alike(&args)) {
        out.push(difference(Vec::new(), first));
        return;
    }
    let looked = looked_at(a, b, arch, nr);
    for args in differing {
        let shown = looked.iter().map(|index| (*index, args[usize::from(*index)])).collect();
        out.push(difference(shown, args));
    }
}

fn conditional(judge: &Judge, arch: Arch, nr: u64) -> Option<&Conditional> {
    match judge.find(arch, nr) {
        Found::Conditional(conditional) => Some(conditional),
        _ => None,
    }
}

fn conditions<'a>(a: &'a Judge, b: &'a Judge, arch: Arch, nr: u64) -> impl Iterator<Item = &'a Condition> {
    let both = [conditional(a, arch, nr), conditional(b, arch, nr)];
    both.into_iter().flatten().flat_map(|c| &c.clauses).flat_map(|clause| &clause.conditions)
}

fn looked_at(a: &Judge, b: &Judge, arch: Arch, nr: u64) -> Vec<u8> {
    let mut indices: Vec<u8> = conditions(a, b, arch, nr).map(|c| c.index).collect();
    indices.sort_unstable();
    indices.dedup();
    indices
}

/// Arguments that could make a difference: zeros, and each value that a condition speaks of, the others of the first clause
/// that has it satisfied. A program without rules is asked with zeros alone.
fn points(a: &Judge, b: &Judge, arch: Arch, nr: u64) -> Vec<[u64; 6]> {
    let mut points = vec![[0; 6]];
    let both = [conditional(a, arch, nr), conditional(b, arch, nr)];
    for clause in both.into_iter().flatten().flat_map(|c| &c.clauses) {
        let mut fitting = [0; 6];
        for condition in &clause.conditions {
            let value = if condition.op == super::Op::MaskedEq {
                condition.value_two & condition.value
            } else {
                condition.value
            };
            fitting[usize::from(condition.index)] = value;
        }
        for condition in &clause.conditions {
            let own = fitting[usize::from(condition.index)];
            let mut values: Vec<u64> = AROUND.iter().map(|step| own.wrapping_add_signed(*step)).collect();
            if condition.op == super::Op::MaskedEq {
                values.extend(
                    (0..64).map(|bit| 1u64 << bit).filter(|bit| condition.value & bit != 0).map(|bit| own ^ bit),
                );
            }
            for value in values {
                let mut point = fitting;
                point[usize::from(condition.index)] = value;
                points.push(point);
            }
        }
    }
    points.sort_unstable();
    points.dedup();
    points
}

/// The calls of the machine's own architecture that run, whatever or at least for some arguments.
pub fn allowed(judge: &Judge) -> Vec<&'static str> {
    let arch = judge.context().arch;
    let runs =
        |nr: u64| points(judge, judge, arch, nr).iter().any(|args| !judge.verdict(arch, nr, args).action.blocks());
    (0..500).filter(|nr| runs(*nr)).filter_map(|nr| names::name(arch, nr)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Context, Profile};

    fn judge(text: &str) -> Judge {
        let profile = Profile::parse(text, "d").expect("a profile");
        profile.resolve(&Context::docker("6.18", "x86_64")).expect("a judge")
    }

    #[test]
    fn the_text_does_not_matter_and_the_verdicts_do() {
        let a = judge(
            r#"{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["read", "getcwd"], "action": "SCMP_ACT_ALLOW"},
                {"names": ["socket"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "value": 1, "op": "SCMP_CMP_EQ"}]}]}"#,
        );
        let b = judge(
            r#"{"syscalls": [{"name": "getcwd", "action": "SCMP_ACT_ALLOW"}, {"name": "read", "action": "SCMP_ACT_ALLOW"},
                {"names": ["socket"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "value": 1, "op": "SCMP_CMP_EQ"}]}],
                "defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 1}"#,
        );
        assert_eq!(diff(&a, &b), []);
        let c = judge(
            r#"{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["getcwd"], "action": "SCMP_ACT_ALLOW"},
                {"names": ["socket"], "action": "SCMP_ACT_ALLOW"}]}"#,
        );
        let lines: Vec<String> = diff(&a, &c).iter().map(Difference::to_string).collect();
        assert_eq!(
            lines,
            [
                "x86_64 read: ALLOW -> ERRNO EPERM",
                "x86_64 socket(arg0=0): ERRNO EPERM -> ALLOW",
                "x86_64 socket(arg0=2): ERRNO EPERM -> ALLOW"
            ]
        );
        assert_eq!(allowed(&a), ["read", "socket", "getcwd"]);
    }
}
