//! A profile as its file says it, nothing resolved yet.

use std::ops::Range;
use std::sync::Arc;

use super::bpf::Program;
use super::error::{Fault, position};
use super::form::Form;
use super::{Action, Condition, Context, Judge, ProfileError, Warning, read, resolve};

/// A parsed profile: rules in file order, each with its place in the text. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Profile {
    inner: Arc<Inner>,
}

#[derive(Debug)]
pub(super) struct Inner {
    pub name: String,
    pub text: String,
    pub default_action: Action,
    pub rules: Vec<Rule>,
    /// Per rule and name: the call's number on each architecture, by `Arch as usize`.
    pub numbers: Vec<Vec<[Option<u64>; 4]>>,
    pub architectures: Architectures,
    pub warnings: Vec<Warning>,
    pub form: Form,
    /// Where an errno stands beside an action that has none, the first time.
    pub idle_errno: Option<usize>,
    /// The profile is a program, or several that hold at once, the one installed last first; it has no rules then.
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
    /// Bytes of the profile's text.
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
        let inner = match (form, std::str::from_utf8(bytes)) {
            (Form::Bpf, _) => read::programs(&[bytes], name).map_err(|fault| fault.in_file(name, "")),
            (_, Ok(text)) => read::text(text, name, form).map_err(|fault| fault.in_file(name, text)),
            (_, Err(error)) => {
                let good = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
                let what = format!("this is no text, from byte {} on", error.valid_up_to());
                Err(Fault::new(good.len(), what).in_file(name, &good))
            }
        };
        Ok(Profile { inner: Arc::new(inner?) })
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
        let inner = read::programs(programs, name).map_err(|fault| fault.in_file(name, ""))?;
        Ok(Profile { inner: Arc::new(inner) })
    }

    /// What the profile means under these circumstances.
    ///
    /// Fails if the container runtime would refuse to start: two rules with the same condition and different actions, or
    /// what crun and Podman do not take.
    pub fn resolve(&self, context: &Context) -> Result<Judge, ProfileError> {
        let profile = self.read_by(context)?;
        let resolved = resolve::resolve(&profile.inner, context).map_err(|fault: Fault| self.error(fault))?;
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

    /// The whole text of the file.
    pub fn text(&self) -> &str {
        &self.inner.text
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
        let (line, _) = position(&self.inner.text, span.start);
        Some((line, self.inner.text.get(span)?))
    }

    fn error(&self, fault: Fault) -> ProfileError {
        fault.in_file(&self.inner.name, &self.inner.text)
    }
}
