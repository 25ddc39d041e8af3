//! The columns of the trace: which there are, in which order, how wide. Left out: what stands in them (`view::cells`).

/// What a column shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Column {
    Marks,
    Row,
    Clock,
    Time,
    Since,
    SinceOfTask,
    Task,
    Pid,
    Tid,
    Call,
    Line,
    Result,
    Took,
    Bytes,
}

/// When a column is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Show {
    /// If there is room.
    Auto,
    Always,
    Never,
}

/// A column as the user left it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chosen {
    pub column: Column,
    pub show: Show,
    /// None: what it needs.
    pub width: Option<u16>,
}

/// All columns from left to right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    pub list: Vec<Chosen>,
}

/// What the width of columns depends on besides the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needs {
    /// Rows that are stored.
    pub rows: u64,
    /// There is more than one task.
    pub several: bool,
    /// Columns of a task's name and number.
    pub task: u16,
    /// Columns for the letters of several profiles, which stand behind the marks.
    pub profiles: u16,
}

/// A column on the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    pub column: Column,
    pub width: usize,
}

/// Least and most that a column can be made.
pub const WIDTHS: (u16, u16) = (2, 400);
/// What is left for the text at least, before columns give way.
const TEXT: usize = 12;

impl Column {
    pub const ALL: [Column; 14] = [
        Column::Marks,
        Column::Row,
        Column::Clock,
        Column::Time,
        Column::Since,
        Column::SinceOfTask,
        Column::Task,
        Column::Pid,
        Column::Tid,
        Column::Call,
        Column::Line,
        Column::Result,
        Column::Took,
        Column::Bytes,
    ];

    /// As settings call it.
    pub fn name(self) -> &'static str {
        match self {
            Column::Marks => "marks",
            Column::Row => "row",
            Column::Clock => "clock",
            Column::Time => "time",
            Column::Since => "since",
            Column::SinceOfTask => "since-of-task",
            Column::Task => "task",
            Column::Pid => "pid",
            Column::Tid => "tid",
            Column::Call => "name",
            Column::Line => "call",
            Column::Result => "result",
            Column::Took => "took",
            Column::Bytes => "bytes",
        }
    }

    pub fn named(name: &str) -> Option<Column> {
        Column::ALL.into_iter().find(|column| column.name() == name)
    }

    pub fn heading(self) -> &'static str {
        match self {
            Column::Marks => "",
            Column::Row => "#",
            Column::Clock => "time UTC",
            Column::Since => "+time",
            Column::SinceOfTask => "+of task",
            other => other.name(),
        }
    }

    pub fn about(self) -> &'static str {
        match self {
            Column::Marks => "bookmark or verdict; error, signal, who had a hand in it",
            Column::Row => "number of the row",
            Column::Clock => "time of day, in UTC",
            Column::Time => "seconds since the start",
            Column::Since => "time since the row above",
            Column::SinceOfTask => "time since the row of the same task before",
            Column::Task => "name and number of the task",
            Column::Pid => "number of the process",
            Column::Tid => "number of the thread",
            Column::Call => "name of the call alone",
            Column::Line => "the call with its arguments; takes what is left",
            Column::Result => "what the call returned",
            Column::Took => "time from entry to exit",
            Column::Bytes => "bytes that the call moved",
        }
    }

    /// Its text stands at the right edge.
    pub fn right(self) -> bool {
        !matches!(self, Column::Marks | Column::Task | Column::Call | Column::Line | Column::Result)
    }

    /// What it needs; the text takes what is left.
    fn needs(self, needs: Needs) -> u16 {
        match self {
            Column::Marks => 2 + needs.profiles,
            Column::Row => (needs.rows.checked_ilog10().unwrap_or(0) as u16 + 1).max(5),
            Column::Clock => 15,
            Column::Time => 10,
            Column::Since | Column::SinceOfTask => 8,
            Column::Task if needs.several => needs.task,
            Column::Task => 8,
            Column::Pid | Column::Tid => 7,
            Column::Call => 14,
            Column::Line => 0,
            Column::Result => 20,
            Column::Took | Column::Bytes => 7,
        }
    }

    /// How wide the pane must be for a column that is shown if there is room; None: only when asked for.
    fn least_width(self, needs: Needs) -> Option<usize> {
        Some(match self {
            Column::Marks | Column::Line | Column::Result => 0,
            Column::Time => 36,
            Column::Row => 50,
            Column::Task if needs.several => 56,
            Column::Task => 90,
            Column::Took => 110,
            Column::Bytes => 140,
            Column::Since => 160,
            Column::Clock | Column::SinceOfTask | Column::Pid | Column::Tid | Column::Call => return None,
        })
    }
}

