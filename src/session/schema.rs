//! What stands in a recording: one Arrow IPC stream, zstd-compressed, with one schema.
//!
//! `pyarrow.ipc.open_stream(f).read_all()` and Polars' `read_ipc_stream` read it as it is. Every row has a `kind`; the
//! columns that a kind does not use are null. Rows stand in the order in which things began.
//!
//! | kind     | one row for                          | columns that it uses |
//! |----------|--------------------------------------|----------------------|
//! | `call`   | a system call                        | `arch` `nr` `call` `arg0`…`arg5` `ip` `sp` `entry_memory`, `duration_ns`, and those of `return` |
//! | `return` | the end of a call that began in an earlier batch of the file | `outcome` `result` `errno` `exit_memory` |
//! | `signal` | a signal about to be delivered       | `signal` `siginfo` |
//! | `stop`   | a stop of the whole process          | `signal` |
//! | `exec`   | a new program image                  | `exec` `standing` |
//! | `task`   | a task that appeared                 | `new_task` `pid_namespace`, of a process that ran already `exec` `standing` |
//! | `exit`   | a task that is gone                  | `end` |
//! | `warning` | tracing made a difference to a task | `warning` |
//! | `output` | bytes that the program wrote to its terminal | `output` |
//! | `ended`  | the end of the program: the last row | `end` |
//!
//! - `t_ns`: nanoseconds since the beginning (`sysview.began_unix_ns`), of a call's entry or of the event. `duration_ns`:
//!   from a call's entry to its exit. `task` counts from 0 in order of appearance; `new_task` gives the kernel's numbers.
//! - `nr`, `arg0`…`arg5`, `ip`, `sp`: as the registers held them. `call`: the call's name, null for an unknown number.
//! - `outcome`: `returned` (with `result`), `failed` (with `errno`, and `result` = -errno), `never_returned`,
//!   `killed_by_seccomp`, `detached`; null while the call goes on.
//! - `exit_after`: how many events after its entry a call came back, within its batch: what is needed to put entries and
//!   exits of several tasks back into their exact order.
//! - `entry_memory`, `exit_memory`: what was copied of the task's memory: where it stood, how long the object was there
//!   (`true_len`), the bytes, and whether reading hit unreadable memory (`fault`).
//! - `marks`: bits on the end of a call: 1 sysview injected the outcome, 2 it delayed the call, 4 a seccomp filter of the
//!   program's own set the errno, 8 only seen because the vDSO is off, 16 made by the vDSO itself, 32 no call at all, but an
//!   answer of the vDSO that was logged.
//! - `warning`: what it is about, and a number: how long a task was held, how far times of the vDSO's answers may be off, or of
//!   how many more answers (to the call in `nr`) there is no row. `pid_namespace`: inode of the task's own namespace, and its number in each namespace
//!   from the recorder's inwards. Files without these columns or `warning` are read as well.
//! - `path`, `cwd`, `uid`, `capabilities`, `namespaces`: resolved facts about the caller. Nothing fills them yet.
//!
//! Metadata of the schema: `sysview.version` (of the format), `sysview.program`, `sysview.argv` (JSON; an argument that is
//! no UTF-8 is an array of byte values), `sysview.began_unix_ns`, `sysview.kernel_release`, `sysview.machine`,
//! `sysview.hostname`, `sysview.vdso` (`natural`, `shown`, `off` or `absent`), `sysview.terminal` (`true` or `false`),
//! `sysview.floor_apart_ns` and `sysview.floor_together_ns` (what tracing adds to a call, if it was measured). The vDSO's symbols
//! stand in `exec` rows, because each program image has its own.
//!
//! Readers ignore columns and metadata that they do not know; a change that they could misread raises the version.

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use arrow_schema::{DataType, Field, Fields, Schema};

use super::standing;
use crate::source::{Floor, Machine, Started, VdsoMode};

/// Version of the format that is written, and the newest that is read.
pub const FORMAT_VERSION: u32 = 1;

/// Arguments of a call, by column.
pub(super) const ARGS: [&str; 6] = ["arg0", "arg1", "arg2", "arg3", "arg4", "arg5"];

fn dictionary(key: DataType) -> DataType {
    DataType::Dictionary(Box::new(key), Box::new(DataType::Utf8))
}

pub(super) fn nullable(columns: &[(&str, DataType)]) -> Fields {
    columns.iter().map(|(name, ty)| Field::new(*name, ty.clone(), true)).collect()
}

