//! What could be typed next: names of fields, classes, calls, errors, arguments and their constants, tasks, saved filters,
//! with a word on each.

use std::collections::HashSet;

use super::fields::{self, CLASSES, FIELDS};
use super::saved::Saved;
use super::values::{self, ANSWERS};
use super::{argument, lexer};
use crate::abi::{self, Arg};
use crate::model::{Store, Task};

/// What could stand where the cursor is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Completion {
    /// Where the word that is replaced begins, in characters; it ends at the cursor.
    pub start: usize,
    /// Best first: what begins like the word, then what contains it.
    pub candidates: Vec<Candidate>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    pub text: String,
    /// What it is, in a few words.
    pub about: String,
}

/// Names that the session and the user have given.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Names {
    pub saved: Saved,
    /// Names of tasks, newest first.
    tasks: Vec<Candidate>,
    /// Numbers of processes and of threads, newest first.
    processes: Vec<Candidate>,
    threads: Vec<Candidate>,
}

/// Tasks that are looked at for names, from the newest one.
const TASKS: usize = 4_096;

impl Names {
    pub fn new(store: &Store, saved: Saved) -> Names {
        let mut names = Names { saved, ..Names::default() };
        let (mut comms, mut pids) = (HashSet::new(), HashSet::new());
        for task in store.tasks().iter().rev().take(TASKS) {
            let comm = task.comm.escape_ascii().to_string();
            let state = if task.ended.is_some() { ", ended" } else { "" };
            let number = |number: i32| Candidate { text: number.to_string(), about: format!("{comm}{state}") };
            names.threads.push(number(task.tid));
            if pids.insert(task.tgid) {
                names.processes.push(number(task.tgid));
            }
            if typed_as_it_is(task) && comms.insert(task.comm.clone()) {
                let about = format!("for example task {}", task.tid);
                names.tasks.push(Candidate { text: comm, about });
            }
        }
        names
    }
}

/// A name that needs no quotes.
fn typed_as_it_is(task: &Task) -> bool {
    !task.comm.is_empty() && task.comm.iter().all(|b| b.is_ascii_graphic() && !b"()\"\\".contains(b))
}

/// Words between others.
const BETWEEN: [(&str, &str); 3] = [("and", "both are true"), ("or", "one of them is true"), ("not", "it is not true")];

/// What could replace the word before the cursor, which stands before character `cursor` of the line. Nothing inside of
/// quotes, and nothing for a word that is complete already.
pub fn complete(line: &str, cursor: usize, names: &Names) -> Completion {
    let before: Vec<char> = line.chars().take(cursor).collect();
    if in_quotes(&before) {
        return Completion { start: before.len(), candidates: Vec::new() };
    }
    let separates = |c: &char| c.is_whitespace() || "()!\"".contains(*c);
    // `!` separates only where a word would begin: in `err!=` it is part of the comparison.
    let word_at = before
        .iter()
        .enumerate()
        .rposition(|(i, c)| separates(c) && !(*c == '!' && i > 0 && !separates(&before[i - 1])))
        .map_or(0, |i| i + 1);
    let word: String = before[word_at..].iter().collect();
    let rest: String = before[..word_at].iter().collect();
    let (options, typed_at) = options(&word, &rest, names);
    let typed = &word[typed_at..];
    let start = word_at + word[..typed_at].chars().count();
    Completion { start, candidates: rank(options, typed) }
}

fn in_quotes(before: &[char]) -> bool {
    let (mut quoted, mut escaped) = (false, false);
    for &c in before {
        if c == '"' && !escaped {
            quoted = !quoted;
        }
        escaped = quoted && c == '\\' && !escaped;
    }
    quoted
}

fn candidate(text: impl Into<String>, about: impl Into<String>) -> Candidate {
    Candidate { text: text.into(), about: about.into() }
}

