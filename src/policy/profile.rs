//! A profile as its file says it, nothing resolved yet.

use std::ops::Range;
use std::sync::Arc;

use super::bpf::Program;
use super::error::Fault;
use super::form::Form;
use super::library::{Alone, Library};
use super::names;
use super::texts::Texts;
use super::{Action, Condition, Context, Judge, ProfileError, Warning, read, resolve};
use crate::abi::Arch;

/// Warnings kept of one profile; the others are counted.
const MAX_WARNINGS: usize = 1000;

/// A parsed profile: rules in file order, each with its place in the text. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Profile {
    inner: Arc<Inner>,
}

#[derive(Debug)]
pub(super) struct Inner {
    pub name: String,
    pub form: Form,
    pub texts: Texts,
    pub default_action: Action,
    pub rules: Vec<Rule>,
    /// Per rule and name: the call's number on each architecture, by `Arch as usize`.
    pub numbers: Vec<Vec<Numbers>>,
    pub architectures: Architectures,
    pub warnings: Vec<Warning>,
    /// Where an errno stands beside an action that has none, the first time.
    pub idle_errno: Option<usize>,
    /// The profile is a program, or several that hold at once, the one installed last first; it has no rules then.
    pub programs: Vec<Program>,
}

/// A call's number by `Arch as usize`, which is the order of `Arch::ALL`. `None`: the architecture does not have it.
pub(super) type Numbers = [Option<u64>; 4];

/// What a reader makes of a profile's texts.
#[derive(Debug)]
pub(super) struct Reading {
    pub default_action: Action,
    pub rules: Vec<Rule>,
    pub architectures: Architectures,
    pub warnings: Vec<Fault>,
    pub idle_errno: Option<usize>,
    pub programs: Vec<Program>,
}

/// One element of `syscalls`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    pub names: Vec<String>,
    pub action: Action,
    /// All must hold; but if two of them test the same argument, each stands as a rule of its own (so that one suffices).
    pub args: Vec<Condition>,
    pub includes: Selector,
    pub excludes: Selector,
    pub comment: String,
    /// Bytes of the profile's texts.
    pub span: Range<usize>,
}

/// When a rule is taken (`includes`) or left out (`excludes`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selector {
    /// `includes` wants all of them, `excludes` any.
    pub caps: Vec<String>,
    /// Docker's words for machines; the machine must be, or must not be, one of them.
    pub arches: Vec<String>,
    /// Kernel version and major revision.
    pub min_kernel: Option<(u32, u32)>,
}

/// Which architectures a profile covers. Calls of others are killed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Architectures {
    /// Nothing said: the machine's own.
    Native,
    /// `architectures`.
    List(Vec<String>),
    /// `archMap`: the entry of the machine, and what comes with it.
    Map(Vec<(String, Vec<String>)>),
}

impl Profile {
    /// Reads a profile in whichever form it is written. `name` is what errors call it: a path, or a built-in name.
    pub fn parse(text: &str, name: &str) -> Result<Profile, ProfileError> {
        Profile::read(text.as_bytes(), name)
    }

    /// Like [`Profile::parse`], programs included.
    pub fn read(bytes: &[u8], name: &str) -> Result<Profile, ProfileError> {
        Profile::parse_as(bytes, name, Form::detect(name, bytes))
    }

    /// Reads a profile in this form. As OCI's or Kubernetes's, Docker's own keys mean nothing.
    pub fn parse_as(bytes: &[u8], name: &str, form: Form) -> Result<Profile, ProfileError> {
        Profile::parse_with(bytes, name, form, &Alone)
    }

    /// Like [`Profile::parse_as`], with the files that it names.
    pub fn parse_with(bytes: &[u8], name: &str, form: Form, library: &dyn Library) -> Result<Profile, ProfileError> {
        let text = match std::str::from_utf8(bytes) {
            _ if form == Form::Bpf => "",
            Ok(text) => text,
            Err(error) => {
                let good = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
                let what = format!("this is no text, from byte {} on", error.valid_up_to());
                return Err(Texts::of(name, &good).error(Fault::new(good.len(), what)));
            }
        };
        let mut texts = Texts::of(name, text);
        let reading = match form {
            Form::Bpf => read::programs(&[bytes]),
            _ => read::text(&mut texts, form, library),
        };
        Profile::new(name, form, texts, reading)
    }

