//! The default settings as a file with an explanation of each: `sysview config init`. Every line is a comment, so that the
//! file changes nothing until a line is uncommented; made from the lists of actions, themes and roles, so that nothing
//! is missing.

use std::fmt::Write as _;

use super::actions::{self, Context};
use super::keymap::{ESCAPE, LEAVE};
use super::layout::{Arrangement, Split};
use super::theme::{Role, Theme, WHOLE};
use crate::config::SHARE;

/// Longest line of a comment, in columns.
const WIDTH: usize = 100;

/// The file.
pub fn settings() -> String {
    let mut out = String::new();
    comment(
        &mut out,
        "Settings of sysview. What is not set here is as it is by default; the lines below say what that is. \
        Take the # away from those that are to be different. sysview config check tells mistakes, with line and column.",
    );
    out.push_str("\n# [screen]\n");
    let mut themes = String::from("Colours: ");
    for (i, (name, about)) in Theme::names().enumerate() {
        let _ = write!(themes, "{}{name} ({about})", if i > 0 { ", " } else { "" });
    }
    comment(&mut out, &(themes + ". T on the screen goes through them."));
    let _ = writeln!(out, "# theme = \"{WHOLE}\"");
    comment(&mut out, "false: the mouse is the terminal's, which selects text with it.");
    out.push_str("# mouse = true\n");
    let split = Split::default();
    let (least, most) = SHARE;
    comment(
        &mut out,
        &format!(
            "What the trace takes of the screen, in percent ({least} to {most}); Ctrl-s on the screen writes it here."
        ),
    );
    let _ = writeln!(out, "# trace-height = {}\n# trace-width = {}", split.rows, split.cols);
    comment(&mut out, "What the call pane takes of the width beside the program.");
    let _ = writeln!(out, "# call-width = {}", split.lower);
    comment(
        &mut out,
        "The table beside the trace (histogram, processes, files), and panes that are hidden until one goes to them.",
    );
    let _ = writeln!(out, "# table = \"{}\"\n# hide = []", Arrangement::default().table.name());

    out.push_str("\n# [theme]\n");
    comment(
        &mut out,
        "Styles in the place of those of the theme: a colour (red, 208, #ff8700), on-COLOUR, bold, dim, italic, \
        underlined, reversed. For example:",
    );
    out.push_str("# error = \"208 bold\"\n");
    let roles: Vec<&str> = Role::names().collect();
    comment(&mut out, &format!("There are {}.", roles.join(", ")));

    out.push_str("\n# [filters]\n");
    comment(
        &mut out,
        "Filters with a name: @slow stands for this one in any other; Ctrl-s where filters are typed writes them here.",
    );
    out.push_str("# slow = 'dur>10ms'\n");

    out.push('\n');
    comment(
        &mut out,
        "Keys: one in quotes, or several in brackets, as they are printed in help (?): x, ctrl-x, alt-x, F5, enter, \
        pgup, space. A key that is given to one action is taken from the one that had it. [] leaves an action without a key; \
        the palette (:) still finds it.",
    );
    for context in Context::ALL {
        let _ = writeln!(out, "\n# [keys.{}]", context.name());
        if context == Context::Program {
            let _ = writeln!(out, "# {LEAVE} = \"{ESCAPE}\"  # Leaves the program's terminal; twice sends it.");
        }
        for action in actions::actions().iter().filter(|action| action.context == context) {
            let keys: Vec<String> = action.keys.iter().map(|key| quoted(&key.to_string())).collect();
            let keys = if keys.len() == 1 { keys.concat() } else { format!("[{}]", keys.join(", ")) };
            let _ = writeln!(out, "# {} = {keys}  # {}", action.name(), action.help);
        }
    }
    out
}

fn quoted(key: &str) -> String {
    if key.contains(['"', '\\']) { format!("'{key}'") } else { format!("\"{key}\"") }
}

fn comment(out: &mut String, text: &str) {
    for line in super::format::wrap(text, WIDTH) {
        let _ = writeln!(out, "# {line}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, SCREEN_NAMES};
    use crate::tui::Options;
    use crate::tui::keymap::Keymap;

    /// The file with what is set in it, rather than told.
    fn uncommented() -> String {
        let is_setting =
            |line: &&str| line.starts_with('[') || line.split_once(" = ").is_some_and(|(name, _)| !name.contains(' '));
        settings().lines().filter_map(|line| line.strip_prefix("# ")).filter(is_setting).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn every_line_of_it_can_be_uncommented_and_says_the_default() {
        assert_eq!(Config::parse_text(&settings()).expect("comments"), Config::default());
        let text = uncommented();
        let config = Config::parse_text(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        let options = Options::with_settings(config, None, true).unwrap_or_else(|error| panic!("{error}\n{text}"));
        let default = Keymap::default();
        for action in actions::actions() {
            assert_eq!(options.keymap.keys(action), default.keys(action), "{}", action.name());
        }
        assert_eq!((options.arrangement, options.mouse, options.keymap.escape), (Arrangement::default(), true, ESCAPE));
        for name in SCREEN_NAMES {
            assert!(text.contains(&format!("\n{name} = ")), "{name} is not in it");
        }
    }
}
