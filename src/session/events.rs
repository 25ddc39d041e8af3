//! From the columns of a batch back to events, exactly as they were. Whatever stands in the file, the answer is an
//! event or an error: types were checked when the file was opened, values are checked here.

use std::io::Read;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type};
use arrow_array::{Array, ArrayRef, ArrowPrimitiveType, RecordBatch, StructArray};

use super::SessionError;
use super::arrays::{Wrong, binary, field, flag, get, list, number, text, value, words};
use super::frame::{Frames, State};
use super::marker::{self, Marker};
use super::names::{Kind, OUTCOMES, origin};
use super::pieces::{self, Side};
use super::schema::{ARGS, LISTS};
use super::{metadata, standing};
use crate::abi::Arch;
use crate::model::*;
use crate::source::{End, Started};

/// Events of one hand-over, as `model::Batch` says.
const BATCH_EVENTS: usize = 4096;
/// Copied memory of one batch of the file, in bytes. A few words of a dictionary can stand for many copies, so the size of
/// the batch does not bound it; the writer does.
const MAX_COPIED: usize = 160 << 20;
/// Task ids that may be missing from the count, over the whole file: a source that loses one is a bug, but a file must
/// not make tables of tasks grow to millions.
const TASK_GAPS: u32 = 65_536;

/// What a recording holds, in order.
#[derive(Debug)]
pub enum Item {
    Batch(Batch),
    /// Bytes that the program wrote to its terminal.
    Output(Vec<u8>),
    Marker(Marker),
    /// The end of the program; nothing follows.
    Ended(End),
}

/// Reads a recording piece by piece.
pub struct Reader<R> {
    frames: Frames<R>,
    started: Started,
    image: Option<Arc<VdsoImage>>,
    next_task: u32,
    task_gaps: u32,
}

impl<R: Read> Reader<R> {
    /// Reads the beginning of a recording; `name` is what errors call it.
    pub fn open(input: R, name: &str) -> Result<Reader<R>, SessionError> {
        let frames = Frames::open(input, name)?;
        let started = metadata::started(frames.schema())
            .map_err(|key| frames.corrupt(format!("its {key} is missing or makes no sense")))?;
        Ok(Reader { frames, started, image: None, next_task: 0, task_gaps: 0 })
    }

    /// What was known at the start; `live` is false.
    pub fn started(&self) -> &Started {
        &self.started
    }

    /// At which byte the file breaks off; None while there is more to read and at the end of a whole recording.
    pub fn cut(&self) -> Option<u64> {
        match self.frames.state() {
            State::Cut(offset) => Some(offset),
            State::Open | State::Whole => None,
        }
    }

    /// How much of the file has been read, in bytes.
    pub fn offset(&self) -> u64 {
        self.frames.position()
    }

    /// The next stretch of the run; None at its end. A batch has at most 4,096 events.
    pub fn read(&mut self) -> Result<Option<Vec<Item>>, SessionError> {
        let Some(batch) = self.frames.read()? else { return Ok(None) };
        self.items(&batch).map(Some).map_err(|what| self.frames.corrupt(what))
    }

    fn items(&mut self, batch: &RecordBatch) -> Result<Vec<Item>, Wrong> {
        let columns = Columns::of(batch)?;
        let mut items = Vec::new();
        let mut events = Batch::default();
        let mut copied = 0;
        for place in columns.places()? {
            let before = events.bytes.len();
            let item = match place {
                Place::Exit(row) => {
                    let event = columns.exit(row, &mut events)?;
                    push(&mut events, event, columns.system_ns(true, row));
                    None
                }
                Place::Row(row) => match columns.kind(row)? {
                    Kind::Machine => None,
                    Kind::Marker => Some(Item::Marker(marker::read(batch, row)?)),
                    Kind::Output => Some(Item::Output(columns.output(row)?)),
                    Kind::Ended => Some(Item::Ended(columns.ended(row)?)),
                    kind => {
                        let event = self.event(&columns, kind, row, &mut events)?;
                        push(&mut events, event, columns.system_ns(kind == Kind::Return, row));
                        None
                    }
                },
            };
            copied += events.bytes.len() - before;
            if copied > MAX_COPIED {
                return Err("its copied memory is more than any that is written");
            }
            if !events.is_empty() && (item.is_some() || events.events.len() == BATCH_EVENTS) {
                items.push(Item::Batch(std::mem::take(&mut events)));
            }
            items.extend(item);
        }
        if !events.is_empty() {
            items.push(Item::Batch(events));
        }
        Ok(items)
    }

