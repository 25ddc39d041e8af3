//! Popups: boxes over the middle of the screen, the last one on top.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Widget};

use super::{
    bookmarks, columns, compared, form, judged, keys, palette, patterns, picker, places, points, quit, recording,
    rules, tour, vdso,
};
use crate::policy;
use crate::tui::app::{App, CopyWhat};
use crate::tui::format::{self, cut, fit, wrap};
use crate::tui::state::layer::{Chooser, Layer};
use crate::tui::theme::Role;

/// Widest popup, in columns.
const WIDEST: u16 = 90;

/// What a popup shows.
pub(super) struct Content {
    pub(super) title: String,
    pub(super) lines: Vec<Line<'static>>,
    /// First line in view.
    pub(super) scroll: u16,
    /// Line and column of the cursor in the content.
    pub(super) cursor: Option<(u16, u16)>,
}

/// How much a popup has to show and how much of it is in view, in lines.
pub struct ContentSize {
    pub lines: u16,
    pub shown: u16,
}

/// Of the popup on top; zeros without one.
pub fn content_size(app: &App) -> ContentSize {
    let screen = Rect::new(0, 0, app.cols, app.rows);
    match app.layers.last() {
        Some(layer) => {
            let content = content(app, layer, inner_width(screen));
            let shown = place(&content, screen).height.saturating_sub(2);
            ContentSize { lines: content.lines.len() as u16, shown }
        }
        None => ContentSize { lines: 0, shown: 0 },
    }
}

/// Where the cursor belongs while something is typed.
pub fn cursor(app: &App) -> Option<(u16, u16)> {
    let screen = Rect::new(0, 0, app.cols, app.rows);
    let content = content(app, app.layers.last()?, inner_width(screen));
    let (line, column) = content.cursor?;
    let area = place(&content, screen);
    let position = (area.x + 2 + column, area.y + 1 + line.checked_sub(content.scroll)?);
    (position.0 < area.right().saturating_sub(1) && position.1 < area.bottom().saturating_sub(1)).then_some(position)
}

pub fn draw(app: &App, screen: Rect, buf: &mut Buffer) {
    for layer in &app.layers {
        draw_layer(app, layer, screen, buf);
    }
}

fn draw_layer(app: &App, layer: &Layer, screen: Rect, buf: &mut Buffer) {
    let content = content(app, layer, inner_width(screen));
    let area = place(&content, screen);
    if screen.is_empty() {
        return;
    }
    if area.width < 4 || area.height < 3 {
        // No room for a box: the first words, so that the keys that they name can be pressed.
        let text = content.lines.first().map(Line::to_string).unwrap_or_default();
        buf.set_stringn(
            screen.x,
            screen.y,
            fit(&text, usize::from(screen.width)),
            usize::from(screen.width),
            app.theme.style(Role::Notice),
        );
        return;
    }
    Clear.render(area, buf);
    let below = content.lines.len().saturating_sub(usize::from(content.scroll) + usize::from(area.height - 2));
    let mut block = Block::bordered()
        .border_style(app.theme.style(Role::BorderFocus))
        .title(Span::styled(format!(" {} ", content.title), app.theme.style(Role::Title)));
    if below > 0 {
        block = block.title_bottom(Line::from(format!(" {below} more lines below ")).right_aligned());
    }
    block.render(area, buf);
    let lines = content.lines.iter().skip(usize::from(content.scroll)).take(usize::from(area.height - 2));
    for (y, line) in (area.y + 1..).zip(lines) {
        buf.set_line(area.x + 2, y, line, area.width.saturating_sub(4));
    }
}

/// Columns for text in a popup on this screen.
fn inner_width(screen: Rect) -> usize {
    usize::from(screen.width.min(WIDEST).saturating_sub(4)).max(1)
}

fn place(content: &Content, screen: Rect) -> Rect {
    let widest = content.lines.iter().map(Line::width).max().unwrap_or(0).max(format::width(&content.title) + 2);
    let width = (widest as u16).saturating_add(4).min(screen.width).min(WIDEST);
    let height = (content.lines.len() as u16).saturating_add(2).min(screen.height);
    Rect::new(screen.x + (screen.width - width) / 2, screen.y + (screen.height - height) / 2, width, height)
}

