//! The call pane: its tabs, and the first of them: everything about the selected row, in words.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::page::{self, Page};
use super::{anatomy, explanation, held, marks, memory, remarks, stack, standing, times, verdict};
use crate::abi;
use crate::decode::{self, DetailLine};
use crate::model::{CallView, Marks, Outcome, RowKind, TaskId};
use crate::query;
use crate::source::At;
use crate::tui::actions::Id;
use crate::tui::app::App;
use crate::tui::change;
use crate::tui::format;
use crate::tui::layout::Pane;
use crate::tui::state::hold::Waiting;
use crate::tui::state::tab::Tab;
use crate::tui::theme::Role;

/// Bytes of a string shown here, more than in a row.
const STRING_LIMIT: usize = 256;
/// Columns of the pane's name on its border, with the corner and the mark of the focus.
const TITLE: usize = 7;
/// With so many columns there is room for the names of all tabs, and for how much there is to scroll.
const NAMES: usize = 84;

/// The tabs as the pane's title shows them, with all names if there is room; the one that is shown in brackets.
pub fn tabs(app: &App, width: u16) -> Vec<(Tab, String)> {
    let write = |names: bool| -> Vec<(Tab, String)> {
        let tab = |(tab, number): (Tab, usize)| match (tab == app.tab, names) {
            (true, _) => (tab, format!("[{number} {}]", tab.name())),
            (false, true) => (tab, format!(" {number} {} ", tab.name())),
            (false, false) => (tab, format!(" {number} ")),
        };
        Tab::ALL.into_iter().zip(1..).map(tab).collect()
    };
    let room = usize::from(width).saturating_sub(TITLE);
    let fits = |tabs: &Vec<(Tab, String)>| tabs.iter().map(|(_, text)| text.len()).sum::<usize>() <= room;
    // What there is to scroll is worth more than names of what is not shown.
    Some(write(true)).filter(|tabs| fits(tabs) && room >= NAMES).or(Some(write(false)).filter(fits)).unwrap_or_default()
}

/// The tab whose title stands at a column of the pane's upper border.
pub fn tab_at(app: &App, width: u16, column: u16) -> Option<Tab> {
    let mut end = TITLE;
    if usize::from(column) < end {
        return None;
    }
    tabs(app, width).into_iter().find_map(|(tab, text)| {
        end += text.len();
        (usize::from(column) < end).then_some(tab)
    })
}

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
    page::draw(&lines(app, inner.width), app.detail_top, inner, buf);
}

fn lines(app: &App, width: u16) -> Vec<Line<'static>> {
    let mut page = Page::new(app, width);
    let store = &app.session.store;
    let Some((seq, row)) = app.selected().and_then(|seq| Some((seq, store.row(seq)?))) else {
        page.text("Select a row of the trace to see it in words.", Role::Dim);
        return page.lines;
    };
    if let (false, Some(held)) = (app.tab == Tab::Arguments, store.call(seq)) {
        other_tab(&mut page, seq, row.task, &held.view());
        return page.lines;
    }
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
            match call.marks.has(Marks::VDSO) {
                true => answered(&mut page, seq, row.task, &view),
                false => {
                    registers(&mut page, &view);
                    caller(&mut page, seq, row.task, &view);
                }
            }
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
    let answer = matches!(&row.kind, RowKind::Call(call) if call.marks.has(Marks::VDSO));
    let error = match app.session.modes.error_ns {
        error_ns if answer && error_ns > 0 => format!("; exact within its task, to {error_ns} ns against others"),
        _ => String::new(),
    };
    page.entry("time", &format!("{} s after the start, row {seq}{error}", format::seconds(row.t_ns)), Role::Text);
    page.lines
}

fn other_tab(page: &mut Page<'_>, seq: u64, task: TaskId, view: &CallView<'_>) {
    name_of(page, view);
    match page.app.tab {
        Tab::Arguments => {}
        Tab::Anatomy => anatomy::write(page, seq, task, view),
        Tab::Memory => memory::write(page, view),
        Tab::Explain => explanation::write(page, view),
        Tab::Policy => match page.app.overlays.active() {
            Some(_) => verdict::write(page, seq, view),
            None => {
                let key = page.app.options.keymap.word(Id::Seccomp);
                page.text(
                    &format!("No profile is loaded; {key} chooses one, and then this says what it would answer."),
                    Role::Dim,
                )
            }
        },
        Tab::Stack => stack::write(page, seq, task, view),
    }
}

fn name_of(page: &mut Page<'_>, view: &CallView<'_>) {
    let name = decode::call_name(view.arch, view.nr);
    let style = page.app.theme.style(marks::class(view.arch, view.nr)).patch(page.app.theme.style(Role::Title));
    page.lines.push(Line::from(vec![Span::raw(" "), Span::styled(name.to_string(), style)]));
}

fn introduce_call(page: &mut Page<'_>, view: &CallView<'_>) {
    name_of(page, view);
    let name = decode::call_name(view.arch, view.nr);
    if let Some(explain) = abi::explain::explain(&name) {
        page.text(&explain.summary, Role::Text);
    }
}

/// That the task is held at this call, and what will become of it.
fn waits(page: &mut Page<'_>, waiting: &Waiting) {
    page.text(held::meaning(waiting), Role::Notice);
    match &waiting.answer {
        Some(answer) => page.entry("then", &change::describe(answer), Role::Text),
        None if waiting.held.at == At::Entry => page.entry(
            "then",
            &format!("it runs as it is; {} changes that", page.app.options.keymap.word(Id::Answer)),
            Role::Text,
        ),
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

/// What is known of a question that the vDSO answered: its arguments, which the function got as the call would, and who
/// asked. There was no entry into the kernel, so nothing is said of one.
fn answered(page: &mut Page<'_>, seq: u64, task: TaskId, view: &CallView<'_>) {
    let name = decode::call_name(view.arch, view.nr);
    let asked = decode::detail(view, &decode::Options::default());
    let asked = asked.iter().filter(|line| line.depth == 0 && line.label != "result");
    let text: Vec<String> = asked.filter_map(|line| Some(format!("{}={:#x}", line.register?, line.raw?))).collect();
    page.entry("asked", &format!("{} {}", vdso_symbol(&name), text.join(" ")), Role::Dim);
    let place = match page.app.session.locate(seq, task, view.ip) {
        Some(location) => format!("{location} in {}", location.image),
        None => format!("{:#x}", view.ip),
    };
    page.entry("from", &format!("{place}; no instruction entered the kernel"), Role::Text);
}

/// What the vDSO of x86-64 calls the function that answers a call. vdso(7).
pub(super) fn vdso_symbol(call: &str) -> String {
    format!("__vdso_{call}")
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
