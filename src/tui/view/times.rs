//! What the time of a call says, and what it does not: the tracer's own part of it, and the time that sysview made the
//! call wait. Left out: the picture of many times (`latency`).

use crate::model::{CallRow, Marks};
use crate::source::Floor;
use crate::tui::app::App;
use crate::tui::format::duration;

/// Up to this many times the floor, the tracer's part is worth a word.
const NEAR: u64 = 20;

/// For the narrow column of the trace: `31 us`, `≤19 us` where it is mostly the tracer's, `held`, `delayed`.
pub fn column(app: &App, seq: u64, entered_ns: u64, call: &CallRow) -> Option<String> {
    let ns = call.duration_ns(entered_ns)?;
    if app.session.holds.was_at_entry(seq) {
        return Some("held".to_owned());
    }
    if call.marks.has(Marks::DELAYED) {
        return Some("delayed".to_owned());
    }
    let mostly_ours =
        app.session.floor().filter(|_| !call.marks.has(Marks::VDSO)).is_some_and(|floor| below(floor, ns));
    Some(format!("{}{}", if mostly_ours { "≤" } else { "" }, duration(ns)))
}

/// For the call pane.
pub fn sentence(app: &App, seq: u64, entered_ns: u64, call: &CallRow) -> Option<String> {
    let ns = call.duration_ns(entered_ns)?;
    let took = duration(ns);
    let holds = &app.session.holds;
    if holds.was_at_entry(seq) {
        return Some(format!("not known: of the {took} from its entry to its exit you held it at its entry"));
    }
    if call.marks.has(Marks::DELAYED) {
        return Some(format!(
            "not known: of the {took} from its entry to its exit sysview made it wait, as it was told to"
        ));
    }
    if call.marks.has(Marks::VDSO) {
        return Some(format!("{took} by the time-stamp counter, in the program itself"));
    }
    let mut text = format!("{took} under the tracer{}", app.session.floor().map_or(String::new(), |f| share(f, ns)));
    if holds.meanwhile(entered_ns, entered_ns.saturating_add(ns)) {
        text.push_str("; tasks were held meanwhile, which it may have waited for");
    }
    Some(text)
}

/// What of a time is the tracer's, as the end of a sentence.
fn share(floor: Floor, ns: u64) -> String {
    if below(floor, ns) {
        format!(": shorter than tracing can measure here (about {})", duration(floor.least_ns()))
    } else if ns < floor.most_ns().saturating_mul(NEAR) {
        format!(", of which {} are the tracer's own", amount(floor))
    } else {
        String::new()
    }
}

/// `about 18 us`, or `18 us to 95 us` where it depends on where tracer and task ran.
pub fn amount(floor: Floor) -> String {
    let (least, most) = (floor.least_ns(), floor.most_ns());
    if most < least + least / 2 {
        format!("about {}", duration(least))
    } else {
        format!("{} to {}", duration(least), duration(most))
    }
}

/// So near the floor that nothing of the call's own can be told: medians vary by a quarter.
pub fn below(floor: Floor, ns: u64) -> bool {
    ns <= floor.least_ns() + floor.least_ns() / 4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearer_to_the_floor_the_more_is_said_of_it() {
        let floor = Floor { apart_ns: 95_000, together_ns: 18_000 };
        assert_eq!(share(floor, 19_000), ": shorter than tracing can measure here (about 18 us)");
        assert_eq!(share(floor, 60_000), ", of which 18 us to 95 us are the tracer's own");
        assert_eq!(share(floor, 200_000), ", of which 18 us to 95 us are the tracer's own");
        assert_eq!(share(floor, 40_000_000), "");
        let alike = Floor { apart_ns: 20_000, together_ns: 18_000 };
        assert_eq!(share(alike, 60_000), ", of which about 18 us are the tracer's own");
    }
}
