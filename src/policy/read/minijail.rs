//! minijail's policies, minijail0(5) and its compiler's wider grammar: statements `NAME: EXPRESSION`, `@include` of other
//! policies, `@default`, `@denylist`, `@frequency`. Left out: groups of calls, which stand in a file of the compiler's own.
//!
//! What is said about one call in several statements is one list, of which the first that applies decides. A call that is
//! named, and to which nothing applies, is killed.

use std::collections::HashMap;

use super::minijail_expression::{Statement, Token, statement, tokens};
use super::{Builder, rule};
use crate::policy::error::Fault;
use crate::policy::library::Library;
use crate::policy::profile::{Architectures, Reading, Selector};
use crate::policy::texts::Texts;
use crate::policy::words::not_among;
use crate::policy::{Action, names};

const DIRECTIVES: [&str; 4] = ["@default", "@denylist", "@frequency", "@include"];
const DEFAULTS: [&str; 4] = ["kill", "kill-process", "kill-thread", "trap"];
/// The compiler takes ten files inside each other; minijail0 itself only one.
const MAX_DEPTH: usize = 10;

struct Reader<'a> {
    builder: Builder,
    texts: &'a mut Texts,
    library: &'a dyn Library,
    default: Action,
    /// What happens to a call that is named, and none of whose conditions hold.
    unmatched: Action,
    calls: HashMap<String, Said>,
}

/// What was said about a call so far.
struct Said {
    /// The last statement.
    span: std::ops::Range<usize>,
    /// It ended with an action without conditions.
    decided: bool,
    only: Selector,
}

pub fn read(texts: &mut Texts, library: &dyn Library) -> Result<Reading, Fault> {
    let text = texts.own();
    let (default, unmatched) = (Action::KillProcess, Action::KillProcess);
    let mut reader = Reader { builder: Builder::new(), texts, library, default, unmatched, calls: HashMap::new() };
    reader.lines(&text, 0, 0)?;
    reader.finish()
}