impl Default for Columns {
    fn default() -> Columns {
        let chosen = |column| Chosen { column, show: Show::Auto, width: None };
        Columns { list: Column::ALL.map(chosen).to_vec() }
    }
}

impl Columns {
    /// Exactly these, with their widths; the others can be switched on. For settings.
    pub fn of(shown: &[(Column, Option<u16>)]) -> Columns {
        let always = |&(column, width): &(Column, Option<u16>)| Chosen { column, show: Show::Always, width };
        let mut list: Vec<Chosen> = Vec::new();
        for chosen in shown.iter().map(always) {
            if list.iter().all(|known| known.column != chosen.column) {
                list.push(chosen);
            }
        }
        for column in Column::ALL {
            if list.iter().all(|known| known.column != column) {
                list.push(Chosen { column, show: Show::Never, width: None });
            }
        }
        Columns { list }
    }

    /// Whether a column is shown in a pane of this width.
    pub fn shown(&self, index: usize, width: usize, needs: Needs) -> bool {
        self.list.get(index).is_some_and(|chosen| match chosen.show {
            Show::Always => true,
            Show::Never => false,
            Show::Auto => chosen.column.least_width(needs).is_some_and(|from| width >= from),
        })
    }

    /// Shows a column in a pane of this width, or no longer.
    pub fn toggle(&mut self, index: usize, width: usize, needs: Needs) {
        let show = if self.shown(index, width, needs) { Show::Never } else { Show::Always };
        if let Some(chosen) = self.list.get_mut(index) {
            chosen.show = show;
        }
    }

    /// Moves a column; where it stands then.
    pub fn move_by(&mut self, index: usize, places: isize) -> usize {
        let to = index.saturating_add_signed(places).min(self.list.len().saturating_sub(1));
        if index < self.list.len() {
            let chosen = self.list.remove(index);
            self.list.insert(to, chosen);
        }
        to
    }

    /// Makes a column wider or narrower than it is in a pane of this width.
    pub fn widen(&mut self, index: usize, by: i16, width: usize, needs: Needs) {
        let Some(column) = self.list.get(index).map(|chosen| chosen.column) else { return };
        let placed = self.place(width, needs).into_iter().find(|placed| placed.column == column);
        let now = placed.map_or(column.needs(needs), |placed| placed.width as u16);
        self.set_width(column, now.saturating_add_signed(by));
    }

    pub fn set_width(&mut self, column: Column, width: u16) {
        if let Some(chosen) = self.list.iter_mut().find(|chosen| chosen.column == column) {
            chosen.width = Some(width.clamp(WIDTHS.0, WIDTHS.1));
        }
    }

