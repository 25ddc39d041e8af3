//! Forms: which rows to show, which calls to catch or to change, and what becomes of them, one line of text each, with what could be typed
//! next. Left out: what the keys do (`app::form`), how it looks (`view::form`).

use std::sync::Arc;
use std::time::Duration;

use super::layer::Input;
use crate::abi;
use crate::model::TaskId;
use crate::query::{self, Candidate, Expr, Filter, Names, Test};
use crate::session::export::Format;
use crate::source::{Change, Forced, When};

/// What a form is filled in for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// Which rows are shown.
    Filter,
    /// Which rows are marked, while all are shown.
    Search,
    /// The name of the bookmark on a row.
    Bookmark { seq: u64 },
    /// The name under which this filter is saved.
    Save { text: String },
    /// What becomes of the call of this name, at whose entry the task is held in row `seq`.
    Answer { task: TaskId, seq: u64, call: String },
    /// Where what is shown, or all, is written; the file that may be replaced, once that was asked.
    Export { replace: Option<String> },
    /// A catchpoint; instead of the one with this number.
    Catch { instead_of: Option<u32> },
    /// A change of calls; instead of the one with this number.
    Tamper { instead_of: Option<u32> },
}

impl Purpose {
    /// Its first line is a filter.
    pub fn takes_filter(&self) -> bool {
        matches!(self, Purpose::Filter | Purpose::Search | Purpose::Catch { .. } | Purpose::Tamper { .. })
    }

    /// It is about what a traced program does next.
    pub fn needs_program(&self) -> bool {
        matches!(self, Purpose::Answer { .. } | Purpose::Catch { .. } | Purpose::Tamper { .. })
    }
}

/// What is typed on a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    Calls,
    Name,
    Title,
    Result,
    Signal,
    Before,
    After,
    Which,
    File,
    Rows,
}

/// A form as it is filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    pub purpose: Purpose,
    pub lines: Vec<(Field, Input)>,
    /// The line that is typed on.
    pub at: usize,
    /// The candidate that Enter takes.
    pub candidate: Option<usize>,
    /// What the session and the user had named when the form was opened.
    pub names: Arc<Names>,
}

/// What a form says once all of it can be read.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Empty in a form without such a line.
    pub filter: Filter,
    pub change: Change,
    pub when: When,
}

impl Form {
    pub fn answer(task: TaskId, seq: u64, call: String) -> Form {
        Form::new(Purpose::Answer { task, seq, call }, &[Field::Result, Field::Signal, Field::Before, Field::After])
    }

    /// With the filter that holds now.
    pub fn filter(text: String) -> Form {
        Form::new(Purpose::Filter, &[Field::Calls]).with_texts(&[(Field::Calls, text)])
    }

    /// With what is searched for now.
    pub fn search(text: String) -> Form {
        Form::new(Purpose::Search, &[Field::Calls]).with_texts(&[(Field::Calls, text)])
    }

    /// With the name that the bookmark has.
    pub fn bookmark(seq: u64, name: String) -> Form {
        Form::new(Purpose::Bookmark { seq }, &[Field::Title]).with_texts(&[(Field::Title, name)])
    }

    pub fn save(text: String) -> Form {
        Form::new(Purpose::Save { text }, &[Field::Name])
    }

    /// `shown`: a filter holds, and what it shows is written unless something else is said.
    pub fn export(shown: bool) -> Form {
        let rows = if shown { "shown" } else { "all" };
        let form = Form::new(Purpose::Export { replace: None }, &[Field::File, Field::Rows]);
        form.with_texts(&[(Field::Rows, rows.into())])
    }

    pub fn catch(instead_of: Option<u32>) -> Form {
        Form::new(Purpose::Catch { instead_of }, &[Field::Calls])
    }

    pub fn tamper(instead_of: Option<u32>) -> Form {
        let fields = [Field::Calls, Field::Result, Field::Signal, Field::Before, Field::After, Field::Which];
        Form::new(Purpose::Tamper { instead_of }, &fields)
    }