impl Reader<'_> {
    fn lines(&mut self, text: &str, base: usize, depth: usize) -> Result<(), Fault> {
        let mut pending: Vec<Token> = Vec::new();
        for (at, line) in super::lines(text) {
            let at = base + at;
            let (line, goes_on) = match line.trim_end().strip_suffix('\\') {
                Some(line) => (line, true),
                None => (line, false),
            };
            if pending.is_empty()
                && let Some((start, word)) = super::words(line, at).next()
                && word.starts_with('@')
            {
                let rest = &line[start - at + word.len()..];
                let rest = rest.split('#').next().unwrap_or(rest);
                self.directive(word, start, rest, depth)?;
                continue;
            }
            pending.extend(tokens(line, at)?);
            if !goes_on {
                self.statement(&std::mem::take(&mut pending))?;
            }
        }
        self.statement(&pending)
    }

    fn directive(&mut self, word: &str, at: usize, rest: &str, depth: usize) -> Result<(), Fault> {
        let end = at + word.len();
        let mut words = super::words(rest, end);
        let argument = words.next();
        if let Some((extra, _)) = words.next() {
            return Err(Fault::new(extra, format!("{word} takes one word, and this is a second one")));
        }
        let needed = |what: &str| argument.ok_or_else(|| Fault::new(end, format!("{word} needs {what}")));
        match word {
            "@denylist" => self.default = Action::Allow,
            "@default" => {
                let (place, name) = needed("an action, as in @default trap")?;
                self.default = match name {
                    "kill" | "kill-process" => Action::KillProcess,
                    "kill-thread" => Action::KillThread,
                    "trap" => Action::Trap,
                    _ => return Err(Fault::new(place, not_among(name, "default action of minijail", &DEFAULTS))),
                };
                self.unmatched = self.default;
            }
            "@include" => {
                let (place, path) = needed("a path, as in @include ./other.policy")?;
                if depth >= MAX_DEPTH {
                    return Err(Fault::new(at, format!("files include each other more than {MAX_DEPTH} levels deep")));
                }
                if depth == 1 {
                    self.builder.warn(at, "minijail0 refuses @include in an included file; only its compiler takes it");
                }
                let (text, base) = self.open(path, place)?;
                self.lines(&text, base, depth + 1)?;
            }
            "@frequency" => {
                let (place, path) = needed("a path, as in @frequency ./calls.frequency")?;
                let (text, base) = self.open(path, place)?;
                frequencies(&text, base)?;
            }
            _ => return Err(Fault::new(at, not_among(word, "directive", &DIRECTIVES))),
        }
        Ok(())
    }

    /// Another file by its path as written: absolute, or beginning with a point.
    fn open(&mut self, path: &str, at: usize) -> Result<(std::sync::Arc<str>, usize), Fault> {
        if !path.starts_with(['/', '.']) {
            let what = format!("a path must begin with / or with ./, as in ./{path}");
            return Err(Fault::new(at, what));
        }
        let source = self.library.file(path).map_err(|why| Fault::new(at, format!("{path}: {why}")))?;
        self.texts.add(&source.name, &source.text, at)
    }

    fn statement(&mut self, tokens: &[Token]) -> Result<(), Fault> {
        let Some(first) = tokens.first() else { return Ok(()) };
        let last = tokens.last().unwrap_or(first);
        let span = first.at..last.at + last.text.len();
        let Statement { calls, clauses } = statement(tokens)?;
        for call in calls {
            if call.name.contains('@') {
                let what = format!(
                    "{:?} is a group; groups stand in a file of minijail's compiler, write the calls out",
                    call.name
                );
                return Err(Fault::new(call.at, what));
            }
            match call.name.parse::<u64>() {
                Ok(0..=0xffff) => {}
                Ok(number) => return Err(Fault::new(call.at, format!("no call has the number {number}"))),
                Err(_) => self.builder.check_call(&call.name, call.at),
            }
            let said = self.calls.get(&call.name);
            if let Some(said) = said.filter(|said| said.decided && said.only == call.only) {
                let place = self.texts.place(said.span.start);
                let file = if place.is_own { String::new() } else { format!(" of {}", place.file) };
                let what =
                    format!("{} is decided on line {}{file} already; keep one of the two", call.name, place.line);
                return Err(Fault::new(call.at, what));
            }
            if said.is_some_and(|said| said.only == call.only) {
                let what = format!("minijail0 refuses a second line on {}; only its compiler takes it", call.name);
                self.builder.warn(call.at, what);
            }
            let decided = clauses.iter().any(|clause| clause.args.is_empty());
            for clause in &clauses {
                let mut rule = rule(vec![call.name.clone()], clause.action, span.clone());
                rule.args = clause.args.clone();
                rule.includes = call.only.clone();
                self.builder.push(rule)?;
            }
            self.calls.insert(call.name, Said { span: span.clone(), decided, only: call.only });
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Reading, Fault> {
        let mut open: Vec<(String, Said)> = self.calls.into_iter().filter(|(_, said)| !said.decided).collect();
        open.sort_by_key(|(name, said)| (said.span.start, name.clone()));
        for (name, said) in open {
            let mut rule = rule(vec![name], self.unmatched, said.span);
            rule.includes = said.only;
            self.builder.push(rule)?;
        }
        Ok(self.builder.finish(self.default, Architectures::Native))
    }
}

/// `NAME: NUMBER` lines: in which order calls are best compared. They change no verdict and are only looked at.
fn frequencies(text: &str, base: usize) -> Result<(), Fault> {
    for (at, line) in super::lines(text) {
        let line = line.split('#').next().unwrap_or(line);
        let Some((start, _)) = super::words(line, base + at).next() else { continue };
        let Some((name, number)) = line.split_once(':') else {
            return Err(Fault::new(start, "a line of frequencies must be NAME: NUMBER, as in read: 2"));
        };
        if !names::known(name.trim()) {
            return Err(Fault::new(start, format!("no architecture has a system call {:?}", name.trim())));
        }
        if number.trim().parse::<u64>().is_err() {
            let place = base + at + name.len() + 1 + (number.len() - number.trim_start().len());
            return Err(Fault::new(place, format!("{:?} is no number of times", number.trim())));
        }
    }
    Ok(())
}
