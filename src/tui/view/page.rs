//! Lines of label and text, wrapped to a pane: what the call pane is made of, and what is said below a table.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::tui::app::App;
use crate::tui::format::{self, fit, wrap};
use crate::tui::theme::Role;

/// Columns of the names at the left.
const LABEL: usize = 9;

/// Collects lines of label and text, wrapped to the pane.
pub struct Page<'a> {
    pub app: &'a App,
    width: usize,
    pub lines: Vec<Line<'static>>,
}

impl<'a> Page<'a> {
    pub fn new(app: &'a App, width: u16) -> Page<'a> {
        Page { app, width: usize::from(width), lines: Vec::new() }
    }

    /// Columns of the pane.
    pub fn width(&self) -> usize {
        self.width
    }

    /// A line that is not wrapped.
    pub fn raw(&mut self, text: String, role: Role) {
        self.lines.push(Line::from(vec![Span::raw(" "), Span::styled(text, self.app.theme.style(role))]));
    }

    /// Columns for the text beside a label.
    fn room(&self) -> usize {
        self.width.saturating_sub(LABEL + 2).max(8)
    }

    pub fn entry(&mut self, label: &str, text: &str, role: Role) {
        for (i, part) in wrap(text, self.room()).into_iter().enumerate() {
            self.line(if i == 0 { label } else { "" }, part, role, "");
        }
    }

    /// A value, in which every space counts, and the register that carries it at the right edge.
    pub fn value(&mut self, label: &str, text: &str, role: Role, register: &str) {
        let room = self.room();
        let mut parts = format::chop(text, room);
        if !register.is_empty() && parts.last().is_none_or(|last| format::width(last) + 2 + register.len() > room) {
            parts.push(String::new());
        }
        let last = parts.len() - 1;
        for (i, part) in parts.into_iter().enumerate() {
            self.line(if i == 0 { label } else { "" }, part, role, if i == last { register } else { "" });
        }
    }

    fn line(&mut self, label: &str, text: String, role: Role, register: &str) {
        let style = |role: Role| self.app.theme.style(role);
        let gap = self.room().saturating_sub(format::width(&text) + register.len());
        let line = Line::from(vec![
            Span::raw(" "),
            Span::styled(fit(label, LABEL), style(Role::Dim)),
            Span::raw(" "),
            Span::styled(text, style(role)),
            Span::styled(format!("{}{register}", " ".repeat(gap)), style(Role::Dim)),
        ]);
        self.lines.push(line);
    }

    pub fn text(&mut self, text: &str, role: Role) {
        for part in wrap(text, self.width.saturating_sub(1)) {
            self.lines.push(Line::from(vec![Span::raw(" "), Span::styled(part, self.app.theme.style(role))]));
        }
    }
}

/// Draws lines from `top` on, or as many as there are at the end.
pub fn draw(lines: &[Line<'_>], top: u16, area: Rect, buf: &mut Buffer) {
    let top = usize::from(top).min(lines.len().saturating_sub(usize::from(area.height)));
    for (y, line) in (area.y..area.bottom()).zip(lines.iter().skip(top)) {
        buf.set_line(area.x, y, line, area.width);
    }
}

/// A line with a title, between a table and what is said below it.
pub fn rule(app: &App, title: &str, area: Rect, buf: &mut Buffer) {
    let width = usize::from(area.width);
    let title = format::cut(title, width.saturating_sub(4));
    // What is too long is simply not drawn: a line needs no ellipsis.
    buf.set_stringn(area.x, area.y, format!("── {title} {}", "─".repeat(width)), width, app.theme.style(Role::Column));
}
