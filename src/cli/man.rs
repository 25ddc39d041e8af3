//! `sysview man`: the manual page, made from the declarations of the command line and of the keys.

use std::io::{self, Write};

use clap::{Command, CommandFactory};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::args::{Cli, EXIT_STATUS};
use super::error::CliError;
use crate::tui;

pub fn run() -> Result<i32, CliError> {
    let mut page = Vec::new();
    render(&mut page).map_err(CliError::failed)?;
    io::stdout().write_all(&page).map_err(|e| CliError::failed(format!("cannot write the manual page: {e}")))?;
    Ok(0)
}

/// A subcommand with its options.
fn section(sub: &Command, title: &str, out: &mut Vec<u8>) -> io::Result<()> {
    let mut roff = Roff::new();
    roff.control("SH", [title]);
    roff.text([roman(sub.get_about().map(|a| a.to_string()).unwrap_or_default())]);
    for arg in sub.get_arguments().filter(|a| !a.is_hide_set() && a.get_id() != "help") {
        let name = match (arg.get_short(), arg.get_long()) {
            (Some(short), Some(long)) => format!("-{short}, --{long}"),
            (None, Some(long)) => format!("--{long}"),
            (Some(short), None) => format!("-{short}"),
            (None, None) => arg.get_value_names().map(|v| v.join(" ")).unwrap_or_default(),
        };
        roff.control("TP", []);
        roff.text([bold(name)]);
        roff.text([roman(arg.get_help().map(|h| h.to_string()).unwrap_or_default())]);
    }
    let after = sub.get_after_help().map(|text| text.to_string()).filter(|text| text != EXIT_STATUS);
    for line in after.unwrap_or_default().lines() {
        roff.control("br", []);
        roff.text([roman(line.trim())]);
    }
    roff.to_writer(out)
}

fn render(out: &mut Vec<u8>) -> io::Result<()> {
    let command = Cli::command();
    let man = Man::new(command.clone()).section("1");
    man.render_title(out)?;
    man.render_name_section(out)?;
    man.render_synopsis_section(out)?;
    man.render_description_section(out)?;
    man.render_options_section(out)?;
    for sub in command.get_subcommands() {
        section(sub, &format!("SYSVIEW {}", sub.get_name().to_uppercase()), out)?;
        for part in sub.get_subcommands() {
            let title = format!("SYSVIEW {} {}", sub.get_name().to_uppercase(), part.get_name().to_uppercase());
            section(part, &title, out)?;
        }
    }
    let mut roff = Roff::new();
    roff.control("SH", ["KEYS"]);
    for action in tui::actions() {
        roff.control("TP", []);
        roff.text([bold(action.keys_text())]);
        roff.text([roman(action.help)]);
    }
    roff.control("SH", ["EXIT STATUS"]);
    for line in EXIT_STATUS.lines().skip(1) {
        roff.control("br", []);
        roff.text([roman(line.trim())]);
    }
    roff.to_writer(out)
}