    fn event(&mut self, columns: &Columns<'_>, kind: Kind, row: usize, batch: &mut Batch) -> Result<Event, Wrong> {
        let task = columns.task(row)?;
        if task.0 > self.next_task.saturating_add(TASK_GAPS) {
            return Err("an event belongs to a task that never appeared");
        }
        let event = match kind {
            Kind::Call => EventKind::Enter(columns.enter(row, batch)?),
            Kind::Return => return columns.exit(row, batch),
            Kind::Signal => EventKind::Signal(columns.signal(row)?),
            Kind::Stop => EventKind::GroupStop { signal: columns.rare::<UInt8Type>("signal", row)? },
            Kind::Exec => EventKind::Exec(Box::new(columns.exec(row, &mut self.image)?)),
            Kind::Task => {
                self.task_gaps = self.task_gaps.saturating_add(task.0.saturating_sub(self.next_task));
                if self.task_gaps > TASK_GAPS {
                    return Err("task ids do not count up");
                }
                self.next_task = self.next_task.max(task.0 + 1);
                EventKind::NewTask(Box::new(columns.new_task(row, &mut self.image)?))
            }
            Kind::Exit => EventKind::TaskEnd(columns.task_end(row)?),
            Kind::Warning => EventKind::Warning(columns.warning(row)?),
            Kind::Output | Kind::Ended | Kind::Machine | Kind::Marker => return Err("a row is no event"),
        };
        Ok(Event { task, t_ns: columns.t_ns(row)?, kind: event })
    }
}

/// Adds an event with its CPU time, which stands beside all events of a batch or beside none.
fn push(batch: &mut Batch, event: Event, system_ns: Option<u64>) {
    if let Some(system_ns) = system_ns {
        batch.system_ns.resize(batch.events.len(), 0);
        batch.system_ns.push(system_ns);
    } else if !batch.system_ns.is_empty() {
        batch.system_ns.push(0);
    }
    batch.events.push(event);
}

/// What stands at a place in the order of a batch.
#[derive(Clone, Copy)]
enum Place {
    /// What a row began with.
    Row(usize),
    /// The exit that joined a row.
    Exit(usize),
}

