//! A task that waits for the user, in words and marks: in the trace, on its border, in the call pane.
//! Left out: times of calls that were held (`times`).

use crate::decode;
use crate::model::{Row, RowKind};
use crate::source::{At, Why};
use crate::tui::actions::Id;
use crate::tui::app::App;
use crate::tui::change;
use crate::tui::state::hold::Waiting;

/// The symbol of the row that a task waits at: before the call, after it, or neither.
pub fn mark(waiting: &Waiting) -> char {
    match waiting.held.at {
        At::Entry => '>',
        At::Exit => '<',
        At::Between => '=',
    }
}

/// The words before the row; shorter where there is no room.
pub fn badge(waiting: &Waiting, room: usize) -> String {
    let (long, short) = match (waiting.held.at, &waiting.answer) {
        (At::Entry, None) => ("held at entry: about to call".to_owned(), "held at entry"),
        (At::Entry, Some(answer)) => (format!("held at entry: {}", change::short(answer)), "held at entry"),
        (At::Exit, _) => ("held at exit".to_owned(), "held at exit"),
        (At::Between, _) => ("held between calls".to_owned(), "held"),
    };
    if room >= long.len() + 32 { long } else { short.to_owned() }
}

/// A call that was not made yet, as a call: without the words for one that goes on.
pub fn not_made_yet(text: String) -> String {
    match text.strip_suffix(" <unfinished ...>") {
        Some(begun) if begun.trim_end().ends_with([',', '(']) => format!("{begun}…)"),
        Some(begun) => format!("{begun})"),
        None => text,
    }
}

/// For the border of the trace: where the selected row's task waits, or what is waited for.
pub fn border(app: &App) -> Option<String> {
    let holds = &app.session.holds;
    if let Some(waiting) = app.selected_task().and_then(|task| holds.of(task)) {
        return Some(where_it_waits(app, waiting));
    }
    if let Some(task) = holds.stepping {
        let name = app.task_words(task);
        let open = app.session.store.task(task).and_then(|task| task.open_call);
        return Some(match open.and_then(|seq| app.session.store.row(seq)).and_then(|row| call_name(&row)) {
            Some(call) => format!("{name} will be held when its {call} comes back"),
            None => format!("{name} will be held at its next call"),
        });
    }
    match (holds.count(), holds.asked) {
        (0, true) => Some("a task that is in a call will be held when it comes back".to_owned()),
        (0, false) => None,
        (1, _) => Some(format!("1 task is held; {} goes there", app.options.keymap.word(Id::NextHeld))),
        (_, _) => Some(format!("tasks are held; {} goes to the next", app.options.keymap.word(Id::NextHeld))),
    }
}

fn where_it_waits(app: &App, waiting: &Waiting) -> String {
    let name = app.task_words(waiting.held.task);
    let row = app.session.store.row(waiting.seq);
    let caught = match waiting.held.why {
        Why::Caught { id, .. } => app.points.catch(id),
        Why::Asked | Why::Stepped => None,
    };
    let caught = caught.map_or(String::new(), |catch| format!(" (caught by {})", catch.text));
    let place = match (waiting.held.at, row.and_then(|row| call_name(&row))) {
        (At::Entry, Some(call)) => match &waiting.answer {
            None => format!("{name} is held at entry: about to call {call}"),
            Some(answer) => format!("{name} is held at entry of {call}: {}", change::short(answer)),
        },
        (At::Exit, Some(call)) => format!("{name} is held at exit of {call}"),
        _ => format!("{name} is held between calls"),
    };
    place + &caught
}

fn call_name(row: &Row) -> Option<String> {
    match &row.kind {
        RowKind::Call(call) => Some(decode::call_name(call.arch, call.nr).into_owned()),
        _ => None,
    }
}

/// For the call pane: what it means that a task waits here.
pub fn meaning(waiting: &Waiting) -> &'static str {
    match waiting.held.at {
        At::Entry => "held at entry, about to call: these registers, and the kernel has not seen them yet",
        At::Exit => "held at exit: the result is in the register, and the program has not seen it yet",
        At::Between => "held between calls: it was stopped while it computed, or at the event of this row",
    }
}
