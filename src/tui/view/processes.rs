//! The processes pane: the tree, one line a process, and below it what is known of the selected one.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::page::{self, Page};
use super::program;
use crate::decode;
use crate::model::{Origin, RowKind, TaskEnd, TaskId};
use crate::stats::{Cpu, Process};
use crate::tui::app::App;
use crate::tui::format::{self, cut, duration, fit, fit_right, short_count};
use crate::tui::theme::Role;

/// Columns of the numbers at the right, with the space before them, in order of importance.
const NUMBERS: [(Number, usize); 4] = [(Number::Calls, 7), (Number::Errors, 6), (Number::Cpu, 8), (Number::Blocked, 8)];
const PID: usize = 8;
const STATE: usize = 10;
/// With the time that a call takes.
const LONG_STATE: usize = 14;
/// What the name has at least.
const NAME: usize = 14;
/// Levels of the tree that are drawn; deeper ones stand at the last.
const DEPTH: u16 = 12;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Number {
    Calls,
    Errors,
    Cpu,
    Blocked,
}

impl Number {
    fn label(self) -> &'static str {
        match self {
            Number::Calls => "calls",
            Number::Errors => "err",
            Number::Cpu => "CPU",
            Number::Blocked => "blocked",
        }
    }
}

struct Columns {
    name: usize,
    state: usize,
    numbers: Vec<(Number, usize)>,
}

impl Columns {
    fn fitting(width: u16) -> Columns {
        let mut room = usize::from(width).saturating_sub(PID + 1 + NAME);
        let mut take = |columns: usize| {
            let fits = columns <= room;
            room -= if fits { columns } else { 0 };
            fits
        };
        let wide = if width >= 60 { LONG_STATE } else { STATE };
        let state = if take(wide + 1) { wide + 1 } else { 0 };
        let mut numbers: Vec<_> = NUMBERS.into_iter().filter(|(_, columns)| take(*columns)).collect();
        numbers.sort();
        Columns { name: room + NAME, state, numbers }
    }
}

pub fn heading_rows(inner: Rect) -> u16 {
    u16::from(inner.height >= 4)
}

/// Lines of what is said of the selected process, with the rule above.
fn foot_rows(inner: Rect) -> u16 {
    if inner.height >= 14 && inner.width >= 30 { inner.height * 2 / 5 } else { 0 }
}

/// Lines for processes.
pub fn rows_in(inner: Rect) -> u16 {
    inner.height - heading_rows(inner) - foot_rows(inner)
}

/// How far the foot can be scrolled.
pub fn foot_height(app: &App, inner: Rect) -> u16 {
    let lines = chosen(app).map_or(0, |(_, process)| foot(app, process, inner.width).len());
    u16::try_from(lines).unwrap_or(u16::MAX).saturating_sub(foot_rows(inner).saturating_sub(1))
}

/// `12, 3 have ended`
pub fn title(app: &App) -> String {
    let processes = &app.session.processes;
    let (all, ended) = (processes.all().len(), processes.ended());
    match (app.tree.living_only, ended) {
        (true, _) => format!("{} living", format::count((all - ended) as u64)),
        (false, 0) => format::count(all as u64),
        (false, _) => format!("{}, {} over", format::count(all as u64), format::count(ended as u64)),
    }
}

pub fn draw(app: &App, inner: Rect, buf: &mut Buffer) {
    let columns = Columns::fitting(inner.width);
    let mut y = inner.y;
    if heading_rows(inner) > 0 {
        let mut text = format!("{:>7} {}", "pid", fit("process", columns.name));
        text.push_str(&fit(if columns.state > 0 { " state" } else { "" }, columns.state));
        for (number, breadth) in &columns.numbers {
            text.push_str(&fit_right(number.label(), *breadth));
        }
        buf.set_stringn(inner.x, y, text, inner.width.into(), app.theme.style(Role::Column));
        y += 1;
    }
    let all = app.session.processes.all();
    if all.is_empty() {
        buf.set_stringn(inner.x, y, " No process was seen yet.", inner.width.into(), app.theme.style(Role::Dim));
    }
    for (place, depth) in app.tree.view(rows_in(inner).into()) {
        let Some(process) = all.get(place as usize) else { continue };
        buf.set_line(inner.x, y, &line(app, place, process, depth, &columns), inner.width);
        if app.tree.list.selected == Some(place) {
            buf.set_style(Rect { y, height: 1, ..inner }, app.theme.style(Role::Selected));
        }
        y += 1;
    }
    let foot_rows = foot_rows(inner);
    if let Some((_, process)) = chosen(app).filter(|_| foot_rows > 1) {
        let area = Rect { y: inner.bottom() - foot_rows, height: foot_rows, ..inner };
        page::rule(app, &format!("{} {}", process.pid, name(app, process)), area, buf);
        let area = Rect { y: area.y + 1, height: area.height - 1, ..area };
        page::draw(&foot(app, process, inner.width), app.tree.foot_top, area, buf);
    }
}

