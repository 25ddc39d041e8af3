//! From waiting rows to the columns of one batch, in the order of `schema::fields`.

use std::sync::Arc;

use arrow_array::types::{ArrowDictionaryKeyType, Int8Type, Int16Type, Int32Type};
use arrow_array::{
    ArrayRef, BinaryArray, BooleanArray, DictionaryArray, Int32Array, Int64Array, ListArray, PrimitiveArray,
    RecordBatch, StringArray, StructArray, UInt8Array, UInt16Array, UInt32Array, UInt64Array, new_null_array,
};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::{ArrowError, Field, Fields, SchemaRef};

use super::names::{CallNames, Kind, OUTCOMES, outcome_index, warning_name};
use super::rows::{ExitPart, Row, Rows, What};
use super::schema::{ARGS, end_fields, exec_fields, machine_fields, map_fields, namespace_fields, new_task_fields};
use super::schema::{pid_namespace_fields, siginfo_fields, symbol_fields, tid_item, warning_fields};
use super::words::Words;
use super::{marker, standing};
use crate::abi::Arch;
use crate::model::{
    Enter, EventKind, Exec, Mapping, NewTask, Outcome, PidNamespace, Signal, SignalDetail, TaskEnd, VdsoState,
    VdsoSymbol, Warning,
};
use crate::source::{End, Machine};

/// Makes batches; keeps the dictionaries, which are the same in every batch and so are written once.
pub(super) struct Columns {
    schema: SchemaRef,
    calls: CallNames,
    kinds: Arc<StringArray>,
    arches: Arc<StringArray>,
    outcomes: Arc<StringArray>,
}

