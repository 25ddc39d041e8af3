//! How the page of what is remarkable looks: the findings, and of the selected one why it matters and what to do.

use ratatui::text::{Line, Span};

use super::popup::{Content, text};
use crate::patterns::{Finding, Severity};
use crate::tui::app::App;
use crate::tui::format::{cut, fit, width, wrap};
use crate::tui::theme::Role;

/// Columns of a label below the list.
const LABEL: usize = 8;

pub(super) fn content(app: &App, selected: usize, findings: &[Finding], columns: usize) -> Content {
    let style = |role: Role| app.theme.style(role);
    let title = "What is remarkable".to_owned();
    let Some(chosen) = findings.get(selected) else {
        let mut lines = text(NOTHING, columns);
        lines.push(Line::default());
        lines.push(Line::styled(cut("Esc closes", columns), style(Role::Dim)));
        return Content { title, lines, scroll: 0, cursor: None };
    };
    let mut below = vec![Line::default()];
    // The line of the list may be cut.
    below.extend(wrap(&head(chosen), columns).into_iter().map(|line| Line::styled(line, style(Role::Title))));
    for (label, words) in [("means", chosen.why.as_str()), ("to do", chosen.advice)] {
        for (index, part) in wrap(words, columns.saturating_sub(LABEL).max(8)).into_iter().enumerate() {
            let label = if index == 0 { label } else { "" };
            below.push(Line::from(vec![Span::styled(fit(label, LABEL), style(Role::Key)), Span::raw(part)]));
        }
    }
    below.push(Line::default());
    let keys =
        "Enter shows its rows, Up and Down choose, Esc closes;  !! likely a mistake  ! costs or risks  i good to know";
    below.extend(wrap(keys, columns).into_iter().map(|line| Line::styled(line, style(Role::Dim))));
    let room = usize::from(app.rows).saturating_sub(2 + below.len()).max(1);
    let first = (selected + 1).saturating_sub(room);
    let mut lines: Vec<Line<'static>> = Vec::new();
    for (index, finding) in findings.iter().enumerate().skip(first).take(room) {
        let here = index == selected;
        let (arrow, times) = (if here { ">" } else { " " }, finding.times());
        let room = columns.saturating_sub(width(&times) + 1);
        let left = cut(&format!("{arrow} {} {}", finding.severity.symbol(), head(finding)), room);
        let role = match (here, finding.severity) {
            (true, _) => Role::Selected,
            (false, Severity::Fault) => Role::Error,
            (false, Severity::Remark) => Role::Text,
            (false, Severity::Note) => Role::Dim,
        };
        lines.push(Line::styled(format!("{} {times}", fit(&left, room)), style(role)));
    }
    lines.extend(below);
    Content { title, lines, scroll: 0, cursor: None }
}

fn head(finding: &Finding) -> String {
    format!("{}: {}", finding.program, finding.title)
}

const NOTHING: &str = "Nothing so far. Pointed out are, among others: searches for files along many directories, reads and writes \
    of a few bytes, polling, errors that are ignored, descriptors that leak, storms of short-lived processes, slow fsync.";
