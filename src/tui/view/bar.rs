//! The last line: the keys that do something now, computed from the actions; or a notice.

use std::collections::HashSet;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::tui::actions::{self, Action, Id};
use crate::tui::app::App;
use crate::tui::format;
use crate::tui::state::layer::Layer;
use crate::tui::theme::Role;

pub fn draw(app: &App, area: Rect, buf: &mut Buffer) {
    if area.height == 0 {
        return;
    }
    let room = usize::from(area.width);
    if let Some((notice, _)) = &app.notice {
        let text = format!(" {}", format::cut(notice, room.saturating_sub(1)));
        buf.set_stringn(area.x, area.y, text, room, app.theme.style(Role::Notice));
        return;
    }
    let style = |role: Role| app.theme.style(role);
    if app.contexts().is_empty() {
        let escape = app.options.keymap.escape;
        let line = Line::from(vec![
            Span::raw(" Every key goes to the program; "),
            Span::styled(escape.to_string(), style(Role::Key)),
            Span::raw(" leaves its terminal, twice sends "),
            Span::styled(escape.to_string(), style(Role::Key)),
        ]);
        buf.set_line(area.x, area.y, &line, area.width);
        return;
    }
    let mut spans = vec![Span::raw(" ")];
    for (key, action) in fitting(app, shown(app), room) {
        spans.push(Span::styled(key, style(Role::Key)));
        spans.push(Span::raw(format!(" {}  ", label(app, action))));
    }
    buf.set_line(area.x, area.y, &Line::from(spans), area.width);
}

/// Those for which there is room, with the key of each: the most important ones, in the order of the list.
fn fitting(app: &App, actions: Vec<&'static Action>, room: usize) -> Vec<(String, &'static Action)> {
    let mut entries: Vec<(usize, String, &Action)> = actions
        .into_iter()
        .enumerate()
        .filter_map(|(place, action)| Some((place, app.options.keymap.keys(action).first()?.to_string(), action)))
        .collect();
    entries.sort_by_key(|(_, _, action)| expendable(app, action.id));
    // The space at the left; the last entry needs no gap behind it.
    let mut left = (room + 2).saturating_sub(1);
    entries.retain(|(_, key, action)| {
        let width = format::width(key) + 1 + format::width(label(app, action)) + 2;
        let fits = width <= left;
        left -= if fits { width } else { 0 };
        fits
    });
    entries.sort_by_key(|(place, ..)| *place);
    entries.into_iter().map(|(_, key, action)| (key, action)).collect()
}

/// A key that does two things in turn is called by what it does now.
fn label(app: &App, action: &Action) -> &'static str {
    match (action.id, app.layers.last()) {
        (Id::Hold, _) if app.session.holds.active() => "go on",
        (Id::ClearFilter, _) if app.trace.search.is_some() => "end search",
        (Id::Fold, _) if app.trace.fold.is_some() => "unfold",
        (Id::NextField, Some(Layer::Form(form))) if form.lines.len() == 1 => "complete",
        _ => action.label,
    }
}

/// Where there is no room for all, the entries with the highest number go first.
fn expendable(app: &App, id: Id) -> u8 {
    match id {
        Id::Hold | Id::Step | Id::Answer if app.session.holds.active() => 0,
        // On the narrowest screen these must be there.
        Id::Help | Id::Quit => 0,
        Id::Kill | Id::HandOver | Id::Stay | Id::Confirm | Id::Close => 0,
        Id::NextStep | Id::Filter | Id::Seccomp | Id::FocusProgram => 1,
        Id::ClearFilter | Id::Tours => 2,
        Id::OpenCall | Id::Narrow => 3,
        Id::NextPane | Id::Palette | Id::Manual => 4,
        Id::Freeze | Id::Hold | Id::Follow | Id::SortNext => 5,
        Id::Step | Id::CatchPoints => 7,
        Id::FocusProcesses | Id::FocusFiles => 8,
        Id::Search | Id::Fold => 8,
        _ => 6,
    }
}

/// The actions of the current contexts that can be done now and have a label, each key once.
fn shown(app: &App) -> Vec<&'static Action> {
    let mut keys = HashSet::new();
    let contexts = app.contexts();
    let mut list = Vec::new();
    // Always at the same place, whatever the pane.
    let first = |a: &&Action| matches!(a.id, Id::Help | Id::Quit);
    let all = || contexts.iter().flat_map(|c| actions::actions().iter().filter(move |a| a.context == *c));
    for action in all().filter(first).chain(all().filter(|a| !first(a))) {
        let usable = !action.label.is_empty() && app.enabled(action.id);
        if usable && app.options.keymap.keys(action).first().is_some_and(|key| keys.insert(*key)) {
            list.push(action);
        }
    }
    list
}
