//! How recording looks: the file that is asked for, and the word in the header.

use ratatui::text::{Line, Span};

use super::popup::{Content, tail, text};
use crate::tui::app::App;
use crate::tui::format::{self, cut, wrap};
use crate::tui::state::layer::Input;
use crate::tui::theme::Role;

pub(super) fn content(app: &App, input: &Input, width: usize) -> Content {
    let mut lines = text("Record what was seen so far and what comes. Into which file?", width);
    lines.push(Line::default());
    let shown = tail(&input.text, width.saturating_sub(3));
    let cursor = (lines.len() as u16, (2 + format::width(shown)) as u16);
    lines.push(Line::from(vec![Span::styled("> ", app.theme.style(Role::Title)), Span::raw(shown.to_owned())]));
    if let Some(error) = &input.error {
        lines.extend(wrap(error, width).into_iter().map(|part| Line::styled(part, app.theme.style(Role::Error))));
    }
    lines.push(Line::default());
    let dim = app.theme.style(Role::Dim);
    let held = "It will hold paths, arguments and contents of buffers: look at it before you pass it on.";
    lines.extend(wrap(held, width).into_iter().map(|part| Line::styled(part, dim)));
    lines
        .push(Line::styled(cut("Enter begins, R ends the recording, Ctrl-U empties the line, Esc closes", width), dim));
    Content { title: "Record".into(), lines, scroll: 0, cursor: Some(cursor) }
}

/// `● run.sysview 1.2 MB`; while older rows are being written, how many of them are.
pub(super) fn word(app: &App) -> Option<String> {
    let recording = app.recording.as_ref()?;
    let name = cut(&format::escape(recording.name.as_bytes()), 30);
    Some(match recording.passed() {
        Some(passed) => format!("● {name} {} %", passed * 100 / app.session.store.len().max(1)),
        None => format!("● {name} {}", format::size(recording.written())),
    })
}