impl Columns {
    pub fn new(schema: SchemaRef) -> Columns {
        let names = |names: &[&'static str]| Arc::new(StringArray::from(names.to_vec()));
        Columns {
            schema,
            calls: CallNames::new(),
            kinds: names(&Kind::NAMES),
            arches: names(&Arch::ALL.map(Arch::name)),
            outcomes: names(&OUTCOMES),
        }
    }

    /// All waiting rows as one batch.
    pub fn batch(&self, rows: &Rows) -> Result<RecordBatch, ArrowError> {
        let all = &rows.rows;
        let u64s =
            |get: &dyn Fn(&Row) -> Option<u64>| -> ArrayRef { Arc::new(all.iter().map(get).collect::<UInt64Array>()) };
        let kinds = all.iter().map(|r| Some(kind(r) as i8));
        let arches = all.iter().map(|r| Some(enter(r)?.arch as i8));
        let calls = all.iter().map(|r| enter(r).and_then(|e| self.calls.key(e.arch, e.nr)));
        let outcomes = all.iter().map(|r| Some(outcome_index(exit(r)?.outcome)));
        let mut columns = vec![
            dictionary::<Int8Type>(kinds.collect(), &self.kinds)?,
            Arc::new(all.iter().map(|r| r.task).collect::<UInt32Array>()),
            u64s(&|r| r.t_ns),
            u64s(&|r| exit(r).filter(|e| e.after.is_some()).and_then(|e| Some(e.t_ns.wrapping_sub(r.t_ns?)))),
            dictionary::<Int8Type>(arches.collect(), &self.arches)?,
            u64s(&number),
            dictionary::<Int16Type>(calls.collect(), &self.calls.names)?,
        ];
        for index in 0..ARGS.len() {
            columns.push(u64s(&|r| Some(enter(r)?.args[index])));
        }
        columns.extend([
            u64s(&|r| Some(enter(r)?.ip)),
            u64s(&|r| Some(enter(r)?.sp)),
            dictionary::<Int8Type>(outcomes.collect(), &self.outcomes)?,
            Arc::new(all.iter().map(|r| result(exit(r)?.outcome)).collect::<Int64Array>()),
            Arc::new(all.iter().map(|r| errno(exit(r)?.outcome)).collect::<UInt16Array>()),
            Arc::new(all.iter().map(|r| exit(r)?.after).collect::<UInt32Array>()),
        ]);
        columns.extend(rows.entries.columns(&all.iter().map(|r| Some(&r.entry)).collect::<Vec<_>>())?);
        columns.extend(rows.exits.columns(&all.iter().map(|r| exit(r).map(|e| &e.memory)).collect::<Vec<_>>())?);
        columns.extend::<[ArrayRef; 19]>([
            Arc::new(all.iter().map(signal_number).collect::<UInt8Array>()),
            siginfo(all)?,
            exec(all)?,
            new_task(all)?,
            end(all)?,
            Arc::new(all.iter().map(output).collect::<BinaryArray>()),
            Arc::new(all.iter().map(|r| Some(exit(r)?.marks.0)).collect::<UInt8Array>()),
            warning(all)?,
            pid_namespace(all)?,
            standing::column(all)?,
            marker::column(all)?,
            machine(all)?,
            u64s(&|r| r.system_ns),
            u64s(&|r| exit(r)?.system_ns),
            words(all.iter().map(|r| r.facts.path).collect(), &rows.paths.paths)?,
            words(all.iter().map(|r| r.facts.cwd).collect(), &rows.paths.cwds)?,
            Arc::new(all.iter().map(|r| r.facts.uid).collect::<UInt32Array>()),
            u64s(&|r| r.facts.capabilities),
            namespaces(all)?,
        ]);
        RecordBatch::try_new(self.schema.clone(), columns)
    }
}

fn kind(row: &Row) -> Kind {
    match &row.what {
        What::Event(EventKind::Enter(_)) => Kind::Call,
        What::Event(EventKind::Exit(_)) => Kind::Return,
        What::Event(EventKind::Signal(_)) => Kind::Signal,
        What::Event(EventKind::GroupStop { .. }) => Kind::Stop,
        What::Event(EventKind::Exec(_)) => Kind::Exec,
        What::Event(EventKind::NewTask(_)) => Kind::Task,
        What::Event(EventKind::TaskEnd(_)) => Kind::Exit,
        What::Event(EventKind::Warning(_)) => Kind::Warning,
        What::Machine(_) => Kind::Machine,
        What::Marker(_) => Kind::Marker,
        What::Output(_) => Kind::Output,
        What::Ended(_) => Kind::Ended,
    }
}

fn enter(row: &Row) -> Option<&Enter> {
    match &row.what {
        What::Event(EventKind::Enter(enter)) => Some(enter),
        _ => None,
    }
}

fn number(row: &Row) -> Option<u64> {
    match &row.what {
        What::Event(EventKind::Enter(enter)) => Some(enter.nr),
        What::Event(EventKind::Warning(Warning::VdsoUnlogged { nr, .. })) => Some(*nr),
        _ => None,
    }
}

fn exit(row: &Row) -> Option<&ExitPart> {
    row.exit.as_ref()
}

fn output(row: &Row) -> Option<&[u8]> {
    match &row.what {
        What::Output(bytes) => Some(bytes),
        _ => None,
    }
}

fn result(outcome: Outcome) -> Option<i64> {
    match outcome {
        Outcome::Returned(value) => Some(value),
        Outcome::Failed(errno) => Some(-i64::from(errno)),
        _ => None,
    }
}

fn errno(outcome: Outcome) -> Option<u16> {
    match outcome {
        Outcome::Failed(errno) => Some(errno),
        _ => None,
    }
}

fn signal_number(row: &Row) -> Option<u8> {
    match &row.what {
        What::Event(EventKind::Signal(signal)) => Some(signal.number),
        What::Event(EventKind::GroupStop { signal }) => Some(*signal),
        _ => None,
    }
}

fn dictionary<K: ArrowDictionaryKeyType>(
    keys: PrimitiveArray<K>,
    values: &Arc<StringArray>,
) -> Result<ArrayRef, ArrowError> {
    Ok(Arc::new(DictionaryArray::try_new(keys, values.clone())?))
}

/// A list column over values that stand one after the other.
pub(super) fn list(lengths: Vec<usize>, fields: Fields, columns: Vec<ArrayRef>) -> Result<ArrayRef, ArrowError> {
    let values = StructArray::try_new(fields.clone(), columns, None)?;
    let field = Field::new("item", arrow_schema::DataType::Struct(fields), true);
    Ok(Arc::new(ListArray::try_new(field.into(), OffsetBuffer::from_lengths(lengths), Arc::new(values), None)?))
}

/// A struct column that is null where `present` is false.
pub(super) fn structure(fields: Fields, columns: Vec<ArrayRef>, present: Vec<bool>) -> Result<ArrayRef, ArrowError> {
    Ok(Arc::new(StructArray::try_new(fields, columns, Some(NullBuffer::from(present)))?))
}

/// A dictionary column of bytes.
fn words(keys: PrimitiveArray<Int32Type>, words: &Words) -> Result<ArrayRef, ArrowError> {
    Ok(Arc::new(DictionaryArray::try_new(keys, words.array()?)?))
}

fn machine(rows: &[Row]) -> Result<ArrayRef, ArrowError> {
    let machines: Vec<Option<&Machine>> = rows
        .iter()
        .map(|row| match &row.what {
            What::Machine(machine) => Some(&**machine),
            _ => None,
        })
        .collect();
    let text = |get: fn(&Machine) -> &str| -> ArrayRef {
        Arc::new(machines.iter().map(|m| m.map(get)).collect::<StringArray>())
    };
    let columns = vec![
        text(|machine| &machine.kernel_release),
        text(|machine| &machine.machine),
        text(|machine| &machine.hostname),
    ];
    structure(machine_fields(), columns, machines.iter().map(Option::is_some).collect())
}

/// Those that are known: of mounts and of PIDs.
fn namespaces(rows: &[Row]) -> Result<ArrayRef, ArrowError> {
    let inodes = |get: fn(&Row) -> Option<u64>| -> ArrayRef { Arc::new(rows.iter().map(get).collect::<UInt64Array>()) };
    let fields = namespace_fields();
    let columns = fields.iter().map(|field| match field.name().as_str() {
        "mnt" => inodes(|row| row.facts.mount_ns),
        "pid" => inodes(|row| row.facts.pid_ns),
        _ => new_null_array(field.data_type(), rows.len()),
    });
    let known = rows.iter().map(|row| row.facts.mount_ns.or(row.facts.pid_ns).is_some()).collect();
    structure(fields.clone(), columns.collect(), known)
}

fn siginfo(rows: &[Row]) -> Result<ArrayRef, ArrowError> {
    use SignalDetail::{Child, Fault, None as Nothing, Poll, Sender, Syscall, Timer};
    let signals: Vec<Option<&Signal>> = rows
        .iter()
        .map(|row| match &row.what {
            What::Event(EventKind::Signal(signal)) => Some(signal),
            _ => None,
        })
        .collect();
    let i32s = |get: fn(&Signal) -> Option<i32>| -> ArrayRef {
        Arc::new(signals.iter().map(|s| s.and_then(get)).collect::<Int32Array>())
    };
    let i64s = |get: fn(&SignalDetail) -> Option<i64>| -> ArrayRef {
        Arc::new(signals.iter().map(|s| get(&s.as_ref()?.detail)).collect::<Int64Array>())
    };
    let u32s = |get: fn(&SignalDetail) -> Option<u32>| -> ArrayRef {
        Arc::new(signals.iter().map(|s| get(&s.as_ref()?.detail)).collect::<UInt32Array>())
    };
    let u64s = |get: fn(&SignalDetail) -> Option<u64>| -> ArrayRef {
        Arc::new(signals.iter().map(|s| get(&s.as_ref()?.detail)).collect::<UInt64Array>())
    };
    let detail = |signal: &Signal| match signal.detail {
        Nothing => "none",
        Sender { .. } => "sender",
        Child { .. } => "child",
        Fault { .. } => "fault",
        Timer { .. } => "timer",
        Poll { .. } => "poll",
        Syscall { .. } => "syscall",
    };
    let columns: Vec<ArrayRef> = vec![
        i32s(|s| Some(s.code)),
        i32s(|s| Some(s.errno)),
        Arc::new(signals.iter().map(|s| s.map(detail)).collect::<StringArray>()),
        i32s(|s| match s.detail {
            Sender { pid, .. } | Child { pid, .. } => Some(pid),
            _ => None,
        }),
        u32s(|d| match *d {
            Sender { uid, .. } | Child { uid, .. } => Some(uid),
            _ => None,
        }),
        u64s(|d| match *d {
            Sender { value, .. } => value,
            Timer { value, .. } => Some(value),
            _ => None,
        }),
        i32s(|s| if let Child { status, .. } = s.detail { Some(status) } else { None }),
        i64s(|d| if let Child { utime, .. } = *d { Some(utime) } else { None }),
        i64s(|d| if let Child { stime, .. } = *d { Some(stime) } else { None }),
        u64s(|d| match *d {
            Fault { addr } | Syscall { addr, .. } => Some(addr),
            _ => None,
        }),
        i32s(|s| if let Timer { id, .. } = s.detail { Some(id) } else { None }),
        i32s(|s| if let Timer { overrun, .. } = s.detail { Some(overrun) } else { None }),
        i64s(|d| if let Poll { band, .. } = *d { Some(band) } else { None }),
        i32s(|s| if let Poll { fd, .. } = s.detail { Some(fd) } else { None }),
        i32s(|s| if let Syscall { nr, .. } = s.detail { Some(nr) } else { None }),
        u32s(|d| if let Syscall { audit_arch, .. } = *d { Some(audit_arch) } else { None }),
    ];
    structure(siginfo_fields(), columns, signals.iter().map(Option::is_some).collect())
}

fn exec(rows: &[Row]) -> Result<ArrayRef, ArrowError> {
    let execs: Vec<Option<&Exec>> = rows
        .iter()
        .map(|row| match &row.what {
            What::Event(EventKind::Exec(exec)) => Some(&**exec),
            What::Event(EventKind::NewTask(new)) => new.image.as_deref(),
            _ => None,
        })
        .collect();
    let image = |exec: &&Exec| match &exec.vdso {
        VdsoState::Present(image) | VdsoState::Removed(image) => Some(image.clone()),
        VdsoState::Unknown | VdsoState::None => None,
    };
    let images: Vec<_> = execs.iter().map(|exec| exec.as_ref().and_then(image)).collect();
    let state = |exec: &Exec| match exec.vdso {
        VdsoState::Unknown => "unknown",
        VdsoState::None => "none",
        VdsoState::Present(_) => "present",
        VdsoState::Removed(_) => "removed",
    };
    let maps: Vec<&Mapping> = execs.iter().flatten().flat_map(|exec| &exec.maps).collect();
    let symbols: Vec<&VdsoSymbol> = images.iter().flatten().flat_map(|image| &image.symbols).collect();
    let columns: Vec<ArrayRef> = vec![
        Arc::new(execs.iter().map(|e| e.map(|e| &e.path)).collect::<BinaryArray>()),
        Arc::new(execs.iter().map(|e| e.map(|e| &e.comm)).collect::<BinaryArray>()),
        list(
            execs.iter().map(|e| e.map_or(0, |e| e.maps.len())).collect(),
            map_fields(),
            vec![
                Arc::new(maps.iter().map(|m| Some(m.start)).collect::<UInt64Array>()),
                Arc::new(maps.iter().map(|m| Some(m.end)).collect::<UInt64Array>()),
                Arc::new(maps.iter().map(|m| Some(m.offset)).collect::<UInt64Array>()),
                Arc::new(maps.iter().map(|m| Some(&m.name)).collect::<BinaryArray>()),
            ],
        )?,
        Arc::new(execs.iter().map(|e| e.map(state)).collect::<StringArray>()),
        Arc::new(images.iter().map(|i| Some(i.as_ref()?.base)).collect::<UInt64Array>()),
        Arc::new(images.iter().map(|i| Some(i.as_ref()?.size)).collect::<UInt64Array>()),
        list(
            images.iter().map(|i| i.as_ref().map_or(0, |i| i.symbols.len())).collect(),
            symbol_fields(),
            vec![
                Arc::new(symbols.iter().map(|s| Some(&s.name)).collect::<StringArray>()),
                Arc::new(symbols.iter().map(|s| Some(s.offset)).collect::<UInt64Array>()),
                Arc::new(symbols.iter().map(|s| Some(s.size)).collect::<UInt64Array>()),
            ],
        )?,
        Arc::new(execs.iter().map(|e| Some(e.as_ref()?.former?.0)).collect::<UInt32Array>()),
    ];
    structure(exec_fields(), columns, execs.iter().map(Option::is_some).collect())
}

fn new_task(rows: &[Row]) -> Result<ArrayRef, ArrowError> {
    let tasks: Vec<Option<&NewTask>> = rows
        .iter()
        .map(|row| match &row.what {
            What::Event(EventKind::NewTask(new)) => Some(&**new),
            _ => None,
        })
        .collect();
    let columns: Vec<ArrayRef> = vec![
        Arc::new(tasks.iter().map(|t| t.map(|t| t.tid)).collect::<Int32Array>()),
        Arc::new(tasks.iter().map(|t| t.map(|t| t.tgid)).collect::<Int32Array>()),
        Arc::new(tasks.iter().map(|t| Some(t.as_ref()?.parent?.0)).collect::<UInt32Array>()),
        Arc::new(tasks.iter().map(|t| t.map(|t| t.origin.name())).collect::<StringArray>()),
        Arc::new(tasks.iter().map(|t| t.map(|t| &t.comm)).collect::<BinaryArray>()),
    ];
    structure(new_task_fields(), columns, tasks.iter().map(Option::is_some).collect())
}

fn warning(rows: &[Row]) -> Result<ArrayRef, ArrowError> {
    let warnings: Vec<Option<Warning>> = rows
        .iter()
        .map(|row| match &row.what {
            What::Event(EventKind::Warning(warning)) => Some(*warning),
            _ => None,
        })
        .collect();
    let held_ns = |warning: Warning| match warning {
        Warning::HeldTooLong { held_ns } => Some(held_ns),
        Warning::VdsoSwitched { error_ns, .. } => Some(error_ns),
        Warning::VdsoUnlogged { count, .. } => Some(count),
        Warning::PrivilegesDropped(_) => None,
    };
    let columns: Vec<ArrayRef> = vec![
        Arc::new(warnings.iter().map(|w| w.map(warning_name)).collect::<StringArray>()),
        Arc::new(warnings.iter().map(|w| w.and_then(held_ns)).collect::<UInt64Array>()),
    ];
    structure(warning_fields(), columns, warnings.iter().map(Option::is_some).collect())
}

fn pid_namespace(rows: &[Row]) -> Result<ArrayRef, ArrowError> {
    let known: Vec<Option<&PidNamespace>> = rows
        .iter()
        .map(|row| match &row.what {
            What::Event(EventKind::NewTask(new)) => Some(&new.ns),
            _ => None,
        })
        .collect();
    let lengths = known.iter().map(|ns| ns.map_or(0, |ns| ns.tids.len()));
    let tids: Int32Array = known.iter().flatten().flat_map(|ns| &ns.tids).copied().map(Some).collect();
    let columns: Vec<ArrayRef> = vec![
        Arc::new(known.iter().map(|ns| ns.map(|ns| ns.inode)).collect::<UInt64Array>()),
        Arc::new(ListArray::try_new(tid_item().into(), OffsetBuffer::from_lengths(lengths), Arc::new(tids), None)?),
    ];
    structure(pid_namespace_fields(), columns, known.iter().map(Option::is_some).collect())
}

/// How a task or the whole program ended.
#[derive(Default)]
struct EndRow {
    how: &'static str,
    status: Option<i32>,
    signal: Option<i32>,
    core: Option<bool>,
    by: Option<u32>,
}

fn end_row(row: &Row) -> Option<EndRow> {
    let killed = |signal, core| EndRow { how: "killed", signal: Some(signal), core: Some(core), ..EndRow::default() };
    let exited = |status| EndRow { how: "exited", status: Some(status), ..EndRow::default() };
    Some(match row.what {
        What::Event(EventKind::TaskEnd(TaskEnd::Exited { status })) => exited(status),
        What::Event(EventKind::TaskEnd(TaskEnd::Killed { signal, core })) => killed(signal.into(), core),
        What::Event(EventKind::TaskEnd(TaskEnd::SupersededByExec { by })) => {
            EndRow { how: "superseded_by_exec", by: Some(by.0), ..EndRow::default() }
        }
        What::Event(EventKind::TaskEnd(TaskEnd::Detached)) => EndRow { how: "detached", ..EndRow::default() },
        What::Ended(End::Exited(status)) => exited(status),
        What::Ended(End::Killed { signal, core }) => killed(signal, core),
        What::Ended(End::Replayed) => EndRow { how: "replayed", ..EndRow::default() },
        _ => return None,
    })
}

fn end(rows: &[Row]) -> Result<ArrayRef, ArrowError> {
    let ends: Vec<Option<EndRow>> = rows.iter().map(end_row).collect();
    let columns: Vec<ArrayRef> = vec![
        Arc::new(ends.iter().map(|e| e.as_ref().map(|e| e.how)).collect::<StringArray>()),
        Arc::new(ends.iter().map(|e| e.as_ref()?.status).collect::<Int32Array>()),
        Arc::new(ends.iter().map(|e| e.as_ref()?.signal).collect::<Int32Array>()),
        Arc::new(ends.iter().map(|e| e.as_ref()?.core).collect::<BooleanArray>()),
        Arc::new(ends.iter().map(|e| e.as_ref()?.by).collect::<UInt32Array>()),
    ];
    structure(end_fields(), columns, ends.iter().map(Option::is_some).collect())
}