pub(super) fn list_of(fields: Fields) -> DataType {
    DataType::List(Field::new("item", DataType::Struct(fields), true).into())
}

pub(super) fn memory_fields() -> Fields {
    nullable(&[
        ("addr", DataType::UInt64),
        ("true_len", DataType::UInt64),
        ("fault", DataType::Boolean),
        ("bytes", DataType::Binary),
    ])
}

pub(super) fn map_fields() -> Fields {
    nullable(&[
        ("start", DataType::UInt64),
        ("end", DataType::UInt64),
        ("offset", DataType::UInt64),
        ("name", DataType::Binary),
    ])
}

pub(super) fn symbol_fields() -> Fields {
    nullable(&[("name", DataType::Utf8), ("offset", DataType::UInt64), ("size", DataType::UInt64)])
}

/// What siginfo_t says, sigaction(2); `detail` tells which of its parts are meant.
pub(super) fn siginfo_fields() -> Fields {
    nullable(&[
        ("code", DataType::Int32),
        ("errno", DataType::Int32),
        ("detail", DataType::Utf8),
        ("pid", DataType::Int32),
        ("uid", DataType::UInt32),
        ("value", DataType::UInt64),
        ("status", DataType::Int32),
        ("utime", DataType::Int64),
        ("stime", DataType::Int64),
        ("addr", DataType::UInt64),
        ("timer", DataType::Int32),
        ("overrun", DataType::Int32),
        ("band", DataType::Int64),
        ("fd", DataType::Int32),
        ("nr", DataType::Int32),
        ("audit_arch", DataType::UInt32),
    ])
}

pub(super) fn exec_fields() -> Fields {
    nullable(&[
        ("path", DataType::Binary),
        ("comm", DataType::Binary),
        ("maps", list_of(map_fields())),
        ("vdso", DataType::Utf8),
        ("vdso_base", DataType::UInt64),
        ("vdso_size", DataType::UInt64),
        ("vdso_symbols", list_of(symbol_fields())),
        ("former", DataType::UInt32),
    ])
}

pub(super) fn new_task_fields() -> Fields {
    nullable(&[
        ("tid", DataType::Int32),
        ("tgid", DataType::Int32),
        ("parent", DataType::UInt32),
        ("origin", DataType::Utf8),
        ("comm", DataType::Binary),
    ])
}

pub(super) fn end_fields() -> Fields {
    nullable(&[
        ("how", DataType::Utf8),
        ("status", DataType::Int32),
        ("signal", DataType::Int32),
        ("core", DataType::Boolean),
        ("by", DataType::UInt32),
    ])
}

/// Inode numbers of the namespaces, namespaces(7).
fn namespace_fields() -> Fields {
    nullable(&["cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"].map(|name| (name, DataType::UInt64)))
}

pub(super) fn warning_fields() -> Fields {
    nullable(&[("what", DataType::Utf8), ("held_ns", DataType::UInt64)])
}

pub(super) fn tid_item() -> Field {
    Field::new("item", DataType::Int32, true)
}

pub(super) fn pid_namespace_fields() -> Fields {
    nullable(&[("inode", DataType::UInt64), ("tids", DataType::List(tid_item().into()))])
}

/// Columns that came after the first files were written; a file may lack them.
pub(super) const LATER: [&str; 4] = ["marks", "warning", "pid_namespace", standing::NAME];

/// The columns of a recording, in order.
pub fn fields() -> Fields {
    let mut columns = vec![
        ("kind", dictionary(DataType::Int8)),
        ("task", DataType::UInt32),
        ("t_ns", DataType::UInt64),
        ("duration_ns", DataType::UInt64),
        ("arch", dictionary(DataType::Int8)),
        ("nr", DataType::UInt64),
        ("call", dictionary(DataType::Int16)),
    ];
    columns.extend(ARGS.map(|name| (name, DataType::UInt64)));
    columns.extend([
        ("ip", DataType::UInt64),
        ("sp", DataType::UInt64),
        ("outcome", dictionary(DataType::Int8)),
        ("result", DataType::Int64),
        ("errno", DataType::UInt16),
        ("exit_after", DataType::UInt32),
        ("entry_memory", list_of(memory_fields())),
        ("exit_memory", list_of(memory_fields())),
        ("signal", DataType::UInt8),
        ("siginfo", DataType::Struct(siginfo_fields())),
        ("exec", DataType::Struct(exec_fields())),
        ("new_task", DataType::Struct(new_task_fields())),
        ("end", DataType::Struct(end_fields())),
        ("output", DataType::Binary),
        ("marks", DataType::UInt8),
        ("warning", DataType::Struct(warning_fields())),
        ("pid_namespace", DataType::Struct(pid_namespace_fields())),
        (standing::NAME, DataType::Struct(standing::fields())),
        ("path", DataType::Binary),
        ("cwd", DataType::Binary),
        ("uid", DataType::UInt32),
        ("capabilities", DataType::UInt64),
        ("namespaces", DataType::Struct(namespace_fields())),
    ]);
    nullable(&columns)
}

