//! From the state to cells. Everything here takes the state by shared reference: drawing decides nothing and changes
//! nothing. Left out: what keys do (`app`).

mod anatomy;
mod answers;
mod bar;
mod bookmarks;
mod breakdown;
pub mod call;
mod cells;
mod columns;
pub mod compared;
mod explanation;
pub mod files;
mod form;
mod header;
mod held;
pub mod histogram;
mod judged;
mod keys;
mod latency;
mod listing;
mod marks;
mod memory;
mod page;
mod palette;
mod patterns;
mod picker;
pub mod places;
mod points;
pub mod popup;
pub mod processes;
mod program;
mod quit;
mod recording;
mod remarks;
pub mod rules;
mod spectrum;
mod stack;
mod standing;
mod times;
pub mod tour;
pub mod trace;
mod vdso;
mod verdict;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Widget};

use super::app::App;
use super::layout::{self, Pane};
use super::theme::Role;

/// Draws the whole screen.
pub fn draw(app: &App, area: Rect, buf: &mut Buffer) {
    let area = area.intersection(buf.area);
    // The terminal can change its size between the last update and this frame.
    let places = if (area.width, area.height) == (app.cols, app.rows) {
        app.layout.clone()
    } else {
        layout::Shape { cols: area.width, rows: area.height, ..app.shape() }.layout()
    };
    header::draw(app, places.header, buf);
    for &(pane, area) in &places.panes {
        draw_pane(app, pane, area, buf);
    }
    tour::draw(app, places.tour, buf);
    bar::draw(app, places.bar, buf);
    popup::draw(app, area, buf);
    if let Some(area) = app.marked() {
        buf.set_style(area.intersection(buf.area), app.theme.style(Role::Selected));
    }
}

/// Where the terminal's own cursor belongs.
pub fn cursor(app: &App) -> Option<(u16, u16)> {
    if !app.layers.is_empty() {
        return popup::cursor(app);
    }
    let inner = app.layout.inner(Pane::Program);
    let (row, column) = app.program.cursor().filter(|_| app.typing())?;
    (row < inner.height && column < inner.width).then_some((inner.x + column, inner.y + row))
}

fn draw_pane(app: &App, pane: Pane, area: Rect, buf: &mut Buffer) {
    let inner = layout::inner(area);
    if layout::bordered(area) {
        let (left, right) = titles(app, pane, inner.width);
        let focused = app.focus == pane;
        let style = app.theme.style(if focused { Role::BorderFocus } else { Role::Border });
        // The focus is told by the title too, for screens without colours.
        let mark = if focused { "●" } else { " " };
        let mut title =
            Line::from(vec![Span::styled(mark, style), Span::styled(format!("{left} "), app.theme.style(Role::Title))]);
        if pane == Pane::Call {
            title.spans.extend(call::tabs(app, inner.width).into_iter().map(|(tab, text)| {
                let role = if tab == app.tab { Role::Title } else { Role::Border };
                Span::styled(text, app.theme.style(role))
            }));
        }
        let mut block = Block::bordered().border_style(style).title(title);
        if pane == Pane::Trace
            && let Some(words) = held::border(app)
        {
            let words = super::format::cut(&words, usize::from(inner.width).saturating_sub(4));
            // The border may be dim; what stands on it is not.
            let style = app.theme.style(Role::Held).remove_modifier(Modifier::DIM);
            block = block.title_bottom(Span::styled(format!(" {words} "), style));
        }
        if !right.is_empty() {
            block = block.title(Line::from(format!(" {right} ")).right_aligned());
        }
        block.render(area, buf);
    }
    match pane {
        Pane::Trace => trace::draw(app, inner, buf),
        Pane::Histogram => histogram::draw(app, inner, buf),
        Pane::Processes => processes::draw(app, inner, buf),
        Pane::Files => files::draw(app, inner, buf),
        Pane::Call => call::draw(app, inner, buf),
        Pane::Program => app.program.render(inner, buf, app.typing()),
    }
}

/// The words at the left and right of a pane's upper border; the right ones give way when there is no room.
fn titles(app: &App, pane: Pane, width: u16) -> (String, String) {
    let (left, right) = match pane {
        Pane::Trace => ("Trace".to_owned(), trace::title(app)),
        Pane::Histogram => (histogram::title(app).to_owned(), histogram::order(app)),
        Pane::Processes => ("Processes".to_owned(), processes::title(app)),
        Pane::Files => ("Files".to_owned(), files::title(app)),
        Pane::Call => ("Call".to_owned(), call::title(app)),
        Pane::Program => program_titles(app),
    };
    let tabs = if pane == Pane::Call { call::tabs(app, width) } else { Vec::new() };
    let tabs: usize = tabs.iter().map(|(_, text)| super::format::width(text)).sum();
    let room = usize::from(width).saturating_sub(super::format::width(&left) + tabs + 6);
    let right = if room < 8 { String::new() } else { super::format::cut(&right, room) };
    (left, right)
}

fn program_titles(app: &App) -> (String, String) {
    let title = app.program.title();
    let left = if title.is_empty() { "Program".to_owned() } else { format!("Program: {title}") };
    let left = super::format::cut(&left, 40);
    let right = if app.typing() {
        // Who types to a program that does not move should know why.
        let held = if app.session.holds.is_empty() { "" } else { "held; " };
        format!("{held}{} leaves", app.options.keymap.escape)
    } else if app.program.scrolled() > 0 {
        format!("{} lines back", app.program.scrolled())
    } else if app.session.running() {
        "t types here".to_owned()
    } else {
        "ended".to_owned()
    };
    (left, right)
}
