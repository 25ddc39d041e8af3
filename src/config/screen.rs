//! `[screen]`: how the screen is arranged; `[theme]`: styles of single roles. Left out: which themes, panes and roles
//! there are, which the screen knows (`tui::settings`).

use toml::de::DeTable;

use super::place::Place;
use super::read::{self, Setting};
use super::{Config, Wrong};

/// What a session's screen begins with; what is not set is the default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScreenSettings {
    /// The name of a theme.
    pub theme: Option<Setting>,
    /// Whether the mouse is ours; without it, the terminal selects text as ever.
    pub mouse: Option<bool>,
    /// What the trace takes of the height and of the width, in percent.
    pub trace_height: Option<u16>,
    pub trace_width: Option<u16>,
    /// What the call pane takes of the width beside the program, in percent.
    pub call_width: Option<u16>,
    /// The table beside the trace.
    pub table: Option<Setting>,
    /// Panes that are not shown until one goes to them.
    pub hide: Vec<Setting>,
}

/// The names in `[screen]`.
pub const NAMES: [&str; 7] = ["theme", "mouse", "trace-height", "trace-width", "call-width", "table", "hide"];

/// Least and most of the screen that a border can be moved to, in percent.
pub const SHARE: (u16, u16) = (20, 80);

pub(super) fn read(config: &mut Config, table: &DeTable<'_>, text: &str) -> Result<(), Wrong> {
    let screen = &mut config.screen;
    for (name, value) in table {
        match name.get_ref().as_ref() {
            "theme" => screen.theme = Some(read::text(value, text, "theme = \"dark\"")?),
            "mouse" => screen.mouse = Some(read::switch(value)?),
            "trace-height" => screen.trace_height = Some(read::number(value, SHARE.0, SHARE.1)?),
            "trace-width" => screen.trace_width = Some(read::number(value, SHARE.0, SHARE.1)?),
            "call-width" => screen.call_width = Some(read::number(value, SHARE.0, SHARE.1)?),
            "table" => screen.table = Some(read::text(value, text, "table = \"files\"")?),
            "hide" => screen.hide = read::texts(value, text, "hide = [\"call\"]")?,
            other => return Err(read::unknown(name.span().start, "setting of the screen", other, &NAMES)),
        }
    }
    Ok(())
}

/// A role is to look so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleStyle {
    pub role: Setting,
    pub words: Setting,
}

pub(super) fn read_theme(config: &mut Config, table: &DeTable<'_>, text: &str) -> Result<(), Wrong> {
    for (role, value) in table {
        let words = read::text(value, text, &format!("{} = \"cyan bold\"", role.get_ref()))?;
        let role = Setting { text: role.get_ref().to_string(), place: Place::of(text, role.span().start) };
        config.theme.push(RoleStyle { role, words });
    }
    Ok(())
}
