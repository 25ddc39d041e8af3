//! The user's settings as the screen takes them: keys, theme, how much room the panes have. Left out: the file (`config`).

use super::Options;
use super::keymap::Keymap;
use super::layout::{Arrangement, Pane, Split};
use super::theme::{Role, Theme, WHOLE};
use crate::config::{Config, Setting};

impl Options {
    /// What the settings say; `theme` takes the place of theirs, and without `colour` there is none.
    ///
    /// # Errors
    /// One sentence, with file, line and column for what stands in the settings.
    pub fn with_settings(config: Config, theme: Option<&str>, colour: bool) -> Result<Options, String> {
        let keymap = Keymap::new(&config)?;
        let (theme_name, theme) = themed(&config, theme)?;
        let theme = if colour { theme } else { Theme::new(false) };
        let arrangement = arranged(&config)?;
        let mouse = config.screen.mouse.unwrap_or(true);
        Ok(Options { keymap, theme, theme_name, colour, arrangement, mouse, config, ..Options::default() })
    }
}

/// Where the panes are to stand.
fn arranged(config: &Config) -> Result<Arrangement, String> {
    let screen = &config.screen;
    let default = Arrangement::default();
    let split = Split {
        rows: screen.trace_height.unwrap_or(default.split.rows),
        cols: screen.trace_width.unwrap_or(default.split.cols),
        lower: screen.call_width.unwrap_or(default.split.lower),
    };
    let mut arrangement = Arrangement { split, ..default };
    let named = |setting: &Setting, which: &[Pane]| {
        let found = which.iter().find(|pane| pane.name() == setting.text);
        let names = || which.iter().map(|pane| pane.name()).collect::<Vec<_>>();
        found.copied().ok_or_else(|| config.unknown("pane for this", setting, &names()))
    };
    if let Some(setting) = &screen.table {
        arrangement.table = named(setting, &[Pane::Histogram, Pane::Processes, Pane::Files])?;
    }
    for setting in &screen.hide {
        let some = [Pane::Histogram, Pane::Processes, Pane::Files, Pane::Call, Pane::Program];
        arrangement.hidden.add(named(setting, &some)?);
    }
    Ok(arrangement)
}

/// The theme of a name, or of the settings, with the styles of the settings.
fn themed(config: &Config, name: Option<&str>) -> Result<(String, Theme), String> {
    let names: Vec<&str> = Theme::names().map(|(name, _)| name).collect();
    let chosen = name.or(config.screen.theme.as_ref().map(|setting| setting.text.as_str()));
    let chosen = chosen.unwrap_or(WHOLE).to_owned();
    let mut theme = match (name, &config.screen.theme) {
        (Some(name), _) => Theme::named(name)
            .ok_or_else(|| format!("--theme {name}: there is no such theme; there are {}", names.join(", ")))?,
        (None, Some(setting)) => Theme::named(&setting.text).ok_or_else(|| config.unknown("theme", setting, &names))?,
        (None, None) => Theme::default(),
    };
    over(config, &mut theme)?;
    Ok((chosen, theme))
}

/// The styles of the settings over those of a theme.
///
/// # Errors
/// One sentence with file, line and column.
pub fn over(config: &Config, theme: &mut Theme) -> Result<(), String> {
    for change in &config.theme {
        let Some(role) = Role::named(&change.role.text) else {
            return Err(config.unknown("role in a theme", &change.role, &Role::names().collect::<Vec<_>>()));
        };
        theme.set(role, &change.words.text).map_err(|error| config.at(change.words.place, &error))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, theme: Option<&str>) -> Result<Options, String> {
        Options::with_settings(Config::parse_text(text).expect("settings"), theme, true)
    }

    #[test]
    fn the_screen_begins_as_the_settings_say() {
        let options =
            read("[screen]\ntheme = \"dark\"\ntrace-width = 40\nmouse = false\n[theme]\nkey = \"red\"\n", None);
        let options = options.expect("fine");
        assert_eq!((options.arrangement.split, options.mouse), (Split { cols: 40, ..Split::default() }, false));
        let dark = Theme::named("dark").expect("a theme");
        assert_eq!(options.theme.style(Role::File), dark.style(Role::File));
        assert_ne!(options.theme.style(Role::Key), dark.style(Role::Key));
        let light = read("[screen]\ntheme = \"dark\"\n", Some("light")).expect("fine");
        assert_eq!(light.theme.style(Role::File), Theme::named("light").expect("a theme").style(Role::File));
    }

    #[test]
    fn mistakes_have_line_and_column() {
        for (text, words) in [
            ("[screen]\ntheme = \"drak\"\n", "2:9: there is no theme \"drak\"; did you mean dark?"),
            ("[theme]\nerrors = \"red\"\n", "2:1: there is no role in a theme \"errors\"; did you mean error?"),
            ("[theme]\nerror = \"reddish\"\n", "2:9: \"reddish\" is no style"),
        ] {
            let error = read(text, None).expect_err(text);
            assert!(error.starts_with(words), "{error}");
        }
        assert!(
            read("[screen]\nhide = [\"trace\"]\n", None).is_err_and(|error| error.starts_with("2:9: there is no pane"))
        );
        assert!(read("", Some("pink")).is_err_and(|error| error.contains("--theme pink")));
        for (text, words) in [
            ("[screen]\nthem = \"x\"\n", "2:1: there is no setting of the screen \"them\"; did you mean theme?"),
            ("[screen]\ntrace-width = 90\n", "2:15: this is a whole number from 20 to 80"),
            ("[screen]\nmouse = \"no\"\n", "2:9: this is true or false"),
        ] {
            assert_eq!(Config::parse_text(text).expect_err(text), words);
        }
    }
}