/// The columns of one batch; those that every call needs are looked up once.
struct Columns<'a> {
    batch: &'a RecordBatch,
    kinds: Vec<Option<Kind>>,
    arches: Vec<Option<Arch>>,
    /// Indices into `OUTCOMES`.
    outcomes: Vec<Option<usize>>,
    task: &'a ArrayRef,
    t_ns: &'a ArrayRef,
    duration_ns: &'a ArrayRef,
    nr: &'a ArrayRef,
    args: [&'a ArrayRef; 6],
    ip: &'a ArrayRef,
    sp: &'a ArrayRef,
    result: &'a ArrayRef,
    /// Of an event and of an exit that joined its entry; absent in version 1.
    system_ns: [Option<&'a ArrayRef>; 2],
    entry_memory: Side<'a>,
    exit_memory: Side<'a>,
}

impl<'a> Columns<'a> {
    fn of(batch: &'a RecordBatch) -> Result<Columns<'a>, Wrong> {
        let get = |name| get(batch, name);
        let mut args = [get("arg0")?; 6];
        for (arg, name) in args.iter_mut().zip(ARGS) {
            *arg = get(name)?;
        }
        Ok(Columns {
            batch,
            kinds: words(get("kind")?, Kind::from_name),
            arches: words(get("arch")?, Arch::from_name),
            outcomes: words(get("outcome")?, |name| OUTCOMES.iter().position(|n| *n == name)),
            task: get("task")?,
            t_ns: get("t_ns")?,
            duration_ns: get("duration_ns")?,
            nr: get("nr")?,
            args,
            ip: get("ip")?,
            sp: get("sp")?,
            result: get("result")?,
            system_ns: ["system_ns", "exit_system_ns"].map(|name| batch.column_by_name(name)),
            entry_memory: Side::of(batch, pieces::ENTRY, LISTS[0])?,
            exit_memory: Side::of(batch, pieces::EXIT, LISTS[1])?,
        })
    }

    /// A number that a rare kind of row has.
    fn rare<T: ArrowPrimitiveType>(&self, name: &str, row: usize) -> Result<T::Native, Wrong> {
        value::<T>(get(self.batch, name)?, row)
    }

    fn structure(&self, name: &str, row: usize) -> Result<&'a StructArray, Wrong> {
        let column = get(self.batch, name)?.as_struct();
        if column.is_null(row) { Err("a row lacks what its kind needs") } else { Ok(column) }
    }

    fn kind(&self, row: usize) -> Result<Kind, Wrong> {
        self.kinds.get(row).copied().flatten().ok_or("a row is of an unknown kind")
    }

    fn task(&self, row: usize) -> Result<TaskId, Wrong> {
        Ok(TaskId(value::<UInt32Type>(self.task, row)?))
    }

    fn t_ns(&self, row: usize) -> Result<u64, Wrong> {
        value::<UInt64Type>(self.t_ns, row)
    }

    fn output(&self, row: usize) -> Result<Vec<u8>, Wrong> {
        Ok(binary(get(self.batch, "output")?, row).ok_or("an output has no bytes")?.to_vec())
    }

    /// Puts entries and joined exits back into one order: an exit has its place by its distance from the entry, and
    /// rows take the places that are left, in order.
    fn places(&self) -> Result<Vec<Place>, Wrong> {
        let after = get(self.batch, "exit_after")?.as_primitive::<UInt32Type>();
        let rows = self.batch.num_rows();
        let mut places = vec![None; rows + after.len() - after.null_count()];
        let mut next = 0;
        for row in 0..rows {
            while places.get(next).is_some_and(Option::is_some) {
                next += 1;
            }
            *places.get_mut(next).ok_or("exits and entries do not fit together")? = Some(Place::Row(row));
            if after.is_valid(row) {
                let place = next.saturating_add(after.value(row) as usize);
                let free = places.get_mut(place).filter(|p| p.is_none()).ok_or("an exit has an impossible place")?;
                *free = Some(Place::Exit(row));
            }
        }
        places.into_iter().collect::<Option<_>>().ok_or("exits and entries do not fit together")
    }

    fn enter(&self, row: usize, batch: &mut Batch) -> Result<Enter, Wrong> {
        let (arch, args) = self.arguments(row)?;
        Ok(Enter {
            arch,
            nr: value::<UInt64Type>(self.nr, row)?,
            args,
            ip: value::<UInt64Type>(self.ip, row)?,
            sp: value::<UInt64Type>(self.sp, row)?,
            regions: self.entry_memory.read(row, Some((arch, &args)), batch)?,
        })
    }

    fn arguments(&self, row: usize) -> Result<(Arch, [u64; 6]), Wrong> {
        let mut args = [0; 6];
        for (arg, column) in args.iter_mut().zip(self.args) {
            *arg = value::<UInt64Type>(column, row)?;
        }
        Ok((self.arches[row].ok_or("a call is of an unknown architecture")?, args))
    }

    fn system_ns(&self, of_exit: bool, row: usize) -> Option<u64> {
        number::<UInt64Type>(self.system_ns[usize::from(of_exit)]?, row)
    }

    /// The exit that a row holds, whether it joined its entry or stands alone.
    fn exit(&self, row: usize, batch: &mut Batch) -> Result<Event, Wrong> {
        let outcome = match self.outcomes[row] {
            Some(0) => Outcome::Returned(value::<Int64Type>(self.result, row)?),
            Some(1) => Outcome::Failed(self.rare::<UInt16Type>("errno", row)?),
            Some(2) => Outcome::NeverReturned,
            Some(3) => Outcome::KilledBySeccomp,
            Some(4) => Outcome::Detached,
            _ => return Err("an exit has an unknown outcome"),
        };
        // Absent in the first files: no marks.
        let marks = self.batch.column_by_name("marks").and_then(|marks| number::<UInt8Type>(marks, row));
        // Of a call that began in another batch the arguments are not at hand, and not needed.
        let arguments = self.arguments(row).ok();
        let arguments = arguments.as_ref().map(|(arch, args)| (*arch, args));
        let regions = self.exit_memory.read(row, arguments, batch)?;
        let exit = Exit { outcome, marks: Marks(marks.unwrap_or(0)), regions };
        // An exit in a row of its own has its own time.
        let duration_ns = number::<UInt64Type>(self.duration_ns, row).unwrap_or_default();
        let t_ns = self.t_ns(row)?.wrapping_add(duration_ns);
        Ok(Event { task: self.task(row)?, t_ns, kind: EventKind::Exit(exit) })
    }

    fn signal(&self, row: usize) -> Result<Signal, Wrong> {
        let info = self.structure("siginfo", row)?;
        let i32_at = |column| field::<Int32Type>(info, column, row);
        let i64_at = |column| field::<Int64Type>(info, column, row);
        let u32_at = |column| field::<UInt32Type>(info, column, row);
        let u64_at = |column| field::<UInt64Type>(info, column, row);
        let detail = match text(info.column(2), row) {
            Some("none") => SignalDetail::None,
            Some("sender") => SignalDetail::Sender {
                pid: i32_at(3)?,
                uid: u32_at(4)?,
                value: number::<UInt64Type>(info.column(5), row),
            },
            Some("child") => SignalDetail::Child {
                pid: i32_at(3)?,
                uid: u32_at(4)?,
                status: i32_at(6)?,
                utime: i64_at(7)?,
                stime: i64_at(8)?,
            },
            Some("fault") => SignalDetail::Fault { addr: u64_at(9)? },
            Some("timer") => SignalDetail::Timer { id: i32_at(10)?, overrun: i32_at(11)?, value: u64_at(5)? },
            Some("poll") => SignalDetail::Poll { band: i64_at(12)?, fd: i32_at(13)? },
            Some("syscall") => SignalDetail::Syscall { addr: u64_at(9)?, nr: i32_at(14)?, audit_arch: u32_at(15)? },
            _ => return Err("a signal has unknown details"),
        };
        let number = self.rare::<UInt8Type>("signal", row)?;
        Ok(Signal { number, code: i32_at(0)?, errno: i32_at(1)?, detail })
    }

    fn exec(&self, row: usize, known: &mut Option<Arc<VdsoImage>>) -> Result<Exec, Wrong> {
        let exec = self.structure("exec", row)?;
        let (range, values) = list(exec.column(2), row);
        let maps = range.map(|index| {
            Ok(Mapping {
                start: field::<UInt64Type>(values, 0, index)?,
                end: field::<UInt64Type>(values, 1, index)?,
                offset: field::<UInt64Type>(values, 2, index)?,
                name: binary(values.column(3), index).ok_or("a mapping has no name")?.to_vec(),
            })
        });
        let mut image = || {
            let (range, values) = list(exec.column(6), row);
            let symbols = range.map(|index| {
                Ok(VdsoSymbol {
                    name: text(values.column(0), index).ok_or("a symbol has no name")?.to_string(),
                    offset: field::<UInt64Type>(values, 1, index)?,
                    size: field::<UInt64Type>(values, 2, index)?,
                })
            });
            let base = field::<UInt64Type>(exec, 4, row)?;
            let image = VdsoImage {
                base,
                size: field::<UInt64Type>(exec, 5, row)?,
                symbols: symbols.collect::<Result<_, Wrong>>()?,
            };
            // Programs started from one image share it, as they did when they were recorded.
            if known.as_deref() != Some(&image) {
                *known = Some(Arc::new(image));
            }
            known.clone().ok_or("a vDSO is missing")
        };
        let vdso = match text(exec.column(3), row) {
            Some("unknown") => VdsoState::Unknown,
            Some("none") => VdsoState::None,
            Some("present") => VdsoState::Present(image()?),
            Some("removed") => VdsoState::Removed(image()?),
            _ => return Err("a vDSO is in an unknown state"),
        };
        Ok(Exec {
            path: binary(exec.column(0), row).ok_or("a program has no path")?.to_vec(),
            comm: binary(exec.column(1), row).ok_or("a program has no name")?.to_vec(),
            vdso,
            maps: maps.collect::<Result<_, Wrong>>()?,
            former: number::<UInt32Type>(exec.column(7), row).map(TaskId),
            standing: standing::read(self.batch, row)?,
        })
    }

    fn new_task(&self, row: usize, known: &mut Option<Arc<VdsoImage>>) -> Result<NewTask, Wrong> {
        let new = self.structure("new_task", row)?;
        Ok(NewTask {
            tid: field::<Int32Type>(new, 0, row)?,
            tgid: field::<Int32Type>(new, 1, row)?,
            parent: number::<UInt32Type>(new.column(2), row).map(TaskId),
            origin: text(new.column(3), row).and_then(origin).ok_or("a task has an unknown origin")?,
            comm: binary(new.column(4), row).ok_or("a task has no name")?.to_vec(),
            ns: self.pid_namespace(row)?,
            image: match get(self.batch, "exec")?.is_valid(row) {
                true => Some(Box::new(self.exec(row, known)?)),
                false => None,
            },
        })
    }

    /// Absent in the first files: nothing is known.
    fn pid_namespace(&self, row: usize) -> Result<PidNamespace, Wrong> {
        let Some(column) = self.batch.column_by_name("pid_namespace") else { return Ok(PidNamespace::default()) };
        let ns = column.as_struct();
        if ns.is_null(row) {
            return Ok(PidNamespace::default());
        }
        let tids = ns.column(1).as_list::<i32>();
        let tids = if tids.is_valid(row) {
            tids.value(row).as_primitive::<Int32Type>().iter().map(Option::unwrap_or_default).collect()
        } else {
            Vec::new()
        };
        Ok(PidNamespace { inode: field::<UInt64Type>(ns, 0, row)?, tids })
    }

    fn warning(&self, row: usize) -> Result<Warning, Wrong> {
        let warning = self.structure("warning", row)?;
        Ok(match text(warning.column(0), row) {
            Some("privileges_dropped_traced") => Warning::PrivilegesDropped(Dropped::Traced),
            Some("privileges_dropped_no_new_privs") => Warning::PrivilegesDropped(Dropped::NoNewPrivs),
            Some("held_too_long") => Warning::HeldTooLong { held_ns: field::<UInt64Type>(warning, 1, row)? },
            Some("vdso_unlogged") => Warning::VdsoUnlogged {
                nr: value::<UInt64Type>(self.nr, row)?,
                count: field::<UInt64Type>(warning, 1, row)?,
            },
            Some(what) => match what.strip_prefix("vdso_").and_then(VdsoMode::from_name) {
                Some(mode) => Warning::VdsoSwitched { mode, error_ns: field::<UInt64Type>(warning, 1, row)? },
                None => return Err("a warning is of an unknown kind"),
            },
            None => return Err("a warning is of no kind"),
        })
    }

    fn task_end(&self, row: usize) -> Result<TaskEnd, Wrong> {
        let end = self.structure("end", row)?;
        Ok(match text(end.column(0), row) {
            Some("exited") => TaskEnd::Exited { status: field::<Int32Type>(end, 1, row)? },
            Some("killed") => TaskEnd::Killed {
                signal: u8::try_from(field::<Int32Type>(end, 2, row)?).map_err(|_| "a signal has no such number")?,
                core: flag(end.column(3), row).ok_or("an end is incomplete")?,
            },
            Some("superseded_by_exec") => TaskEnd::SupersededByExec { by: TaskId(field::<UInt32Type>(end, 4, row)?) },
            Some("detached") => TaskEnd::Detached,
            _ => return Err("a task ended in an unknown way"),
        })
    }

    fn ended(&self, row: usize) -> Result<End, Wrong> {
        let end = self.structure("end", row)?;
        Ok(match text(end.column(0), row) {
            Some("exited") => End::Exited(field::<Int32Type>(end, 1, row)?),
            Some("killed") => End::Killed {
                signal: field::<Int32Type>(end, 2, row)?,
                core: flag(end.column(3), row).ok_or("an end is incomplete")?,
            },
            Some("replayed") => End::Replayed,
            _ => return Err("the program ended in an unknown way"),
        })
    }
}
