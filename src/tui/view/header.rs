//! The header: which program, how it goes, what seccomp would do, what the vDSO offers.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::recording;
use crate::decode;
use crate::model::{TaskEnd, VdsoState};
use crate::source::{End, VdsoMode};
use crate::tui::actions::Id;
use crate::tui::app::App;
use crate::tui::format::{self, clock, count, cut, short_count};
use crate::tui::state::enforced::By;
use crate::tui::state::session::{Phase, Root};
use crate::tui::theme::Role;

/// Columns of a screen that has no room for a sentence about each of several profiles.
const NARROW: u16 = 100;

/// A piece of the header. When there is no room, the pieces with the highest number go first.
struct Piece {
    text: String,
    style: Style,
    expendable: u8,
}

pub fn draw(app: &App, area: Rect, buf: &mut Buffer) {
    if area.height == 0 || area.width == 0 {
        return;
    }
    let mut pieces = first_line(app);
    let room = usize::from(area.width);
    let needed = |pieces: &[Piece]| pieces.iter().map(|p| format::width(&p.text) + 2).sum::<usize>();
    while needed(&pieces) > room {
        let Some(last) = pieces.iter().map(|p| p.expendable).max().filter(|&e| e > 0) else { break };
        pieces.retain(|p| p.expendable != last);
    }
    let spans: Vec<Span> =
        pieces.iter().flat_map(|p| [Span::raw(" "), Span::styled(p.text.as_str(), p.style), Span::raw(" ")]).collect();
    buf.set_line(area.x, area.y, &Line::from(spans), area.width);
    if area.height > 1 {
        let text = cut(&second_line(app), room.saturating_sub(1));
        buf.set_stringn(area.x + 1, area.y + 1, text, room.saturating_sub(1), app.theme.style(Role::Dim));
    }
}

fn first_line(app: &App) -> Vec<Piece> {
    let style = |role: Role| app.theme.style(role);
    let session = &app.session;
    let piece = |text: String, role: Role, expendable: u8| Piece { text, style: style(role), expendable };
    let (phase, role) = phase(app);
    let mut pieces = vec![
        piece("sysview".into(), Role::Title, 6),
        piece(cut(&command_line(app), usize::from(app.cols / 4).max(8)), Role::Header, 0),
        piece(phase, role, 0),
        piece(reading(app), Role::Notice, 0),
        piece(recording::word(app).unwrap_or_default(), Role::Notice, 1),
        piece(held(app), Role::Held, 0),
        piece(calls(session.histogram.calls()), Role::Text, 1),
    ];
    if let Some(export) = &app.export {
        pieces.push(piece(format!("writing: {} %", export.percent()), Role::Notice, 0));
    }
    if let Some(only) = session.started.as_ref().and_then(|started| started.only.as_ref()) {
        // Without it, a call that is missing would be taken for one that was not made.
        pieces.push(piece(format!("only: {}", cut(&format::escape(only.as_bytes()), 30)), Role::Notice, 0));
    }
    // Whoever wonders at what a program does is told that it does not do so by itself.
    match app.points.tampers.iter().filter(|entry| entry.on).count() {
        0 => {}
        1 => pieces.push(piece("1 change of calls".into(), Role::Notice, 3)),
        n => pieces.push(piece(format!("{} changes of calls", count(n as u64)), Role::Notice, 3)),
    }
    match session.remarks {
        0 => {}
        1 => pieces.push(piece("! 1 remark".into(), Role::Text, 5)),
        n => pieces.push(piece(format!("! {n} remarks"), Role::Text, 5)),
    }
    pieces.retain(|piece| !piece.text.is_empty());
    if session.store.no_room().is_some() {
        pieces.push(piece("‖ no room for rows".into(), Role::Failure, 0));
    }
    if let Some(rate) = session.rate() {
        pieces.push(piece(format!("{}/s", short_count(rate)), Role::Text, 4));
    }
    pieces.push(piece(clock(session.elapsed_ms(app.now_ms)), Role::Text, 3));
    let usage = session.store.usage();
    if usage.disk > 0 {
        let text = format!("{} in memory, {} on disk", format::size(usage.memory), format::size(usage.disk));
        pieces.push(piece(text, Role::Text, 4));
    }
    if let Some((text, role)) = seccomp(app) {
        pieces.push(piece(text, role, 2));
    }
    // While it is switched off the program does what it would not do by itself.
    let (role, expendable) = if changes(app).is_some() { (Role::Notice, 2) } else { (Role::Text, 5) };
    pieces.push(piece(vdso_short(app), role, expendable));
    pieces
}

