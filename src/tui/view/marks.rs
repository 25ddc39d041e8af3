//! What a row is, as a symbol and a style: the two say the same, so that nothing is lost without colours.

use crate::abi::{self, Arch};
use crate::model::{Row, RowKind};
use crate::tui::theme::Role;

/// The symbol in the second column of the trace.
pub fn mark(row: &Row) -> (char, Role) {
    match &row.kind {
        RowKind::Call(call) if call.outcome.is_none() => ('~', Role::Unfinished),
        RowKind::Call(call) if call.errno().is_some() => ('!', Role::Error),
        RowKind::Call(_) => (' ', Role::Text),
        RowKind::Signal(_) | RowKind::GroupStop { .. } => ('-', Role::Signal),
        RowKind::Exec(_) => ('*', Role::Exec),
        RowKind::NewTask(_) => ('+', Role::Exec),
        RowKind::TaskEnd(_) => ('#', Role::Signal),
        RowKind::Warning(_) => ('?', Role::Error),
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
