//! JSON objects, one a line: what `sysview log --format jsonl` writes, of a recording.

use std::io::{self, Write};

use super::objects::{self, Around, Who};
use super::{About, Out, Seen, Sink};
use crate::decode;
use crate::model::{RowKind, TaskId};

pub struct Jsonl {
    out: Out,
    line: String,
    options: decode::Options,
}

impl Jsonl {
    pub fn new(out: Out, about: &About) -> io::Result<Jsonl> {
        // As `log` does: as much as was copied.
        let options = decode::Options {
            string_limit: usize::MAX,
            verbose: true,
            descriptors: false,
            ..decode::Options::default()
        };
        let mut sink = Jsonl { out, line: String::new(), options };
        objects::start(&mut sink.line, &about.started);
        sink.write()?;
        Ok(sink)
    }

    fn write(&mut self) -> io::Result<()> {
        self.out.write_all(self.line.as_bytes())?;
        self.line.clear();
        Ok(())
    }
}

impl Sink for Jsonl {
    fn row(&mut self, seen: Seen<'_>, seq: u64) -> io::Result<()> {
        let store = seen.store;
        let Some(row) = store.row(seq) else { return Ok(()) };
        let (task, t_ns) = (row.task, row.t_ns);
        let known = store.task(task);
        let numbers = known.map_or((0, 0), |task| (task.tid, task.tgid));
        let comm = known.map_or(&[][..], |task| task.comm_at(seq));
        let who = Who { row: seq, t_ns, tid: numbers.0, pid: numbers.1, comm };
        let tid_of = |task: TaskId| store.task(task).map(|task| task.tid);
        let named = |pid: i64| {
            let meant = store.task_by_tid_in(task, i32::try_from(pid).ok()?, t_ns)?;
            Some(store.task(meant)?.comm_at(seq).to_vec())
        };
        let around = |exit_ns| Around { files: store.files(), task, entry_ns: t_ns, exit_ns, comm: &named };
        let out = &mut self.line;
        match &row.kind {
            RowKind::Call(call) => {
                let Some(held) = store.call(seq) else { return Ok(()) };
                let exit_ns = call.outcome.map(|_| call.t_exit_ns);
                let known = around(exit_ns.map_or(t_ns, |exit_ns| exit_ns + 1));
                objects::call(out, &who, &held.view(), exit_ns, &self.options, &known);
            }
            RowKind::Signal(signal) => objects::signal(out, &who, signal, &around(t_ns)),
            RowKind::GroupStop { signal } => objects::group_stop(out, &who, *signal),
            RowKind::Warning(warning) => objects::warning(out, &who, *warning),
            RowKind::Exec(exec) => objects::exec(out, &who, &exec.path, store.files(), task),
            RowKind::NewTask(new) => {
                let parent = new.parent.and_then(tid_of);
                objects::task(out, &who, new, parent, store.files(), task);
            }
            RowKind::TaskEnd(end) => objects::end(out, &who, *end, tid_of),
        }
        self.write()
    }

    fn finish(&mut self, _: Seen<'_>) -> io::Result<()> {
        self.out.flush()
    }
}
