//! The call pane: everything about the selected row, in words.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{held, marks, remarks, standing, times, verdict};
use crate::abi;
use crate::decode::{self, DetailLine};
use crate::model::{CallView, Outcome, RowKind, TaskId};
use crate::query;
use crate::source::At;
use crate::tui::app::App;
use crate::tui::change;
use crate::tui::format::{self, fit, wrap};
use crate::tui::layout::Pane;
use crate::tui::state::hold::Waiting;
use crate::tui::theme::Role;

/// Bytes of a string shown here, more than in a row.
const STRING_LIMIT: usize = 256;
/// Columns of the names at the left.
const LABEL: usize = 9;

/// What stands at the right of the pane's upper border: how much is out of view below.
pub fn title(app: &App) -> String {
    let inner = app.layout.inner(Pane::Call);
    let all = height(app);
    let top = app.detail_top.min(all.saturating_sub(inner.height));
    match all.saturating_sub(top.saturating_add(inner.height)) {
        0 => String::new(),
        1 => "1 more line".into(),
        below => format!("{below} more lines"),
    }
}

/// Lines that the pane has to show.
pub fn height(app: &App) -> u16 {
    let width = app.layout.inner(Pane::Call).width;
    u16::try_from(lines(app, width).len()).unwrap_or(u16::MAX)
}

pub fn draw(app: &App, inner: Rect, buf: &mut Buffer) {
    let lines = lines(app, inner.width);
    let top = usize::from(app.detail_top).min(lines.len().saturating_sub(usize::from(inner.height)));
    for (y, line) in (inner.y..inner.bottom()).zip(lines.iter().skip(top)) {
        buf.set_line(inner.x, y, line, inner.width);
    }
}

/// Collects lines of label and text, wrapped to the pane.
pub(super) struct Page<'a> {
    pub(super) app: &'a App,
    width: usize,
    lines: Vec<Line<'static>>,
}

impl Page<'_> {
    /// Columns for the text beside a label.
    fn room(&self) -> usize {
        self.width.saturating_sub(LABEL + 2).max(8)
    }

    pub(super) fn entry(&mut self, label: &str, text: &str, role: Role) {
        for (i, part) in wrap(text, self.room()).into_iter().enumerate() {
            self.line(if i == 0 { label } else { "" }, part, role, "");
        }
    }

    /// A value, in which every space counts, and the register that carries it at the right edge.
    pub(super) fn value(&mut self, label: &str, text: &str, role: Role, register: &str) {
        let room = self.room();
        let mut parts = format::chop(text, room);
        if !register.is_empty() && parts.last().is_none_or(|last| format::width(last) + 2 + register.len() > room) {
            parts.push(String::new());
        }
        let last = parts.len() - 1;
        for (i, part) in parts.into_iter().enumerate() {
            self.line(if i == 0 { label } else { "" }, part, role, if i == last { register } else { "" });
        }
    }

    fn line(&mut self, label: &str, text: String, role: Role, register: &str) {
        let style = |role: Role| self.app.theme.style(role);
        let gap = self.room().saturating_sub(format::width(&text) + register.len());
        let line = Line::from(vec![
            Span::raw(" "),
            Span::styled(fit(label, LABEL), style(Role::Dim)),
            Span::raw(" "),
            Span::styled(text, style(role)),
            Span::styled(format!("{}{register}", " ".repeat(gap)), style(Role::Dim)),
        ]);
        self.lines.push(line);
    }

    fn text(&mut self, text: &str, role: Role) {
        for part in wrap(text, self.width.saturating_sub(1)) {
            self.lines.push(Line::from(vec![Span::raw(" "), Span::styled(part, self.app.theme.style(role))]));
        }
    }
}

fn lines(app: &App, width: u16) -> Vec<Line<'static>> {
    let mut page = Page { app, width: usize::from(width), lines: Vec::new() };
    let store = &app.session.store;
    let Some((seq, row)) = app.selected().and_then(|seq| Some((seq, store.row(seq)?))) else {
        page.text("Select a row of the trace to see it in words.", Role::Dim);
        return page.lines;
    };
    match (&row.kind, store.call(seq)) {
        (RowKind::Call(call), Some(held)) => {
            let view = held.view();
            introduce_call(&mut page, &view);
            if let Some(waiting) = app.session.holds.at_row(row.task, seq) {
                waits(&mut page, waiting);
            }
            // What would go wrong is what the reader came for; what would not is one fact among others.
            let blocked = verdict::blocks(app, &view);
            if blocked {
                verdict::write(&mut page, seq, &view);
            }
            describe_call(&mut page, seq, &view, app.session.holds.at_row(row.task, seq));
            for remark in remarks::on_call(call) {
                page.entry("", &remark, Role::Warning);
            }
            if let Some(took) = times::sentence(app, seq, row.t_ns, call) {
                page.entry("took", &took, Role::Text);
            }
            if !blocked {
                verdict::write(&mut page, seq, &view);
            }
            registers(&mut page, &view);
            caller(&mut page, seq, row.task, &view);
        }
        _ => {
            let (_, role) = marks::mark(&row);
            page.text(&decode::row_text(store, seq, &app.options.decode), role);
            if let Some(whose) = decode::sender(store, seq) {
                page.entry("from", &whose, Role::Text);
            }
            if let RowKind::Warning(warning) = row.kind {
                for (label, text) in remarks::on_warning(warning) {
                    page.entry(label, text, Role::Text);
                }
            }
        }
    }
    let task = store.task(row.task);
    if let Some(task) = task {
        let comm = format::escape(task.comm_at(seq));
        page.entry("task", &format!("{comm}, thread {} of process {}", task.tid, task.tgid), Role::Text);
        if let Some(inside) = remarks::inside(task) {
            page.entry("", &inside, Role::Text);
        }
        // As of the row, what it changed itself included: an execve, a setuid(2) that is over.
        let ended = match &row.kind {
            RowKind::Call(call) if call.outcome.is_some() => call.t_exit_ns,
            _ => row.t_ns,
        };
        if let Some(ids) = store.files().ids(row.task, ended + 1) {
            page.entry("as", &standing::user(ids), Role::Text);
            page.entry("may", &standing::rights(ids), Role::Text);
        }
    }
    page.entry("time", &format!("{} s after the start, row {seq}", format::seconds(row.t_ns)), Role::Text);
    page.lines
}

