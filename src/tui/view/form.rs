//! How forms look: lines to type on, what could be typed, and what it all means in words.

use ratatui::text::{Line, Span};

use super::popup::{Content, tail, text};
use crate::decode;
use crate::query::Filter;
use crate::tui::app::App;
use crate::tui::catch;
use crate::tui::change;
use crate::tui::format::{self, cut, fit, wrap};
use crate::tui::state::form::{Draft, Field, Form, Purpose};
use crate::tui::state::points;
use crate::tui::theme::Role;

/// Columns of the labels.
const LABEL: usize = 13;
/// Candidates in view at most.
const CANDIDATES: usize = 8;
/// Columns of a candidate's name.
const NAME: usize = 16;

pub(super) fn content(app: &App, form: &Form, width: usize) -> Content {
    let mut lines = introduction(app, form, width);
    let mut cursor = None;
    for (index, (field, input)) in form.lines.iter().enumerate() {
        let here = index == form.at;
        let arrow = if here { ">" } else { " " };
        let label = match form.purpose {
            Purpose::Filter => "/".to_owned(),
            Purpose::Search => "find ".to_owned(),
            Purpose::Bookmark { .. } => "name ".to_owned(),
            Purpose::Save { .. } => "@".to_owned(),
            _ => format!("{arrow} {}", fit(label(*field), LABEL)),
        };
        let shown = tail(&input.text, width.saturating_sub(label.len() + 1));
        if here {
            cursor = Some((lines.len() as u16, (label.len() + format::width(shown)) as u16));
        }
        let style = app.theme.style(if here { Role::Title } else { Role::Text });
        lines.push(Line::from(vec![Span::styled(label.clone(), style), Span::raw(shown.to_owned())]));
        if let Some(error) = &input.error {
            let style = app.theme.style(Role::Error);
            // A caret stands under what is wrong; a sentence is wrapped.
            match error.trim_start().starts_with('^') {
                true => lines.push(Line::styled(cut(&format!("{}{error}", " ".repeat(label.len())), width), style)),
                false => lines.extend(wrap(error, width).into_iter().map(|part| Line::styled(part, style))),
            }
        }
    }
    let below = conclusion(app, form, width);
    let room = usize::from(app.rows).saturating_sub(2 + lines.len() + below.len());
    let room = room.min(if shows_examples(form) { FILTERS.len() } else { CANDIDATES });
    lines.extend(candidates(app, form, room, width));
    lines.extend(below);
    // On a low screen the line that is typed on stays in view.
    let shown = usize::from(app.rows.saturating_sub(2)).max(1);
    let scroll = cursor.map_or(0, |(line, _)| (usize::from(line) + 1).saturating_sub(shown));
    Content { title: title(form), lines, scroll: scroll as u16, cursor }
}

fn title(form: &Form) -> String {
    match &form.purpose {
        Purpose::Filter => "Filter".into(),
        Purpose::Search => "Find rows, and show all".into(),
        Purpose::Bookmark { seq } => format!("Bookmark on row {seq}"),
        Purpose::Save { .. } => "Save the filter".into(),
        Purpose::Export { .. } => "Write to a file".into(),
        Purpose::Answer { call, .. } => format!("What becomes of this {call}?"),
        Purpose::Catch { instead_of: None } => "New catchpoint".into(),
        Purpose::Catch { instead_of: Some(_) } => "Catchpoint".into(),
        Purpose::Tamper { instead_of: None } => "New change of calls".into(),
        Purpose::Tamper { instead_of: Some(_) } => "Change of calls".into(),
    }
}

fn introduction(app: &App, form: &Form, width: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    if let Purpose::Save { text } = &form.purpose {
        let words = format!("@name will stand for {}", format::escape(text.as_bytes()));
        lines.extend(wrap(&words, width).into_iter().map(Line::from));
    }
    if let Purpose::Answer { task, seq, .. } = form.purpose {
        lines.push(Line::from(cut(&format!("{} is about to call", app.task_words(task)), width)));
        let call = app.session.store.call(seq).map(|call| decode::call_text(&call.view(), &app.options.decode));
        let call = super::held::not_made_yet(call.unwrap_or_default());
        lines.push(Line::styled(cut(&format!("  {call}"), width), app.theme.style(Role::Title)));
        lines.push(Line::default());
    }
    lines
}

fn label(field: Field) -> &'static str {
    match field {
        Field::Calls => "calls",
        Field::Name => "@",
        Field::Title => "name",
        Field::Result => "result",
        Field::Signal => "signal",
        Field::Before => "wait before",
        Field::After => "wait after",
        Field::Which => "which",
        Field::File => "file",
        Field::Rows => "rows",
    }
}

fn hint(field: Field) -> &'static str {
    match field {
        Field::Title => "any words; empty: no name",
        Field::Name => "letters, digits, - and _; one that exists is replaced",
        Field::File => {
            "the end of its name says in which form; a path without / in front is below where sysview started"
        }
        Field::Rows => "shown: what the filter shows, all: every row",
        Field::Calls => "a filter: openat, path:/etc/**, %network err, tree:123, arg.flags&O_CREAT",
        Field::Result => "an error such as ENOENT, or a number; empty: the call is made and gives its own",
        Field::Signal => "a signal that the task gets when the call is over, such as SIGTERM; empty: none",
        Field::Before => "how long the task waits before the call, such as 500ms or 2s; empty: not at all",
        Field::After => "how long the task waits after the call, such as 500ms or 2s; empty: not at all",
        Field::Which => "counted for each call of each task: 3 the third, 3+ from it on, 3+2 every second; empty: all",
    }
}

