//! `sysview open`: the screen over a recording, or one picture of it.

use std::fs::{self, File};
use std::io::BufReader;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::args::OpenArgs;
use super::error::CliError;
use super::{size, ui};
use crate::session;
use crate::source::Source;
use crate::tui::key::Key;
use crate::tui::svg::{self, SvgOptions};
use crate::tui::terminal::Screen;
use crate::tui::{App, Options};

pub fn run(args: &OpenArgs) -> Result<i32, CliError> {
    let options = ui::view_options(&args.view)?;
    let name = args.file.display().to_string();
    let file = File::open(&args.file).map_err(|e| CliError::failed(format!("cannot open {name}: {e}")))?;
    let source = session::replay(BufReader::new(file), &name).map_err(CliError::failed)?;
    match &args.svg {
        None => ui::show(source, Screen::open().map_err(CliError::failed)?, options),
        Some(path) => {
            let picture = draw(source, options, args)?;
            fs::write(path, picture).map_err(|e| CliError::failed(format!("cannot write {}: {e}", path.display())))?;
            Ok(0)
        }
    }
}

/// The screen after the whole recording and the given keys.
fn draw(mut source: Source, options: Options, args: &OpenArgs) -> Result<String, CliError> {
    let (cols, rows) = size::parse(&args.size, "--size")?;
    let keys = args
        .keys
        .split_whitespace()
        .map(|k| k.parse::<Key>().map_err(|e| CliError::usage(format!("--keys {k}: {e}"))))
        .collect::<Result<Vec<Key>, CliError>>()?;
    let mut app = App::new(options);
    app.resize(cols, rows);
    while let Some(message) = source.messages.blocking_recv() {
        app.message(message);
    }
    app.work(|| false);
    for key in keys {
        app.key(key.event());
        app.work(|| false);
    }
    let area = Rect::new(0, 0, cols, rows);
    let mut buffer = Buffer::empty(area);
    app.render(area, &mut buffer);
    let title = title(&app);
    Ok(svg::render(&buffer, &SvgOptions { title, ..SvgOptions::default() }))
}

/// The command line that was recorded, as it would be typed.
fn title(app: &App) -> String {
    let argv = app.session().started.as_ref().map(|s| s.argv.as_slice()).unwrap_or_default();
    let words: Vec<String> = argv.iter().map(|word| word.escape_ascii().to_string()).collect();
    format!("sysview -- {}", words.join(" "))
}
