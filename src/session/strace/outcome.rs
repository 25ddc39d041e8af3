//! What stands behind the `=`: how a call ended.

use super::scalar::plain;
use crate::abi;
use crate::model::{Marks, Outcome};

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    pub outcome: Outcome,
    pub marks: Marks,
}

/// The end, and the text without the marks; None for what is no result.
pub fn read(text: &str) -> Option<(Ended, &str)> {
    let mut marks = Marks::NONE;
    let mut rest = text.trim_end();
    loop {
        let found = [(" (INJECTED)", Marks::INJECTED), (" (DELAYED)", Marks::DELAYED)]
            .into_iter()
            .find_map(|(words, mark)| Some((rest.strip_suffix(words)?, mark)));
        let Some((before, mark)) = found else { break };
        marks.add(mark);
        rest = before;
    }
    Some((Ended { outcome: outcome(rest)?, marks }, rest))
}

fn outcome(text: &str) -> Option<Outcome> {
    let (first, more) = text.split_once(' ').unwrap_or((text, ""));
    let error = || abi::errno_number(more.split(' ').next()?);
    if first == "?" {
        // `? ERESTARTSYS (To be restarted if SA_RESTART is set)`.
        return Some(error().map_or(Outcome::NeverReturned, Outcome::Failed));
    }
    if first == "-1" {
        if let Some(errno) = error() {
            return Some(Outcome::Failed(errno));
        }
        if let Some(number) = more.strip_prefix("(errno ").and_then(|text| text.strip_suffix(')')) {
            return number.parse().ok().map(Outcome::Failed);
        }
    }
    plain(first.split('<').next()?).map(|value| Outcome::Returned(value as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_read_in_every_form() {
        let read = |text| read(text).map(|(ended, text)| (ended.outcome, ended.marks.0, text));
        for (text, outcome) in [
            ("3</etc/passwd>", Outcome::Returned(3)),
            ("0x7f0012345000", Outcome::Returned(0x7f00_1234_5000)),
            ("022", Outcome::Returned(0o22)),
            ("-1", Outcome::Returned(-1)),
            ("0 (Timeout)", Outcome::Returned(0)),
            ("1 ([{fd=3, revents=POLLIN}])", Outcome::Returned(1)),
            ("-1 ENOENT (No such file or directory)", Outcome::Failed(2)),
            ("-1 (errno 600)", Outcome::Failed(600)),
            ("? ERESTARTSYS (To be restarted if SA_RESTART is set)", Outcome::Failed(512)),
            ("?", Outcome::NeverReturned),
            ("? <unavailable>", Outcome::NeverReturned),
        ] {
            assert_eq!(read(text), Some((outcome, 0, text)));
        }
        assert_eq!(
            read("-1 EPERM (Operation not permitted) (INJECTED) (DELAYED)").map(|r| (r.0, r.1)),
            Some((Outcome::Failed(1), 3))
        );
        assert_eq!(read("nothing"), None);
        assert_eq!(read(""), None);
    }
}
