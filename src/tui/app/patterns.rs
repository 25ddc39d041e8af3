//! The page of what is remarkable: what its keys do. Left out: what is looked for (`patterns`).

use super::App;
use crate::patterns::Finding;
use crate::query::Filter;
use crate::tui::actions::Id;
use crate::tui::state::layer::Layer;

impl App {
    /// The findings stay as they are while they are read; opened again, the page shows those of then.
    pub(super) fn show_patterns(&mut self) {
        self.session.count_remarks();
        let findings = self.session.findings();
        self.layers.push(Layer::Patterns { line: 0, findings });
    }

    pub(super) fn move_in_patterns(&mut self, id: Id) {
        let Some(Layer::Patterns { line, findings }) = self.layers.last_mut() else { return };
        let last = findings.len().saturating_sub(1);
        *line = match id {
            Id::Up => line.saturating_sub(1),
            Id::Down => (*line + 1).min(last),
            Id::PageUp => 0,
            Id::PageDown => last,
            _ => *line,
        };
    }

    /// Shows only the rows of a finding, from its first on.
    pub(super) fn show_evidence(&mut self, line: usize, findings: &[Finding]) {
        let Some(finding) = findings.get(line) else { return };
        let text = finding.filter();
        match Filter::parse(&text) {
            Ok(filter) => {
                self.set_filter(filter, text);
                self.trace.set_follow(false);
                self.trace.go_to(0);
                let kept = match finding.count > finding.rows.len() as u64 {
                    true => format!(", the first {} rows", finding.rows.len()),
                    false => String::new(),
                };
                self.say(format!("{}: {}{kept}. Esc shows every row again.", finding.program, finding.title));
            }
            Err(error) => self.say(format!("The rows cannot be shown: {error}.")),
        }
    }
}
