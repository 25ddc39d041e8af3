//! The last line: the keys that do something now, computed from the actions; or a notice.

use std::collections::HashSet;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::tui::actions::{self, Action};
use crate::tui::app::App;
use crate::tui::format;
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
        let escape = app.options.escape;
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
    let mut used = 1;
    for action in shown(app) {
        let Some(key) = action.keys.first() else { continue };
        let key = key.to_string();
        let width = format::width(&key) + 1 + format::width(action.label) + 2;
        // The last one needs no gap behind it.
        if used + width > room + 2 {
            break;
        }
        used += width;
        spans.push(Span::styled(key, style(Role::Key)));
        spans.push(Span::raw(format!(" {}  ", action.label)));
    }
    buf.set_line(area.x, area.y, &Line::from(spans), area.width);
}

/// The actions of the current contexts that can be done now and have a label, each key once.
fn shown(app: &App) -> Vec<&'static Action> {
    let mut keys = HashSet::new();
    let contexts = app.contexts();
    let mut list = Vec::new();
    // Help first, and quit with it: on a narrow screen these are the two that must be there.
    let first = |a: &&Action| matches!(a.id, actions::Id::Help | actions::Id::Quit);
    let all = || contexts.iter().flat_map(|c| actions::actions().iter().filter(move |a| a.context == *c));
    for action in all().filter(first).chain(all().filter(|a| !first(a))) {
        let usable = !action.label.is_empty() && app.enabled(action.id);
        if usable && action.keys.first().is_some_and(|key| keys.insert(*key)) {
            list.push(action);
        }
    }
    list
}
