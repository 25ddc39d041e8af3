//! The filter language: what stands behind `/` on the screen and the checks of a lesson; and strace's languages for
//! sets of calls (`calls`) and for tampering with them (`inject`).
//!
//! | filter | rows |
//! |---|---|
//! | `openat`, `open*` | calls of that name; a word that is no call's name is free text |
//! | `%file` `%network` … | calls of a class |
//! | `err`, `err=ENOENT,EACCES`, `err!=EAGAIN` | calls that failed, in that way, in another way |
//! | `ret<0` `ret=3` `dur>1ms` `bytes>4k` | by result (-1 if failed, as strace shows it), by time in the call, by bytes moved |
//! | `t=1s..2s` `t>6.8` `row:100..200` | by time since the start, by row; ranges have two ends or one |
//! | `pid:123` `tid:123` `tree:123` `task:bash` | by process, thread, process with descendants, part of the name |
//! | `fd:3` `fd:3#2` `opened:812` | calls on a descriptor, on its second use, on what row 812 opened under any number |
//! | `path:/etc/**` `path:*.so` `cwd:/home/**` | calls on a path, as argument or behind a descriptor (without a slash: on its last name), from a directory |
//! | `path~"\.so(\.|$)"` `task~` `cwd~` `text~` | the same by regular expression |
//! | `arg.flags&O_CREAT` `arg.count>4096` | by an argument, under its name in the call pane; `&`: any of the bits |
//! | `signal` `signal=SIGINT` `exec` `unfinished` | signals, new programs, calls that have not come back |
//! | `vdso` `injected` `delayed` `filtered` | calls in which the vDSO, sysview or the program's own filter had a hand |
//! | `blocked` `blocked=ERRNO` `blocked=EPERM` | calls that the loaded profile would stop, and how |
//! | `rule=23` `rule=default` | calls that this rule of the loaded profile decided, counted from 1; or none did |
//! | `"No such file"` | the line as it is shown contains this; without capitals, either case |
//! | `@slow` | what the user saved under this name |
//!
//! `and` (or just a space), `or`, `not` (or `!`) and parentheses combine them; `or` binds last. `call:NAME` and
//! `text:"…"` say what a word means where the rule above guesses otherwise.
//! Pure. Left out: what stands behind pointers, links in paths.

mod argument;
mod bounds;
mod calls;
mod complete;
mod expr;
mod fields;
mod inject;
mod lexer;
mod numbers;
mod outline;
mod parser;
mod pattern;
mod plan;
mod saved;
mod subject;
mod values;
mod words;

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

pub use argument::{ArgTest, ArgValue, Question};
pub use bounds::Bounds;
pub use calls::Calls;
pub use complete::{Candidate, Completion, Names, complete};
pub use expr::{Answer, Compare, Expr, Mark, Subject, Test};
pub use inject::{Injection, tampers};
pub use outline::{Cost, Part};
pub use pattern::Pattern;
pub use saved::Saved;
pub use subject::{bytes_moved, descriptors, paths, uses_fd};

use crate::abi::Arch;
use crate::decode;
use crate::model::Store;
use crate::policy;

/// A filter that was read and can be asked about rows. Its `Display` is the filter in the language's own words; reading
/// that gives the same filter.
#[derive(Debug, Clone)]
pub struct Filter {
    expr: Expr,
    plan: plan::Plan,
}

/// What the loaded profile answers to the call of a row, and by which rule; None for a row without a verdict.
pub type Verdict<'a> = &'a dyn Fn(u64) -> Option<policy::Verdict>;

/// What a filter may look at.
#[derive(Clone)]
pub struct Context<'a> {
    pub store: &'a Store,
    /// None while no profile is loaded: nothing is `blocked` then.
    pub verdict: Option<Verdict<'a>>,
    /// How lines are shown; free text is looked for in them.
    pub options: decode::Options,
}

