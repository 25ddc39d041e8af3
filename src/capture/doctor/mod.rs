//! Whether tracing works on this system and, if not, why and what to do: what `sysview doctor` prints, and the sentence
//! of a launch that was refused.
//!
//! `trial` traces a child of its own, which decides; `here` reads what may explain the outcome; `causes` and
//! `circumstances` turn it into findings. Left out: how findings look on a terminal, and the terminal itself (`cli`).

mod causes;
mod circumstances;
mod here;
mod prospect;
mod trial;

use here::Here;
pub use prospect::Prospect;
use trial::Trial;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub mark: Mark,
    /// What was looked at, in a word or two: `kernel`.
    pub subject: &'static str,
    /// What is so: a clause without a full stop.
    pub fact: String,
    /// What to do about it, as a clause.
    pub remedy: Option<String>,
}

/// What a finding means for tracing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    Ok,
    /// Worth knowing; tracing works all the same, or this is not why it does not.
    Note,
    /// This is why tracing does not work.
    Fails,
}

impl Finding {
    fn ok(subject: &'static str, fact: impl Into<String>) -> Finding {
        Finding { mark: Mark::Ok, subject, fact: fact.into(), remedy: None }
    }

    fn note(subject: &'static str, fact: impl Into<String>) -> Finding {
        Finding { mark: Mark::Note, ..Finding::ok(subject, fact) }
    }

    fn fails(subject: &'static str, fact: impl Into<String>) -> Finding {
        Finding { mark: Mark::Fails, ..Finding::ok(subject, fact) }
    }

    fn remedy(self, remedy: impl Into<String>) -> Finding {
        Finding { remedy: Some(remedy.into()), ..self }
    }

    /// Fact and remedy, without a full stop.
    pub fn clause(&self) -> String {
        match &self.remedy {
            Some(remedy) => format!("{}; {remedy}", self.fact),
            None => self.fact.clone(),
        }
    }
}

/// What the examination came to.
#[derive(Debug)]
pub struct Diagnosis {
    /// In the order in which they are to be read.
    pub findings: Vec<Finding>,
    /// Whether a child could be traced.
    pub works: bool,
}

impl Diagnosis {
    /// Why it does not work: the first thing that can be done something about.
    pub fn cause(&self) -> Option<&Finding> {
        let mut failing = self.findings.iter().filter(|finding| finding.mark == Mark::Fails);
        let first = failing.next();
        // The trial comes first and only tells that it failed.
        failing.next().or(first)
    }
}

/// Traces a child of our own and looks around. Takes a few milliseconds.
pub fn examine() -> Diagnosis {
    let trial = trial::run();
    let here = Here::read(trial.tracer.clone());
    let refused = trial.refused.as_ref().map(|refused| refused.errno);
    let mut findings = vec![causes::trial(&trial)];
    findings.extend(causes::all(&here, refused));
    if let Some(errno) = refused
        && findings.iter().skip(1).all(|finding| finding.mark != Mark::Fails)
    {
        findings.push(causes::unknown(errno));
    }
    findings.extend(circumstances::all(&here));
    Diagnosis { findings, works: trial.refused.is_none() }
}

/// Why `child` may not be traced: a clause with its remedy. ptrace(2), "Ptrace access mode checking".
pub(super) fn why_refused(child: i32, errno: i32) -> String {
    let here = Here::read(here::tracer_of(child));
    let known = causes::all(&here, Some(errno)).into_iter().find(|finding| finding.mark == Mark::Fails);
    known.unwrap_or_else(|| causes::unknown(errno)).clause()
}
