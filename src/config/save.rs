//! Changes to the file: one line is written or replaced, and everything else in it stays as the user wrote it.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use toml::de::DeTable;

use super::{Config, text};
use crate::query::{QueryError, Saved};

/// Why a filter was not saved, in one sentence.
#[derive(Debug)]
pub struct NotSaved(pub String);

impl Config {
    /// Saves a filter under a name, in the place of one of that name, here and in the file.
    ///
    /// # Errors
    /// A sentence: the name is none, the filter cannot be read, or the file cannot be written; nothing is changed then.
    pub fn save_filter(&mut self, name: &str, filter: &str) -> Result<(), NotSaved> {
        if !Saved::is_name(name) {
            return Err(NotSaved("A name has letters, digits, - and _ only.".into()));
        }
        let Some(path) = self.path.clone() else {
            return Err(NotSaved("There is no place for settings: neither XDG_CONFIG_HOME nor HOME is set.".into()));
        };
        let unread = |error: QueryError| NotSaved(format!("The filter cannot be read: {error}."));
        // What was written there meanwhile is kept.
        let mut now = Config::read(path.clone()).map_err(|error| NotSaved(format!("{error}.")))?;
        now.filters.set(name, filter).map_err(unread)?;
        let unwritten = |error: io::Error| NotSaved(format!("Cannot write {}: {error}.", path.display()));
        let old = match text(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            other => other.map_err(unwritten)?,
        };
        let new = with_filter(&old, name, filter.trim());
        // Another filter may name this one, and nothing may become unreadable.
        let read = Config::parse(&new).map_err(|wrong| NotSaved(format!("With this, {}.", wrong.what)))?;
        replace(&path, &new).map_err(unwritten)?;
        self.filters = read.filters;
        Ok(())
    }
}

impl Config {
    /// Keeps values of `[screen]`, each as TOML writes it, here and in the file.
    ///
    /// # Errors
    /// A sentence: the file cannot be read or written; nothing is changed then.
    pub fn save_screen(&mut self, values: &[(&str, String)]) -> Result<(), NotSaved> {
        let Some(path) = self.path.clone() else {
            return Err(NotSaved("There is no place for settings: neither XDG_CONFIG_HOME nor HOME is set.".into()));
        };
        let unwritten = |error: io::Error| NotSaved(format!("Cannot write {}: {error}.", path.display()));
        // What was written there meanwhile is kept, and nothing may be wrong in it.
        Config::read(path.clone()).map_err(|error| NotSaved(format!("{error}.")))?;
        let mut new = match text(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            other => other.map_err(unwritten)?,
        };
        for (name, value) in values {
            new = with_value(&new, "screen", name, value);
        }
        let read = Config::parse(&new).map_err(|wrong| NotSaved(format!("With this, {}.", wrong.what)))?;
        replace(&path, &new).map_err(unwritten)?;
        self.screen = read.screen;
        Ok(())
    }
}

/// The file with this line in its table of filters.
fn with_filter(old: &str, name: &str, filter: &str) -> String {
    with_value(old, "filters", name, &string(filter))
}

/// The file with a value, as TOML writes it, under a name of a table.
fn with_value(old: &str, section: &str, name: &str, value: &str) -> String {
    let line = format!("{name} = {value}");
    let file = DeTable::parse(old).ok();
    let table = file.as_ref().and_then(|file| {
        let (key, value) = file.get_ref().iter().find(|(key, _)| *key.get_ref() == section)?;
        Some((key.span(), value.get_ref().as_table()?))
    });
    let line_end = |at: usize| old[at..].find('\n').map_or(old.len(), |length| at + length);
    let Some((heading, table)) = table else {
        let gap = if old.is_empty() { "" } else { "\n" };
        let end = if old.is_empty() || old.ends_with('\n') { "" } else { "\n" };
        return format!("{old}{end}{gap}[{section}]\n{line}\n");
    };
    if let Some((_, found)) = table.iter().find(|(key, _)| *key.get_ref() == name) {
        let span = found.span();
        return format!("{}{value}{}", &old[..span.start], &old[span.end..]);
    }
    // Behind the last of them, or behind the heading.
    let at = line_end(table.iter().map(|(_, value)| value.span().end).max().unwrap_or(heading.end));
    format!("{}\n{line}{}", &old[..at], if at == old.len() { "\n" } else { &old[at..] })
}

/// As TOML: in single quotes, in which nothing has a meaning, if that can be.
fn string(text: &str) -> String {
    if !text.contains('\'') && !text.chars().any(char::is_control) {
        return format!("'{text}'");
    }
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out + "\""
}

/// Writes the whole file beside the old one and puts it in its place, so that no moment has half of it.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    // A link, as people have who keep their settings elsewhere, goes on to be one.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir)?;
    }
    let beside = path.with_extension(format!("toml.{}", std::process::id()));
    let written = fs::File::create(&beside).and_then(|mut file| {
        if let Ok(old) = path.metadata() {
            file.set_permissions(old.permissions())?;
        }
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    let done = written.and_then(|()| fs::rename(&beside, &path));
    if done.is_err() {
        // What is wrong has been told; the half-written file is of no use.
        let _ = fs::remove_file(&beside);
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_changes_and_the_rest_stays() {
        for (old, new) in [
            ("", "[filters]\nslow = 'dur>1s'\n"),
            ("# mine", "# mine\n\n[filters]\nslow = 'dur>1s'\n"),
            ("[filters]", "[filters]\nslow = 'dur>1s'\n"),
            ("[filters] # mine\n\n", "[filters] # mine\nslow = 'dur>1s'\n\n"),
            ("[filters]\na = 'err' # x\n# end\n", "[filters]\na = 'err' # x\nslow = 'dur>1s'\n# end\n"),
            ("[filters]\nslow = \"err\" # x\nb = 'err'\n", "[filters]\nslow = 'dur>1s' # x\nb = 'err'\n"),
        ] {
            assert_eq!(with_filter(old, "slow", "dur>1s"), new, "{old}");
        }
        for filter in ["it's \"x\\\\\"", "path~\"\\.so\"", "a\u{7f}'b", "\u{e4}'"] {
            let config = Config::parse(&with_filter("", "x", filter)).expect(filter);
            assert_eq!(config.filters.iter().next(), Some(("x", filter)));
        }
    }

    #[test]
    fn a_file_is_made_changed_and_kept_when_something_is_wrong() {
        let dir = std::env::temp_dir().join(format!("sysview-config-{}", std::process::id()));
        let path = dir.join("deep").join("config.toml");
        let mut config = Config::read(path.clone()).expect("none yet");
        config.save_filter("slow", "dur>1s").expect("saved");
        config.save_filter("both", "@slow err").expect("saved");
        let before = fs::read_to_string(&path).expect("readable");
        for (name, filter, word) in [
            ("a b", "err", "letters"),
            ("x", "err=NO", "cannot be read"),
            ("slow", "@both", "leads back"),
            ("x", "", "empty"),
        ] {
            let NotSaved(sentence) = config.save_filter(name, filter).expect_err(name);
            assert!(sentence.contains(word) && sentence.ends_with('.'), "{sentence}");
        }
        assert_eq!(fs::read_to_string(&path).expect("readable"), before);
        assert_eq!(Config::read(path.clone()).expect("fine"), config);
        // Nothing else is left beside it.
        assert_eq!(fs::read_dir(path.parent().expect("a directory")).expect("readable").count(), 1);
        fs::remove_dir_all(&dir).expect("removed");
        assert!(Config::default().save_filter("x", "err").is_err_and(|NotSaved(s)| s.contains("HOME")));
    }
}
