//! What could be typed next: names of fields, classes, calls, errors, with a word on each.

use super::parser::{CLASSES, FIELDS};
use crate::abi;

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

/// Words that stand alone.
const WORDS: [(&str, &str); 8] = [
    ("err", "calls that failed"),
    ("signal", "signals"),
    ("exec", "new programs"),
    ("unfinished", "calls that have not come back"),
    ("blocked", "calls that the profile would stop"),
    ("and", "both are true"),
    ("or", "one of them is true"),
    ("not", "it is not true"),
];

const ANSWERS: [(&str, &str); 6] = [
    ("ERRNO", "the call returns an error"),
    ("KILL", "the program is killed"),
    ("TRAP", "the program gets SIGSYS"),
    ("NOTIFY", "another program is asked"),
    ("TRACE", "a tracer is asked"),
    ("LOG", "permitted, but written to the log"),
];

/// What could replace the word before the cursor, which stands before character `cursor` of the line. Nothing inside of
/// quotes, and nothing for a word that is complete already.
pub fn complete(line: &str, cursor: usize) -> Completion {
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
    let (options, typed_at) = options(&word);
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

/// All that can stand there, and the byte of the word at which it would begin.
fn options(word: &str) -> (Vec<Candidate>, usize) {
    let candidate = |text: &str, about: &str| Candidate { text: text.into(), about: about.into() };
    if word.starts_with('%') {
        let known = abi::calls().flat_map(|call| call.tags).copied();
        let mut classes: Vec<&str> = CLASSES.into_iter().chain(known).collect();
        classes.sort_unstable();
        classes.dedup();
        return (classes.iter().map(|c| candidate(&format!("%{c}"), "a class of calls")).collect(), 0);
    }
    let Some(operator) = word.find([':', '=', '<', '>']) else {
        let words = WORDS.iter().map(|(word, about)| candidate(word, about));
        let fields = FIELDS.iter().map(|(name, example)| {
            let operator = example[name.len()..].chars().next().unwrap_or(':');
            candidate(&format!("{name}{operator}"), &format!("as in {example}"))
        });
        return (words.chain(fields).chain(calls()).collect(), 0);
    };
    // A list goes on behind its last comma.
    let value_at = word.rfind(',').filter(|&comma| comma > operator).unwrap_or(operator) + 1;
    let values = match word[..operator].trim_end_matches('!') {
        "call" => calls().collect(),
        "err" => errors(),
        "blocked" => ANSWERS.iter().map(|(name, about)| candidate(name, about)).chain(errors()).collect(),
        "signal" => (1..=64).filter_map(|n| Some(candidate(abi::signal_name(n)?, &format!("signal {n}")))).collect(),
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
    (1..=133).filter_map(abi::errno).map(|(name, text)| Candidate { text: name.into(), about: text.into() }).collect()
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

    fn texts(line: &str) -> (usize, Vec<String>) {
        let completion = complete(line, line.chars().count());
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
        ] {
            let (at, found) = texts(line);
            assert_eq!((at, found.first().map(String::as_str)), (start, Some(first)), "{line}: {found:?}");
        }
        assert!(texts("clone").1.contains(&"clone3".to_string()));
        assert!(texts("clone").1.iter().all(|t| t != "clone"), "complete already");
        assert_eq!(texts("\"opena").1, [""; 0]);
        assert_eq!(texts("path:/et").1, [""; 0]);
        assert!(complete("opena read", 5).candidates.iter().any(|c| c.about.contains("Opens a file")));
    }

    proptest! {
        #[test]
        fn any_line_and_cursor_will_do(line in "\\PC{0,20}", cursor in 0..30usize) {
            let completion = complete(&line, cursor);
            prop_assert!(completion.start <= cursor.min(line.chars().count()));
        }
    }

    #[test]
    fn what_is_offered_can_be_read() {
        for line in ["", "%", "err=", "blocked=", "signal=", "call:"] {
            for candidate in complete(line, line.len()).candidates {
                let whole = if line == "%" { candidate.text.clone() } else { format!("{line}{}", candidate.text) };
                let unfinished =
                    whole.ends_with([':', '=', '<', '>']) || ["and", "or", "not"].contains(&whole.as_str());
                assert!(unfinished || Filter::parse(&whole).is_ok(), "{whole}");
            }
        }
    }
}
