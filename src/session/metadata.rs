//! What a recording says of the whole run, as metadata of its schema: text by name.
//!
//! `sysview.version` (of the format), `sysview.program`, `sysview.argv` (JSON; an argument that is no UTF-8 is an array of
//! byte values), `sysview.began_unix_ns`, `sysview.kernel_release`, `sysview.machine`, `sysview.hostname`,
//! `sysview.capabilities` (the effective set of the recorder, hexadecimal), `sysview.vdso_symbols` (the functions of the
//! kernel's vDSO, JSON), `sysview.vdso` (`natural`, `shown`, `off` or `absent`), `sysview.terminal` (`true` or `false`),
//! `sysview.floor_apart_ns` and `sysview.floor_together_ns` (what tracing adds to a call, if it was measured). A file
//! without those from `capabilities` on that may be unknown is read all the same.

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use arrow_schema::Schema;

use super::schema::{FORMAT_VERSION, fields};
use crate::source::{Floor, Machine, Started, VdsoMode};

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
    let capabilities = started.machine.capabilities.map(|set| ("sysview.capabilities", format!("{set:x}")));
    let symbols = started.machine.vdso_symbols.iter().map(|name| name.as_str());
    let symbols = ("sysview.vdso_symbols", serde_json::Value::from_iter(symbols).to_string());
    let metadata = metadata.into_iter().chain(floor.map(|(key, ns)| (key, ns.to_string())));
    let metadata = metadata.chain(capabilities).chain([symbols]);
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
            capabilities: schema.metadata.get("sysview.capabilities").and_then(|set| u64::from_str_radix(set, 16).ok()),
            vdso_symbols: vdso_symbols(schema),
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

fn vdso_symbols(schema: &Schema) -> Vec<String> {
    let text = schema.metadata.get("sysview.vdso_symbols");
    text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
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
