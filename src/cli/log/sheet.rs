//! Where lines go: one text for all tasks, or a file for each (`-ff`).

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::model::TaskId;

const BUFFER: usize = 64 * 1024;

/// The line that is open at the end of a text: the call of a task, of which `written` columns stand there already.
#[derive(Debug, Clone, Copy)]
pub struct OpenLine {
    pub task: TaskId,
    /// 0 if nothing was, because a call is mostly over before anybody could read half of it.
    pub written: usize,
}

/// A text that grows by lines.
pub struct Sheet {
    pub out: Box<dyn Write>,
    pub line: Option<OpenLine>,
    /// The start of the open line, while nothing of it is written.
    pub leader: String,
}

impl Sheet {
    pub fn new(out: Box<dyn Write>) -> Sheet {
        Sheet { out, line: None, leader: String::new() }
    }
}

/// A buffered file; the error names it.
pub fn create(path: &Path, append: bool) -> io::Result<Box<dyn Write>> {
    match File::options().create(true).write(true).append(append).truncate(!append).open(path) {
        Ok(file) => Ok(Box::new(BufWriter::with_capacity(BUFFER, file))),
        Err(e) => Err(io::Error::new(e.kind(), format!("{}: {e}", path.display()))),
    }
}

pub fn standard_error() -> Box<dyn Write> {
    Box::new(BufWriter::with_capacity(BUFFER, io::stderr()))
}

/// All texts of a log.
pub enum Sheets {
    Shared(Sheet),
    /// `FILE.PID`, open while the task lives.
    Own {
        base: PathBuf,
        append: bool,
        open: HashMap<TaskId, Sheet>,
    },
}

impl Sheets {
    pub fn shared(out: Box<dyn Write>) -> Sheets {
        Sheets::Shared(Sheet::new(out))
    }

    pub fn own(base: PathBuf, append: bool) -> Sheets {
        Sheets::Own { base, append, open: HashMap::new() }
    }

    /// A task appeared.
    pub fn begin(&mut self, task: TaskId, tid: i32) -> io::Result<()> {
        if let Sheets::Own { base, append, open } = self {
            let mut name = base.clone().into_os_string();
            name.push(format!(".{tid}"));
            open.insert(task, Sheet::new(create(Path::new(&name), *append)?));
        }
        Ok(())
    }

    /// A task is gone, and its last line is written.
    pub fn end(&mut self, task: TaskId) -> io::Result<()> {
        if let Sheets::Own { open, .. } = self
            && let Some(mut sheet) = open.remove(&task)
        {
            sheet.out.flush()?;
        }
        Ok(())
    }

    /// The text of a task; None for one that never began.
    pub fn of(&mut self, task: TaskId) -> Option<&mut Sheet> {
        match self {
            Sheets::Shared(sheet) => Some(sheet),
            Sheets::Own { open, .. } => open.get_mut(&task),
        }
    }

    pub fn all(&mut self) -> Vec<&mut Sheet> {
        match self {
            Sheets::Shared(sheet) => vec![sheet],
            Sheets::Own { open, .. } => open.values_mut().collect(),
        }
    }
}