/// All that can stand there, and the byte of the word at which it would begin. `rest`: what stands before the word.
fn options(word: &str, rest: &str, names: &Names) -> (Vec<Candidate>, usize) {
    let saved = || names.saved.iter().map(|(name, text)| candidate(format!("@{name}"), text));
    if word.starts_with('@') {
        return (saved().collect(), 0);
    }
    if word.starts_with('%') {
        let known = abi::calls().flat_map(|call| call.tags).copied();
        let mut classes: Vec<&str> = CLASSES.into_iter().chain(known).collect();
        classes.sort_unstable();
        classes.dedup();
        return (classes.iter().map(|c| candidate(format!("%{c}"), "a class of calls")).collect(), 0);
    }
    let Some(operator) = word.find([':', '=', '<', '>', '&', '~']) else {
        if word.starts_with("arg.") {
            return (argument_names(rest), 0);
        }
        let words = fields::WORDS.iter().chain(&BETWEEN).map(|(word, about)| candidate(*word, *about));
        let fields = FIELDS.iter().map(|(name, example)| {
            let operator = example[name.len()..].chars().next().unwrap_or(':');
            candidate(format!("{name}{operator}"), format!("as in {example}"))
        });
        let arg = candidate("arg.", "an argument by its name, as in arg.flags&O_CREAT");
        return (words.chain(fields).chain([arg]).chain(saved()).chain(calls()).collect(), 0);
    };
    let field = word[..operator].trim_end_matches('!');
    if let Some(name) = field.strip_prefix("arg.") {
        // Names of bits go on behind the last bar.
        let value_at = word.rfind('|').filter(|&bar| bar > operator).unwrap_or(operator) + 1;
        let value_at = value_at + usize::from(word[value_at..].starts_with('='));
        return (argument_constants(name, rest), value_at);
    }
    // A list goes on behind its last comma.
    let value_at = word.rfind(',').filter(|&comma| comma > operator).unwrap_or(operator) + 1;
    let values = match field {
        "call" => calls().collect(),
        "err" => errors(),
        "blocked" => ANSWERS.iter().map(|(name, about)| candidate(*name, *about)).chain(errors()).collect(),
        "rule" => vec![candidate("default", "no rule decided")],
        "signal" => values::signals().map(|(n, name)| candidate(name, format!("signal {n}"))).collect(),
        "task" => names.tasks.clone(),
        "pid" | "tree" => names.processes.clone(),
        "tid" => names.threads.clone(),
        "fd" => vec![candidate("AT_FDCWD", "the current directory, where a directory is asked for")],
        _ => Vec::new(),
    };
    (values, value_at)
}

fn calls() -> impl Iterator<Item = Candidate> {
    abi::calls().map(|call| Candidate {
        text: call.name.into(),
        about: abi::explain(call.name).map(|e| e.summary.clone()).unwrap_or_default(),
    })
}

fn errors() -> Vec<Candidate> {
    values::errors().map(|(name, text)| candidate(name, text)).collect()
}

/// Arguments with the calls that have them: those of the calls that the line names, then all others.
fn arguments_of(rest: &str) -> impl Iterator<Item = (&'static str, &'static Arg)> {
    let named: HashSet<String> =
        lexer::tokens(rest).unwrap_or_default().into_iter().filter_map(|t| t.into_word()).collect();
    let (first, others): (Vec<_>, Vec<_>) = abi::calls().partition(|call| named.contains(call.name));
    let whole = |call: &'static abi::Call| std::iter::once(call).chain(call.variants);
    first.into_iter().chain(others).flat_map(whole).flat_map(|call| call.args.iter().map(|arg| (call.name, arg)))
}

fn argument_names(rest: &str) -> Vec<Candidate> {
    /// Calls that are told as examples.
    const EXAMPLES: usize = 4;
    let mut order: Vec<(&str, Vec<&str>)> = Vec::new();
    let mut at = std::collections::HashMap::new();
    for (call, arg) in arguments_of(rest) {
        let index = *at.entry(arg.name).or_insert_with(|| {
            order.push((arg.name, Vec::new()));
            order.len() - 1
        });
        let calls = &mut order[index].1;
        if calls.len() < EXAMPLES && !calls.contains(&call) {
            calls.push(call);
        }
    }
    order
        .into_iter()
        .map(|(name, calls)| candidate(format!("arg.{name}"), format!("of {}", calls.join(", "))))
        .collect()
}

