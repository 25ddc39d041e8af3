//! Who made the call, function by function; what is known of it without the stack is the last place alone.

use super::page::Page;
use crate::model::{CallView, TaskId};
use crate::tui::app::App;
use crate::tui::theme::Role;

pub fn write(page: &mut Page<'_>, seq: u64, task: TaskId, view: &CallView<'_>) {
    let place = match page.app.session.locate(seq, task, view.ip) {
        _ if view.ip == 0 && view.is_from_text() => {
            return page.text("The text does not tell where the call was made.", Role::Dim);
        }
        Some(location) => format!("{location}"),
        None => format!("{:#x}", view.ip),
    };
    page.entry("0", &place, Role::Text);
    page.text("Who called this is not known: the program's stack is not copied.", Role::Dim);
}

/// One sentence on who called the code that makes the call.
pub fn caller(app: &App, seq: u64, task: TaskId, view: &CallView<'_>) -> String {
    let library = app.session.locate(seq, task, view.ip).map(|location| location.name);
    match library {
        Some(name) if name.contains(".so") => {
            format!("called a function of {name} (a guess: the stack, which would tell, is not copied)")
        }
        Some(name) => format!("{name} makes the call itself (a guess: the stack, which would tell, is not copied)"),
        None => "not known: nothing tells what is mapped where the call was made".into(),
    }
}