/// The schema of a recording of this run.
pub(super) fn schema(started: &Started) -> Schema {
    let argv = started.argv.iter().map(|arg| match str::from_utf8(arg) {
        Ok(text) => serde_json::Value::from(text),
        Err(_) => serde_json::Value::from(arg.clone()),
    });
    let metadata = [
        ("sysview.version", FORMAT_VERSION.to_string()),
        ("sysview.program", env!("CARGO_PKG_VERSION").into()),
        ("sysview.argv", serde_json::Value::from_iter(argv).to_string()),
        ("sysview.began_unix_ns", unix_ns(started.began).to_string()),
        ("sysview.kernel_release", started.machine.kernel_release.clone()),
        ("sysview.machine", started.machine.machine.clone()),
        ("sysview.hostname", started.machine.hostname.clone()),
        ("sysview.vdso", started.vdso.name().into()),
        ("sysview.terminal", started.has_terminal.to_string()),
    ];
    let floor = started.floor.into_iter().flat_map(|floor| {
        [("sysview.floor_apart_ns", floor.apart_ns), ("sysview.floor_together_ns", floor.together_ns)]
    });
    let metadata = metadata.into_iter().chain(floor.map(|(key, ns)| (key, ns.to_string())));
    let metadata: HashMap<_, _> = metadata.map(|(key, value)| (key.to_string(), value)).collect();
    Schema::new_with_metadata(fields(), metadata)
}

/// The version that a file says it has; None if it is no recording.
pub(super) fn version(schema: &Schema) -> Option<u32> {
    schema.metadata.get("sysview.version")?.parse().ok()
}

/// What the writer knew at the start. `Err` names the entry that makes no sense.
pub(super) fn started(schema: &Schema) -> Result<Started, &'static str> {
    let get = |key: &'static str| schema.metadata.get(key).ok_or(key);
    let argv: serde_json::Value = serde_json::from_str(get("sysview.argv")?).map_err(|_| "sysview.argv")?;
    let argv = argv.as_array().ok_or("sysview.argv")?;
    Ok(Started {
        argv: argv.iter().map(argument).collect::<Option<_>>().ok_or("sysview.argv")?,
        machine: Machine {
            kernel_release: get("sysview.kernel_release")?.clone(),
            machine: get("sysview.machine")?.clone(),
            hostname: get("sysview.hostname")?.clone(),
        },
        began: system_time(get("sysview.began_unix_ns")?).ok_or("sysview.began_unix_ns")?,
        vdso: VdsoMode::from_name(get("sysview.vdso")?).ok_or("sysview.vdso")?,
        live: false,
        has_terminal: get("sysview.terminal")?.parse().map_err(|_| "sysview.terminal")?,
        // Of a recording they matter no more.
        attached: false,
        only: None,
        floor: floor(schema),
    })
}

/// What tracing itself cost on that machine, if it was measured.
fn floor(schema: &Schema) -> Option<Floor> {
    let ns = |key| schema.metadata.get(key)?.parse().ok();
    Some(Floor { apart_ns: ns("sysview.floor_apart_ns")?, together_ns: ns("sysview.floor_together_ns")? })
}

fn argument(value: &serde_json::Value) -> Option<Vec<u8>> {
    match value {
        serde_json::Value::String(text) => Some(text.clone().into_bytes()),
        serde_json::Value::Array(bytes) => bytes.iter().map(|b| b.as_u64()?.try_into().ok()).collect(),
        _ => None,
    }
}

/// Nanoseconds since 1970, negative before.
fn unix_ns(time: SystemTime) -> i128 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => after.as_nanos() as i128,
        Err(before) => -(before.duration().as_nanos() as i128),
    }
}

fn system_time(unix_ns: &str) -> Option<SystemTime> {
    let ns: i128 = unix_ns.parse().ok()?;
    let apart = Duration::from_nanos(u64::try_from(ns.unsigned_abs()).ok()?);
    if ns < 0 { UNIX_EPOCH.checked_sub(apart) } else { UNIX_EPOCH.checked_add(apart) }
}
