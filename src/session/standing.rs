//! The column `standing` of `exec` and `task` rows: where a task stands, as whom it acts, what was open. Written and read
//! here.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, UInt32Type, UInt64Type};
use arrow_array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Int32Array, RecordBatch, StructArray, UInt32Array, UInt64Array,
};
use arrow_schema::{ArrowError, DataType, Fields};

use super::arrays::{Wrong, binary, field, flag, get, list as elements, number};
use super::columns::{list, structure};
use super::rows::{Row, What};
use super::schema::{list_of, nullable};
use crate::model::{EventKind, Ids, OpenDescriptor, Standing};

pub(super) const NAME: &str = "standing";
/// Real, effective, saved, and that of the file system.
const IDS: [&str; 8] = ["ruid", "euid", "suid", "fsuid", "rgid", "egid", "sgid", "fsgid"];
const SETS: [&str; 5] = ["cap_inheritable", "cap_permitted", "cap_effective", "cap_bounding", "cap_ambient"];
/// Columns before those of IDs: paths and the mount namespace.
const FIRST_ID: usize = 3;

fn descriptor_fields() -> Fields {
    nullable(&[("fd", DataType::Int32), ("link", DataType::Binary), ("cloexec", DataType::Boolean)])
}

pub(super) fn fields() -> Fields {
    let mut all = vec![("cwd", DataType::Binary), ("root", DataType::Binary), ("mount_ns", DataType::UInt64)];
    all.extend(IDS.map(|name| (name, DataType::UInt32)));
    all.extend(SETS.map(|name| (name, DataType::UInt64)));
    all.push(("descriptors", list_of(descriptor_fields())));
    nullable(&all)
}

pub(super) fn column(rows: &[Row]) -> Result<ArrayRef, ArrowError> {
    let all: Vec<Option<&Standing>> = rows
        .iter()
        .map(|row| match &row.what {
            What::Event(EventKind::Exec(exec)) => exec.standing.as_deref(),
            What::Event(EventKind::NewTask(new)) => new.image.as_ref()?.standing.as_deref(),
            _ => None,
        })
        .collect();
    let mut columns: Vec<ArrayRef> = vec![
        Arc::new(all.iter().map(|s| s.map(|s| &s.cwd)).collect::<BinaryArray>()),
        Arc::new(all.iter().map(|s| s.map(|s| &s.root)).collect::<BinaryArray>()),
        Arc::new(all.iter().map(|s| s.as_ref()?.mount_ns).collect::<UInt64Array>()),
    ];
    for index in 0..IDS.len() {
        let id = |s: &Standing| if index < 4 { s.ids.uids[index] } else { s.ids.gids[index - 4] };
        columns.push(Arc::new(all.iter().map(|s| s.map(id)).collect::<UInt32Array>()));
    }
    for index in 0..SETS.len() {
        let set = |s: &Standing| sets(&s.ids)[index];
        columns.push(Arc::new(all.iter().map(|s| s.map(set)).collect::<UInt64Array>()));
    }
    let open: Vec<&OpenDescriptor> = all.iter().flatten().flat_map(|s| &s.descriptors).collect();
    columns.push(list(
        all.iter().map(|s| s.map_or(0, |s| s.descriptors.len())).collect(),
        descriptor_fields(),
        vec![
            Arc::new(open.iter().map(|open| Some(open.fd)).collect::<Int32Array>()),
            Arc::new(open.iter().map(|open| Some(&open.link)).collect::<BinaryArray>()),
            Arc::new(open.iter().map(|open| Some(open.cloexec)).collect::<BooleanArray>()),
        ],
    )?);
    structure(fields(), columns, all.iter().map(Option::is_some).collect())
}

fn sets(ids: &Ids) -> [u64; 5] {
    [ids.inheritable, ids.permitted, ids.effective, ids.bounding, ids.ambient]
}

/// None in files from before there was the column, and where /proc was not asked.
pub(super) fn read(batch: &RecordBatch, row: usize) -> Result<Option<Box<Standing>>, Wrong> {
    let Ok(column) = get(batch, NAME) else { return Ok(None) };
    let column: &StructArray = column.as_struct();
    if column.is_null(row) {
        return Ok(None);
    }
    let id = |index: usize| field::<UInt32Type>(column, FIRST_ID + index, row);
    let set = |index: usize| field::<UInt64Type>(column, FIRST_ID + IDS.len() + index, row);
    let (range, values) = elements(column.column(FIRST_ID + IDS.len() + SETS.len()), row);
    let open = range.map(|index| {
        Ok(OpenDescriptor {
            fd: field::<Int32Type>(values, 0, index)?,
            link: binary(values.column(1), index).ok_or("a descriptor has no link")?.to_vec(),
            cloexec: flag(values.column(2), index).ok_or("a descriptor lacks a flag")?,
        })
    });
    Ok(Some(Box::new(Standing {
        cwd: binary(column.column(0), row).ok_or("a task stands nowhere")?.to_vec(),
        root: binary(column.column(1), row).ok_or("a task has no root")?.to_vec(),
        mount_ns: number::<UInt64Type>(column.column(2), row),
        ids: Ids {
            uids: [id(0)?, id(1)?, id(2)?, id(3)?],
            gids: [id(4)?, id(5)?, id(6)?, id(7)?],
            inheritable: set(0)?,
            permitted: set(1)?,
            effective: set(2)?,
            bounding: set(3)?,
            ambient: set(4)?,
        },
        descriptors: open.collect::<Result<_, Wrong>>()?,
    })))
}
