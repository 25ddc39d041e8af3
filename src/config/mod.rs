//! What the user has set for all sessions: `$XDG_CONFIG_HOME/sysview/config.toml`, by default `~/.config/sysview/config.toml`.
//!
//! Each table of the file is a section with a file of its own here, so that another one is one more line in `SECTIONS`.
//! Nothing in the file is overlooked: an unknown name is an error that tells the nearest one. Left out: what a session is
//! told on its command line (`cli`), and what is done with the settings.

mod filters;
mod keys;
mod place;
pub mod profile;
mod read;
mod save;
mod screen;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use toml::de::DeTable;

use crate::query::Saved;
pub use keys::Binding;
pub use place::Place;
pub use read::Setting;
pub use save::NotSaved;
pub use screen::{NAMES as SCREEN_NAMES, RoleStyle, SHARE, ScreenSettings};

/// Larger files are no settings. In bytes.
const LIMIT: u64 = 1 << 20;

/// Reads one table of the file into the settings; the error is its place and a clause.
type Section = fn(&mut Config, &DeTable<'_>, &str) -> Result<(), Wrong>;

const SECTIONS: [(&str, Section); 4] =
    [("filters", filters::read), ("keys", keys::read), ("screen", screen::read), ("theme", screen::read_theme)];

/// The settings. Without a file all of them are the default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// `[filters]`: for `@name` in filters.
    pub filters: Saved,
    /// `[keys.CONTEXT]`: which keys do what.
    pub keys: Vec<Binding>,
    /// `[screen]`: the theme, what the panes take, what the trace shows.
    pub screen: ScreenSettings,
    /// `[theme]`: styles in the place of those of the theme.
    pub theme: Vec<RoleStyle>,
    /// The file, whether it exists or not; None without a home.
    path: Option<PathBuf>,
}

/// What is wrong with the file, and at which byte.
#[derive(Debug)]
struct Wrong {
    at: usize,
    what: String,
}

impl Config {
    /// The user's settings, or the default without a file.
    ///
    /// # Errors
    /// One sentence with the file's name, line and column.
    pub fn load() -> Result<Config, String> {
        match Config::place() {
            Some(path) => Config::read(path),
            None => Ok(Config::default()),
        }
    }

    /// Where the user's settings are, whether there are any; None without a home.
    pub fn place() -> Option<PathBuf> {
        path(std::env::var_os("XDG_CONFIG_HOME"), std::env::var_os("HOME"))
    }

    /// The settings of a file, which need not exist.
    ///
    /// # Errors
    /// As for `load`.
    pub fn read(path: PathBuf) -> Result<Config, String> {
        let text = match text(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            other => other.map_err(|error| format!("cannot read the settings in {}: {error}", path.display()))?,
        };
        let mut config = Config::parse(&text)
            .map_err(|wrong| format!("{}:{}: {}", path.display(), Place::of(&text, wrong.at), wrong.what))?;
        config.path = Some(path);
        Ok(config)
    }

    /// The settings of a text that is in no file.
    ///
    /// # Errors
    /// As for `load`, without a file's name.
    pub fn parse_text(text: &str) -> Result<Config, String> {
        Config::parse(text).map_err(|wrong| format!("{}: {}", Place::of(text, wrong.at), wrong.what))
    }

    fn parse(text: &str) -> Result<Config, Wrong> {
        let file = DeTable::parse(text).map_err(|error| {
            let what = format!("this is no TOML: {}", error.message().replace('\n', "; "));
            Wrong { at: error.span().map_or(0, |span| span.start), what }
        })?;
        let mut config = Config::default();
        for (name, value) in file.get_ref() {
            let at = name.span().start;
            let Some((_, section)) = SECTIONS.iter().find(|(section, _)| section == name.get_ref()) else {
                return Err(read::unknown(at, "setting", name.get_ref(), &SECTIONS.map(|(section, _)| section)));
            };
            let Some(table) = value.get_ref().as_table() else {
                let what = format!("{} is a table; write [{}] and its settings below", name.get_ref(), name.get_ref());
                return Err(Wrong { at, what });
            };
            section(&mut config, table, text)?;
        }
        Ok(config)
    }

    /// A sentence on something in the file: where it stands, and what is wrong.
    pub fn at(&self, place: Place, what: &str) -> String {
        match &self.path {
            Some(path) => format!("{}:{place}: {what}", path.display()),
            None => format!("{place}: {what}"),
        }
    }