    fn new(purpose: Purpose, fields: &[Field]) -> Form {
        let lines = fields.iter().map(|&field| (field, Input::default())).collect();
        Form { purpose, lines, at: 0, candidate: None, names: Arc::default() }
    }

    /// With names that can be completed and filters that can be named.
    pub fn knowing(mut self, names: Arc<Names>) -> Form {
        self.names = names;
        self
    }

    /// With what was typed before; lines that the form does not have are left out.
    pub fn with_texts(mut self, texts: &[(Field, String)]) -> Form {
        for (field, input) in &mut self.lines {
            if let Some((_, text)) = texts.iter().find(|(of, _)| of == field) {
                input.text.clone_from(text);
            }
        }
        self
    }

    pub fn texts(&self) -> Vec<(Field, String)> {
        self.lines.iter().map(|(field, input)| (*field, input.text.clone())).collect()
    }

    pub fn field(&self) -> Field {
        self.lines[self.at].0
    }

    pub fn input(&mut self) -> &mut Input {
        &mut self.lines[self.at].1
    }

    fn text_of(&self, wanted: Field) -> &str {
        self.lines.iter().find(|(field, _)| *field == wanted).map_or("", |(_, input)| &input.text)
    }

    /// What could be typed, and the character at which it would begin.
    pub fn candidates(&self) -> (usize, Vec<Candidate>) {
        let text = &self.lines[self.at].1.text;
        match self.field() {
            Field::Calls => {
                let completion = query::complete(text, text.chars().count(), &self.names);
                (completion.start, completion.candidates)
            }
            Field::Result => (0, matching(text, self.errors())),
            Field::Signal => (0, matching(text, signals())),
            Field::Name => (0, matching(text, self.saved())),
            Field::File if Format::of_file(text).is_some() => (0, Vec::new()),
            Field::File => (0, files(text)),
            Field::Rows => (0, matching(text, rows())),
            Field::Title | Field::Before | Field::After | Field::Which => (0, Vec::new()),
        }
    }

    fn saved(&self) -> Vec<Candidate> {
        let candidate = |(name, text): (&str, &str)| Candidate { text: name.to_owned(), about: text.to_owned() };
        self.names.saved.iter().map(candidate).collect()
    }

    /// The errors that the calls of the form can give, then all others, with what each means.
    fn errors(&self) -> Vec<Candidate> {
        let names = match &self.purpose {
            Purpose::Answer { call, .. } => vec![call.clone()],
            _ => {
                let filter = Filter::parse_with(self.text_of(Field::Calls), &self.names.saved);
                filter.map(|filter| names(filter.expr())).unwrap_or_default()
            }
        };
        let mut numbers: Vec<u16> = Vec::new();
        for number in names.iter().flat_map(|name| abi::likely_errors(name)).chain(abi::all_errors()) {
            if !numbers.contains(&number) {
                numbers.push(number);
            }
        }
        let candidate = |number| {
            let (errno, general) = abi::errno(number)?;
            let particular = names.first().and_then(|name| abi::explain_error(name, errno, None));
            let about = match particular {
                Some(words) => format!("{general}. {words}"),
                None => general.to_owned(),
            };
            Some(Candidate { text: errno.to_owned(), about })
        };
        numbers.into_iter().filter_map(candidate).collect()
    }

    /// After something was typed: complaints go, and where what stands there means nothing yet, the first candidate is
    /// highlighted for Enter to take.
    pub fn typed(&mut self) {
        for (_, input) in &mut self.lines {
            input.error = None;
        }
        let text = &self.lines[self.at].1.text;
        let readable = match self.field() {
            Field::Result => result(text).is_ok(),
            Field::Signal => signal(text).is_ok(),
            // What is highlighted would be taken instead of what is typed.
            Field::Rows => matches!(text.trim(), "shown" | "all"),
            _ => true,
        };
        self.candidate = if readable || self.candidates().1.is_empty() { None } else { Some(0) };
    }

    /// Moves through the candidates; before the first one none is highlighted.
    pub fn move_candidate(&mut self, lines: isize) {
        let last = self.candidates().1.len() as isize - 1;
        let at = self.candidate.map_or(-1, |at| at as isize);
        self.candidate = usize::try_from((at + lines).clamp(-1, last)).ok();
    }