impl<'a> Context<'a> {
    /// Without a profile, with lines as they are shown by default.
    pub fn new(store: &'a Store) -> Context<'a> {
        Context { store, verdict: None, options: decode::Options::default() }
    }
}

/// Why a filter could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryError {
    /// Where, in characters from 0: a caret goes under this column.
    pub column: usize,
    /// One clause for the user, without a capital and a full stop.
    pub message: String,
}

impl Filter {
    /// Reads a filter. The empty one fits every row.
    pub fn parse(text: &str) -> Result<Filter, QueryError> {
        Filter::parse_with(text, &Saved::default())
    }

    /// Reads a filter that may name saved ones.
    pub fn parse_with(text: &str, saved: &Saved) -> Result<Filter, QueryError> {
        parser::parse(text, saved).map(Filter::from)
    }

    /// Whether a row fits; false for a row that does not exist.
    pub fn matches(&self, context: &Context<'_>, seq: u64) -> bool {
        context.store.row(seq).is_some_and(|row| self.plan.matches(context, seq, &row))
    }

    /// What the index alone says about rows of a chunk, which are counted from its first.
    pub fn bounds(&self, store: &Store, chunk: usize, rows: Range<u32>) -> Bounds {
        bounds::bounds(&self.plan, store, chunk, rows)
    }

    /// Whether a call fits, as far as its number alone decides; None where more must be known of it.
    pub fn by_call(&self, arch: Arch, nr: u64) -> Option<bool> {
        self.plan.by_call(arch, nr)
    }

    /// How the filter was read, as a sentence without a full stop.
    pub fn explain(&self) -> String {
        words::describe(&self.expr)
    }

    /// How it was read, part by part.
    pub fn outline(&self) -> Vec<Part> {
        outline::outline(&self.expr)
    }

    /// The dearest that must be looked at.
    pub fn cost(&self) -> Cost {
        outline::cost(&self.expr)
    }

    /// What the user may have meant otherwise, each a clause.
    pub fn remarks(&self) -> Vec<String> {
        self.outline().into_iter().filter_map(|part| part.remark).collect()
    }

    pub fn expr(&self) -> &Expr {
        &self.expr
    }

    /// Every row fits: there is no filter.
    pub fn is_empty(&self) -> bool {
        self.expr == Expr::Everything
    }

    /// Whether it asks for what a call gives, so that its answer may change when the call comes back.
    pub fn needs_result(&self) -> bool {
        self.expr.mentions(&|test| {
            matches!(
                test,
                Test::Failed(_)
                    | Test::Result(..)
                    | Test::Duration(..)
                    | Test::Bytes(..)
                    | Test::Fd(_)
                    | Test::FdUse(..)
                    | Test::Opened(_)
                    | Test::Unfinished
                    | Test::Marked(_)
                    | Test::Text(_)
                    | Test::Fits(Subject::Text, _)
            )
        })
    }

    /// Whether it asks for verdicts, so that its rows change when another profile is loaded.
    pub fn needs_profile(&self) -> bool {
        self.expr.mentions(&|test| matches!(test, Test::Blocked(_) | Test::Rule(_)))
    }
}

impl From<Expr> for Filter {
    fn from(expr: Expr) -> Filter {
        let plan = plan::Plan::new(&expr);
        Filter { expr, plan }
    }
}

impl FromStr for Filter {
    type Err = QueryError;

    fn from_str(text: &str) -> Result<Filter, QueryError> {
        Filter::parse(text)
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.expr.fmt(f)
    }
}

impl QueryError {
    fn new(column: usize, message: impl Into<String>) -> QueryError {
        QueryError { column, message: message.into() }
    }

    /// The text on one line and a caret under the column on the next, behind `indent`.
    pub fn picture(&self, text: &str, indent: &str) -> String {
        // A tab or anything else that is no plain character would move the caret.
        let shown: String = text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
        format!("{indent}{shown}\n{indent}{}^", " ".repeat(self.column))
    }

    /// The same in a longer text, in which this one begins at a column.
    pub fn shifted(self, by: usize) -> QueryError {
        QueryError { column: self.column + by, ..self }
    }
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column {}: {}", self.column + 1, self.message)
    }
}

impl std::error::Error for QueryError {}

#[cfg(test)]
mod tests;
