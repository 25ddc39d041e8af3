//! What the keys do in the list of columns, and the mouse on the headings.

use super::App;
use crate::tui::actions::Id;
use crate::tui::layout::Pane;
use crate::tui::state::columns::{self, Column, Columns};
use crate::tui::state::layer::Layer;
use crate::tui::view;

impl App {
    pub(super) fn change_columns(&mut self, id: Id) {
        let width = usize::from(self.layout.inner(Pane::Trace).width);
        let needs = view::trace::needs(self);
        let Some(Layer::Columns { line }) = self.layers.last_mut() else { return };
        let columns = &mut self.trace.columns;
        let last = columns.list.len().saturating_sub(1);
        match id {
            Id::Up => *line = line.saturating_sub(1),
            Id::Down => *line = (*line + 1).min(last),
            Id::PageUp => *line = 0,
            Id::PageDown => *line = last,
            Id::Toggle => columns.toggle(*line, width, needs),
            Id::MoveUp => *line = columns.move_by(*line, -1),
            Id::MoveDown => *line = columns.move_by(*line, 1),
            Id::Left => columns.widen(*line, -1, width, needs),
            Id::Right => columns.widen(*line, 1, width, needs),
            Id::Reset => *columns = Columns::default(),
            _ => {}
        }
    }

    /// The column whose right edge is at `column` of the trace's headings, or beside it.
    pub(super) fn edge_at(&self, column: u16) -> Option<Column> {
        let inner = self.layout.inner(Pane::Trace);
        let placed = self.trace.columns.place(usize::from(inner.width), view::trace::needs(self));
        let at = usize::from(column.checked_sub(inner.x)?);
        let ends = columns::ends(&placed);
        let near = ends.iter().take(ends.len().saturating_sub(1)).filter(|(_, end)| at.abs_diff(*end) <= 1);
        near.min_by_key(|(_, end)| at.abs_diff(*end)).map(|(column, _)| *column)
    }

    /// Drags the right edge of a column to `column` of the screen. What stands right of the text keeps its right edge, so it
    /// is the text that gives way.
    pub(super) fn drag_edge(&mut self, dragged: Column, column: u16) {
        let inner = self.layout.inner(Pane::Trace);
        let placed = self.trace.columns.place(usize::from(inner.width), view::trace::needs(self));
        let ends = columns::ends(&placed);
        let Some(index) = placed.iter().position(|p| p.column == dragged) else { return };
        let line = placed.iter().position(|p| p.column == Column::Line).unwrap_or(usize::MAX);
        let to = usize::from(column.saturating_sub(inner.x));
        let (end, by) = (ends[index].1, |width: usize| width as u16);
        if index < line {
            let width = (placed[index].width + to).saturating_sub(end);
            self.trace.columns.set_width(dragged, by(width));
        } else if let Some(next) = placed.get(index + 1) {
            let width = (next.width + end).saturating_sub(to);
            self.trace.columns.set_width(next.column, by(width));
        }
        self.dirty = true;
    }
}
