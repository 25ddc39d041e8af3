//! Which style each thing on the screen has. Themes are data (`assets/themes`); a role is what a thing is, not how it
//! looks. Left out: choosing the style of a row (`view`).

use ratatui::style::{Color, Modifier, Style};

/// What a piece of text on the screen is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Text,
    Dim,
    Border,
    BorderFocus,
    Title,
    Header,
    Live,
    Ended,
    Selected,
    Column,
    Error,
    Blocked,
    FirstBlocked,
    Unfinished,
    Signal,
    Exec,
    Task,
    File,
    Desc,
    Network,
    Process,
    Memory,
    Signals,
    Time,
    Bar,
    Key,
    Notice,
    Failure,
    Tour,
    Held,
    Warning,
    Floor,
}

/// Roles by their name in a theme, in the order of the declaration above.
const NAMES: [(&str, Role); 32] = [
    ("text", Role::Text),
    ("dim", Role::Dim),
    ("border", Role::Border),
    ("border-focus", Role::BorderFocus),
    ("title", Role::Title),
    ("header", Role::Header),
    ("live", Role::Live),
    ("ended", Role::Ended),
    ("selected", Role::Selected),
    ("column", Role::Column),
    ("error", Role::Error),
    ("blocked", Role::Blocked),
    ("first-blocked", Role::FirstBlocked),
    ("unfinished", Role::Unfinished),
    ("signal", Role::Signal),
    ("exec", Role::Exec),
    ("task", Role::Task),
    ("file", Role::File),
    ("desc", Role::Desc),
    ("network", Role::Network),
    ("process", Role::Process),
    ("memory", Role::Memory),
    ("signals", Role::Signals),
    ("time", Role::Time),
    ("bar", Role::Bar),
    ("key", Role::Key),
    ("notice", Role::Notice),
    ("failure", Role::Failure),
    ("tour", Role::Tour),
    ("held", Role::Held),
    ("warning", Role::Warning),
    ("floor", Role::Floor),
];

impl Role {
    /// The role of a name in a theme.
    pub fn named(name: &str) -> Option<Role> {
        NAMES.iter().find(|(other, _)| *other == name).map(|(_, role)| *role)
    }

    /// The names of all roles.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().map(|(name, _)| *name)
    }
}

/// A style for every role.
#[derive(Debug, Clone)]
pub struct Theme {
    styles: [Style; NAMES.len()],
}

/// The built-in themes: name, what it is for, its file.
const BUILT_IN: [(&str, &str, &str); 6] = [
    ("terminal", "the terminal's own colours, on any ground", include_str!("../../assets/themes/terminal.toml")),
    ("dark", "256 colours for dark grounds", include_str!("../../assets/themes/dark.toml")),
    ("light", "256 colours for light grounds", include_str!("../../assets/themes/light.toml")),
    ("high-contrast", "few strong colours, nothing dim", include_str!("../../assets/themes/high-contrast.toml")),
    (
        "colour-blind",
        "no pair of colours that is told apart by red and green",
        include_str!("../../assets/themes/colour-blind.toml"),
    ),
    ("mono", "no colours at all", include_str!("../../assets/themes/mono.toml")),
];

/// The theme whose file is whole; the others say only what is different from it.
pub(super) const WHOLE: &str = "terminal";

impl Default for Theme {
    fn default() -> Theme {
        Theme::new(true)
    }
}

impl Theme {
    /// The theme for a terminal with colours, or for one without (`NO_COLOR`).
    pub fn new(colour: bool) -> Theme {
        Theme::named(if colour { WHOLE } else { "mono" }).unwrap_or(Theme::plain())
    }

    fn plain() -> Theme {
        Theme { styles: [Style::new(); NAMES.len()] }
    }

    /// Names of the built-in themes, each with what it is for.
    pub fn names() -> impl Iterator<Item = (&'static str, &'static str)> {
        BUILT_IN.into_iter().map(|(name, about, _)| (name, about))
    }

