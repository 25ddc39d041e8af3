//! From row to row: to the same call or task, to what a search finds, along a descriptor's life, from an error to what the
//! program did instead; and folding runs of calls. Left out: bookmarks.

use roaring::RoaringBitmap;

use super::App;
use crate::abi;
use crate::decode;
use crate::model::{CHUNK_ROWS, CallRow, Outcome, RowKind, Store, TaskId};
use crate::policy;
use crate::query::{self, Expr, Filter, Test};
use crate::tui::actions::Id;
use crate::tui::format::{self, count};
use crate::tui::state::form::Form;
use crate::tui::state::narrow::{Narrow, RowFilter};
use crate::tui::state::seek::seek;

/// Rows that are looked at in one key press where no index tells which they are.
const REACH: usize = 50_000;
/// Calls that give out descriptors other than by their result.
const GIVE_TWO: [&str; 3] = ["pipe", "pipe2", "socketpair"];

/// What a row is about.
struct Descriptor {
    task: TaskId,
    fd: i32,
    /// The row that gave out this number, and the one that opened what is behind it; None if that was before all rows.
    given_by: Option<u64>,
    made: Option<u64>,
}

impl App {
    /// Selects a row. A run that hides it is opened; one that the filter hides leaves the selection next to it.
    pub(super) fn look_at(&mut self, seq: u64) {
        // Only what was looked at already can be told to be hidden.
        let scanned = self.trace.narrow.as_ref().is_none_or(|narrow| narrow.knows(seq));
        if scanned && !self.trace.is_shown(seq) {
            self.say(format!("Row {seq} is hidden by the filter; Esc shows every row."));
        }
        self.trace.let_go();
        if let Some(run) = self.trace.run_of(seq).filter(|run| run.folded && run.head != seq) {
            self.trace.toggle_run(&run, &self.session.store);
        }
        self.trace.go_to(self.trace.position_of(seq));
        self.detail_top = 0;
    }

    /// The next row in a direction that is shown and in the bitmap of its chunk.
    fn seek(&self, forward: bool, of_chunk: impl Fn(&Store, usize) -> Option<RoaringBitmap>) -> Option<u64> {
        let store = &self.session.store;
        // Behind a line that stands for many rows come those after all of them.
        let from = self.selected()?;
        let from = match self.trace.folded(from) {
            Some(run) if forward => run.end - 1,
            _ => from,
        };
        seek(store.chunks(), from, forward, |chunk| {
            Some(of_chunk(store, chunk)? & self.trace.shown(chunk, store.len()))
        })
    }

    fn go(&mut self, found: Option<u64>, nothing: &str) {
        match found {
            Some(seq) => self.look_at(seq),
            None => self.say(nothing),
        }
    }

    pub(super) fn match_(&mut self, forward: bool) {
        let stored = self.session.store.len();
        let Some(search) = &self.trace.search else { return self.same_call(forward) };
        let from = self.selected().unwrap_or(0);
        let store = &self.session.store;
        let of_chunk = |chunk: usize| {
            let rows = search.hits().of_chunk(chunk).cloned()?;
            Some(rows & self.trace.shown(chunk, stored))
        };
        let found = seek(store.chunks(), from, forward, of_chunk);
        let (text, left) = (search.filter.text().to_owned(), search.left(stored));
        match found {
            Some(seq) => self.look_at(seq),
            None if left > 0 => {
                self.say(format!("No match for {text} that way so far; {} rows are left.", count(left)))
            }
            None => self.say(format!("No further match for {text} that way.")),
        }
    }

    /// Goes to the next row (or the one before) that is the same call as the selected one.
    fn same_call(&mut self, forward: bool) {
        let Some((_, call)) = self.selected_call() else {
            return self.say("This row is no call; select one, or search with f.");
        };
        let found = self.seek(forward, |store, chunk| store.index(chunk)?.call(call.arch, call.nr).cloned());
        self.go(found, "No further row of this call that way.");
    }

    pub(super) fn same_task(&mut self, forward: bool) {
        let Some(task) = self.selected_task() else { return };
        let found = self.seek(forward, |store, chunk| store.index(chunk)?.task(task).cloned());
        self.go(found, "No further row of this task that way.");
    }

    /// The call of the selected row and its task.
    fn selected_call(&self) -> Option<(TaskId, CallRow)> {
        let row = self.session.store.row(self.selected()?)?;
        match row.kind {
            RowKind::Call(call) => Some((row.task, call)),
            _ => None,
        }
    }