    /// `there is no KIND NAME; did you mean OTHER?`, with the place of the name.
    pub fn unknown(&self, kind: &str, name: &Setting, known: &[&str]) -> String {
        self.at(name.place, &read::unknown_words(kind, &name.text, known))
    }

    /// The file, whether it exists or not.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }
}

/// XDG Base Directory Specification: a relative directory counts as none.
fn path(config_home: Option<std::ffi::OsString>, home: Option<std::ffi::OsString>) -> Option<PathBuf> {
    let absolute = |dir: std::ffi::OsString| Some(PathBuf::from(dir)).filter(|dir| dir.is_absolute());
    let base = config_home.and_then(absolute).or_else(|| Some(home.and_then(absolute)?.join(".config")))?;
    Some(base.join("sysview").join("config.toml"))
}

fn text(path: &Path) -> io::Result<String> {
    // A device or a pipe could keep the view waiting for ever.
    if !path.metadata()?.is_file() {
        return Err(io::Error::other("this is no regular file"));
    }
    let mut text = String::new();
    File::open(path)?.take(LIMIT + 1).read_to_string(&mut text)?;
    if text.len() as u64 > LIMIT {
        return Err(io::Error::other("this is larger than 1 MiB"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        let wrong = Config::parse(text).expect_err("a mistake");
        format!("{}: {}", Place::of(text, wrong.at), wrong.what)
    }

    #[test]
    fn filters_are_read_by_name() {
        let config =
            Config::parse("# mine\n[filters]\nslow = \"dur>10ms\"\nmine = '''@slow path~\"\\.so\"'''\n").expect("fine");
        let filters: Vec<(&str, &str)> = config.filters.iter().collect();
        assert_eq!(filters, [("mine", "@slow path~\"\\.so\""), ("slow", "dur>10ms")]);
        assert_eq!(Config::parse("").expect("empty"), Config::default());
        assert_eq!(Config::parse("[filters]").expect("empty"), Config::default());
    }

    #[test]
    fn mistakes_have_line_and_column() {
        for (text, words) in [
            ("[filers]\n", "1:2: there is no setting \"filers\"; did you mean filters?"),
            ("[filters]\na = \"err\"\n\n[colours]\n", "4:2: there is no setting \"colours\"; there are filters, keys"),
            ("filters = 3\n", "1:1: filters is a table"),
            ("[filters]\nslow = 3\n", "2:8: a filter is text in quotes"),
            ("[filters]\n\"two words\" = \"err\"\n", "2:1: two words is no name"),
            ("[filters]\nbad = \"read err=ENOFILE\"\n", "2:17: no error is named ENOFILE; did you mean ENFILE?"),
            ("[filters]\nbad = 'read err=ENOFILE'\n", "2:17: no error"),
            // As it stands in the file: each backslash and quote is written as two characters, `\u00e4` as six.
            ("[filters]\nbad = \"path:\\\"\\\\a\\\" \\u00e4 colour:x\"\n", "2:28: there is no field colour"),
            ("[filters]\nbad = '''\nerr=X'''\n", "3:5: no error"),
            ("[filters]\na = \"@b\"\nb = \"@a\"\n", "leads back"),
            ("[filters\n", "1:9: this is no TOML"),
            ("x = \n", "1:5: this is no TOML"),
        ] {
            assert!(told(text).contains(words), "{text}: {}", told(text));
        }
    }

    #[test]
    fn the_file_is_where_the_specification_says() {
        let path = |config: Option<&str>, home: Option<&str>| super::path(config.map(Into::into), home.map(Into::into));
        assert_eq!(path(Some("/c"), Some("/h")), Some("/c/sysview/config.toml".into()));
        for config in [None, Some(""), Some("relative")] {
            assert_eq!(path(config, Some("/h")), Some("/h/.config/sysview/config.toml".into()));
        }
        assert_eq!(path(None, None), None);
    }

    #[test]
    fn what_is_no_file_of_settings_is_told() {
        assert_eq!(Config::read("/no/such/config.toml".into()).expect("default").filters, Saved::default());
        assert!(Config::read("/dev/zero".into()).is_err_and(|e| e.contains("/dev/zero") && e.contains("regular")));
    }
}