fn calls(n: u64) -> String {
    if n == 1 { "1 call".into() } else { format!("{} calls", count(n)) }
}

/// `reading ████▌░░░░░ 45 %`; nothing once all of a file is there.
fn reading(app: &App) -> String {
    const CELLS: u64 = 10;
    let Some((read, size)) = app.session.progress else { return String::new() };
    let percent = (read.min(size) * 100).checked_div(size).unwrap_or(100);
    let halves = percent * CELLS * 2 / 100;
    let bar: String = (0..CELLS)
        .map(|cell| match halves.saturating_sub(cell * 2) {
            0 => '░',
            1 => '▌',
            _ => '█',
        })
        .collect();
    format!("reading {bar} {percent} %")
}

/// `‖ held 3 of 5`; nothing while nothing is to be held.
fn held(app: &App) -> String {
    let holds = &app.session.holds;
    if !holds.active() {
        return String::new();
    }
    format!("‖ held {} of {}", count(holds.count() as u64), count(app.session.living() as u64))
}

/// The command line as one would type it, escaped.
fn command_line(app: &App) -> String {
    match &app.session.started {
        Some(started) => started.argv.iter().map(|arg| format::escape(arg)).collect::<Vec<_>>().join(" "),
        None => String::new(),
    }
}

fn phase(app: &App) -> (String, Role) {
    match &app.session.phase {
        Phase::Waiting => ("starting".into(), Role::Dim),
        Phase::Live if !app.session.live() => ("replay".into(), Role::Live),
        Phase::Live => match app.session.root() {
            Root::Running if app.session.attached() => ("attached".into(), Role::Live),
            Root::Running => ("live".into(), Role::Live),
            Root::Stopped => ("stopped".into(), Role::Ended),
            Root::Outlived { end, tasks } => (format!("{}, {}", ended(end), run_on(tasks)), Role::Live),
        },
        Phase::Detached => ("detached".into(), Role::Ended),
        Phase::Ended(End::Exited(status)) => (format!("ended ({status})"), Role::Ended),
        Phase::Ended(End::Killed { signal, core }) => (killed(u8::try_from(*signal).unwrap_or(0), *core), Role::Ended),
        Phase::Ended(End::Replayed) => ("recording".into(), Role::Ended),
        Phase::Failed(_) => ("trace broken".into(), Role::Failure),
    }
}

fn killed(signal: u8, core: bool) -> String {
    let core = if core { ", core dumped" } else { "" };
    format!("killed ({}{core})", decode::signal_name(signal))
}

/// How the first process ended, while others run on: `exited 0`, `killed (SIGSEGV)`.
pub fn ended(end: TaskEnd) -> String {
    match end {
        TaskEnd::Exited { status } => format!("exited {status}"),
        TaskEnd::Killed { signal, core } => killed(signal, core),
        TaskEnd::SupersededByExec { .. } | TaskEnd::Detached => "gone".into(),
    }
}

pub fn run_on(tasks: usize) -> String {
    if tasks == 1 { "1 task runs on".into() } else { format!("{} tasks run on", count(tasks as u64)) }
}

