//! What the mouse drags: the borders between panes, and text that is marked to be copied. Left out: clicks and the wheel
//! (`mouse`).

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::App;
use crate::tui::layout::Pane;

/// What the mouse holds while its button is down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drag {
    /// The border below the trace.
    Below,
    /// The border at the right of the trace.
    Right,
    /// Text of a pane, from one cell to another, as (column, row).
    Text { pane: Pane, from: (u16, u16), to: (u16, u16) },
}

impl App {
    /// The mouse button went down: on a border, or on text of a pane.
    pub(super) fn take_hold(&mut self, column: u16, row: u16) {
        self.drag = self.border_at(column, row);
        if self.drag.is_none()
            && let Some(pane) = self.layout.at(column, row)
            && self.layout.inner(pane).contains((column, row).into())
        {
            self.drag = Some(Drag::Text { pane, from: (column, row), to: (column, row) });
        }
    }

    /// A border of the trace that another pane lies behind.
    pub(super) fn border_at(&self, column: u16, row: u16) -> Option<Drag> {
        let trace = self.layout.area(Pane::Trace).filter(|_| self.layout.panes.len() > 1)?;
        let others = || self.layout.panes.iter().filter(|(pane, _)| *pane != Pane::Trace).map(|(_, area)| *area);
        let right = others().any(|area| area.x == trace.right()) && (row >= trace.y && row < trace.bottom());
        let below = others().any(|area| area.y == trace.bottom());
        // The two lines on which the borders of neighbours stand; titles are on the lower one, and can be clicked.
        if right && (column + 1 == trace.right() || column == trace.right()) {
            Some(Drag::Right)
        } else if below && row + 1 == trace.bottom() {
            Some(Drag::Below)
        } else {
            None
        }
    }

    /// The mouse moved with its button down.
    pub(super) fn drag_to(&mut self, column: u16, row: u16) {
        let Some(trace) = self.layout.area(Pane::Trace) else { return };
        let percent = |part: u16, whole: u16| (u32::from(part) * 100 / u32::from(whole.max(1))) as u16;
        let body = self.layout.panes.iter().map(|(_, area)| *area).reduce(Rect::union).unwrap_or(trace);
        match &mut self.drag {
            Some(Drag::Right) => {
                self.arrangement.split =
                    self.arrangement.split.at(None, Some(percent((column + 1).saturating_sub(body.x), body.width)));
                self.relayout();
            }
            Some(Drag::Below) => {
                self.arrangement.split =
                    self.arrangement.split.at(Some(percent((row + 1).saturating_sub(body.y), body.height)), None);
                self.relayout();
            }
            Some(Drag::Text { pane, to, .. }) => {
                let inner = self.layout.inner(*pane);
                if !inner.is_empty() {
                    *to = (column.clamp(inner.x, inner.right() - 1), row.clamp(inner.y, inner.bottom() - 1));
                }
            }
            None => {}
        }
    }

    /// The mouse button went up: what was marked is copied. A click marks nothing.
    pub(super) fn let_loose(&mut self) {
        if let Some(area) = self.marked() {
            let screen = Rect::new(0, 0, self.cols, self.rows);
            self.drag = None;
            let mut buffer = Buffer::empty(screen);
            self.render(screen, &mut buffer);
            let text = text_in(&buffer, area);
            if !text.trim().is_empty() {
                self.send_to_clipboard(text, "what was marked");
            }
        }
        self.drag = None;
    }

    /// The cells that the mouse has marked.
    pub(in crate::tui) fn marked(&self) -> Option<Rect> {
        match self.drag {
            Some(Drag::Text { from, to, .. }) if from != to => {
                let (left, right) = (from.0.min(to.0), from.0.max(to.0));
                let (top, bottom) = (from.1.min(to.1), from.1.max(to.1));
                Some(Rect::new(left, top, right - left + 1, bottom - top + 1))
            }
            _ => None,
        }
    }
}

/// The text in some cells, without the blanks at the ends of its lines.
fn text_in(buffer: &Buffer, area: Rect) -> String {
    let area = area.intersection(buffer.area);
    let line = |y| {
        let mut line = String::new();
        let mut x = area.x;
        while x < area.right() {
            let symbol = buffer[(x, y)].symbol();
            line.push_str(symbol);
            // A wide character takes the cells behind it.
            x += u16::try_from(crate::tui::format::width(symbol)).unwrap_or(1).max(1);
        }
        line.trim_end().to_owned()
    };
    (area.y..area.bottom()).map(line).collect::<Vec<_>>().join("\n")
}
