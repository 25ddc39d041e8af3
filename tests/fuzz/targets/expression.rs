//! What a user types: a filter, a set of calls, an injection. It is understood or refused at a column of the text, and a
//! filter that was understood says itself in words that are understood too.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sysview::query::{Calls, Filter, Injection, QueryError, Saved};

fn inside(text: &str, error: &QueryError) {
    assert!(error.column <= text.chars().count(), "column {} of {text:?}", error.column);
    assert!(!error.message.is_empty());
}

/// What `@slow` and `@other` stand for.
fn saved() -> Saved {
    let filters = [("slow", "dur > 1ms"), ("other", "err or task~\"^w\"")];
    Saved::read(filters.map(|(name, text)| (name.to_owned(), text.to_owned()))).expect("both are filters")
}

fuzz_target!(|text: &str| {
    let saved = saved();
    match Filter::parse_with(text, &saved) {
        Ok(filter) => {
            let said = filter.to_string();
            let again = Filter::parse_with(&said, &saved).unwrap_or_else(|error| panic!("{text:?} became {said:?}: {error}"));
            assert_eq!(again.expr(), filter.expr(), "{text:?} became {said:?}");
            assert!(!filter.explain().is_empty());
        }
        Err(error) => inside(text, &error),
    }
    if let Err(error) = Calls::parse(text) {
        inside(text, &error);
    }
    for parsed in [Injection::parse(text), Injection::parse_fault(text)] {
        if let Err(error) = parsed {
            inside(text, &error);
        }
    }
});
