//! Filters that the user has named: `@slow` in any filter stands for the filter of that name.
//! Left out: where they are kept (`cli::config`).

use std::collections::BTreeMap;

use super::expr::Expr;
use super::{QueryError, parser, values};

/// Named filters, each as it was written and as it was read. Those that name others were read with them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Saved {
    filters: BTreeMap<String, (String, Expr)>,
}

impl Saved {
    /// Reads filters by name, in any order.
    ///
    /// # Errors
    /// The name of one that cannot be read, and what is wrong in its text.
    pub fn read(filters: impl IntoIterator<Item = (String, String)>) -> Result<Saved, (String, QueryError)> {
        let mut saved = Saved::default();
        let mut waiting: BTreeMap<String, String> = filters.into_iter().collect();
        while !waiting.is_empty() {
            let missing = |text: &str| parser::mentioned(text).into_iter().find(|(_, name)| saved.get(name).is_none());
            let ready = waiting.iter().find(|(_, text)| missing(text).is_none());
            // One that names what does not exist is told so when it is read.
            let wrong = || {
                let unknown = |text: &str| missing(text).is_some_and(|(_, name)| !waiting.contains_key(&name));
                waiting.iter().find(|(_, text)| unknown(text))
            };
            let Some((name, text)) = ready.or_else(wrong).map(|(name, text)| (name.clone(), text.clone())) else {
                // Each of them waits for another one.
                let round = waiting.iter().find_map(|(name, text)| Some((name.clone(), missing(text)?)));
                return match round {
                    Some((name, (column, other))) => {
                        Err((name, QueryError::new(column, format!("@{other} leads back to itself"))))
                    }
                    None => Ok(saved),
                };
            };
            waiting.remove(&name);
            saved.set(&name, &text).map_err(|error| (name, error))?;
        }
        Ok(saved)
    }

    /// Saves a filter, in the place of one of that name; others that mention it keep what it was.
    ///
    /// # Errors
    /// What is wrong in its text.
    pub fn set(&mut self, name: &str, text: &str) -> Result<(), QueryError> {
        let expr = parser::parse(text, self)?;
        if expr == Expr::Everything {
            return Err(QueryError::new(0, "this filter is empty, which needs no name"));
        }
        self.filters.insert(name.to_owned(), (text.trim().to_owned(), expr));
        Ok(())
    }

    /// Letters, digits, `-` and `_`: what can be a name.
    pub fn is_name(text: &str) -> bool {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    }

    pub fn get(&self, name: &str) -> Option<&Expr> {
        self.filters.get(name).map(|(_, expr)| expr)
    }

    /// Names and texts, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.filters.iter().map(|(name, (text, _))| (name.as_str(), text.as_str()))
    }

    pub fn is_empty(&self) -> bool {
        self.filters.is_empty()
    }

    /// That there is none of this name, and what there is.
    pub(super) fn unknown(&self, name: &str) -> String {
        let names: Vec<String> = self.filters.keys().map(|name| format!("@{name}")).collect();
        let otherwise = match names.len() {
            0 => "none is saved so far; to look for it as text, put it in quotes".to_owned(),
            _ => format!("there are {}", names.join(" ")),
        };
        let nearest = values::or_nearest(&format!("@{name}"), names.iter().map(String::as_str), &otherwise);
        format!("there is no saved filter @{name}{nearest}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::Filter;

    fn read(filters: &[(&str, &str)]) -> Result<Saved, (String, QueryError)> {
        Saved::read(filters.iter().map(|(name, text)| (name.to_string(), text.to_string())))
    }

    #[test]
    fn filters_stand_for_what_was_saved_in_any_order() {
        let saved = read(&[("bad", "err !@fine"), ("fine", "err=EAGAIN,EINTR"), ("slow", "dur>1ms")]).expect("fine");
        let filter = Filter::parse_with("openat (@bad or @slow)", &saved).expect("fine");
        assert_eq!(filter.to_string(), "openat (err !(err=EAGAIN or err=EINTR) or dur>1ms)");
        assert_eq!(saved.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["bad", "fine", "slow"]);
        assert_eq!(Filter::parse_with("@/tmp/socket", &saved).expect("text").to_string(), "\"@/tmp/socket\"");
        assert_eq!(Filter::parse_with("\"@slow\"", &saved).expect("text").to_string(), "\"@slow\"");
    }

    #[test]
    fn mistakes_name_the_filter_and_its_column() {
        for (filters, name, column, words) in [
            (&[("a", "openat @b"), ("b", "!@a")][..], "a", 7, "leads back"),
            (&[("a", "@a")], "a", 0, "leads back"),
            (&[("a", "read err=ENONT")], "a", 9, "ENOENT"),
            (&[("slow", "dur>1s"), ("b", "read or @slwo")], "b", 8, "did you mean @slow?"),
            (&[("a", " ")], "a", 0, "empty"),
        ] {
            let (at, error) = read(filters).expect_err("a mistake");
            assert_eq!((at.as_str(), error.column), (name, column), "{error}");
            assert!(error.message.contains(words), "{error}");
        }
        assert!(Filter::parse("@x").is_err_and(|e| e.message.contains("none is saved")));
    }

    #[test]
    fn filters_that_grow_by_doubling_are_refused() {
        let mut filters = vec![("f0".to_owned(), "err".to_owned())];
        filters.extend((1..40).map(|n| (format!("f{n}"), format!("(@f{0} or @f{0}) dur>1s", n - 1))));
        assert!(Saved::read(filters).is_err_and(|(_, error)| error.message.contains("too many parts")));
        let mut filters = vec![("f0".to_owned(), "err".to_owned())];
        filters.extend((1..100).map(|n| (format!("f{n}"), format!("!@f{}", n - 1))));
        assert!(Saved::read(filters).is_err_and(|(_, error)| error.message.contains("inside each other")));
    }
}
