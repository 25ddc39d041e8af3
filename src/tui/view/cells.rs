//! What stands in the narrow columns of the trace, and on the line of a run of calls. Left out: the call and its result (`trace`).

use std::time::{Duration, UNIX_EPOCH};

use super::times;
use crate::decode;
use crate::model::{CHUNK_ROWS, Row, RowKind};
use crate::query;
use crate::tui::app::App;
use crate::tui::format::{self, amount, count, duration};
use crate::tui::state::columns::Column;
use crate::tui::state::fold::Run;
use crate::tui::state::seek::seek;
use crate::tui::theme::Role;

const DAY_S: u64 = 86_400;

/// The text of a narrow column; empty where there is nothing to say.
pub(super) fn text(app: &App, column: Column, seq: u64, row: &Row, run: Option<&Run>) -> String {
    let store = &app.session.store;
    let task = || store.task(row.task);
    match column {
        Column::Row => seq.to_string(),
        Column::Clock => clock(app, row.t_ns),
        Column::Time => format::seconds(row.t_ns),
        Column::Since => above(app, seq).map_or(String::new(), |t_ns| since(t_ns, row.t_ns)),
        Column::SinceOfTask => before_of_task(app, seq, row).map_or(String::new(), |t_ns| since(t_ns, row.t_ns)),
        Column::Pid => task().map_or(String::new(), |task| task.tgid.to_string()),
        Column::Tid => task().map_or(String::new(), |task| task.tid.to_string()),
        Column::Took => match run {
            Some(run) => summed(app, run, |sum| (sum.total_ns > 0).then(|| duration(sum.total_ns))),
            None => match &row.kind {
                RowKind::Call(call) => times::column(app, seq, row.t_ns, call).unwrap_or_default(),
                _ => String::new(),
            },
        },
        Column::Bytes => match run {
            Some(run) => summed(app, run, |sum| sum.bytes.map(amount)),
            None => match &row.kind {
                RowKind::Call(call) => query::bytes_moved(call).map_or(String::new(), amount),
                _ => String::new(),
            },
        },
        Column::Call => match &row.kind {
            RowKind::Call(call) => decode::call_name(call.arch, call.nr).into_owned(),
            _ => String::new(),
        },
        Column::Marks | Column::Task | Column::Line | Column::Result => String::new(),
    }
}

pub(super) fn role(column: Column) -> Role {
    match column {
        Column::Pid | Column::Tid | Column::Task => Role::Task,
        Column::Bytes => Role::Text,
        _ => Role::Dim,
    }
}

/// `read x 4,210  1.4 MB  30 ms  3 failed`, and whether that is all.
pub(super) fn run_text(app: &App, run: &Run, row: &Row) -> String {
    let RowKind::Call(call) = &row.kind else { return String::new() };
    let name = decode::call_name(call.arch, call.nr);
    let mut text = format!("{name} x {}", count(run.rows));
    let Some(fold) = &app.trace.fold else { return text };
    let (sum, whole) = fold.sum(run);
    // The last one may go on, which is no reason to doubt the rest.
    let more = if whole || sum.calls + 1 == run.rows { "" } else { "≥" };
    if let Some(bytes) = sum.bytes {
        text.push_str(&format!("  {more}{}", amount(bytes)));
    }
    if sum.total_ns > 0 {
        text.push_str(&format!("  {more}{}", duration(sum.total_ns)));
    }
    if sum.errors > 0 {
        text.push_str(&format!("  {more}{} failed", count(sum.errors)));
    }
    text
}

fn summed(app: &App, run: &Run, of: impl Fn(&crate::tui::state::fold::Sum) -> Option<String>) -> String {
    app.trace.fold.as_ref().and_then(|fold| of(&fold.sum(run).0)).unwrap_or_default()
}

/// Time of day, in UTC: `14:03:59.123456`.
fn clock(app: &App, t_ns: u64) -> String {
    let Some(started) = &app.session.started else { return String::new() };
    let Ok(since) = (started.began + Duration::from_nanos(t_ns)).duration_since(UNIX_EPOCH) else {
        return String::new();
    };
    let s = since.as_secs() % DAY_S;
    format!("{:02}:{:02}:{:02}.{:06}", s / 3_600, s / 60 % 60, s % 60, since.subsec_micros())
}

fn since(before_ns: u64, t_ns: u64) -> String {
    format!("+{}", duration(t_ns.saturating_sub(before_ns)))
}

/// The time of the row on the line above.
fn above(app: &App, seq: u64) -> Option<u64> {
    let before = app.trace.seq_at(app.trace.position_of(seq).checked_sub(1)?)?;
    app.session.store.row(before).map(|row| row.t_ns)
}

/// The time of the row of the same task before, shown or not.
fn before_of_task(app: &App, seq: u64, row: &Row) -> Option<u64> {
    let store = &app.session.store;
    let chunks = (seq / CHUNK_ROWS as u64) as usize + 1;
    let before = seek(chunks, seq, false, |chunk| {
        let rows = store.index(chunk)?;
        let rows = rows.task(row.task)?;
        // One row is wanted, so one is copied.
        let within = if chunk + 1 == chunks { (seq % CHUNK_ROWS as u64) as u32 } else { u32::MAX };
        rows.range(..within).next_back().map(|row| [row].into_iter().collect())
    })?;
    store.row(before).map(|row| row.t_ns)
}
