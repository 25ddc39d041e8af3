//! Which pane stands where, from the size of the screen and what is focused. Pure geometry.
//! Left out: what the panes show (`view`).

use ratatui::layout::Rect;

use crate::config::SHARE;

/// The panes of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Pane {
    Trace,
    Histogram,
    Processes,
    Files,
    Call,
    Program,
}

impl Pane {
    /// In the order in which Tab goes through them.
    pub const ALL: [Pane; 6] = [Pane::Trace, Pane::Histogram, Pane::Processes, Pane::Files, Pane::Call, Pane::Program];

    /// The word of settings and of sentences.
    pub fn name(self) -> &'static str {
        match self {
            Pane::Trace => "trace",
            Pane::Histogram => "histogram",
            Pane::Processes => "processes",
            Pane::Files => "files",
            Pane::Call => "call",
            Pane::Program => "program",
        }
    }

    /// One of those that share a place: a table about the whole run.
    pub fn is_table(self) -> bool {
        matches!(self, Pane::Histogram | Pane::Processes | Pane::Files)
    }
}

/// A set of panes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Panes(u8);

impl Panes {
    pub fn has(self, pane: Pane) -> bool {
        self.0 & 1 << pane as u8 != 0
    }

    pub fn add(&mut self, pane: Pane) {
        self.0 |= 1 << pane as u8;
    }

    pub fn remove(&mut self, pane: Pane) {
        self.0 &= !(1 << pane as u8);
    }
}

/// How the user likes the panes to stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrangement {
    /// Not shown until they are asked for. The trace always is.
    pub hidden: Panes,
    /// The table beside the trace, until another one is focused.
    pub table: Pane,
    pub split: Split,
}

impl Default for Arrangement {
    fn default() -> Arrangement {
        Arrangement { hidden: Panes::default(), table: Pane::Histogram, split: Split::default() }
    }
}

/// What the geometry depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    pub cols: u16,
    pub rows: u16,
    pub focus: Pane,
    /// The pane beside the trace when there is room for two only.
    pub side: Pane,
    pub arrangement: Arrangement,
    pub zoom: bool,
    /// Whether there is a program's terminal to show.
    pub program: bool,
    /// Lines that the box of a tour would like to have; 0: no tour runs.
    pub tour: u16,
}

/// Where the borders between panes are, as the user moved them; in percent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Split {
    /// The trace's part of the height.
    pub rows: u16,
    /// The trace's part of the width.
    pub cols: u16,
    /// The part of the width that the call has beside the program.
    pub lower: u16,
}

impl Default for Split {
    fn default() -> Split {
        Split { rows: 60, cols: 63, lower: 46 }
    }
}

impl Split {
    /// Moves the borders by percents; every pane keeps some room.
    pub fn moved(self, rows: i16, cols: i16) -> Split {
        let by = |value: u16, by: i16| Some(value.saturating_add_signed(by));
        self.at(by(self.rows, rows), by(self.cols, cols))
    }

    /// Puts borders at these percents; every pane keeps some room.
    pub fn at(self, rows: Option<u16>, cols: Option<u16>) -> Split {
        Split { rows: kept(rows.unwrap_or(self.rows)), cols: kept(cols.unwrap_or(self.cols)), ..self }
    }

    /// Moves the border between call and program.
    pub fn moved_below(self, cols: i16) -> Split {
        Split { lower: kept(self.lower.saturating_add_signed(cols)), ..self }
    }
}

/// Where everything stands. A pane that is not in the list is not shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Layout {
    pub header: Rect,
    pub panes: Vec<(Pane, Rect)>,
    /// The box of the tour, between panes and bar; empty without one.
    pub tour: Rect,
    pub bar: Rect,
}

/// What one press of a key moves a border by, in percent.
pub const SPLIT_STEP: i16 = 5;
/// Room for all four panes.
const FULL: (u16, u16) = (100, 28);
/// Room for two panes.
const PAIR: (u16, u16) = (40, 12);
/// Lines that four and two panes need where a tour has taken some.
const LEFT_FOR_FOUR: u16 = 20;
const LEFT_FOR_TWO: u16 = 16;
/// From this width on, two panes stand side by side when the screen is low.
const WIDE: u16 = 130;

impl Shape {
    pub fn layout(&self) -> Layout {
        let full = self.cols >= FULL.0 && self.rows >= FULL.1;
        let header_rows = match self.rows {
            0..=2 => 0,
            _ if full => 2,
            _ => 1,
        };
        let bar_rows = u16::from(self.rows >= 4);
        let header = Rect::new(0, 0, self.cols, header_rows);
        let body = Rect::new(0, header_rows, self.cols, self.rows - header_rows - bar_rows);
        let bar = Rect::new(0, self.rows - bar_rows, self.cols, bar_rows);
        let (body, tour) = split_rows(body, body.height - self.tour_rows(body.height));
        let beside = tour.height > 0;
        let panes = if self.zoom || self.cols < PAIR.0 || self.rows < PAIR.1 {
            vec![(self.focus, body)]
        } else if full && (!beside || body.height >= LEFT_FOR_FOUR) {
            self.four(body)
        } else if !beside || body.height >= LEFT_FOR_TWO || self.cols >= WIDE {
            self.two(body)
        } else {
            vec![(self.focus, body)]
        };
        Layout { header, panes, tour, bar }
    }

