//! Filters on the command line: `sysview filter explain EXPR` and `list`, and how any option's filter is read.

use clap::{Args, Subcommand};

use super::error::CliError;
use super::page::Page;
use crate::config::Config;
use crate::query::{Cost, Filter, Part, QueryError, Saved};

/// `sysview filter`.
#[derive(Debug, Args)]
pub struct FilterArgs {
    #[command(subcommand)]
    pub sub: FilterSub,
}

#[derive(Debug, Subcommand)]
pub enum FilterSub {
    /// Say in plain words how a filter is read, what each part matches and what it costs
    Explain {
        /// A filter, as for `/` on the screen, --filter, --catch and -e filter=
        #[arg(value_name = "EXPR", required = true, allow_hyphen_values = true)]
        words: Vec<String>,
    },
    /// List the saved filters, which `@NAME` stands for
    List,
}

pub fn run(sub: &FilterSub) -> Result<i32, CliError> {
    let config = config()?;
    let mut page = Page::for_stdout();
    match sub {
        FilterSub::Explain { words } => explain(&mut page, &words.join(" "), &config.filters)?,
        FilterSub::List => list(&mut page, &config),
    }
    page.print("the filters")?;
    Ok(0)
}

/// The user's settings.
pub fn config() -> Result<Config, CliError> {
    Config::load().map_err(CliError::usage)
}

/// The filter of an option, which may name saved ones.
pub fn read(option: &str, text: &str, saved: &Saved) -> Result<Filter, CliError> {
    Filter::parse_with(text, saved).map_err(|error| CliError::usage(pointed(option, text, &error)))
}

/// What is wrong, and a caret under it.
pub fn pointed(option: &str, text: &str, error: &QueryError) -> String {
    format!("{option}: {error}\n{}", error.picture(text, "  "))
}

fn explain(page: &mut Page, text: &str, saved: &Saved) -> Result<(), CliError> {
    let filter = read("filter explain", text, saved)?;
    page.entry("", &format!("{}.", capital(&filter.explain())));
    page.heading("How it was read");
    let parts = filter.outline();
    let width = parts.iter().map(|part| head(part).chars().count()).max().unwrap_or(0);
    for part in &parts {
        page.entry(&format!("  {:<6}  {:<width$}  ", part.cost.word(), head(part)), &shown(&part.words));
        if let Some(remark) = &part.remark {
            page.entry(&format!("  {:<6}  {:<width$}  ", "", ""), &shown(&format!("({remark})")));
        }
    }
    page.heading("What it costs");
    page.entry("  ", meaning(filter.cost()));
    if filter.needs_profile() {
        page.entry("  ", "Without a profile (--seccomp, or s on the screen) nothing counts as blocked.");
    }
    page.heading("The same in short");
    page.entry("  ", &shown(&filter.to_string()));
    Ok(())
}

/// What stands in the column of texts, deeper parts further right.
fn head(part: &Part) -> String {
    let text = if part.text.is_empty() { "-" } else { &part.text };
    format!("{}{}", "  ".repeat(part.depth), shown(text))
}

fn meaning(cost: Cost) -> &'static str {
    match cost {
        Cost::Index => "Nothing but the indexes is looked at: at once, however long the trace.",
        Cost::Column => "The raw values of the rows that the index leaves are looked at: some 10,000,000 a second.",
        Cost::Text => "Of the rows that all else leaves the line is decoded: about 1,000,000 a second.",
    }
}

fn list(page: &mut Page, config: &Config) {
    let place = config.path().map(|path| path.display().to_string()).unwrap_or_default();
    if config.filters.is_empty() {
        page.entry("", &format!("No filter is saved. Save one with Ctrl-s where filters are typed (/), or write a table [filters] in {place}"));
        return;
    }
    let width = config.filters.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, text) in config.filters.iter() {
        page.entry(&format!("@{name:<width$}  "), &shown(text));
    }
}

/// A filter can hold any characters; the terminal is not to obey them.
fn shown(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(text: &str) -> String {
        let saved = Saved::read([("slow".to_owned(), "dur>10ms".to_owned())]).expect("fine");
        let mut page = Page::new(usize::MAX);
        explain(&mut page, text, &saved).unwrap_or_else(|error| panic!("{error}"));
        page.text().to_owned()
    }

    #[test]
    fn each_part_is_told_with_what_it_costs() {
        let page = page("openat (@slow or opennat)");
        for part in [
            "Rows where the call is openat and (the call took more than 10ms, or",
            "  index     openat       the call is openat",
            "  column      dur>10ms ",
            "did you mean openat?",
            "decoded",
            "  openat (dur>10ms or \"opennat\")\n",
        ] {
            assert!(page.contains(part), "{part} is not in\n{page}");
        }
    }

    #[test]
    fn a_caret_stands_under_what_is_wrong() {
        let error = read("--filter", "openat err=ENOTN", &Saved::default()).expect_err("wrong").to_string();
        let lines: Vec<&str> = error.lines().collect();
        assert_eq!(lines[1..], ["  openat err=ENOTN", "             ^"], "{error}");
        assert!(lines[0].starts_with("--filter: column 12: no error is named ENOTN"), "{error}");
    }
}