/// The selected process, or the first line.
fn chosen(app: &App) -> Option<(u32, &Process)> {
    let place = app.tree.list.selected.or_else(|| app.tree.places().first().copied())?;
    Some((place, app.session.processes.all().get(place as usize)?))
}

fn line(app: &App, place: u32, process: &Process, depth: u16, columns: &Columns) -> Line<'static> {
    let style = |role: Role| app.theme.style(role);
    let over = process.ended.is_some();
    let text = if over { Role::Dim } else { Role::Text };
    let indent = if depth == 0 { String::new() } else { format!("{}└ ", "  ".repeat((depth.min(DEPTH) - 1).into())) };
    let name = cut(&command(app, process), columns.name.saturating_sub(format::width(&indent)));
    let mut spans = vec![
        Span::styled(format!("{:>7} ", process.pid), style(Role::Dim)),
        Span::styled(indent.clone(), style(Role::Dim)),
        Span::styled(fit(&name, columns.name.saturating_sub(format::width(&indent))), style(text)),
    ];
    if columns.state > 0 {
        let (words, role) = state(app, process);
        spans.push(Span::styled(format!(" {}", fit(&words, columns.state - 1)), style(role)));
    }
    for &(number, breadth) in &columns.numbers {
        let (words, role) = match number {
            Number::Calls => (short_count(process.calls), text),
            Number::Errors if process.errors == 0 => ("0".to_owned(), Role::Dim),
            Number::Errors => (short_count(process.errors), Role::Error),
            Number::Cpu => match cpu(app, place, process) {
                Some(cpu) => (spent(cpu.user_ns + cpu.system_ns), text),
                None => ("?".to_owned(), Role::Dim),
            },
            Number::Blocked => (duration(blocked_ns(app, process)), text),
        };
        spans.push(Span::styled(fit_right(&words, breadth), style(role)));
    }
    Line::from(spans)
}

/// CPU time comes in ticks of 10 ms, so less than one is not none.
fn spent(ns: u64) -> String {
    if ns == 0 { "<10 ms".into() } else { duration(ns) }
}

/// The kernel's last word, or what it said while the process ran.
fn cpu(app: &App, place: u32, process: &Process) -> Option<Cpu> {
    process.cpu.or_else(|| app.tree.cpu.get(&place).copied())
}

fn blocked_ns(app: &App, process: &Process) -> u64 {
    let subjects = app.growing.subjects();
    subjects.map_or(0, |subjects| process.tasks.iter().map(|&task| subjects.blocked_ns_of(task)).sum())
}

fn name(app: &App, process: &Process) -> String {
    app.session.store.task(process.leader()).map_or_else(String::new, |task| format::escape(&task.comm))
}

/// The command line of what it executed last, or its name.
fn command(app: &App, process: &Process) -> String {
    let store = &app.session.store;
    let call = process.execs.last().and_then(|exec| store.call(exec.call?));
    let argv = call.and_then(|call| decode::argv(&call.view())).map(|argv| program::words(&argv));
    let threads = match process.living {
        0 | 1 => String::new(),
        more => format!(" [{more} threads]"),
    };
    match argv.filter(|words| !words.is_empty()) {
        // The directory says least.
        Some(words) => {
            let (first, rest) = words.split_once(' ').map_or((&*words, ""), |(first, rest)| (first, rest));
            let first = first.rsplit('/').next().unwrap_or(first);
            let gap = if rest.is_empty() { "" } else { " " };
            format!("{first}{threads}{gap}{rest}")
        }
        None => format!("{}{threads}", name(app, process)),
    }
}

/// What it does now, or how it ended.
fn state(app: &App, process: &Process) -> (String, Role) {
    match process.ended {
        Some((_, TaskEnd::Exited { status: 0 })) => ("exit 0".into(), Role::Dim),
        Some((_, TaskEnd::Exited { status })) => (format!("exit {status}"), Role::Error),
        Some((_, TaskEnd::Killed { signal, .. })) => (decode::signal_name(signal).into_owned(), Role::Error),
        Some((_, TaskEnd::SupersededByExec { .. })) => ("executed".into(), Role::Dim),
        Some((_, TaskEnd::Detached)) => ("let go".into(), Role::Dim),
        None => {
            let store = &app.session.store;
            let living = process.tasks.iter().filter(|task| store.task(**task).is_some_and(|t| t.ended.is_none()));
            // A thread that is held says most, else the first one.
            let held = living.clone().find(|task| app.session.holds.of(**task).is_some());
            held.or(living.clone().next()).map_or_else(|| ("runs".into(), Role::Live), |&task| task_state(app, task))
        }
    }
}

