//! Tours as data.
//!
//! ```toml
//! title = "What is a system call?"
//! about = "One sentence for the list of tours."
//! start = "sysview -- bash"          # how a run in which the tour works is started
//! [[step]]
//! title = "Start a program"
//! text = "…"                         # paragraphs; {filter} stands for the key of the action `filter`
//! try = "ls /"                       # left out where there is nothing to type
//! check = { rows = "exec", count = 1 }  # left out where the step is only read
//! ```

use std::sync::LazyLock;

use serde::Deserialize;

use crate::query::Filter;

/// A guided tour.
#[derive(Debug)]
pub struct Tour {
    /// By which it is called on the command line: the file's name.
    pub id: &'static str,
    pub title: String,
    /// One sentence on what one learns.
    pub about: String,
    /// The command line for a run in which the tour works.
    pub start: String,
    /// At least one.
    pub steps: Vec<Step>,
}

#[derive(Debug)]
pub struct Step {
    pub title: String,
    text: String,
    /// What to type, if anything.
    pub command: Option<String>,
    /// None: the step is only read.
    pub check: Option<Check>,
}

/// When a step is done: so many rows fit the filter.
#[derive(Debug)]
pub struct Check {
    pub filter: Filter,
    pub count: u64,
}

impl Step {
    /// The text with the key of each action in it. Paragraphs are separated by an empty line; lines that begin with
    /// spaces are examples and stay as they are. `key` gives the key of an action (`filter`, `seccomp`, …); an action
    /// without a key is called by its name.
    pub fn text(&self, key: impl Fn(&str) -> Option<String>) -> String {
        let mut shown = String::new();
        for piece in pieces(&self.text) {
            match piece {
                Piece::Plain(text) => shown.push_str(text),
                Piece::Action(action) => shown.push_str(&key(action).unwrap_or_else(|| action.to_string())),
            }
        }
        shown
    }

    /// The actions that the text names.
    pub fn actions(&self) -> impl Iterator<Item = &str> {
        pieces(&self.text).filter_map(|piece| match piece {
            Piece::Action(action) => Some(action),
            Piece::Plain(_) => None,
        })
    }
}

enum Piece<'a> {
    Plain(&'a str),
    Action(&'a str),
}

fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    text.split_inclusive(['{', '}']).map(|piece| match (piece.strip_suffix('}'), piece.strip_suffix('{')) {
        (Some(action), _) => Piece::Action(action),
        (_, Some(plain)) => Piece::Plain(plain),
        _ => Piece::Plain(piece),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TourFile {
    title: String,
    about: String,
    start: String,
    step: Vec<StepTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StepTable {
    title: String,
    text: String,
    #[serde(rename = "try")]
    command: Option<String>,
    check: Option<CheckTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CheckTable {
    rows: String,
    count: u64,
}

macro_rules! file {
    ($id:literal) => {
        ($id, include_str!(concat!("../../assets/lessons/", $id, ".toml")))
    };
}

/// In the order in which they are offered.
const FILES: [(&str, &str); 4] = [file!("first-steps"), file!("errors"), file!("vdso"), file!("sandbox")];

/// The files are part of the program and a test reads them all, so a wrong one never gets as far as a user.
static TOURS: LazyLock<Vec<Tour>> = LazyLock::new(|| {
    FILES.into_iter().map(|(id, text)| read(id, text).unwrap_or_else(|wrong| panic!("{wrong}"))).collect()
});

/// Every tour, in the order in which they are best taken.
pub fn tours() -> &'static [Tour] {
    &TOURS
}

/// The tour of an id: `first-steps`.
pub fn tour(id: &str) -> Option<&'static Tour> {
    tours().iter().find(|tour| tour.id == id)
}

pub(super) fn read(id: &'static str, text: &str) -> Result<Tour, String> {
    let file: TourFile = toml::from_str(text).map_err(|e| format!("assets/lessons/{id}.toml: {e}"))?;
    let mut steps = Vec::new();
    for step in file.step {
        let check = match step.check {
            None => None,
            Some(CheckTable { rows, count }) => {
                let filter = Filter::parse(&rows)
                    .map_err(|e| format!("assets/lessons/{id}.toml, step {:?}: {rows}: {e}", step.title))?;
                Some(Check { filter, count })
            }
        };
        steps.push(Step { title: step.title, text: step.text, command: step.command, check });
    }
    if steps.is_empty() {
        return Err(format!("assets/lessons/{id}.toml has no step"));
    }
    Ok(Tour { id, title: file.title, about: file.about, start: file.start, steps })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::query::Expr;

    /// What the texts may name; the keymap has them all.
    const ACTIONS: [&str; 5] = ["next", "back", "filter", "terminal", "seccomp"];

    #[test]
    fn every_tour_can_be_read_and_is_fit_to_be_shown() {
        let mut ids = BTreeSet::new();
        for (id, text) in FILES {
            let tour = read(id, text).unwrap_or_else(|wrong| panic!("{wrong}"));
            assert!(ids.insert(id), "{id} twice");
            assert!(tour.about.ends_with('.') && tour.about.chars().count() <= 140, "{id}: {}", tour.about);
            assert!(tour.start.starts_with("sysview"), "{id}: {}", tour.start);
            assert!(tour.steps.iter().filter(|s| s.check.is_some()).count() >= 3, "{id} checks nothing");
            for step in &tour.steps {
                let at = format!("{id}, step {:?}", step.title);
                let shown = step.text(|action| Some(format!("<{action}>")));
                assert!(shown.is_ascii() && !shown.contains(['{', '}']), "{at}: {shown}");
                assert!(shown.len() <= 900, "{at}: {} characters do not fit a popup", shown.len());
                for line in shown.lines().filter(|l| l.starts_with(' ')) {
                    assert!(line.len() <= 60, "{at}: example too wide: {line}");
                }
                for action in step.actions() {
                    assert!(ACTIONS.contains(&action), "{at}: {action} is no action");
                }
                if let Some(check) = &step.check {
                    assert!(check.count >= 1 && *check.filter.expr() != Expr::Everything, "{at}");
                    assert!(step.command.is_some(), "{at}: a check without anything to do");
                }
            }
        }
        assert_eq!(tours().len(), FILES.len());
        assert!(tour("first-steps").is_some() && tour("nothing").is_none());
    }

    #[test]
    fn a_wrong_tour_is_refused_with_the_place() {
        let head = "title = 't'\nabout = 'a.'\nstart = 'sysview'\n";
        let bad = format!("{head}[[step]]\ntitle = 'one'\ntext = ''\ncheck = {{ rows = 'err=NO', count = 1 }}\n");
        let wrong = read("x", &bad).map(|_| ()).expect_err("NO is no error");
        assert!(wrong.contains("x.toml") && wrong.contains("one") && wrong.contains("column 5"), "{wrong}");
        assert!(read("x", head).is_err() && read("x", "").is_err());
    }

    #[test]
    fn keys_are_put_into_the_text() {
        let step = Step { title: String::new(), text: "Press {filter} or {x}.".into(), command: None, check: None };
        assert_eq!(step.text(|a| (a == "filter").then(|| "/".into())), "Press / or x.");
        assert_eq!(step.actions().collect::<Vec<_>>(), ["filter", "x"]);
    }
}