fn introduce_call(page: &mut Page<'_>, view: &CallView<'_>) {
    let name = decode::call_name(view.arch, view.nr);
    let style = page.app.theme.style(marks::class(view.arch, view.nr)).patch(page.app.theme.style(Role::Title));
    page.lines.push(Line::from(vec![Span::raw(" "), Span::styled(name.to_string(), style)]));
    if let Some(explain) = abi::explain::explain(&name) {
        page.text(&explain.summary, Role::Text);
    }
}

/// That the task is held at this call, and what will become of it.
fn waits(page: &mut Page<'_>, waiting: &Waiting) {
    page.text(held::meaning(waiting), Role::Notice);
    match &waiting.answer {
        Some(answer) => page.entry("then", &change::describe(answer), Role::Text),
        None if waiting.held.at == At::Entry => page.entry("then", "it runs as it is; e changes that", Role::Text),
        None => {}
    }
}

fn describe_call(page: &mut Page<'_>, seq: u64, view: &CallView<'_>, waiting: Option<&Waiting>) {
    let options = decode::Options { string_limit: STRING_LIMIT, verbose: true, ..decode::Options::default() };
    let brief = decode::Options { verbose: false, ..options };
    let failed = matches!(view.outcome, Some(Outcome::Failed(errno)) if !(512..=516).contains(&errno));
    for line in without_bare_pointers(decode::detail(view, &options), || decode::detail(view, &brief)) {
        let role = if failed && line.label == "result" { Role::Error } else { Role::Text };
        let label = format!("{}{}", " ".repeat(usize::from(line.depth)), line.label);
        let register = match (line.register, line.raw) {
            (Some(register), Some(raw)) => format!("{register}={raw:#x}"),
            _ => String::new(),
        };
        page.value(&label, &line.text, role, &register);
        if line.depth == 0
            && let store = &page.app.session.store
            && let Some(whose) =
                decode::meant(store, seq, &line.label).or_else(|| decode::came_from(store, seq, &line.label))
        {
            page.entry("", &whose, Role::Dim);
        }
    }
    match view.outcome {
        None if waiting.is_some_and(|waiting| waiting.held.at == At::Entry) => {
            page.entry("result", "none yet: the call was not made", Role::Text);
        }
        None => page.entry("result", "still going on", Role::Unfinished),
        Some(Outcome::Failed(errno)) if failed => {
            let name = decode::call_name(view.arch, view.nr);
            let words = decode::errno_name(errno)
                .and_then(|(e, _)| abi::explain::explain_error(&name, e, query::paths(view).next()));
            if let Some(words) = words {
                page.entry("", words, Role::Text);
            }
        }
        Some(_) => {}
    }
}

/// Arrays of nothing but pointers (an environment in full) would bury everything else: their elements are left out, and
/// the value is the one of `brief`.
fn without_bare_pointers(lines: Vec<DetailLine>, brief: impl Fn() -> Vec<DetailLine>) -> Vec<DetailLine> {
    let bare = |line: &DetailLine| line.depth == 1 && line.label.starts_with('[') && line.text.starts_with("0x");
    let mut out: Vec<DetailLine> = Vec::with_capacity(lines.len());
    let mut shorter = None;
    for line in lines {
        if !bare(&line) {
            out.push(line);
        } else if let Some(parent) = out.last_mut()
            && let shorter = shorter.get_or_insert_with(&brief)
            && let Some(short) = shorter.iter().find(|l| l.depth == 0 && l.label == parent.label)
        {
            parent.text.clone_from(&short.text);
        }
    }
    out
}

fn registers(page: &mut Page<'_>, view: &CallView<'_>) {
    let [number, _, ip, sp] = view.arch.special_registers();
    let mut text = format!("{number}={}", view.nr);
    for (index, (name, value)) in view.arch.arg_registers().iter().zip(view.args).enumerate() {
        match view.knows(index) {
            true => text.push_str(&format!(" {name}={value:#x}")),
            false => text.push_str(&format!(" {name}=?")),
        }
    }
    for (name, value) in [(ip, view.ip), (sp, view.sp)] {
        // Another tool that saw the call told no address.
        let told = value != 0 || !view.is_from_text();
        text.push_str(&if told { format!(" {name}={value:#x}") } else { format!(" {name}=?") });
    }
    page.entry("entry", &text, Role::Dim);
}

/// The place in the program that made the call.
fn caller(page: &mut Page<'_>, seq: u64, task: TaskId, view: &CallView<'_>) {
    let place = match page.app.session.locate(seq, task, view.ip) {
        _ if view.ip == 0 && view.is_from_text() => "an address that is not told".to_owned(),
        Some(location) => format!("{location} in {}", location.image),
        None => format!("{:#x}", view.ip),
    };
    let text = format!("{place}, by the instruction `{}` ({} ABI)", view.arch.instruction(), view.arch.name());
    page.entry("made at", &text, Role::Text);
}
