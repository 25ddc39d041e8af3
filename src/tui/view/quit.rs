//! The dialog that asks what becomes of a running program: its words.

use ratatui::text::{Line, Span};

use super::header;
use super::popup::text;
use crate::tui::actions::{self, Context, Id};
use crate::tui::app::App;
use crate::tui::format::wrap;
use crate::tui::state::session::Root;
use crate::tui::theme::Role;

pub(super) fn lines(app: &App, width: usize) -> Vec<Line<'static>> {
    let root = app.session.root();
    let outlived = matches!(root, Root::Outlived { .. });
    let sentence = match root {
        Root::Running => "The program still runs.".to_owned(),
        Root::Stopped => "The program is stopped.".to_owned(),
        Root::Outlived { end, tasks } => {
            format!("The program itself is over ({}), but {}.", header::ended(end), header::run_on(tasks))
        }
    };
    let mut lines = text(&sentence, width);
    match app.session.families().attached {
        0 => {}
        1 => lines.extend(text("The process that was attached to is let go in both cases and runs on.", width)),
        n => lines.extend(text(&format!("The {n} attached processes are let go in both cases and run on."), width)),
    }
    if !app.session.holds.is_empty() {
        lines.extend(text("What is held goes on when it is let go.", width));
    }
    lines.push(Line::default());
    for action in actions::actions().iter().filter(|a| a.context == Context::QuitDialog) {
        let Some(key) = app.options.keymap.keys(action).first() else { continue };
        let head = format!("{key}  {}: ", action.label);
        let help = match action.id {
            Id::Kill if outlived => "Kill what still runs and leave.",
            Id::HandOver if outlived => "Stop tracing and leave; what still runs goes on by itself.",
            Id::HandOver if !app.session.has_terminal() => {
                "Stop tracing and let the program go on in its own terminal; wait for its end without the panes."
            }
            _ => action.help,
        };
        for (i, part) in wrap(&format!("{head}{help}"), width).into_iter().enumerate() {
            match part.strip_prefix(&key.to_string()).filter(|_| i == 0) {
                Some(rest) => lines.push(Line::from(vec![
                    Span::styled(key.to_string(), app.theme.style(Role::Key)),
                    Span::raw(format!(" {rest}")),
                ])),
                None => lines.push(Line::from(format!("   {part}"))),
            }
        }
    }
    lines
}
