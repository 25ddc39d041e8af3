//! The box of the tour that runs, and the list of tours. The box takes lines of its own, so it hides nothing. At
//! the steps at which one types it has the same height, so that the program's terminal keeps its size.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Widget};

use super::popup::{Content, ContentSize};
use crate::lesson::{Progress, Step, Tour, tours};
use crate::tui::actions::Id;
use crate::tui::app::App;
use crate::tui::format::{self, cut, fit, wrap};
use crate::tui::keymap::Keymap;
use crate::tui::layout;
use crate::tui::theme::Role;

/// Border, and the line of what to type and what was seen.
const AROUND: u16 = 3;

/// What the texts of the tours call an action.
fn id_of(word: &str) -> Option<Id> {
    match word {
        "next" => Some(Id::NextStep),
        "back" => Some(Id::StepBack),
        "filter" => Some(Id::Filter),
        "terminal" => Some(Id::FocusProgram),
        "seccomp" => Some(Id::Seccomp),
        _ => None,
    }
}

/// The key of an action, as help prints it.
fn key(keymap: &Keymap, id: Id) -> Option<String> {
    keymap.key(id).map(|key| key.to_string())
}

/// The text of a step in lines of at most `columns`; examples stay as they are.
fn text_lines(keymap: &Keymap, step: &Step, columns: usize) -> Vec<String> {
    let text = step.text(|word| id_of(word).and_then(|id| key(keymap, id)));
    let mut lines = Vec::new();
    for line in text.trim_end().lines() {
        match line {
            "" => lines.push(String::new()),
            _ if line.starts_with(' ') => lines.push(cut(line, columns)),
            _ => lines.extend(wrap(line, columns)),
        }
    }
    lines
}

/// Columns for text in a box on a screen of this width.
fn columns(width: u16) -> usize {
    usize::from(width.saturating_sub(4)).max(1)
}

/// Lines that the box needs at a step of a tour, on a screen of `cols` columns.
pub fn height(keymap: &Keymap, tour: &Tour, step: usize, cols: u16) -> u16 {
    let active = |step: &&Step| step.command.is_some();
    let lines = |step: &Step| text_lines(keymap, step, columns(cols)).len();
    let lines = match tour.steps.get(step) {
        Some(step) if !active(&step) => lines(step),
        _ => tour.steps.iter().filter(active).map(lines).max().unwrap_or(0),
    };
    u16::try_from(lines).unwrap_or(u16::MAX).saturating_add(AROUND)
}

/// How much text the current step has, and how much of it is in view; zeros without a tour.
pub fn text_size(app: &App) -> ContentSize {
    let Some(progress) = app.tours.running() else { return ContentSize { lines: 0, shown: 0 } };
    let area = app.layout.tour;
    let lines = text_lines(&app.options.keymap, progress.step(), columns(area.width)).len() as u16;
    ContentSize { lines, shown: layout::inner(area).height.saturating_sub(1) }
}

pub fn draw(app: &App, area: Rect, buf: &mut Buffer) {
    let Some(progress) = app.tours.running().filter(|_| !area.is_empty()) else { return };
    let style = |role: Role| app.theme.style(role);
    let step = progress.step();
    if layout::bordered(area) {
        let left = format!(" Step {} of {}: {} ", progress.index() + 1, progress.tour().steps.len(), step.title);
        let right = format!(" Tour: {} ", progress.tour().title);
        let room = usize::from(area.width) - 2;
        let mut block =
            Block::bordered().border_style(style(Role::Tour)).title(Span::styled(cut(&left, room), style(Role::Title)));
        if format::width(&left) + format::width(&right) < room {
            block = block.title(Line::from(right).right_aligned());
        }
        block.render(area, buf);
    }
    let inner = layout::inner(area);
    let inner = if layout::bordered(area) { Rect { x: inner.x + 1, width: inner.width - 2, ..inner } } else { inner };
    let lines = text_lines(&app.options.keymap, step, columns(area.width));
    let shown = inner.height.saturating_sub(1);
    let top = usize::from(app.tours.scroll).min(lines.len().saturating_sub(usize::from(shown)));
    for (y, line) in (inner.y..inner.y + shown).zip(lines.iter().skip(top)) {
        buf.set_stringn(inner.x, y, line, usize::from(inner.width), style(Role::Text));
    }
    let more = lines.len().saturating_sub(top + usize::from(shown)) > 0;
    let last = last_line(app, progress, more, usize::from(inner.width));
    buf.set_line(inner.x, inner.bottom().saturating_sub(1), &last, inner.width);
}

