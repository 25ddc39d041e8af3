//! `sysview config`: where the settings are, whether anything in them is wrong, and a file of the defaults to begin with.

use std::fs::{self, File};
use std::io::{self, Write};

use clap::{Args, Subcommand};

use super::error::CliError;
use super::filter;
use crate::config::Config;
use crate::tui::{self, Options};

/// `sysview config`.
#[derive(Debug, Args)]
pub struct ConfigArgs {
    #[command(subcommand)]
    pub sub: ConfigSub,
}

#[derive(Debug, Subcommand)]
pub enum ConfigSub {
    /// Write the default settings into the file, each with an explanation; a file that is there already is left alone
    Init,
    /// Print the name of the file
    Path,
    /// Read the settings and tell the first mistake, with line and column; exits with 2 if there is one
    Check,
    /// Print the default settings, each with an explanation
    Show,
}

pub fn run(args: &ConfigArgs) -> Result<i32, CliError> {
    match args.sub {
        ConfigSub::Init => init(),
        ConfigSub::Path => print(&format!("{}\n", path()?.display())),
        ConfigSub::Check => check(),
        ConfigSub::Show => print(&tui::documented::settings()),
    }
}

/// The file, also when what is in it cannot be read.
fn path() -> Result<std::path::PathBuf, CliError> {
    Config::place()
        .ok_or_else(|| CliError::usage("there is no place for settings: neither XDG_CONFIG_HOME nor HOME is set"))
}

fn init() -> Result<i32, CliError> {
    let path = path()?;
    let unwritten = |error: io::Error| CliError::failed(format!("cannot write {}: {error}", path.display()));
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir).map_err(unwritten)?;
    }
    let file = File::options().write(true).create_new(true).open(&path);
    let mut file = match file {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let name = path.display();
            return Err(CliError::usage(format!("{name} is there already; `sysview config show` prints the defaults")));
        }
        other => other.map_err(unwritten)?,
    };
    file.write_all(tui::documented::settings().as_bytes()).map_err(unwritten)?;
    print(&format!("{}\n", path.display()))
}

fn check() -> Result<i32, CliError> {
    let config = filter::config()?;
    let name = config.path().map(|path| path.display().to_string()).unwrap_or_default();
    let there = config.path().is_some_and(|path| path.exists());
    Options::with_settings(config, None, true).map_err(CliError::usage)?;
    print(&match there {
        true => format!("{name}: nothing is wrong\n"),
        false => format!("{name}: there is no such file; everything is as by default\n"),
    })
}

fn print(text: &str) -> Result<i32, CliError> {
    match io::stdout().lock().write_all(text.as_bytes()) {
        // Nobody reads any more (`| head`).
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(CliError::failed(error)),
        _ => Ok(0),
    }
}