    /// Puts the highlighted candidate, or else the one numbered `otherwise`, where it belongs; false if there is none.
    pub fn take(&mut self, otherwise: Option<usize>) -> bool {
        let (start, mut candidates) = self.candidates();
        let Some(index) = self.candidate.or(otherwise).filter(|&index| index < candidates.len()) else { return false };
        let kept: String = self.lines[self.at].1.text.chars().take(start).collect();
        *self.input() = Input { text: kept + &candidates.swap_remove(index).text, error: None };
        self.candidate = None;
        true
    }

    pub fn go_to_line(&mut self, at: usize) {
        self.at = at.min(self.lines.len() - 1);
        self.candidate = None;
    }

    /// Reads all lines.
    ///
    /// # Errors
    /// The first line that cannot be read, and what stands under it: a caret and a clause, or a sentence.
    pub fn read(&self) -> Result<Draft, (usize, String)> {
        let mut draft = Draft { filter: Filter::from(Expr::Everything), change: Change::default(), when: When::ALWAYS };
        for (index, (field, input)) in self.lines.iter().enumerate() {
            let text = input.text.trim();
            let wrong = |sentence| (index, sentence);
            match field {
                Field::Calls => {
                    let caret = |e: query::QueryError| format!("{}^ {}", " ".repeat(e.column), e.message);
                    draft.filter = Filter::parse_with(&input.text, &self.names.saved).map_err(|e| wrong(caret(e)))?;
                }
                Field::Name if query::Saved::is_name(text.trim_start_matches('@')) => {}
                Field::Name => return Err(wrong("A name has letters, digits, - and _ only.".into())),
                Field::Title => {}
                Field::Result => draft.change.result = result(text).map_err(wrong)?,
                Field::Signal => draft.change.signal = signal(text).map_err(wrong)?,
                Field::Before => draft.change.delay_enter = delay(text).map_err(wrong)?,
                Field::After => draft.change.delay_exit = delay(text).map_err(wrong)?,
                Field::Which => draft.when = which(text).map_err(wrong)?,
                Field::File if Format::of_file(text).is_some() => {}
                Field::File => {
                    let ends: Vec<String> = Format::ALL.map(|format| format!(".{}", format.extensions()[0])).to_vec();
                    return Err(wrong(format!("The name's end says the form: {}.", ends.join(", "))));
                }
                Field::Rows if matches!(text, "shown" | "all") => {}
                Field::Rows => return Err(wrong("Write shown or all.".into())),
            }
        }
        Ok(draft)
    }
}

/// The calls that a filter names.
fn names(expr: &Expr) -> Vec<String> {
    match expr {
        Expr::And(parts) | Expr::Or(parts) => parts.iter().flat_map(names).collect(),
        Expr::Test(Test::Call(name)) => vec![name.clone()],
        _ => Vec::new(),
    }
}

/// The name that is typed with the end of each form.
fn files(typed: &str) -> Vec<Candidate> {
    let stem = typed.trim().trim_end_matches('.');
    let stem = if stem.is_empty() { "sysview" } else { stem };
    let candidate = |format: Format| Candidate {
        text: format!("{stem}.{}", format.extensions()[0]),
        about: format.about().to_owned(),
    };
    Format::ALL.map(candidate).to_vec()
}

fn rows() -> Vec<Candidate> {
    let candidate = |(text, about): (&str, &str)| Candidate { text: text.to_owned(), about: about.to_owned() };
    [("shown", "what the filter shows"), ("all", "every row")].map(candidate).to_vec()
}

fn signals() -> Vec<Candidate> {
    let candidate = |n| Some(Candidate { text: abi::signal_name(n)?.to_owned(), about: format!("signal {n}") });
    (1..=64).filter_map(candidate).collect()
}