/// What to type, and at the right how it stands.
fn last_line(app: &App, progress: &Progress, more: bool, width: usize) -> Line<'static> {
    let style = |role: Role| app.theme.style(role);
    let (state, role) = state(app, progress, more);
    let state = cut(&state, width);
    let mut spans = Vec::new();
    let mut used = format::width(&state);
    if let Some(command) = &progress.step().command
        // Nobody can type to a recording.
        && let label = if app.session.over() { "Waits for: " } else { "Type: " }
        && used + label.len() + 4 < width
    {
        let command = cut(command, width - used - label.len() - 2);
        used += label.len() + format::width(&command);
        spans.extend([Span::raw(label), Span::styled(command, style(Role::Key))]);
    }
    spans.push(Span::raw(" ".repeat(width.saturating_sub(used))));
    spans.push(Span::styled(state, style(role)));
    Line::from(spans)
}

/// Whether the step is done, and which key goes on.
fn state(app: &App, progress: &Progress, more: bool) -> (String, Role) {
    let press = |id: Id| {
        let key = key(&app.options.keymap, id).unwrap_or_default();
        if app.typing() { format!("{}, then {key}", app.options.keymap.escape) } else { key }
    };
    let on = press(Id::NextStep);
    if more {
        return (format!("{on} shows the rest of the text"), Role::Dim);
    }
    if progress.finished() {
        return (format!("the tour is finished; {} lists the others", press(Id::Tours)), Role::Live);
    }
    match progress.seen() {
        None => (format!("{on} goes on"), Role::Dim),
        Some(_) if progress.met() => (format!("done: {on} goes on"), Role::Live),
        Some(_) if app.session.over() && app.tours.scanned() == app.session.store.len() => {
            (format!("not in this run; {on} goes on"), Role::Dim)
        }
        Some((_, 1)) => ("not seen yet".into(), Role::Unfinished),
        Some((seen, wanted)) => (format!("{seen} of {wanted} rows seen"), Role::Unfinished),
    }
}

/// The list of tours; `line`: the one that Enter takes.
pub(super) fn list(app: &App, line: usize, width: usize) -> Content {
    let style = |selected: bool| app.theme.style(if selected { Role::Selected } else { Role::Text });
    let arrow = |selected: bool| if selected { ">" } else { " " };
    let mut lines: Vec<Line<'static>> = Vec::new();
    let mut ends = Vec::new();
    for (i, tour) in tours().iter().enumerate() {
        let state = standing(app, i);
        let title = format!("{} {}", arrow(line == i), tour.title);
        let room = width.saturating_sub(format::width(&state) + 1);
        lines.push(Line::styled(format!("{} {state}", fit(&title, room)), style(line == i)));
        for part in wrap(&tour.about, width.saturating_sub(2)) {
            lines.push(Line::styled(format!("  {part}"), app.theme.style(Role::Dim)));
        }
        ends.push(lines.len());
    }
    if app.tours.index().is_some() {
        lines.push(Line::default());
        let selected = line >= tours().len();
        lines.push(Line::styled(fit(&format!("{} End the tour", arrow(selected)), width), style(selected)));
        ends.push(lines.len());
    }
    lines.push(Line::default());
    lines.push(Line::styled(cut("Enter takes it, Up and Down choose, Esc closes", width), app.theme.style(Role::Dim)));
    // What is selected stays in view on a low screen.
    let shown = usize::from(app.rows.saturating_sub(2));
    let end = ends.get(line).copied().unwrap_or(0);
    Content { title: "Tours".into(), lines, scroll: end.saturating_sub(shown) as u16, cursor: None }
}

/// How far a tour got, in words.
fn standing(app: &App, index: usize) -> String {
    let Some(progress) = app.tours.progress(index) else { return "not begun".into() };
    if progress.finished() {
        return "finished".into();
    }
    let runs = if app.tours.index() == Some(index) { "runs, " } else { "" };
    format!("{runs}step {} of {}", progress.index() + 1, progress.tour().steps.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_texts_name_only_actions_that_have_a_key() {
        let keymap = &Keymap::default();
        for step in tours().iter().flat_map(|tour| &tour.steps) {
            for word in step.actions() {
                assert!(id_of(word).and_then(|id| key(keymap, id)).is_some(), "{}: {word}", step.title);
            }
        }
    }

    #[test]
    fn examples_keep_their_columns_and_words_are_wrapped() {
        let step = tours()[0].steps.last().expect("a step");
        let lines = text_lines(&Keymap::default(), step, 60);
        assert!(lines.iter().any(|l| l == "  %file              calls about files by name"), "{lines:?}");
        assert!(lines.iter().all(|l| l.len() <= 60) && lines.last().is_some_and(|l| !l.is_empty()));
    }
}
