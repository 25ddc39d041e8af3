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

/// A style for every role.
#[derive(Debug, Clone)]
pub struct Theme {
    styles: [Style; NAMES.len()],
}

impl Theme {
    /// The theme for a terminal with colours, or for one without (`NO_COLOR`).
    pub fn new(colour: bool) -> Theme {
        let text = if colour {
            include_str!("../../assets/themes/default.toml")
        } else {
            include_str!("../../assets/themes/mono.toml")
        };
        // The built-in themes are proved by the tests below; should one ever break, plain text is still readable.
        Theme::parse(text).unwrap_or(Theme { styles: [Style::new(); NAMES.len()] })
    }

    /// Reads a theme: `role = "words"` for every role.
    ///
    /// # Errors
    /// One sentence that names the role and what is wrong with it.
    pub fn parse(text: &str) -> Result<Theme, String> {
        let table: toml::Table = text.parse().map_err(|e| format!("the theme is no TOML: {e}"))?;
        if let Some(name) = table.keys().find(|k| !NAMES.iter().any(|(name, _)| name == k)) {
            return Err(format!("the theme has a role \"{name}\", which does not exist"));
        }
        let mut styles = [Style::new(); NAMES.len()];
        for (name, role) in NAMES {
            let words = table.get(name).and_then(toml::Value::as_str);
            let words = words.ok_or_else(|| format!("the theme lacks the role \"{name}\""))?;
            styles[role as usize] =
                parse_style(words).map_err(|w| format!("\"{w}\" in role \"{name}\" is no style"))?;
        }
        Ok(Theme { styles })
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
        Theme::parse(include_str!("../../assets/themes/default.toml")).unwrap();
        let mono = Theme::parse(include_str!("../../assets/themes/mono.toml")).unwrap();
        assert!(mono.styles.iter().all(|s| s.fg.is_none() && s.bg.is_none()), "NO_COLOR means no colour at all");
    }

    #[test]
    fn a_broken_theme_names_the_place() {
        let whole = include_str!("../../assets/themes/mono.toml");
        assert!(Theme::parse(&whole.replace("key =", "keys =")).unwrap_err().contains("\"keys\""));
        assert!(Theme::parse(&whole.replace("italic", "wobbly")).unwrap_err().contains("\"wobbly\""));
        assert!(Theme::parse("text = \"\"").unwrap_err().contains("lacks the role \"dim\""));
    }
}