    /// A built-in theme; None: there is no such.
    pub fn named(name: &str) -> Option<Theme> {
        let file = |name: &str| BUILT_IN.iter().find(|(other, ..)| *other == name).map(|(_, _, file)| *file);
        let mut theme = Theme::plain();
        // The built-in themes are proved by the tests below; should one ever break, plain text is still readable.
        if name != WHOLE {
            file(WHOLE).and_then(|text| theme.change(text).ok())?;
        }
        let text = file(name)?;
        theme.change(text).ok().map(|()| theme)
    }

    /// Changes the roles that a text names: `role = "words"`.
    ///
    /// # Errors
    /// One sentence that names the role and what is wrong with it.
    pub fn change(&mut self, text: &str) -> Result<(), String> {
        let table: toml::Table = text.parse().map_err(|e| format!("the theme is no TOML: {e}"))?;
        for (role, words) in &table {
            let words = words.as_str().ok_or_else(|| format!("the style of \"{role}\" is no text"))?;
            let role =
                Role::named(role).ok_or_else(|| format!("the theme has a role \"{role}\", which does not exist"))?;
            self.set(role, words)?;
        }
        Ok(())
    }

    /// Gives a role a style in words: a colour, on-COLOUR, bold, dim, italic, underlined, reversed.
    ///
    /// # Errors
    /// One sentence that names the word that is none.
    pub fn set(&mut self, role: Role, words: &str) -> Result<(), String> {
        self.styles[role as usize] = parse_style(words).map_err(|word| {
            format!("{word:?} is no style; there are colours (red, 208, #ff8700), on-COLOUR, bold, dim, italic, underlined, reversed")
        })?;
        Ok(())
    }

    pub fn style(&self, role: Role) -> Style {
        self.styles[role as usize]
    }
}

fn parse_style(words: &str) -> Result<Style, &str> {
    let mut style = Style::new();
    for word in words.split_whitespace() {
        style = match word {
            "bold" => style.add_modifier(Modifier::BOLD),
            "dim" => style.add_modifier(Modifier::DIM),
            "italic" => style.add_modifier(Modifier::ITALIC),
            "underlined" => style.add_modifier(Modifier::UNDERLINED),
            "reversed" => style.add_modifier(Modifier::REVERSED),
            _ => match word.strip_prefix("on-") {
                Some(ground) => style.bg(ground.parse::<Color>().map_err(|_| word)?),
                None => style.fg(word.parse::<Color>().map_err(|_| word)?),
            },
        };
    }
    Ok(style)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_stand_in_the_order_of_their_numbers() {
        for (i, (name, role)) in NAMES.into_iter().enumerate() {
            assert_eq!(role as usize, i, "{name}");
        }
    }

    #[test]
    fn the_built_in_themes_are_whole() {
        for (name, _, text) in BUILT_IN {
            Theme::plain().change(text).unwrap_or_else(|error| panic!("{name}: {error}"));
            let table: toml::Table = text.parse().expect("TOML");
            let all = Role::names().filter(|role| !table.contains_key(*role)).count() == 0;
            assert!(all || !["terminal", "mono"].contains(&name), "{name} lacks a role");
        }
        let mono = Theme::new(false);
        assert!(mono.styles.iter().all(|s| s.fg.is_none() && s.bg.is_none()), "NO_COLOR means no colour at all");
        assert!(Theme::named("pink").is_none());
    }

    #[test]
    fn every_theme_tells_apart_what_must_not_be_mixed_up() {
        for (name, _) in Theme::names() {
            let theme = Theme::named(name).expect(name);
            for (one, other) in [
                (Role::Text, Role::Error),
                (Role::Text, Role::Selected),
                (Role::Error, Role::Blocked),
                (Role::Blocked, Role::FirstBlocked),
                (Role::Border, Role::BorderFocus),
                (Role::Live, Role::Ended),
                (Role::Text, Role::Unfinished),
            ] {
                assert_ne!(theme.style(one), theme.style(other), "{name}: {one:?} and {other:?}");
            }
        }
    }

    #[test]
    fn a_broken_theme_names_the_place() {
        let wrong = |text: &str| Theme::default().change(text).expect_err(text);
        assert!(wrong("keys = \"red\"").contains("\"keys\""));
        assert!(wrong("key = \"wobbly\"").contains("\"wobbly\""));
        assert!(wrong("key = 3").contains("no text"));
        assert!(wrong("key").contains("no TOML"));
    }
}
