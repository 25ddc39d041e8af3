//! Where calls exist: calls by architectures, and since which kernel. The columns scroll sideways.

use std::collections::BTreeSet;

use ratatui::text::Line;

use super::listing::Listing;
use super::popup::{Content, text};
use crate::abi;
use crate::policy::{self, portable};
use crate::tui::app::App;
use crate::tui::format::{cut, fit, fit_right};
use crate::tui::state::layer::Places;
use crate::tui::theme::Role;

const NAME: usize = 20;
const SINCE: usize = 7;

/// The calls so far, or those that the active profile allows; by name.
pub fn names(app: &App, allowed: bool) -> Vec<&'static str> {
    match app.overlays.active().filter(|_| allowed) {
        Some(overlay) => {
            let mut names = policy::allowed(&overlay.judge);
            names.sort_unstable();
            names
        }
        None => {
            let rows = app.session.histogram.rows().filter(|row| !row.vdso);
            let names: BTreeSet<_> = rows.filter_map(|row| Some(abi::lookup(row.arch, row.nr)?.name)).collect();
            names.into_iter().collect()
        }
    }
}

pub(super) fn content(app: &App, page: Places, width: usize) -> Content {
    let style = |role: Role| app.theme.style(role);
    let names = names(app, page.allowed);
    let whose = match app.overlays.active().filter(|_| page.allowed) {
        Some(overlay) => format!("what {} allows", overlay.profile.name()),
        None => "the calls so far".to_owned(),
    };
    let mut head = text(&format!("Of {whose}, {}", portable::summary(&names)), width);
    head.push(Line::default());
    let columns: Vec<&str> = portable::architectures().skip(page.column).collect();
    let heading: String = columns.iter().map(|arch| format!(" {arch}")).collect();
    // An arrow where there is more to the left.
    let more = if page.column > 0 { "<" } else { " " };
    let heading = format!("  {} {}{more}{heading}", fit("call", NAME), fit_right("since", SINCE));
    head.push(Line::styled(cut(&heading, width), style(Role::Column)));
    let mut foot = vec![Line::default()];
    let selected = names.get(page.line);
    if let Some(name) = selected {
        let siblings = portable::siblings(name);
        let words = match siblings.is_empty() {
            true => format!("{name} has no siblings that another libc or machine would use instead."),
            false => format!("Another libc, kernel or machine uses instead of {name}: {}.", siblings.join(", ")),
        };
        foot.extend(text(&words, width));
    }
    let words = match app.overlays.active() {
        Some(_) => "Left and Right scroll, Enter shows only its rows, Tab: calls made or allowed, Esc closes",
        None => "Left and Right scroll, Enter shows only its rows, Esc closes",
    };
    foot.push(Line::styled(cut(words, width), style(Role::Dim)));
    let listing =
        Listing { title: "Where calls exist".to_owned(), head, count: names.len(), selected: page.line, foot };
    listing.content(app, |at, here| {
        let place = portable::place(names[at]);
        let since = place.since.unwrap_or("-");
        let arrow = if here { ">" } else { " " };
        let cells: String = place
            .on
            .iter()
            .skip(page.column)
            .zip(&columns)
            .map(|(there, arch)| format!(" {}", fit(if *there { "+" } else { "-" }, arch.len())))
            .collect();
        let line = format!("{arrow} {} {} {cells}", fit(names[at], NAME), fit_right(since, SINCE));
        let everywhere = place.on.iter().all(|there| *there);
        let role = match (here, everywhere) {
            (true, _) => Role::Selected,
            (false, true) => Role::Text,
            (false, false) => Role::Warning,
        };
        Line::styled(fit(&cut(&line, width), width), style(role))
    })
}
