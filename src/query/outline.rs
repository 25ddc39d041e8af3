//! How a filter was read, part by part: what each matches and what it costs to ask.

use super::expr::{Expr, Test};
use super::{fields, words};
use crate::abi;
use crate::policy;

/// What must be looked at to answer a part of a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cost {
    /// The index of a chunk: no row is looked at.
    Index,
    /// Each row's own values, raw.
    Column,
    /// The line: each row is decoded.
    Text,
}

impl Cost {
    pub fn word(self) -> &'static str {
        match self {
            Cost::Index => "index",
            Cost::Column => "column",
            Cost::Text => "text",
        }
    }
}

/// One line of an outline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// How deep it stands in others.
    pub depth: usize,
    /// In plain words, without a full stop.
    pub words: String,
    /// As it would be written; empty for what only holds other parts.
    pub text: String,
    pub cost: Cost,
    /// What the user may have meant instead.
    pub remark: Option<String>,
}

pub(super) fn outline(expr: &Expr) -> Vec<Part> {
    let mut parts = Vec::new();
    add(&mut parts, expr, 0);
    parts
}

fn add(parts: &mut Vec<Part>, expr: &Expr, depth: usize) {
    let group = |words: &str| Part { depth, words: words.into(), text: String::new(), cost: cost(expr), remark: None };
    match expr {
        Expr::Everything => parts.push(group("every row")),
        Expr::And(inner) | Expr::Or(inner) => {
            parts.push(group(if matches!(expr, Expr::And(_)) { "all of these" } else { "at least one of these" }));
            inner.iter().for_each(|part| add(parts, part, depth + 1));
        }
        Expr::Not(inner) => {
            parts.push(group("not"));
            add(parts, inner, depth + 1);
        }
        Expr::Test(test) => parts.push(Part {
            depth,
            words: words::sentence(test),
            text: test.to_string(),
            cost: of_test(test),
            remark: remark(test),
        }),
    }
}

/// That of the dearest part.
pub(super) fn cost(expr: &Expr) -> Cost {
    match expr {
        Expr::Everything => Cost::Index,
        Expr::And(parts) | Expr::Or(parts) => parts.iter().map(cost).max().unwrap_or(Cost::Index),
        Expr::Not(part) => cost(part),
        Expr::Test(test) => of_test(test),
    }
}

fn of_test(test: &Test) -> Cost {
    match test {
        Test::Call(_)
        | Test::Class(_)
        | Test::Failed(_)
        | Test::Pid(_)
        | Test::Tid(_)
        | Test::Tree(_)
        | Test::Fd(_)
        | Test::Row(..) => Cost::Index,
        Test::Text(_) | Test::Fits(super::Subject::Text, _) => Cost::Text,
        _ => Cost::Column,
    }
}

/// Free text that is nearly the name of a call was perhaps meant as one.
pub(super) fn remark(test: &Test) -> Option<String> {
    const SHORTEST: usize = 4;
    let Test::Text(text) = test else { return None };
    let word = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if !word || text.len() < SHORTEST || fields::is_call(text) {
        return None;
    }
    let near = policy::nearest(text, abi::calls().map(|call| call.name))?;
    // Only slips: `passwd` is no call, but nobody meant one.
    let slip = near.len().abs_diff(text.len()) <= 1 && near.bytes().next() == text.bytes().next();
    slip.then(|| format!("no call is named {text}, so it is looked for as text; did you mean {near}?"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::Filter;

    #[test]
    fn each_part_has_its_words_its_text_and_its_cost() {
        let filter = Filter::parse("openat !(dur>1ms or etc) path~x").expect("fine");
        let parts = filter.outline();
        let shown: Vec<(usize, &str, Cost)> = parts.iter().map(|p| (p.depth, p.text.as_str(), p.cost)).collect();
        assert_eq!(
            shown,
            [
                (0, "", Cost::Text),
                (1, "openat", Cost::Index),
                (1, "", Cost::Text),
                (2, "", Cost::Text),
                (3, "dur>1ms", Cost::Column),
                (3, "\"etc\"", Cost::Text),
                (1, "path~\"x\"", Cost::Column),
            ]
        );
        assert_eq!((parts[3].words.as_str(), parts[1].words.as_str()), ("at least one of these", "the call is openat"));
        assert_eq!(Filter::parse("").expect("fine").outline()[0].words, "every row");
    }

    #[test]
    fn slips_are_told_and_words_are_not() {
        let remark = |text: &str| Filter::parse(text).expect("fine").remarks().pop();
        assert!(remark("opennat").is_some_and(|r| r.ends_with("did you mean openat?")));
        assert!(remark("err (raed or fsatt)").is_some());
        for text in ["passwd", "openat", "\"No such\"", "etc", "hosts"] {
            assert_eq!(remark(text), None, "{text}");
        }
    }
}