    /// The columns of a pane of this width, one space between two, none behind the marks. Where there is no room, those
    /// furthest right that are not the text give way.
    pub fn place(&self, width: usize, needs: Needs) -> Vec<Placed> {
        let mut placed: Vec<Placed> = Vec::new();
        for (index, chosen) in self.list.iter().enumerate() {
            if self.shown(index, width, needs) {
                let width = usize::from(chosen.width.unwrap_or(chosen.column.needs(needs)));
                placed.push(Placed { column: chosen.column, width });
            }
        }
        let own = |column| self.list.iter().find(|chosen| chosen.column == column).and_then(|chosen| chosen.width);
        let line = |placed: &[Placed]| placed.iter().position(|p| p.column == Column::Line);
        let fixed = |placed: &[Placed]| -> usize {
            let text = |p: &Placed| match p.column {
                Column::Line => 0,
                // Beside the text it gives way to it.
                Column::Result if line(placed).is_some() && own(Column::Result).is_none() => 0,
                _ => p.width,
            };
            placed.iter().map(|p| text(p) + gap(p.column)).sum::<usize>().saturating_sub(1)
        };
        let least = |placed: &[Placed]| if line(placed).is_some() { TEXT.min(width) } else { 0 };
        while fixed(&placed) + least(&placed) > width {
            let Some(last) = placed.iter().rposition(|p| p.column != Column::Line) else { break };
            placed.remove(last);
        }
        let Some(at) = line(&placed) else { return placed };
        let room = width.saturating_sub(fixed(&placed));
        let result = placed.iter().position(|p| p.column == Column::Result);
        match result {
            Some(result) if own(Column::Result).is_none() => {
                // Call and result share what is left; the space between them is not theirs.
                let both = room + 1;
                placed[result].width = (both / 5).clamp(8, 40).min(both / 2);
                placed[at].width = room.saturating_sub(placed[result].width);
            }
            _ => placed[at].width = room,
        }
        if let Some(own) = own(Column::Line) {
            placed[at].width = placed[at].width.min(usize::from(own));
        }
        placed
    }
}

/// Columns between a column and the next.
pub fn gap(column: Column) -> usize {
    usize::from(column != Column::Marks)
}

/// Where each column ends, from the pane's left edge.
pub fn ends(placed: &[Placed]) -> Vec<(Column, usize)> {
    let mut at = 0;
    let mut ends = Vec::with_capacity(placed.len());
    for p in placed {
        ends.push((p.column, at + p.width));
        at += p.width + gap(p.column);
    }
    ends
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEEDS: Needs = Needs { rows: 12_481, several: true, task: 12, profiles: 0 };

    fn names(columns: &Columns, width: usize) -> Vec<&'static str> {
        columns.place(width, NEEDS).iter().map(|placed| placed.column.name()).collect()
    }

    #[test]
    fn a_wider_pane_shows_more() {
        let columns = Columns::default();
        assert_eq!(names(&columns, 30), ["marks", "call", "result"]);
        assert_eq!(names(&columns, 78), ["marks", "row", "time", "task", "call", "result"]);
        assert_eq!(names(&columns, 198), ["marks", "row", "time", "since", "task", "call", "result", "took", "bytes"]);
    }

    #[test]
    fn nothing_is_wider_than_the_pane() {
        let mut all = Columns::default();
        all.list.iter_mut().for_each(|chosen| chosen.show = Show::Always);
        let mut wide = all.clone();
        wide.list.iter_mut().for_each(|chosen| chosen.width = Some(30));
        let own = Columns::of(&[(Column::Result, None), (Column::Line, Some(9)), (Column::Bytes, None)]);
        for columns in [Columns::default(), all, wide, own] {
            for width in 0..=260 {
                let placed = columns.place(width, NEEDS);
                let end = ends(&placed).last().map_or(0, |(_, end)| *end);
                assert!(end <= width.max(2), "{end} of {width}: {placed:?}");
            }
        }
    }

    #[test]
    fn one_chooses_moves_and_widens() {
        let mut columns = Columns::default();
        let time = columns.list.iter().position(|chosen| chosen.column == Column::Time).expect("there");
        columns.toggle(time, 78, NEEDS);
        assert_eq!(names(&columns, 78), ["marks", "row", "task", "call", "result"]);
        columns.toggle(time, 78, NEEDS);
        assert_eq!(columns.move_by(time, -2), time - 2);
        assert_eq!(names(&columns, 78), ["marks", "time", "row", "task", "call", "result"]);
        columns.widen(time - 2, 3, 78, NEEDS);
        assert_eq!(columns.place(78, NEEDS)[1], Placed { column: Column::Time, width: 13 });
        assert_eq!(columns.move_by(0, -1), 0);
        assert_eq!(Column::ALL.map(|column| Column::named(column.name())), Column::ALL.map(Some));
    }
}