    /// Asks what is to be looked for, without hiding anything.
    pub(super) fn ask_search(&mut self) {
        let text = self.trace.search.as_ref().map(|search| search.filter.text().to_owned()).unwrap_or_default();
        self.open_form(Form::search(text));
    }

    pub(super) fn set_search(&mut self, filter: Filter, text: String) {
        if filter.is_empty() {
            self.trace.search = None;
            return;
        }
        let filter = RowFilter::Query { filter: Box::new(filter), text };
        self.trace.search = Some(Narrow::new(filter));
        self.say("Matches are marked with /; n and N go from one to the next, Esc ends the search.");
        self.work_slice();
    }

    pub(super) fn fold(&mut self) {
        self.trace.toggle_fold(&self.session.store);
        match self.trace.fold {
            Some(_) => {
                let (one, all) = (self.options.keymap.word(Id::FoldOne), self.options.keymap.word(Id::Fold));
                self.say(format!("Calls that repeat are one line each; {one} opens one, {all} shows all again."));
            }
            None => self.say("Every call has its own line again."),
        }
    }

    /// Opens the line that the selected row is part of, or closes it.
    pub(super) fn fold_one(&mut self) {
        let run = self.selected().and_then(|seq| self.trace.run_of(seq));
        let Some(run) = run else { return self.say("This row repeats nothing that stands beside it.") };
        self.trace.let_go();
        self.trace.toggle_run(&run, &self.session.store);
        self.trace.go_to(self.trace.position_of(run.head));
    }

    /// Goes to the call that gave out the selected row's descriptor.
    pub(super) fn origin(&mut self) {
        let Some(descriptor) = self.descriptor() else {
            return self.say("This row is about no descriptor that could be followed.");
        };
        match descriptor.given_by {
            Some(row) if Some(row) == self.selected() => {
                let key = self.options.keymap.key(Id::NextUse).map(|key| format!("; {key} goes to its uses"));
                self.say(format!("This call opened it{}.", key.unwrap_or_default()));
            }
            Some(row) => self.look_at(row),
            None => {
                let name = self.task_words(descriptor.task);
                self.say(format!("Descriptor {} of {name} was open before the first row.", descriptor.fd));
            }
        }
    }

    /// Goes to the next or previous call on the descriptor of the selected row, whatever its number is there.
    pub(super) fn use_of_descriptor(&mut self, forward: bool) {
        let Some(Descriptor { task, fd, made, .. }) = self.descriptor() else {
            return self.say("This row is about no descriptor that could be followed.");
        };
        let tgid = self.session.store.task(task).map_or(0, |task| task.tgid);
        let filter = Filter::from(match made {
            Some(row) => Expr::Test(Test::Opened(row)),
            None => Expr::all(vec![Expr::Test(Test::Pid(tgid)), Expr::Test(Test::FdUse(fd, 0))]),
        });
        let found = self.next_fitting(&filter, forward);
        self.go(found, "No further use of this descriptor that way.");
    }

    /// The next row that fits and is shown; not further than the key press can wait for.
    fn next_fitting(&self, filter: &Filter, forward: bool) -> Option<u64> {
        let (store, rows) = (&self.session.store, self.rows_for_filters());
        let candidates = |chunk: usize| {
            let rest = store.len().saturating_sub((chunk * CHUNK_ROWS) as u64).min(CHUNK_ROWS as u64);
            let bounds = filter.bounds(store, chunk, 0..rest as u32);
            Some((bounds.surely | bounds.perhaps) & self.trace.shown(chunk, store.len()))
        };
        rows.ask(|context| {
            let mut from = self.selected()?;
            for _ in 0..REACH {
                from = seek(store.chunks(), from, forward, candidates)?;
                if filter.matches(context, from) {
                    return Some(from);
                }
            }
            None
        })
    }

    /// The first descriptor that the selected row is about.
    fn descriptor(&self) -> Option<Descriptor> {
        let seq = self.selected()?;
        let store = &self.session.store;
        let row = store.row(seq)?;
        let RowKind::Call(call) = &row.kind else { return None };
        let held = store.call(seq)?;
        let view = held.view();
        let (files, task) = (store.files(), row.task);
        if let Some(fd) = query::descriptors(&view).find(|fd| *fd >= 0) {
            let found = files.descriptor(task, fd, row.t_ns);
            let given_by = found.as_ref().and_then(|found| found.row.or(found.made));
            return Some(Descriptor { task, fd, given_by, made: found.and_then(|found| found.made.or(found.row)) });
        }
        // It gives one out itself, or two.
        let Some(Outcome::Returned(value)) = view.outcome else { return None };
        let name = decode::call_name(call.arch, call.nr);
        let fd = match i32::try_from(value) {
            Ok(fd) if !GIVE_TWO.contains(&&*name) => fd,
            _ => -1,
        };
        let new = files.descriptor(task, fd, call.t_exit_ns + 1).is_some_and(|found| found.row == Some(seq));
        (new || fd < 0).then_some(Descriptor { task, fd, given_by: Some(seq), made: Some(seq) })
    }

