//! `sysview open`: the screen over a recording, or one picture of it.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::thread;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::args::OpenArgs;
use super::error::CliError;
use super::{diff, size, ui};
use crate::session;
use crate::session::strace::Import;
use crate::source::Source;
use crate::tui::key::Key;
use crate::tui::svg::{self, SvgOptions};
use crate::tui::terminal::Screen;
use crate::tui::{App, Options};

pub fn run(args: &OpenArgs) -> Result<i32, CliError> {
    let mut options = ui::view_options(&args.view)?;
    if args.check {
        return check(args);
    }
    let source = session::open(&args.file).map_err(CliError::failed)?;
    if let Some(other) = &args.compare {
        options.compare = Some(compare(&args.file, other, args.svg.is_some())?);
    }
    match &args.svg {
        None => ui::show(source, Screen::open().map_err(CliError::failed)?, options),
        Some(path) => {
            let picture = draw(source, options, args)?;
            fs::write(path, picture).map_err(|e| CliError::failed(format!("cannot write {}: {e}", path.display())))?;
            Ok(0)
        }
    }
}

/// Says which lines of a text could not be read, and why.
fn check(args: &OpenArgs) -> Result<i32, CliError> {
    let name = args.file.display();
    let Some(texts) = session::text(&args.file).map_err(CliError::failed)? else {
        return Err(CliError::usage(format!("--check {name}: this is no text of strace; open it without --check")));
    };
    let mut import = Import::new(texts).map_err(CliError::failed)?;
    let mut events = 0;
    while let Some(batch) = import.next_batch() {
        events += batch.events.len();
    }
    let mut out = io::stdout().lock();
    let written = import.complaints().try_for_each(|line| writeln!(out, "{line}"));
    let unread = import.unread().len();
    match written.and_then(|()| writeln!(out, "{name}: {events} events; {unread} lines could not be read in full")) {
        // Nobody reads any more (`| head`).
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(CliError::failed(error)),
        _ => Ok(i32::from(unread > 0)),
    }
}

/// How `b` differs from `a`, once both are read; `now`: before this returns.
fn compare(a: &Path, b: &Path, now: bool) -> Result<Arc<OnceLock<String>>, CliError> {
    // A typo is told before the screen changes.
    File::open(b).map_err(|e| CliError::failed(format!("cannot open {}: {e}", b.display())))?;
    let result = Arc::new(OnceLock::new());
    let (a, b, text) = (a.to_owned(), b.to_owned(), result.clone());
    let reader = thread::Builder::new()
        .name("compare".into())
        .spawn(move || text.get_or_init(|| diff::text(&a, &b)).len())
        .map_err(CliError::failed)?;
    if now && reader.join().is_err() {
        return Err(CliError::failed("the two recordings could not be compared"));
    }
    Ok(result)
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
        if let Some(error) = app.session().store.no_room() {
            return Err(CliError::failed(format!(
                "no room for the older part of the trace in {error}; set TMPDIR or --memory"
            )));
        }
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
