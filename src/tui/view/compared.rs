//! Profiles side by side: what each answers to each call that was made, those first to which the answers differ.
//!
//! Left out: two profiles that block as many calls of a name but not the same ones; the trace's columns show these.

use std::cmp::Reverse;

use ratatui::text::{Line, Span};

use super::answers::role;
use super::listing::Listing;
use super::popup::{Content, text};
use crate::abi::Arch;
use crate::decode;
use crate::policy::Action;
use crate::stats::CallStats;
use crate::tui::actions::Id;
use crate::tui::app::App;
use crate::tui::format::{count, cut, fit, fit_right, short_count};
use crate::tui::state::blocked::Answers;
use crate::tui::theme::Role;

const NAME: usize = 18;
const CALLS: usize = 7;
/// Narrower columns have letters instead of words.
const WORDS: usize = 12;

/// A call that was made.
pub struct Call {
    pub arch: Arch,
    pub nr: u64,
    pub name: String,
    calls: u64,
    differs: bool,
}

/// In the order in which they are shown.
pub fn calls(app: &App) -> Vec<Call> {
    let profiles = app.overlays.all();
    let answers = |row: &CallStats| {
        let (arch, nr) = (row.arch, row.nr);
        profiles.iter().map(move |overlay| overlay.blocked.answers(arch, nr).map_or(&[][..], Answers::each))
    };
    let mut calls: Vec<(u64, Call)> = app
        .session
        .histogram
        .rows()
        .filter(|row| !row.vdso)
        .map(|row| {
            let first = answers(row).next();
            let differs = answers(row).any(|each| Some(each) != first);
            let blocked = profiles.iter().map(|o| o.blocked.of_call(row.arch, row.nr)).max().unwrap_or(0);
            let name = decode::call_name(row.arch, row.nr).into_owned();
            (blocked, Call { arch: row.arch, nr: row.nr, name, calls: row.count, differs })
        })
        .collect();
    calls.sort_by(|(a_blocked, a), (b_blocked, b)| {
        let key = |blocked: u64, call: &Call| (Reverse(call.differs), Reverse(blocked), Reverse(call.calls));
        key(*a_blocked, a).cmp(&key(*b_blocked, b)).then_with(|| a.name.cmp(&b.name))
    });
    calls.into_iter().map(|(_, call)| call).collect()
}

pub(super) fn content(app: &App, selected: usize, width: usize) -> Content {
    let title = "Profiles side by side".to_owned();
    let profiles = app.overlays.all();
    if profiles.is_empty() {
        return Content {
            title,
            lines: text(&format!("No profile is loaded; {} chooses one.", app.options.keymap.word(Id::Seccomp)), width),
            scroll: 0,
            cursor: None,
        };
    }
    let style = |role: Role| app.theme.style(role);
    let (active, _) = app.overlays.place();
    let column = width.saturating_sub(2 + NAME + 1 + CALLS) / profiles.len();
    let calls = calls(app);
    let differing = calls.iter().filter(|call| call.differs).count();
    let mut head = text(&first_words(app, differing, calls.len()), width);
    head.push(Line::default());
    let mut heading =
        vec![Span::styled(format!("  {} {}", fit("call", NAME), fit_right("calls", CALLS)), style(Role::Column))];
    let mut totals = vec![Span::raw(format!(
        "  {} {}",
        fit("all that would not run", NAME),
        fit_right(&short_count(app.session.histogram.calls()), CALLS)
    ))];
    for (number, overlay) in (1..).zip(profiles) {
        let role = if number == active { Role::Title } else { Role::Column };
        let word = fit(
            &cut(&format!("{number} {}", overlay.profile.name()), column.saturating_sub(1)),
            column.saturating_sub(1),
        );
        heading.push(Span::styled(format!(" {word}"), style(role)));
        let total = fit(&count(overlay.blocked.total()), column.saturating_sub(1));
        totals.push(Span::styled(format!(" {total}"), style(Role::Text)));
    }
    head.extend([Line::from(heading), Line::from(totals)]);
    let words = "Enter shows only this call's rows, [ and ] another profile, S loads one, d unloads one";
    let foot = vec![Line::default(), Line::styled(cut(words, width), style(Role::Dim))];
    let listing = Listing { title, head, count: calls.len(), selected, foot };
    listing.content(app, |at, here| {
        let call = &calls[at];
        let (arrow, role) = if here { (">", Role::Selected) } else { (" ", Role::Text) };
        // A sign as well as the order.
        let sign = if call.differs { "≠" } else { " " };
        let name = fit(&call.name, NAME);
        let left = format!("{arrow}{sign}{name} {}", fit_right(&short_count(call.calls), CALLS));
        let mut spans = vec![Span::styled(left, style(role))];
        for (number, overlay) in (1..).zip(profiles) {
            let answers = overlay.blocked.answers(call.arch, call.nr);
            let (words, role) = cell(answers, call.calls, column.saturating_sub(1), number == active);
            spans.push(Span::styled(format!(" {words}"), style(role)));
        }
        Line::from(spans)
    })
}

fn first_words(app: &App, differing: usize, all: usize) -> String {
    match (app.overlays.all().len(), differing) {
        (1, _) => format!(
            "One profile is loaded; {} loads another one to compare it with.",
            app.options.keymap.word(Id::ChooseProfile)
        ),
        (_, 0) => format!("The profiles answer alike to the {all} calls so far."),
        (_, n) => format!("The profiles answer differently to {n} of the {all} calls so far (≠)."),
    }
}

/// What a profile answers to a call: `ALLOW`, `ERRNO EPERM`, `3 ERRNO EPERM` if it is so for 3 of them only.
fn cell(answers: Option<&Answers>, calls: u64, width: usize, active: bool) -> (String, Role) {
    let each = answers.map_or(&[][..], Answers::each);
    let Some((strictest, _)) = each.first() else {
        let word = if width < WORDS { Action::Allow.symbol().to_string() } else { "ALLOW".to_owned() };
        return (fit(&word, width), Role::Dim);
    };
    let one = |(action, number): &(Action, u64)| {
        let word = if width < WORDS { action.symbol().to_string() } else { action.to_string() };
        if *number == calls { word } else { format!("{} {word}", short_count(*number)) }
    };
    let words: Vec<String> = each.iter().map(one).collect();
    (fit(&cut(&words.join(", "), width), width), role(*strictest, active))
}