    /// A tour gets what it needs, but leaves half of the lines; with so few that it could say nothing, it gets none.
    fn tour_rows(&self, body: u16) -> u16 {
        Some(self.tour.min(body / 2)).filter(|&rows| rows >= 4).unwrap_or(0)
    }

    fn four(&self, body: Rect) -> Vec<(Pane, Rect)> {
        let split = self.arrangement.split;
        let (table, call) = (self.shows(self.arrangement.table), self.shows(Pane::Call));
        let program = self.program && self.shows(Pane::Program);
        let below = if call || program { share(body.height, 100 - split.rows) } else { 0 };
        let (top, bottom) = split_rows(body, body.height - below);
        let (trace, beside) = split_cols(top, if table { share(body.width, split.cols) } else { body.width });
        let left = match (call, program) {
            (true, true) => share(body.width, split.lower),
            (call, _) => {
                if call {
                    body.width
                } else {
                    0
                }
            }
        };
        let (left, right) = split_cols(bottom, left);
        let places = [
            (true, Pane::Trace, trace),
            (table, self.arrangement.table, beside),
            (call, Pane::Call, left),
            (program, Pane::Program, right),
        ];
        places.into_iter().filter(|place| place.0).map(|(_, pane, area)| (pane, area)).collect()
    }

    fn two(&self, body: Rect) -> Vec<(Pane, Rect)> {
        let split = self.arrangement.split;
        if !self.shows(self.side) {
            return vec![(Pane::Trace, body)];
        }
        let (trace, side) = if self.cols >= WIDE {
            split_cols(body, share(body.width, split.cols))
        } else {
            split_rows(body, share(body.height, split.rows))
        };
        vec![(Pane::Trace, trace), (self.side, side)]
    }

    fn shows(&self, pane: Pane) -> bool {
        !self.arrangement.hidden.has(pane)
    }

    /// Rows and columns of the program's terminal: those of its pane, or those that it would have if it were shown, so
    /// that going from pane to pane does not make the program redraw.
    pub fn program_size(&self) -> (u16, u16) {
        let mut shown = Shape { side: Pane::Program, program: true, ..*self };
        shown.arrangement.hidden.remove(Pane::Program);
        let layout = shown.layout();
        let area = match layout.area(Pane::Program) {
            Some(area) => area,
            None => {
                let focused = Shape { focus: Pane::Program, ..shown };
                let single = self.cols < PAIR.0 || self.rows < PAIR.1;
                let unzoomed = Shape { zoom: single, ..focused };
                unzoomed.layout().area(Pane::Program).unwrap_or_default()
            }
        };
        let inner = inner(area);
        (inner.height.max(1), inner.width.max(1))
    }
}

impl Layout {
    pub fn area(&self, pane: Pane) -> Option<Rect> {
        self.panes.iter().find(|(p, _)| *p == pane).map(|(_, area)| *area)
    }

    /// The inside of a pane; empty when it is not shown.
    pub fn inner(&self, pane: Pane) -> Rect {
        self.area(pane).map(inner).unwrap_or_default()
    }

    pub fn at(&self, column: u16, row: u16) -> Option<Pane> {
        self.panes.iter().find(|(_, area)| area.contains((column, row).into())).map(|(pane, _)| *pane)
    }
}

/// Whether a pane of this size has a border; without the room for one it is all content.
pub fn bordered(area: Rect) -> bool {
    area.width >= 8 && area.height >= 4
}

/// A pane without its border.
pub fn inner(area: Rect) -> Rect {
    if bordered(area) { Rect::new(area.x + 1, area.y + 1, area.width - 2, area.height - 2) } else { area }
}

fn kept(percent: u16) -> u16 {
    percent.clamp(SHARE.0, SHARE.1)
}

fn share(length: u16, percent: u16) -> u16 {
    (u32::from(length) * u32::from(percent) / 100) as u16
}

fn split_rows(area: Rect, first: u16) -> (Rect, Rect) {
    let top = Rect { height: first, ..area };
    let bottom = Rect { y: area.y + first, height: area.height - first, ..area };
    (top, bottom)
}

