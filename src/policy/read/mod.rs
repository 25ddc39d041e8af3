//! From a file to a profile, one reader a form. Each complains at a line and column, with the nearest valid word.

mod bases;
mod minijail;
mod minijail_expression;
mod seccompiler;
mod sets;
mod spo;
mod systemd;
mod yaml;

use std::collections::HashSet;

use super::bpf::Program;
use super::error::Fault;
use super::form::Form;
use super::library::Library;
use super::profile::{Architectures, Reading, Rule};
use super::texts::{LIMIT, Texts};
use super::words::nearest;
use super::{Action, names, parse};

pub use sets::{Set, members, sets};

/// Rules, and calls that they name, more than these are refused, so that no file takes much memory or time.
pub const MAX_RULES: usize = 100_000;

pub(super) fn text(texts: &mut Texts, form: Form, library: &dyn Library) -> Result<Reading, Fault> {
    let text = texts.own();
    if text.len() > LIMIT {
        return Err(Fault::new(0, "this is larger than 4 MiB and no profile"));
    }
    match form {
        Form::Docker | Form::Podman | Form::Oci | Form::Kubernetes => parse::parse(&text, form),
        Form::Spo => spo::read(texts, library),
        Form::Systemd => systemd::read(texts, library),
        Form::Minijail => minijail::read(texts, library),
        Form::Seccompiler => seccompiler::read(&text),
        Form::Bpf => programs(&[text.as_bytes()]),
    }
}

/// Filters as bytes, the one installed last first, checked as the kernel does.
pub(super) fn programs(filters: &[impl AsRef<[u8]>]) -> Result<Reading, Fault> {
    let mut reading = Builder::new().finish(Action::KillProcess, Architectures::Native);
    for bytes in filters.iter().map(AsRef::as_ref) {
        let program = Program::from_bytes(bytes)
            .ok_or_else(|| Fault::new(0, format!("{} bytes are no program: an instruction has eight", bytes.len())))?;
        program.check().map_err(|e| Fault::new(0, e.to_string()))?;
        reading.programs.push(program);
    }
    Ok(reading)
}

/// What the readers of lines and of seccompiler's JSON have in common.
#[derive(Default)]
struct Builder {
    rules: Vec<Rule>,
    warnings: Vec<Fault>,
    /// Names that were reported already.
    unknown: HashSet<String>,
    named: usize,
}

impl Builder {
    fn new() -> Builder {
        Builder::default()
    }

    fn warn(&mut self, at: usize, message: impl Into<String>) {
        self.warnings.push(Fault::new(at, message));
    }

    /// Reports a name that no architecture has, once.
    fn check_call(&mut self, call: &str, at: usize) {
        if names::known(call) || !self.unknown.insert(call.to_owned()) {
            return;
        }
        let near = nearest(call, names::all()).map(|near| format!("; did you mean {near:?}?")).unwrap_or_default();
        self.warn(at, format!("no architecture has a system call {call:?}{near}"));
    }

    fn push(&mut self, rule: Rule) -> Result<(), Fault> {
        self.named += rule.names.len();
        if self.rules.len() >= MAX_RULES || self.named > MAX_RULES {
            return Err(Fault::new(rule.span.start, format!("more than {MAX_RULES} rules")));
        }
        self.rules.push(rule);
        Ok(())
    }

    fn finish(self, default_action: Action, architectures: Architectures) -> Reading {
        let Builder { rules, warnings, .. } = self;
        Reading { default_action, rules, architectures, warnings, idle_errno: None, programs: Vec::new() }
    }
}

/// A rule without conditions on the context.
fn rule(names: Vec<String>, action: Action, span: std::ops::Range<usize>) -> Rule {
    let (args, includes, excludes, comment) = Default::default();
    Rule { names, action, args, includes, excludes, comment, span }
}

/// The lines of a text with the byte at which each starts.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split_inclusive('\n').map(move |line| {
        let start = at;
        at += line.len();
        (start, line.trim_end_matches(['\n', '\r']))
    })
}

/// The words of a piece of text that starts at a byte.
fn words(text: &str, at: usize) -> impl Iterator<Item = (usize, &str)> {
    text.split_whitespace().map(move |word| (at + (word.as_ptr() as usize - text.as_ptr() as usize), word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::bpf::{self, Data};
    use crate::policy::{Context, Profile};
    use proptest::prelude::*;

    /// Pieces of all forms, so that random texts get far.
    const PIECES: &str = "(SystemCallFilter=|SystemCallErrorNumber=|~|@basic-io|:EPERM|read|socket|: |1|; return |EPERM|kill\
        |arg0|arg1| == | in | & | \\|\\| | && |0x7|AF_UNIX|\n|\\\\| |@denylist|spec:|  - |names|action: |SCMP_ACT_ALLOW\
        |defaultAction: |syscalls:|\\[|\\]|\\{\"a\": \\{|\"mismatch_action\": |\"trap\"|,|\"match_action\": |\"filter\": |#){0,40}";

    proptest! {
        #[test]
        fn no_text_makes_a_reader_panic(text in PIECES) {
            for form in Form::ALL {
                match Profile::parse_as(text.as_bytes(), "noise", form) {
                    Err(error) => prop_assert!(error.line >= 1 && error.column >= 1 && !error.message.is_empty()),
                    Ok(profile) => {
                        // What was accepted can be resolved or is refused in a sentence, and both judges agree.
                        let Ok(judge) = profile.resolve(&Context::docker("6.18", "x86_64")) else { continue };
                        let Ok(program) = bpf::compile(&judge) else { continue };
                        for (nr, arg) in [(0, 0), (41, 1), (41, 7), (9999, 0), (0x4000_0000, 0)] {
                            let args = [arg, 0, 0, 0, 0, 0];
                            let (ret, _) = program.run(&Data::of(crate::abi::Arch::X86_64, nr, &args)).expect("runs");
                            let verdict = judge.verdict(crate::abi::Arch::X86_64, nr, &args);
                            prop_assert_eq!(ret, verdict.to_ret(), "{:?} {} {}", form, nr, text);
                        }
                    }
                }
            }
        }

        #[test]
        fn no_bytes_make_a_program_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(profile) = Profile::read(&bytes, "noise.bpf") {
                prop_assert!(profile.programs().iter().all(|program| program.check().is_ok()));
                prop_assert_eq!(profile.programs().len(), 1);
            }
        }
    }

    #[test]
    fn bytes_that_are_no_program_are_refused() {
        for (bytes, part) in [(&b""[..], ""), (b"1234567", "an instruction has eight"), (&[0xff; 8], "")] {
            let error = Profile::parse_as(bytes, "x.bpf", Form::Bpf).map(|_| ()).expect_err("no program");
            assert!(error.message.contains(part), "{error}");
        }
    }
}