fn content(app: &App, layer: &Layer, width: usize) -> Content {
    let plain = |title: &str, lines: Vec<Line<'static>>, scroll: u16| Content {
        title: title.to_owned(),
        lines,
        scroll,
        cursor: None,
    };
    match layer {
        Layer::Help(asked) => keys::content(app, asked, width),
        Layer::Palette(palette) => palette::content(app, palette, width),
        Layer::Copy { line } => copy(app, *line, width),
        Layer::Quit => plain("Leave?", quit::lines(app, width), 0),
        Layer::Chooser(chooser) => choose(app, chooser, width),
        Layer::Compare { scroll } => plain("Two runs", compared(app, width), *scroll),
        Layer::Vdso { scroll } => plain("vDSO", vdso::lines(app, width), *scroll),
        Layer::Policy { line } => judged::content(app, *line, width),
        Layer::Profiles { line } => compared::content(app, *line, width),
        Layer::Rules { line } => rules::content(app, *line, width),
        Layer::Places(page) => places::content(app, *page, width),
        Layer::Tours { line } => tour::list(app, *line, width),
        Layer::Patterns { line, findings } => patterns::content(app, *line, findings, width),
        Layer::Columns { line } => columns::content(app, *line, width),
        Layer::Bookmarks { line } => bookmarks::content(app, *line, width),
        Layer::Points { list, line } => points::content(app, *list, *line, width),
        Layer::Form(form) => form::content(app, form, width),
        Layer::Picker(picker) => picker::content(app, picker, width),
        Layer::Record(input) => recording::content(app, input, width),
        Layer::Failure(sentence) => {
            let mut lines = text(sentence, width);
            lines.push(Line::default());
            lines
                .extend(text("What was traced so far can be looked at. Esc closes this; after that, q leaves.", width));
            plain("The trace broke", lines, 0)
        }
    }
}

/// The comparison with the other run, once it is made. Its lines are escaped.
fn compared(app: &App, width: usize) -> Vec<Line<'static>> {
    let Some(text) = app.options.compare.as_ref().and_then(|compared| compared.get()) else {
        return self::text("Both recordings are being read; open this again in a moment.", width);
    };
    let line = |line: &str| {
        let role = match line.chars().next() {
            Some('+') => Role::Notice,
            Some('-') => Role::Error,
            Some(' ' | '~') | None => Role::Text,
            Some(_) => Role::Title,
        };
        Line::styled(cut(line, width), app.theme.style(role))
    };
    text.lines().map(line).collect()
}

pub(super) fn text(sentence: &str, width: usize) -> Vec<Line<'static>> {
    wrap(sentence, width).into_iter().map(Line::from).collect()
}

fn copy(app: &App, line: usize, width: usize) -> Content {
    let mut lines = text("Copy to the clipboard of this terminal, which must allow it (OSC 52):", width);
    lines.push(Line::default());
    for (i, what) in CopyWhat::ALL.into_iter().enumerate() {
        let arrow = if i == line { ">" } else { " " };
        let role = if i == line { Role::Selected } else { Role::Text };
        lines.push(Line::styled(fit(&cut(&format!("{arrow} {}", what.label()), width), width), app.theme.style(role)));
    }
    Content { title: "Copy".into(), lines, scroll: 0, cursor: None }
}

fn choose(app: &App, chooser: &Chooser, width: usize) -> Content {
    let style = |selected: bool| app.theme.style(if selected { Role::Selected } else { Role::Text });
    let mut lines = text("Mark the calls that a seccomp profile would block. Which profile?", width);
    lines.push(Line::default());
    for (i, builtin) in policy::builtins().iter().enumerate() {
        let selected = chooser.line == i;
        let arrow = if selected { ">" } else { " " };
        let entry = cut(&format!("{arrow} {}  {}", builtin.name, builtin.summary), width);
        lines.push(Line::styled(entry, style(selected)));
    }
    let typing = chooser.line >= policy::builtins().len();
    let arrow = if typing { ">" } else { " " };
    let label = format!("{arrow} file: ");
    let shown = tail(&chooser.path.text, width.saturating_sub(label.len() + 1));
    let cursor = typing.then(|| (lines.len() as u16, (label.len() + format::width(shown)) as u16));
    lines.push(Line::from(vec![Span::styled(label.clone(), style(typing)), Span::raw(shown.to_owned())]));
    if let Some(error) = &chooser.error {
        lines.push(Line::default());
        for line in wrap(error, width) {
            lines.push(Line::styled(line, app.theme.style(Role::Error)));
        }
    }
    lines.push(Line::default());
    lines.push(Line::styled(cut("Enter takes it, Up and Down choose, Esc closes", width), app.theme.style(Role::Dim)));
    Content { title: "Seccomp".into(), lines, scroll: 0, cursor }
}

/// The end of a text that is longer than there is room.
pub(super) fn tail(text: &str, width: usize) -> &str {
    let mut rest = text;
    while format::width(rest) > width {
        let mut chars = rest.chars();
        chars.next();
        rest = chars.as_str();
    }
    rest
}
