//! The mouse: a click focuses and selects, the wheel scrolls what is under it, the program gets what it asked for.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

use super::{App, Drag};
use crate::tui::actions::Id;
use crate::tui::layout::Pane;
use crate::tui::state::breakdown::By;
use crate::tui::state::trace::TraceLine;
use crate::tui::view;

/// Lines per notch of the wheel.
const WHEEL_LINES: i64 = 3;

impl App {
    /// The mouse did something.
    pub fn mouse(&mut self, event: MouseEvent) {
        let lines = match event.kind {
            MouseEventKind::ScrollUp => -WHEEL_LINES,
            MouseEventKind::ScrollDown => WHEEL_LINES,
            _ => 0,
        };
        if !self.layers.is_empty() {
            if lines != 0 {
                self.dirty = true;
                self.scroll_popup(if lines < 0 { Id::Up } else { Id::Down });
            }
            return;
        }
        if self.layout.tour.contains((event.column, event.row).into()) {
            return self.scroll_tour(lines as i32);
        }
        match (event.kind, self.trace.dragged) {
            (MouseEventKind::Drag(MouseButton::Left), Some(column)) => return self.drag_edge(column, event.column),
            (MouseEventKind::Down(_) | MouseEventKind::Up(_), Some(_)) => self.trace.dragged = None,
            _ => {}
        }
        match event.kind {
            MouseEventKind::Drag(MouseButton::Left) if self.drag.is_some() => {
                self.dirty = true;
                self.drag_to(event.column, event.row);
                return self.settle();
            }
            MouseEventKind::Up(MouseButton::Left) if self.drag.is_some() => {
                self.dirty = true;
                return self.let_loose();
            }
            _ => {}
        }
        let Some(pane) = self.layout.at(event.column, event.row) else { return };
        if pane == Pane::Program && self.typing() {
            let area = self.layout.inner(Pane::Program);
            let bytes = self.program.mouse(event, area);
            self.dirty = true;
            return self.send_input(&bytes);
        }
        match event.kind {
            MouseEventKind::Down(MouseButton::Left) => {
                self.take_hold(event.column, event.row);
                if !matches!(self.drag, Some(Drag::Below | Drag::Right)) {
                    self.click(pane, event);
                }
                if self.trace.dragged.is_some() {
                    self.drag = None;
                }
            }
            _ if lines != 0 => self.wheel(pane, lines),
            _ => return,
        }
        self.dirty = true;
        self.order_entries();
        self.settle();
    }

    fn click(&mut self, pane: Pane, event: MouseEvent) {
        let inner = self.layout.inner(pane);
        let line = event.row.checked_sub(inner.y).filter(|_| inner.contains((event.column, event.row).into()));
        let before = self.focus;
        self.focus_on(pane);
        match (pane, line) {
            (Pane::Trace, Some(0)) if view::trace::heading_rows(inner) > 0 => {
                self.trace.dragged = self.edge_at(event.column);
            }
            (Pane::Trace, Some(line)) => self.click_row(line.checked_sub(view::trace::heading_rows(inner)), before),
            (Pane::Histogram, Some(line)) => match line.checked_sub(view::histogram::heading_rows(inner)) {
                None => self.table.sort = view::histogram::column_at(self, inner, event.column - inner.x),
                Some(line) if line < view::histogram::rows_in(self, inner) => self.click_call(line),
                Some(_) => {}
            },
            (Pane::Call, None) => {
                let area = self.layout.area(pane).filter(|area| area.y == event.row);
                let tab = area.and_then(|area| view::call::tab_at(self, inner.width, event.column - area.x));
                tab.into_iter().for_each(|tab| self.show_tab(tab));
            }
            (Pane::Processes | Pane::Files, Some(line)) => self.click_line(pane, line, event.column - inner.x),
            _ => {}
        }
    }

    fn click_row(&mut self, line: Option<u16>, before: Pane) {
        let Some(line) = line else { return };
        let lines = self.trace.lines(self.session.store.len(), self.trace_rows(), &self.dividers());
        let Some(TraceLine::Row(position)) = lines.get(usize::from(line)) else { return };
        // A click on what is selected already opens it.
        if *position == self.trace.cursor && before == Pane::Trace && !self.trace.follow {
            return self.focus_on(Pane::Call);
        }
        self.trace.go_to(*position);
        self.detail_top = 0;
    }

    fn click_call(&mut self, line: u16) {
        if self.table.by != By::Call {
            return self.click_entry(line);
        }
        let (counts, blocked) = super::counts::shown(&self.session, &self.trace, &self.overlays);
        let rows = self.table.ordered(counts, blocked);
        let index = self.table.top + usize::from(line);
        if index < rows.len() {
            self.table.select(&rows, index);
        }
    }

    fn wheel(&mut self, pane: Pane, lines: i64) {
        let id = if lines < 0 { Id::Up } else { Id::Down };
        match pane {
            Pane::Trace => self.trace.scroll_by(lines, self.session.store.len(), self.trace_rows()),
            Pane::Histogram => self.move_in_table(id),
            Pane::Processes | Pane::Files => self.move_in_list(pane, id),
            Pane::Call => (0..WHEEL_LINES).for_each(|_| self.scroll_detail(id)),
            Pane::Program => self.program.scroll(-lines as i32),
        }
    }
}