fn seccomp(app: &App) -> Option<(String, Role)> {
    let overlay = app.overlays.active()?;
    let mut name = format::cut(overlay.profile.name(), 40);
    let (place, profiles) = app.overlays.place();
    if profiles > 1 {
        name.push_str(&format!(" ({place} of {profiles})"));
    }
    if !app.overlays.on() {
        return Some((format!("seccomp: {name}, off"), Role::Dim));
    }
    let stored = app.session.store.len();
    let judged = overlay.blocked.judged();
    let progress =
        if judged < stored { format!(" ({} % judged)", judged * 100 / stored.max(1)) } else { String::new() };
    let blocked = overlay.blocked.total();
    let role = if blocked > 0 { Role::FirstBlocked } else { Role::Text };
    if profiles > 1 && app.cols < NARROW {
        // Which of them is meant matters more than the sentence.
        let name = format::cut(overlay.profile.name(), 20);
        let holds = if overlay.enforced.is_some() { " enforced" } else { "" };
        return Some((format!("{name} {place}/{profiles}{holds}: {} blocked", count(blocked)), role));
    }
    if let Some(enforced) = overlay.enforced {
        let by = match enforced.by {
            By::Tracer => "enforced",
            By::Kernel => "enforced by kernel",
        };
        let differ = match enforced.differences {
            0 => String::new(),
            n => format!(", {} DIFFER", count(n)),
        };
        return Some((format!("seccomp: {name} {by}, {} blocked{differ}{progress}", count(blocked)), role));
    }
    Some((format!("seccomp: {name}, {} would be blocked{progress}", count(blocked)), role))
}

/// The vDSO of the program that made the newest image.
pub fn vdso(app: &App) -> Option<&VdsoState> {
    app.session.store.tasks().iter().map(|t| &t.vdso).find(|v| !matches!(v, VdsoState::Unknown))
}

fn vdso_short(app: &App) -> String {
    match vdso(app) {
        Some(VdsoState::Present(_)) if changes(app).is_some() => format!("vDSO: {}", app.session.vdso.name()),
        Some(VdsoState::Present(image)) => format!("vDSO: {} symbols", image.symbols.len()),
        Some(VdsoState::Removed(_)) => "vDSO: absent".into(),
        Some(VdsoState::None) => "vDSO: none".into(),
        _ if app.session.started.as_ref().is_some_and(|s| s.vdso == VdsoMode::Absent) => "vDSO: absent".into(),
        _ => "vDSO: unknown".into(),
    }
}

/// What is different for the program while its vDSO is off.
const OFF: &str =
    "vDSO off: its calls are real and slower, bad addresses give EFAULT not SIGSEGV, filters can deny or kill";

/// And while it is shown.
const SHOWN: &str =
    "vDSO shown: answers are logged, some 20 ns each (without room for a log, a stop each); no filter sees them";

/// What the mode of the vDSO changes for the program; None if nothing.
fn changes(app: &App) -> Option<&'static str> {
    match app.session.vdso {
        VdsoMode::Off => Some(OFF),
        VdsoMode::Shown => Some(SHOWN),
        VdsoMode::Natural | VdsoMode::Absent => None,
    }
}

/// Under what circumstances the profile is judged, and which symbols the vDSO has.
fn second_line(app: &App) -> String {
    let judged = match app.overlays.active() {
        Some(overlay) => {
            let context = &overlay.context;
            let (major, minor) = context.kernel;
            format!(
                "seccomp judged with Docker's {} capabilities, kernel {major}.{minor}, {}",
                context.capabilities.len(),
                context.arch.name()
            )
        }
        None => format!("seccomp: no profile, {} chooses one", app.options.keymap.word(Id::Seccomp)),
    };
    let symbols = match vdso(app) {
        Some(VdsoState::Present(_)) if changes(app).is_some() => changes(app).unwrap_or_default().into(),
        Some(VdsoState::Present(image)) => {
            let names: Vec<&str> = image.symbols.iter().map(|s| s.name.trim_start_matches("__vdso_")).collect();
            format!("vDSO: {}", format::escape(names.join(", ").as_bytes()))
        }
        Some(VdsoState::Removed(_)) => "vDSO: absent, its calls are made as system calls".into(),
        _ => String::new(),
    };
    if changes(app).is_some() && !symbols.is_empty() {
        // What sysview changes comes before what it shows.
        return format!("{symbols}   {judged}");
    }
    if symbols.is_empty() { judged } else { format!("{judged}   {symbols}") }
}
