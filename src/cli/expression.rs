//! `-e WHAT=SET`, strace's language for which calls and what about them: what all ways of tracing take is read here,
//! what only `sysview log` takes is handed on.

use super::unsupported;
use crate::query::{self, Calls, Injection, QueryError};
use crate::source::Tamper;

/// All `-e` of a command line.
#[derive(Debug, Clone, PartialEq)]
pub struct Expressions {
    /// `trace=`, the last one.
    pub calls: Calls,
    /// The same in the user's words; None if nobody asked for only some.
    pub words: Option<String>,
    /// `inject=` and `fault=`.
    pub injections: Vec<Injection>,
    /// What is about lines of text, as name and set.
    pub lines: Vec<(&'static str, String)>,
}

/// What is about lines of text, by every spelling that strace has, and the one that is used here.
const LINES: &[(&str, &str)] = &[
    ("status", "status"),
    ("signal", "signal"),
    ("signals", "signal"),
    ("s", "signal"),
    ("quiet", "quiet"),
    ("silent", "quiet"),
    ("silence", "quiet"),
    ("q", "quiet"),
    ("read", "read"),
    ("reads", "read"),
    ("r", "read"),
    ("write", "write"),
    ("writes", "write"),
    ("w", "write"),
    ("abbrev", "abbrev"),
    ("a", "abbrev"),
    ("verbose", "verbose"),
    ("v", "verbose"),
    ("raw", "raw"),
    ("x", "raw"),
    ("decode-pids", "decode-pids"),
    ("decode-pid", "decode-pids"),
    ("decode-fds", "decode-fds"),
    ("decode-fd", "decode-fds"),
    ("filter", "filter"),
];

impl Expressions {
    /// The error is one sentence for the user.
    pub fn parse(list: &[String]) -> Result<Expressions, String> {
        let mut all = Expressions { calls: Calls::all(), words: None, injections: Vec::new(), lines: Vec::new() };
        for text in list {
            all.take(text)?;
        }
        Ok(all)
    }

    /// For a command that prints no lines.
    pub fn without_lines(list: &[String]) -> Result<Expressions, String> {
        let all = Expressions::parse(list)?;
        match all.lines.first() {
            None => Ok(all),
            Some(("filter", _)) => Err("-e filter= chooses lines of `sysview log`; here --filter does".into()),
            Some((what, _)) => {
                Err(format!("-e {what}= is about the lines of `sysview log`; here the filter (/) chooses"))
            }
        }
    }

    fn take(&mut self, text: &str) -> Result<(), String> {
        let (what, set) = text.split_once('=').unwrap_or(("trace", text));
        let told = |error: QueryError| format!("-e {text}: {}", error.shifted(text.len() - set.len()));
        match what {
            "trace" | "t" => self.choose(set).map_err(told)?,
            "inject" => self.injections.push(Injection::parse(set).map_err(told)?),
            "fault" => self.injections.push(Injection::parse_fault(set).map_err(told)?),
            "kvm" => {
                let instead = unsupported::instead("--kvm");
                let known: Vec<&str> =
                    LINES.iter().filter(|(word, name)| word == name).map(|(word, _)| *word).collect();
                return Err(format!(
                    "-e {what}= is an option of strace that sysview does not have; {}. -e knows trace, inject, fault, {}",
                    instead.unwrap_or_default(),
                    known.join(", ")
                ));
            }
            _ => match LINES.iter().find(|(word, _)| *word == what) {
                Some((_, name)) => self.lines.push((name, set.to_owned())),
                // As strace reads it: a set of calls, which it cannot be.
                None => self.choose(text).map_err(|error| format!("-e {text}: {error}"))?,
            },
        }
        Ok(())
    }

    fn choose(&mut self, set: &str) -> Result<(), QueryError> {
        self.calls = Calls::parse(set)?;
        self.words = (!self.calls.is_all()).then(|| set.to_owned());
        Ok(())
    }

    /// What is changed, each with its words.
    pub fn tampers(&self) -> Vec<(String, Tamper)> {
        query::tampers(&self.injections, &self.calls)
    }

    /// What the user should know about the injections.
    pub fn remarks(&self) -> impl Iterator<Item = String> {
        self.injections.iter().filter_map(Injection::remark)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(list: &[&str]) -> Result<Expressions, String> {
        Expressions::parse(&list.iter().map(|s| s.to_string()).collect::<Vec<_>>())
    }

    #[test]
    fn the_last_set_of_calls_counts_and_every_injection() {
        let all = parse(&["trace=read", "write", "inject=read:error=1", "fault=write", "q=exit"]).expect("fine");
        assert_eq!(all.calls, Calls::parse("write").expect("write"));
        assert_eq!(all.words.as_deref(), Some("write"));
        assert_eq!(all.injections.len(), 2);
        assert_eq!(all.lines, [("quiet", "exit".to_owned())]);
        assert_eq!(parse(&["read", "all"]).expect("fine").words, None);
    }

    #[test]
    fn columns_count_from_the_start_of_the_expression() {
        for (text, words) in [
            ("trace=read,opennat", "-e trace=read,opennat: column 12: \"opennat\" is no system call"),
            ("opennat", "column 1:"),
            ("inject=read:eror=1", "column 13:"),
            ("foo=bar", "-e foo=bar: column 1: \"foo=bar\" is no system call"),
            ("kvm=vcpu", "virtual CPUs are not decoded"),
        ] {
            let error = parse(&[text]).expect_err(text);
            assert!(error.contains(words), "{error}");
        }
        let lines = Expressions::without_lines(&["status=failed".into()]);
        assert!(lines.is_err_and(|e| e.starts_with("-e status= is about the lines of `sysview log`")));
    }
}