fn split_cols(area: Rect, first: u16) -> (Rect, Rect) {
    let left = Rect { width: first, ..area };
    let right = Rect { x: area.x + first, width: area.width - first, ..area };
    (left, right)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(cols: u16, rows: u16) -> Shape {
        Shape {
            cols,
            rows,
            focus: Pane::Trace,
            side: Pane::Histogram,
            zoom: false,
            program: true,
            tour: 0,
            arrangement: Arrangement::default(),
        }
    }

    #[test]
    fn panes_cover_the_screen_and_never_overlap() {
        for cols in 0..=140 {
            for rows in 0..=45 {
                for (zoom, by, tour) in [(false, 0, 0), (true, 0, 9), (false, 100, 0), (false, -100, 0), (false, 0, 14)]
                {
                    let split = Split::default().moved(by, by);
                    let mut hidden = Panes::default();
                    for pane in [Pane::Histogram, Pane::Call, Pane::Program].into_iter().filter(|_| cols % 3 == 0) {
                        if (rows + pane as u16) % 3 < 2 {
                            hidden.add(pane);
                        }
                    }
                    let arrangement = Arrangement { split, hidden, ..Arrangement::default() };
                    let shape = Shape { zoom, tour, arrangement, ..shape(cols, rows) };
                    let layout = shape.layout();
                    let parts = layout.panes.iter().map(|(_, a)| *a).chain([layout.header, layout.tour, layout.bar]);
                    let cells: u32 = parts.map(|a| u32::from(a.width) * u32::from(a.height)).sum();
                    assert_eq!(cells, u32::from(cols) * u32::from(rows), "{cols}x{rows}");
                    for (_, area) in &layout.panes {
                        assert!(area.right() <= cols && area.bottom() <= rows);
                    }
                }
            }
        }
    }

    #[test]
    fn small_screens_show_fewer_panes() {
        assert_eq!(shape(120, 40).layout().panes.len(), 4);
        assert_eq!(shape(80, 24).layout().panes.len(), 2);
        assert_eq!(shape(30, 10).layout().panes.len(), 1);
    }

    #[test]
    fn hidden_panes_leave_their_place_to_others() {
        let without = |cols, rows, panes: &[Pane]| {
            let mut shape = shape(cols, rows);
            panes.iter().for_each(|pane| shape.arrangement.hidden.add(*pane));
            (shape.layout(), shape.program_size())
        };
        let (all, size) = without(120, 40, &[]);
        let (layout, same) = without(120, 40, &[Pane::Histogram, Pane::Program]);
        assert_eq!(layout.panes.iter().map(|(pane, _)| *pane).collect::<Vec<_>>(), [Pane::Trace, Pane::Call]);
        assert!(layout.panes.iter().all(|(_, area)| area.width == 120));
        assert_eq!(same, size, "the program keeps its size while it is out of sight");
        let (layout, _) = without(120, 40, &[Pane::Call]);
        assert_eq!(layout.area(Pane::Program).map(|area| area.width), Some(120));
        let (layout, _) = without(120, 40, &[Pane::Call, Pane::Program]);
        assert!(layout.area(Pane::Trace).map(|area| area.height) > all.area(Pane::Trace).map(|area| area.height));
        assert_eq!(without(80, 24, &[Pane::Histogram]).0.panes.len(), 1);
        let files = Arrangement { table: Pane::Files, ..Arrangement::default() };
        let layout = Shape { arrangement: files, ..shape(120, 40) }.layout();
        assert_eq!(layout.area(Pane::Files), all.area(Pane::Histogram));
    }

    #[test]
    fn a_tour_takes_the_place_of_a_pane_where_there_is_no_other() {
        let touring = |cols, rows| Shape { tour: 14, ..shape(cols, rows) }.layout();
        assert_eq!((touring(120, 40).panes.len(), touring(120, 40).tour.height), (4, 14));
        assert_eq!((touring(100, 34).panes.len(), touring(140, 24).panes.len()), (2, 2));
        assert_eq!((touring(80, 24).panes.len(), touring(80, 24).tour), (1, Rect::new(0, 12, 80, 11)));
        assert_eq!(touring(30, 8).tour.height, 0, "no room for a word");
        for focus in [Pane::Trace, Pane::Program] {
            let shape = Shape { tour: 14, focus, ..shape(80, 24) };
            assert_eq!(shape.program_size(), (9, 78), "whichever pane is shown");
        }
    }

    #[test]
    fn the_program_keeps_its_size_when_another_pane_takes_its_place() {
        let there = Shape { side: Pane::Program, ..shape(80, 24) };
        assert_eq!(shape(80, 24).program_size(), there.program_size());
        let zoomed_trace = Shape { zoom: true, ..shape(120, 40) };
        assert_eq!(zoomed_trace.program_size(), shape(120, 40).program_size());
        let zoomed = Shape { zoom: true, focus: Pane::Program, ..shape(120, 40) };
        assert!(zoomed.program_size() > shape(120, 40).program_size());
        assert_eq!(shape(0, 0).program_size(), (1, 1));
    }
}