/// Those whose name begins with what was typed, then those in whose name or words it stands.
fn matching(typed: &str, all: Vec<Candidate>) -> Vec<Candidate> {
    let typed = typed.trim().to_lowercase();
    let rank = |candidate: &Candidate| {
        let name = candidate.text.to_lowercase();
        if name == typed {
            None
        } else if name.starts_with(&typed) {
            Some(0)
        } else if name.contains(&typed) {
            Some(1)
        } else {
            candidate.about.to_lowercase().contains(&typed).then_some(2)
        }
    };
    let mut ranked: Vec<(u8, Candidate)> = all.into_iter().filter_map(|c| Some((rank(&c)?, c))).collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    ranked.into_iter().map(|(_, candidate)| candidate).collect()
}

/// `ENOENT`, `0`, `-1`, `0x10`; nothing: the call's own result.
fn result(text: &str) -> Result<Option<Forced>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    if let Some(errno) = abi::errno_number(&text.to_uppercase()).filter(|errno| *errno < 512) {
        return Ok(Some(Forced::Errno(errno)));
    }
    let value = match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok().map(|value| value as i64),
        None => text.parse().ok(),
    };
    match value {
        // What the kernel's result register holds for an error. errno(3).
        Some(value @ -4095..=-1) => Ok(Some(Forced::Errno(value.unsigned_abs() as u16))),
        Some(value) => Ok(Some(Forced::Value(value))),
        None => Err(format!("{text} is no error and no number; write for example ENOENT or 0.")),
    }
}

/// `SIGTERM`, `term`, `15`; nothing: no signal.
fn signal(text: &str) -> Result<Option<i32>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let number = abi::signal_number(&text.to_uppercase()).or_else(|| text.parse().ok());
    match number.and_then(|number| i32::try_from(number).ok()).filter(|number| (1..=64).contains(number)) {
        Some(number) => Ok(Some(number)),
        None => Err(format!("{text} is no signal; write for example SIGTERM or 15.")),
    }
}

/// `500ms`, `1.5s`; nothing: no delay.
fn delay(text: &str) -> Result<Option<Duration>, String> {
    const UNITS: [(&str, u32); 4] = [("ns", 1), ("us", 1_000), ("ms", 1_000_000), ("s", 1_000_000_000)];
    let wrong = || format!("{text} is no time; write a number and its unit, for example 500ms or 2s.");
    if text.is_empty() {
        return Ok(None);
    }
    let unit_at = text.find(|c: char| c.is_ascii_alphabetic()).ok_or_else(wrong)?;
    let (number, unit) = text.split_at(unit_at);
    let size = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?.1;
    let number = number.trim().parse::<f64>().map_err(|_| wrong())?;
    let delay = Duration::try_from_secs_f64(number * f64::from(size) / 1e9).map_err(|_| wrong())?;
    Ok(Some(delay).filter(|delay| !delay.is_zero()))
}