    fn new(name: &str, form: Form, texts: Texts, reading: Result<Reading, Fault>) -> Result<Profile, ProfileError> {
        let Reading { default_action, rules, architectures, mut warnings, idle_errno, programs } =
            reading.map_err(|fault| texts.error(fault))?;
        if warnings.len() > MAX_WARNINGS {
            let last = Fault::new(warnings[MAX_WARNINGS].offset, format!("{} more", warnings.len() - MAX_WARNINGS));
            warnings.truncate(MAX_WARNINGS);
            warnings.push(last);
        }
        let numbers = rules.iter().map(|rule| rule.names.iter().map(|name| numbers(name, form)).collect()).collect();
        let warnings = warnings.into_iter().map(|fault| texts.warning(fault)).collect();
        let name = name.to_owned();
        let inner =
            Inner { name, form, texts, default_action, rules, numbers, architectures, warnings, idle_errno, programs };
        Ok(Profile { inner: Arc::new(inner) })
    }

    pub fn form(&self) -> Form {
        self.inner.form
    }

    /// The programs that the profile is, if it has no rules: the one installed last first.
    pub fn programs(&self) -> &[Program] {
        &self.inner.programs
    }

    /// Filters that hold at once, the one installed last first, as the kernel shows those of a process.
    pub fn of_programs(programs: &[Vec<u8>], name: &str) -> Result<Profile, ProfileError> {
        Profile::new(name, Form::Bpf, Texts::of(name, ""), read::programs(programs))
    }

    /// What the profile means under these circumstances.
    ///
    /// Fails if the container runtime would refuse to start: two rules with the same condition and different actions, or
    /// what crun and Podman do not take.
    pub fn resolve(&self, context: &Context) -> Result<Judge, ProfileError> {
        let profile = self.read_by(context)?;
        let resolved = resolve::resolve(&profile.inner, context).map_err(|fault| self.inner.texts.error(fault))?;
        Ok(Judge::new(self.clone(), profile, context.clone(), resolved))
    }

    /// The profile as this context's runtime reads it; rules keep their places.
    fn read_by(&self, context: &Context) -> Result<Profile, ProfileError> {
        let form = context.runtime_for(self.form()).reads(self.form());
        if form == self.form() {
            return Ok(self.clone());
        }
        Profile::parse_as(self.text().as_bytes(), self.name(), form)
    }

    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// The whole text of the profile's own file.
    pub fn text(&self) -> &str {
        self.inner.texts.own_str()
    }

    pub(super) fn texts(&self) -> &Texts {
        &self.inner.texts
    }

    pub fn rules(&self) -> &[Rule] {
        &self.inner.rules
    }

    pub fn default_action(&self) -> Action {
        self.inner.default_action
    }

    pub fn architectures(&self) -> &Architectures {
        &self.inner.architectures
    }

    /// What a runtime would pass over in silence: unknown system calls, doubled or misspelt keys.
    pub fn warnings(&self) -> &[Warning] {
        &self.inner.warnings
    }

    /// The line on which a rule begins, from 1, and the rule as it was written. `None`: there is no such rule.
    pub fn rule_text(&self, index: usize) -> Option<(usize, &str)> {
        let span = self.inner.rules.get(index)?.span.clone();
        Some((self.inner.texts.place(span.start).line, self.inner.texts.get(span)?))
    }

    /// The file in which a rule stands, if it is another than the profile's own.
    pub fn rule_file(&self, index: usize) -> Option<&str> {
        let place = self.inner.texts.place(self.inner.rules.get(index)?.span.start);
        (!place.is_own).then_some(place.file)
    }

    /// Where a rule begins: `line 3`, or `line 3 of other.policy`.
    pub(super) fn rule_place(&self, index: usize) -> String {
        let line = self.rule_text(index).map_or(0, |(line, _)| line);
        match self.rule_file(index) {
            Some(file) => format!("line {line} of {file}"),
            None => format!("line {line}"),
        }
    }
}

/// The number of a call that a rule names; minijail's policies may name it by its number.
fn numbers(name: &str, form: Form) -> Numbers {
    match name.parse() {
        Ok(number) if form == Form::Minijail => [Some(number); 4],
        _ => Arch::ALL.map(|arch| names::number(arch, name)),
    }
}