    /// From a call that failed to the one that the program made in its place.
    pub(super) fn instead(&mut self) {
        let Some((task, failed)) = self.selected_call() else { return self.say("This row is no call.") };
        let Some(errno) = failed.errno() else {
            return self.say("This call did not fail; select one that did, marked with !.");
        };
        let name = decode::call_name(failed.arch, failed.nr).into_owned();
        let errno = decode::errno_name(errno).map_or_else(|| errno.to_string(), |(name, _)| name.to_owned());
        let detour = if errno == "ENOSYS" { policy::detour(&name) } else { None };
        let Some(seq) = self.selected() else { return };
        match self.call_instead(seq, task, &failed, detour) {
            Some((found, tried)) => {
                let made = self.session.store.row(found).map(|row| row.kind);
                let made = match made {
                    Some(RowKind::Call(call)) => decode::call_name(call.arch, call.nr).into_owned(),
                    _ => name.clone(),
                };
                self.look_at(found);
                let after = match tried {
                    0 => String::new(),
                    1 => ", after 1 more that failed".to_owned(),
                    n => format!(", after {} more that failed", count(n)),
                };
                self.say(format!("After the {errno} of {name} in row {seq} the program called {made} here{after}."));
            }
            None => {
                let usual = detour.map(|ways| format!(" C libraries go on with {}.", format::escape(ways.as_bytes())));
                let usual = usual.unwrap_or_default();
                self.say(format!("No later call of this task stands in for this {name} ({errno}).{usual}"));
            }
        }
    }

    /// The row of the next call of the task that does what this one should have done, and how many like it failed before.
    fn call_instead(&self, seq: u64, task: TaskId, failed: &CallRow, detour: Option<&str>) -> Option<(u64, u64)> {
        let store = &self.session.store;
        let wanted = Wanted::of(store, seq, failed, detour);
        let (mut from, mut tried) = (seq, 0);
        for _ in 0..REACH {
            from = seek(store.chunks(), from, true, |chunk| store.index(chunk)?.task(task).cloned())?;
            match wanted.look(store, from) {
                Some(true) => return Some((from, tried)),
                Some(false) => tried += 1,
                None => {}
            }
        }
        None
    }
}

/// What stands in for a call that failed.
struct Wanted<'a> {
    nr: u64,
    tags: &'static [&'static str],
    first: u64,
    /// Last name of its path.
    file: Option<Vec<u8>>,
    /// What C libraries call in its place.
    detour: Option<&'a str>,
}

impl<'a> Wanted<'a> {
    fn of(store: &Store, seq: u64, failed: &CallRow, detour: Option<&'a str>) -> Wanted<'a> {
        let tags = abi::lookup(failed.arch, failed.nr).map(|call| call.tags).unwrap_or_default();
        Wanted { nr: failed.nr, tags, first: failed.args[0], file: file_name(store, seq), detour }
    }

    /// Whether a row is such a call, and if so, whether it succeeded.
    fn look(&self, store: &Store, seq: u64) -> Option<bool> {
        let RowKind::Call(call) = store.row(seq)?.kind else { return None };
        let name = decode::call_name(call.arch, call.nr);
        let fits = match (self.detour, &self.file) {
            (Some(ways), _) => ways.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|word| word == name),
            // The same file by a call of the same kind: open after open, stat after stat, access before open.
            (None, Some(file)) => {
                let known = abi::lookup(call.arch, call.nr).map(|call| call.tags).unwrap_or_default();
                let alike = call.nr == self.nr || known.iter().any(|tag| self.tags.contains(tag));
                alike && file_name(store, seq).as_ref() == Some(file)
            }
            // Without a path: the same again on the same thing.
            (None, None) => call.nr == self.nr && call.args[0] == self.first,
        };
        fits.then_some(matches!(call.outcome, Some(Outcome::Returned(_))))
    }
}

fn file_name(store: &Store, seq: u64) -> Option<Vec<u8>> {
    let call = store.call(seq)?;
    let view = call.view();
    let path = query::paths(&view).next()?.to_vec();
    let path = path.strip_suffix(b"/").unwrap_or(&path);
    path.rsplit(|&byte| byte == b'/').next().map(<[u8]>::to_vec).filter(|name| !name.is_empty())
}