/// `3`, `3+`, `3+2`, `2..5`, `2..9+3`: strace's `when=`; nothing: always.
fn which(text: &str) -> Result<When, String> {
    let wrong = || {
        format!(
            "{text} does not say which; write 3 for the third call, 3+ from it on, 3+2 for every second, 2..5 for a range."
        )
    };
    if text.is_empty() {
        return Ok(When::ALWAYS);
    }
    let number = |text: &str| text.trim().parse::<u32>().ok().filter(|number| *number > 0).ok_or_else(wrong);
    let (range, step) = match text.split_once('+') {
        Some((range, "")) => (range, Some(1)),
        Some((range, step)) => (range, Some(number(step)?)),
        None => (text, None),
    };
    match range.split_once("..") {
        Some((first, last)) => {
            let (first, last) = (number(first)?, number(last)?);
            if last < first {
                return Err(wrong());
            }
            Ok(When { first, last: Some(last), step: step.unwrap_or(1) })
        }
        None => Ok(When { first: number(range)?, last: None, step: step.unwrap_or(0) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(mut form: Form, at: usize, text: &str) -> Form {
        form.go_to_line(at);
        text.chars().for_each(|c| form.input().push(c));
        form.typed();
        form
    }

    #[test]
    fn results_signals_and_times_are_read_as_people_write_them() {
        assert_eq!(result("enoent"), Ok(Some(Forced::Errno(2))));
        assert_eq!(result("-13"), Ok(Some(Forced::Errno(13))));
        assert_eq!((result("0"), result("0xff")), (Ok(Some(Forced::Value(0))), Ok(Some(Forced::Value(255)))));
        assert_eq!(result("-4096"), Ok(Some(Forced::Value(-4_096))));
        assert!(result("ERESTARTSYS").is_err() && result("ENO").unwrap_err().contains("ENO"));
        assert_eq!((signal("term"), signal("9"), signal("")), (Ok(Some(15)), Ok(Some(9)), Ok(None)));
        assert!(signal("0").is_err() && signal("65").is_err() && signal("SIGNO").is_err());
        assert_eq!(delay("500ms"), Ok(Some(Duration::from_millis(500))));
        assert_eq!((delay("1.5s"), delay("0s")), (Ok(Some(Duration::from_millis(1_500))), Ok(None)));
        for wrong in ["5", "ms", "-1s", "5h", "1e999s"] {
            assert!(delay(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn which_is_straces_when() {
        let when = |first, last, step| Ok(When { first, last, step });
        assert_eq!(which(""), Ok(When::ALWAYS));
        assert_eq!((which("3"), which("3+"), which("3+2")), (when(3, None, 0), when(3, None, 1), when(3, None, 2)));
        assert_eq!((which("2..5"), which("2..9+3")), (when(2, Some(5), 1), when(2, Some(9), 3)));
        for wrong in ["0", "x", "5..2", "3+0", "..3", "3..", "+"] {
            assert!(which(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn errors_that_the_call_can_give_come_first_and_can_be_searched() {
        let form = Form::answer(TaskId(0), 1, "openat".into());
        let (_, all) = form.candidates();
        assert!(
            all.len() > 100
                && all[..20].iter().any(|c| c.text == "ENOENT")
                && all[..20].iter().all(|c| c.text != "EDOM")
        );
        let mut form = typed(form, 0, "enoe");
        assert_eq!(form.candidate, Some(0));
        assert!(form.take(None) && form.lines[0].1.text == "ENOENT" && form.candidate.is_none());
        let form = typed(Form::answer(TaskId(0), 1, "openat".into()), 0, "permission");
        assert!(form.candidates().1.iter().any(|c| c.text == "EACCES"), "by what it means");
        let form = typed(form, 0, "\u{8}");
        assert_eq!(form.lines[0].1.text, "permission");
    }

    #[test]
    fn a_whole_form_is_read_or_the_wrong_line_is_named() {
        let texts = [(Field::Calls, "openat path:/etc/**"), (Field::Result, "EACCES"), (Field::Which, "3+")];
        let texts = texts.map(|(field, text)| (field, text.to_owned()));
        let form = Form::tamper(None).with_texts(&texts);
        let draft = form.read().expect("readable");
        assert_eq!(draft.filter.to_string(), "openat path:/etc/**");
        assert_eq!(draft.change, Change { result: Some(Forced::Errno(13)), ..Change::default() });
        assert_eq!(draft.when, When { first: 3, last: None, step: 1 });
        let wrong = typed(form.clone(), 2, "SIGWHAT");
        assert_eq!(wrong.read().err().map(|(line, _)| line), Some(2));
        let wrong = typed(form, 0, " err=ENOWAY");
        assert!(wrong.read().err().is_some_and(|(line, words)| line == 0 && words.contains('^')));
    }

    #[test]
    fn candidates_wrap_nowhere_and_an_empty_list_is_no_trap() {
        let mut form = Form::tamper(None);
        form.move_candidate(-1);
        assert_eq!(form.candidate, None);
        form.move_candidate(1);
        assert_eq!(form.candidate, Some(0));
        form.move_candidate(100_000);
        assert!(form.candidate.is_some_and(|at| at + 1 == form.candidates().1.len()));
        form.go_to_line(5);
        form.move_candidate(1);
        assert!(form.candidate.is_none() && !form.take(Some(0)));
    }
}
