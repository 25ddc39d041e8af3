//! The rules of the active profile: what each says and where, how many calls it decided, and the first of them. Rules that
//! decided nothing are grey.

use ratatui::text::Line;

use super::listing::Listing;
use super::popup::{Content, text};
use crate::tui::actions::Id;
use crate::tui::app::{App, Overlay};
use crate::tui::format::{cut, fit, fit_right, short_count};
use crate::tui::theme::Role;

/// Columns of the numbers.
const RULE: usize = 5;
const LINE: usize = 6;
const CALLS: usize = 7;
const FIRST: usize = 9;

/// The rules, and a line for what none of them decides.
pub fn count(app: &App) -> usize {
    app.overlays.active().map_or(0, |overlay| overlay.judge.profile().rules().len() + 1)
}

pub(super) fn content(app: &App, selected: usize, width: usize) -> Content {
    let title = "Rules".to_owned();
    let Some(overlay) = app.overlays.active() else {
        return Content {
            title,
            lines: text(&format!("No profile is loaded; {} chooses one.", app.options.keymap.word(Id::Seccomp)), width),
            scroll: 0,
            cursor: None,
        };
    };
    let rules = overlay.judge.profile().rules();
    let unused = (0..rules.len()).filter(|&rule| overlay.blocked.of_rule(Some(rule)).calls == 0).count();
    let style = |role: Role| app.theme.style(role);
    let place = match app.overlays.place() {
        (place, count @ 2..) => format!(" ({place} of {count})"),
        _ => String::new(),
    };
    let name = overlay.profile.name();
    let mut head = text(
        &match rules.len() {
            0 => format!("{name}{place} is a program and has no rules."),
            n => format!("{name}{place}: {n} rules, of which {unused} decided none of the calls so far."),
        },
        width,
    );
    head.push(Line::default());
    let columns = [("rule", RULE), ("line", LINE), ("calls", CALLS), ("first row", FIRST)];
    let heading: String = columns.iter().map(|(word, breadth)| fit_right(word, *breadth) + " ").collect();
    head.push(Line::styled(cut(&format!("  {heading} what it says"), width), style(Role::Column)));
    let foot = vec![
        Line::default(),
        Line::styled(cut("Enter shows only its rows, [ and ] another profile, Esc closes", width), style(Role::Dim)),
    ];
    let listing = Listing { title, head, count: rules.len() + 1, selected, foot };
    listing.content(app, |at, here| {
        let used = overlay.blocked.of_rule((at < rules.len()).then_some(at)).calls > 0;
        let role = match (here, used) {
            (true, _) => Role::Selected,
            (false, true) => Role::Text,
            (false, false) => Role::Dim,
        };
        Line::styled(fit(&cut(&line(overlay, at, here), width), width), style(role))
    })
}

fn line(overlay: &Overlay, at: usize, here: bool) -> String {
    let profile = overlay.judge.profile();
    let rule = profile.rules().get(at);
    let used = overlay.blocked.of_rule(rule.map(|_| at));
    let says = match rule {
        // Why it takes no part is what its own circumstances say.
        Some(rule) if overlay.judge.takes_part(at) => rule.summary(),
        Some(rule) => format!("takes no part: {}", rule.summary()),
        None => format!("every other call: {}", profile.default_action()),
    };
    let number = rule.map_or("-".to_owned(), |_| (at + 1).to_string());
    let place = profile.rule_text(at).map_or("-".to_owned(), |(line, _)| line.to_string());
    let first = used.first.map_or("-".to_owned(), |row| row.to_string());
    let arrow = if here { ">" } else { " " };
    let numbers = [(number, RULE), (place, LINE), (short_count(used.calls), CALLS), (first, FIRST)];
    let numbers: String = numbers.iter().map(|(text, breadth)| fit_right(text, *breadth) + " ").collect();
    format!("{arrow} {numbers} {says}")
}