fn argument_constants(name: &str, rest: &str) -> Vec<Candidate> {
    let mut seen = HashSet::new();
    let of_one = |(call, arg): (&'static str, &'static Arg)| {
        argument::constants_of(arg).into_iter().map(move |name| (name, call))
    };
    let known = arguments_of(rest).filter(|(_, arg)| arg.name == name).flat_map(of_one);
    known.filter(|(name, _)| seen.insert(*name)).map(|(name, call)| candidate(name, format!("as in {call}"))).collect()
}

fn rank(options: Vec<Candidate>, typed: &str) -> Vec<Candidate> {
    let typed = typed.to_ascii_lowercase();
    let mut ranked: Vec<(usize, Candidate)> = options
        .into_iter()
        .filter_map(|candidate| {
            let at = candidate.text.to_ascii_lowercase().find(&typed)?;
            (candidate.text.len() > typed.len()).then_some((at.min(1), candidate))
        })
        .collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    ranked.into_iter().map(|(_, candidate)| candidate).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::Filter;
    use proptest::prelude::*;

    fn names() -> Names {
        let saved = [("slow".to_owned(), "dur>10ms".to_owned())];
        let mut names = Names { saved: Saved::read(saved).expect("fine"), ..Names::default() };
        names.tasks.push(candidate("bash", ""));
        names.processes.push(candidate("4711", "bash"));
        names
    }

    fn texts(line: &str) -> (usize, Vec<String>) {
        let completion = complete(line, line.chars().count(), &names());
        (completion.start, completion.candidates.into_iter().map(|c| c.text).collect())
    }

    #[test]
    fn the_word_before_the_cursor_is_completed_by_its_kind() {
        for (line, start, first) in [
            ("opena", 0, "openat"),
            ("err=ENOE", 4, "ENOENT"),
            ("err=ENOENT,EAG", 11, "EAGAIN"),
            ("err!=EAG", 5, "EAGAIN"),
            ("read or %fi", 8, "%file"),
            ("!(renam", 2, "rename"),
            ("!renam", 1, "rename"),
            ("signal=int", 7, "SIGINT"),
            ("blocked=K", 8, "KILL"),
            ("ta", 0, "task:"),
            ("call:openat,clos", 12, "close"),
            ("ä opena", 2, "openat"),
            ("@s", 0, "@slow"),
            ("task:b", 5, "bash"),
            ("tree:4", 5, "4711"),
            ("arg.whe", 0, "arg.whence"),
            ("openat arg.fla", 7, "arg.flags"),
            ("openat arg.flags&O_CR", 17, "O_CREAT"),
            ("arg.flags&O_CREAT|O_EX", 18, "O_EXCL"),
            ("arg.whence!=SEEK_E", 12, "SEEK_END"),
            ("inj", 0, "injected"),
        ] {
            let (at, found) = texts(line);
            assert_eq!((at, found.first().map(String::as_str)), (start, Some(first)), "{line}: {found:?}");
        }
        assert!(texts("clone").1.contains(&"clone3".to_string()));
        assert!(texts("clone").1.iter().all(|t| t != "clone"), "complete already");
        assert_eq!(texts("\"opena").1, [""; 0]);
        assert_eq!(texts("path:/et").1, [""; 0]);
        assert!(complete("opena read", 5, &names()).candidates.iter().any(|c| c.about.contains("Opens a file")));
    }

    proptest! {
        #[test]
        fn any_line_and_cursor_will_do(line in "\\PC{0,20}", cursor in 0..30usize) {
            let completion = complete(&line, cursor, &Names::default());
            prop_assert!(completion.start <= cursor.min(line.chars().count()));
        }
    }

    #[test]
    fn what_is_offered_can_be_read() {
        for line in
            ["", "%", "err=", "blocked=", "signal=", "call:", "@", "arg.flags&", "arg.sig=", "task:", "pid:", "fd:"]
        {
            for candidate in complete(line, line.len(), &names()).candidates {
                let whole = if ["%", "@"].contains(&line) {
                    candidate.text.clone()
                } else {
                    format!("{line}{}", candidate.text)
                };
                let unfinished =
                    whole.ends_with([':', '=', '<', '>', '.']) || ["and", "or", "not"].contains(&whole.as_str());
                assert!(unfinished || Filter::parse_with(&whole, &names().saved).is_ok(), "{whole}");
            }
        }
    }
}
