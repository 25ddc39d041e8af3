//! What stands in a recording: one Arrow IPC stream, zstd-compressed, with one schema.
//!
//! `pyarrow.ipc.open_stream(f).read_all()` and Polars' `read_ipc_stream` read it as it is. Every row has a `kind`; the
//! columns that a kind does not use are null. Rows stand in the order in which things began.
//!
//! | kind     | one row for                          | columns that it uses |
//! |----------|--------------------------------------|----------------------|
//! | `machine` | the machine, once, before all others | `machine` |
//! | `call`   | a system call                        | `arch` `nr` `call` `arg0`…`arg5` `ip` `sp` `entry_*` `path`, `duration_ns`, and those of `return` |
//! | `return` | the end of a call that began in an earlier batch of the file | `outcome` `result` `errno` `exit_*` |
//! | `signal` | a signal about to be delivered       | `signal` `siginfo` |
//! | `stop`   | a stop of the whole process          | `signal` |
//! | `exec`   | a new program image                  | `exec` `standing` `path` |
//! | `task`   | a task that appeared                 | `new_task` `pid_namespace`, of a process that ran already `exec` `standing` |
//! | `exit`   | a task that is gone                  | `end` |
//! | `warning` | tracing made a difference to a task | `warning` |
//! | `marker` | something about the tracing itself   | `marker` |
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
//! - `entry_*`, `exit_*`: the first piece that was copied of the task's memory at the entry and at the exit: which argument
//!   holds its address (`arg`) or else the address itself (`addr`), the `bytes`, how long the
//!   object was there (`true_len`, null if that is as long as the bytes), and whether reading hit unreadable memory (`fault`). Further pieces stand in the lists `entry_more` and
//!   `exit_more`.
//! - `marks`: bits on the end of a call: 1 sysview injected the outcome, 2 it delayed the call, 4 a seccomp filter of the
//!   program's own set the errno, 8 a stub of sysview's made the call in place of the vDSO, 16 a function of the vDSO
//!   made it, 32 no call at all, but an answer of the vDSO that was logged, 64 how long it took is not known. `warning`: what it
//!   is about, and a number: how long a task was held, how far times of the vDSO's answers may be off, or of how many more
//!   answers (to the call in `nr`) there is no row. `pid_namespace`: inode of the task's own namespace, and its number in each namespace from the recorder's
//!   inwards. `system_ns`, `exit_system_ns`: CPU time of the process in the kernel by then, if it was asked for.
//! - `marker`: `begun` (rows before come from what a view had kept), `notice` with its sentence, `vdso` with its new mode.
//! - `path`: the file that a call is about, as far as the events tell: the first path that it was given, from the root if
//!   its directory is known, or what its first descriptor is of. `cwd`, `uid` (effective), `capabilities` (the effective
//!   set), `namespaces` (inodes): of the caller when the row began. All are null where nothing is known, and readers of
//!   sysview's own work them out again.
//!
//! Metadata of the schema: see `metadata`. The vDSO's symbols with their places stand in `exec` rows, because each program
//! image has its own.
//!
//! Version 1 has the memory of each side in one list, `entry_memory` and `exit_memory`, and lacks the columns from `marker`
//! on but for empty ones; its first files lack `marks`, `warning`, `pid_namespace` and `standing` as well. It is read as
//! before.
//!
//! Version 2 has the bytes of further pieces as they are, where now a dictionary holds them.
//!
//! Readers ignore columns and metadata that they do not know; a change that they could misread raises the version.

use arrow_schema::{DataType, Field, Fields};

use super::{marker, pieces, standing};

/// Version of the format that is written, and the newest that is read.
pub const FORMAT_VERSION: u32 = 3;

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

/// Of version 1.
fn memory_fields() -> Fields {
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
pub(super) fn namespace_fields() -> Fields {
    nullable(&["cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"].map(|name| (name, DataType::UInt64)))
}

pub(super) fn machine_fields() -> Fields {
    nullable(&[("kernel_release", DataType::Utf8), ("machine", DataType::Utf8), ("hostname", DataType::Utf8)])
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

/// Columns of version 1 that came after its first files were written; a file may lack them.
pub(super) const LATER: [&str; 4] = ["marks", "warning", "pid_namespace", standing::NAME];

/// Names of version 1's lists of memory.
pub(super) const LISTS: [&str; 2] = ["entry_memory", "exit_memory"];

/// Columns that are there for other programs only.
const DERIVED: [&str; 7] = ["call", "machine", "path", "cwd", "uid", "capabilities", "namespaces"];

/// The columns of a recording, in order.
pub fn fields() -> Fields {
    with_pieces(pieces::fields)
}

fn with_pieces(pieces_of: fn([&'static str; 6]) -> [(&'static str, DataType); 6]) -> Fields {
    let mut columns = up_to_memory();
    columns.extend(pieces_of(pieces::ENTRY));
    columns.extend(pieces_of(pieces::EXIT));
    columns.extend(after_memory());
    columns.extend([
        (marker::NAME, DataType::Struct(marker::fields())),
        ("machine", DataType::Struct(machine_fields())),
        ("system_ns", DataType::UInt64),
        ("exit_system_ns", DataType::UInt64),
        ("path", pieces::binary_dictionary()),
        ("cwd", pieces::binary_dictionary()),
        ("uid", DataType::UInt32),
        ("capabilities", DataType::UInt64),
        ("namespaces", DataType::Struct(namespace_fields())),
    ]);
    nullable(&columns)
}

/// The columns that are read of a file of this version; None if there is no such version.
pub(super) fn read_fields(version: u32) -> Option<Fields> {
    match version {
        1 => {
            let mut columns = up_to_memory();
            columns.extend(LISTS.map(|name| (name, list_of(memory_fields()))));
            columns.extend(after_memory());
            columns.retain(|(name, _)| !DERIVED.contains(name));
            Some(nullable(&columns))
        }
        2 => Some(read(&with_pieces(pieces::fields_of_version_2))),
        FORMAT_VERSION => Some(read(&fields())),
        _ => None,
    }
}

fn read(all: &Fields) -> Fields {
    all.iter().filter(|field| !DERIVED.contains(&field.name().as_str())).cloned().collect()
}

fn up_to_memory() -> Vec<(&'static str, DataType)> {
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
    ]);
    columns
}

fn after_memory() -> Vec<(&'static str, DataType)> {
    vec![
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
    ]
}