fn task_state(app: &App, task: TaskId) -> (String, Role) {
    let store = &app.session.store;
    let latest = store.task(task).and_then(|task| store.row(task.latest?));
    match latest {
        _ if app.session.holds.of(task).is_some() => ("held".into(), Role::Held),
        _ if app.session.over() => ("at the end".into(), Role::Dim),
        Some(row) if matches!(row.kind, RowKind::GroupStop { .. }) => ("stopped".into(), Role::Signal),
        Some(row) => match row.kind {
            RowKind::Call(call) if call.outcome.is_none() => {
                let now_ns = app.session.elapsed_ms(app.now_ms).saturating_mul(1_000_000).max(app.session.newest_ns());
                let call = decode::call_name(call.arch, call.nr);
                let since = duration(now_ns.saturating_sub(row.t_ns) / 1_000_000 * 1_000_000);
                // The time only if there is something to see of it.
                let since = if since.starts_with('0') { String::new() } else { format!(" {since}") };
                (format!("{call}{since}"), Role::Unfinished)
            }
            _ => ("runs".into(), Role::Live),
        },
        None => ("runs".into(), Role::Live),
    }
}

/// Everything known of a process, in words.
fn foot(app: &App, process: &Process, width: u16) -> Vec<Line<'static>> {
    let mut page = Page::new(app, width);
    let store = &app.session.store;
    page.entry("began", &beginning(app, process), Role::Text);
    if let Some((t_ns, end)) = process.ended {
        let lived = duration(t_ns.saturating_sub(process.started_ns));
        let line = decode::end_line(end, |task| store.task(task).map(|task| task.tid));
        let line = line.trim_matches(['+', ' ']);
        page.entry(
            "ended",
            &format!("{line}, {} s after the start; it lived {lived}", format::seconds(t_ns)),
            Role::Text,
        );
    } else if process.living > 0 {
        page.entry("now", &now(app, process), Role::Text);
    }
    let place = app.session.processes.of(process.leader());
    let cpu = match place.and_then(|place| cpu(app, place, process)) {
        Some(cpu) => format!("user {}, system {}", spent(cpu.user_ns), spent(cpu.system_ns)),
        None => "not known: the kernel tells it to the parent at the end, if that is traced".into(),
    };
    page.entry("CPU", &cpu, Role::Text);
    let calls = format!(
        "{}, {} of them failed; blocked in calls for {}",
        format::count(process.calls),
        format::count(process.errors),
        duration(blocked_ns(app, process))
    );
    page.entry("calls", &calls, Role::Text);
    program::history(&mut page, process);
    page.lines
}

/// Who started it, when and how.
fn beginning(app: &App, process: &Process) -> String {
    let when = format!("{} s after the start, row {}", format::seconds(process.started_ns), process.row);
    let how = match process.origin {
        Origin::Launch => "started by sysview",
        Origin::Attach => "ran before; attached to",
        Origin::Fork => "by fork",
        Origin::Vfork => "by vfork",
        Origin::Clone | Origin::Thread => "by clone",
    };
    let parent = process.parent.and_then(|parent| app.session.processes.all().get(parent as usize));
    match (parent, process.made) {
        (Some(parent), Some(row)) => {
            format!("{how} of {} ({}) at row {row}, {when}", parent.pid, name(app, parent))
        }
        (Some(parent), None) => format!("{how} of {} ({}), {when}", parent.pid, name(app, parent)),
        (None, _) => format!("{how}, {when}"),
    }
}

/// What each thread does.
fn now(app: &App, process: &Process) -> String {
    const MOST: usize = 8;
    let store = &app.session.store;
    let living = || process.tasks.iter().filter_map(|task| store.task(*task)).filter(|task| task.ended.is_none());
    let mut parts: Vec<String> = living()
        .take(MOST)
        .map(|task| {
            let (words, _) = task_state(app, task.id);
            if process.living == 1 { words } else { format!("{} {}: {words}", task.tid, format::escape(&task.comm)) }
        })
        .collect();
    if let Some(more) = living().count().checked_sub(MOST).filter(|&more| more > 0) {
        parts.push(format!("{more} more threads"));
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_fill_the_pane_in_order_of_importance() {
        for width in 0..200u16 {
            let columns = Columns::fitting(width);
            let numbers: usize = columns.numbers.iter().map(|(_, breadth)| breadth).sum();
            let all = PID + 1 + columns.name + columns.state + numbers;
            assert!(all == usize::from(width).max(PID + 1 + NAME), "{width}");
        }
        assert_eq!(Columns::fitting(42).numbers.len(), 1);
        assert_eq!(Columns::fitting(78).numbers.len(), 4);
    }
}
