//! What a row is, as a symbol and a style: the two say the same, so that nothing is lost without colours.

use crate::abi::{self, Arch};
use crate::model::{CallRow, Marks, Outcome, Row, RowKind};
use crate::tui::theme::Role;

/// Symbols of the first column of the trace.
pub const BOOKMARK: char = '◆';
pub const FOUND: char = '/';
/// Of a line that stands for several calls, in the second column.
pub const RUN: char = '▸';

/// The symbol in the second column of the trace.
pub fn mark(row: &Row) -> (char, Role) {
    match &row.kind {
        RowKind::Call(call) => of_call(call),
        RowKind::Signal(_) | RowKind::GroupStop { .. } => ('-', Role::Signal),
        RowKind::Exec(_) => ('*', Role::Exec),
        RowKind::NewTask(_) => ('+', Role::Exec),
        RowKind::TaskEnd(_) => ('#', Role::Signal),
        RowKind::Warning(_) => ('?', Role::Warning),
    }
}

/// Who had a hand in the result comes before what it is, which the result's own column says.
fn of_call(call: &CallRow) -> (char, Role) {
    let Some(outcome) = call.outcome else { return ('~', Role::Unfinished) };
    let failed = call.errno().is_some() || outcome == Outcome::KilledBySeccomp;
    let role = if failed { Role::Error } else { Role::Text };
    let ours = if failed { Role::Error } else { Role::Warning };
    match call.marks {
        marks if marks.has(Marks::INJECTED) => ('i', ours),
        marks if marks.has(Marks::FILTERED) => ('f', ours),
        marks if marks.has(Marks::DELAYED) => ('d', ours),
        marks if marks.has(Marks::VDSO) => ('V', if failed { Role::Error } else { Role::Notice }),
        marks if marks.has(Marks::UNSEEN) => ('o', if failed { Role::Error } else { Role::Notice }),
        _ if outcome == Outcome::KilledBySeccomp => ('f', role),
        _ if failed => ('!', role),
        marks if marks.has(Marks::FELL_BACK) => ('v', role),
        _ => (' ', role),
    }
}

/// The role of a call's name, by what it deals with.
pub fn class(arch: Arch, nr: u64) -> Role {
    const CLASSES: [(&str, Role); 7] = [
        ("network", Role::Network),
        ("process", Role::Process),
        ("signal", Role::Signals),
        ("memory", Role::Memory),
        ("file", Role::File),
        ("clock", Role::Time),
        ("desc", Role::Desc),
    ];
    let tags = abi::lookup(arch, nr).map(|call| call.tags).unwrap_or_default();
    CLASSES.into_iter().find(|(tag, _)| tags.contains(tag)).map_or(Role::Text, |(_, role)| role)
}