/// It is about rows, and there is room for what can be typed.
fn shows_examples(form: &Form) -> bool {
    matches!(form.purpose, Purpose::Filter | Purpose::Search)
}

fn candidates(app: &App, form: &Form, room: usize, width: usize) -> Vec<Line<'static>> {
    if shows_examples(form) && form.lines[0].1.text.is_empty() {
        return examples(app, room, width);
    }
    let (_, candidates) = form.candidates();
    let first = form.candidate.map_or(0, |at| (at + 1).saturating_sub(room));
    let line = |(index, candidate): (usize, &crate::query::Candidate)| {
        let selected = form.candidate == Some(index);
        let arrow = if selected { ">" } else { " " };
        let name = format!("  {arrow} {} ", fit(&candidate.text, NAME));
        let about = fit(&candidate.about, width.saturating_sub(format::width(&name)));
        let role = |usual: Role| if selected { Role::Selected } else { usual };
        Line::from(vec![
            Span::styled(name, app.theme.style(role(Role::Text))),
            Span::styled(about, app.theme.style(role(Role::Dim))),
        ])
    };
    candidates.iter().enumerate().skip(first).take(room).map(line).collect()
}

/// What can be typed, by example; the filter language has more.
const FILTERS: [(&[&str], &str); 5] = [
    (&["openat", "open*", "%network"], "calls by name, by class"),
    (&["err", "err=ENOENT", "dur>1ms"], "by result, by time in the call"),
    (&["pid:123", "fd:3", "path:/etc/**"], "by process, descriptor, path"),
    (&["path~\\.so$", "arg.flags&O_CREAT"], "by regular expression, by argument"),
    (&["blocked", "signal", "\"some words\""], "by verdict, by kind, by what the line says"),
];

fn examples(app: &App, room: usize, width: usize) -> Vec<Line<'static>> {
    let line = |(examples, meaning): &(&[&str], &str)| {
        let text = format!(" {} {meaning}", fit(&examples.join("  "), 31));
        Line::styled(fit(&text, width), app.theme.style(Role::Dim))
    };
    FILTERS.iter().take(room).map(line).collect()
}

/// What the form says so far, and what can be done.
fn conclusion(app: &App, form: &Form, width: usize) -> Vec<Line<'static>> {
    let mut lines = vec![Line::default()];
    match form.read() {
        Ok(draft) => lines.extend(text(&meaning(form, &draft), width)),
        // While one types, most things are unfinished: no complaint before Enter.
        Err(_) => lines.push(Line::default()),
    }
    let dim = app.theme.style(Role::Dim);
    let only = app.session.started.as_ref().and_then(|started| started.only.as_ref());
    if let Some(only) = only.filter(|_| form.field() == Field::Calls) {
        let only = format!("Other calls than {} do not stop in this session.", format::escape(only.as_bytes()));
        lines.extend(wrap(&only, width).into_iter().map(|part| Line::styled(part, app.theme.style(Role::Notice))));
    }
    // What is highlighted is explained in full; its line may have been cut.
    if shows_examples(form) {
        let keys = "Enter takes it, Tab completes, Up/Down choose, Ctrl-s saves, Esc closes";
        lines.push(Line::styled(cut(keys, width), dim));
        return lines;
    }
    let highlighted = form.candidate.and_then(|index| form.candidates().1.into_iter().nth(index));
    let explained = highlighted.map(|candidate| format!("{}: {}", candidate.text, candidate.about));
    let advice = explained.unwrap_or_else(|| hint(form.field()).to_owned());
    lines.extend(wrap(&advice, width).into_iter().map(|part| Line::styled(part, dim)));
    let keys = match form.lines.len() {
        1 => "Enter takes it, Tab completes, Up and Down choose, Esc closes",
        _ => "Enter takes it, Tab goes to the next line, Up and Down choose, Esc closes",
    };
    lines.push(Line::styled(cut(keys, width), dim));
    lines
}

fn meaning(form: &Form, draft: &Draft) -> String {
    match &form.purpose {
        Purpose::Filter | Purpose::Search => {
            let remarks = draft.filter.remarks().into_iter().map(|remark| format!(" ({remark})"));
            format!("{}.{}", draft.filter.explain(), remarks.collect::<String>())
        }
        Purpose::Save { .. } => "Enter saves it.".into(),
        Purpose::Bookmark { .. } => "Enter names it.".into(),
        Purpose::Export { .. } => "Enter writes it.".into(),
        Purpose::Answer { call, .. } => format!("{call}: {}.", change::describe(&draft.change)),
        Purpose::Catch { .. } if draft.filter.is_empty() => "Which calls are to hold their task?".into(),
        Purpose::Catch { .. } => format!("{}.", caught(&draft.filter)),
        Purpose::Tamper { .. } if draft.filter.is_empty() => "Which calls are to be changed?".into(),
        Purpose::Tamper { .. } => {
            let text = form.texts().into_iter().find(|(field, _)| *field == Field::Calls).map(|(_, text)| text);
            format!("{}.", points::words(draft, text.unwrap_or_default().trim()))
        }
    }
}

/// Where a filter holds tasks, and at which calls.
fn caught(filter: &Filter) -> String {
    let calls = filter.explain();
    let calls = calls.strip_prefix("rows where ").unwrap_or(&calls);
    match catch::holds_at_exit(filter) {
        true => format!("Holds a task when a call is over and {calls}"),
        false => format!("Holds a task before a call when {calls}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_of_a_filter_can_be_typed() {
        for example in FILTERS.iter().flat_map(|(examples, _)| *examples) {
            Filter::parse(example).unwrap_or_else(|e| panic!("{example}: {e}"));
        }
    }
}
