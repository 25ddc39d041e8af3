//! Descriptions of System V objects, shmctl(2), msgctl(2), semctl(2): in the order in which people read them, and of what
//! IPC_SET reads only what it changes.

use crate::abi::{self, Arch, Dir};
use crate::decode::value::Value;
use crate::decode::walk::Ctx;

const SHM: &[&str] =
    &["shm_perm", "shm_segsz", "shm_cpid", "shm_lpid", "shm_nattch", "shm_atime", "shm_dtime", "shm_ctime"];
const MSG: &[&str] =
    &["msg_perm", "msg_stime", "msg_rtime", "msg_ctime", "msg_qnum", "msg_qbytes", "msg_lspid", "msg_lrpid"];
const SEM: &[&str] = &["sem_perm", "sem_otime", "sem_ctime", "sem_nsems"];
const PERMISSIONS: &[&str] = &["uid", "gid", "mode", "key", "cuid", "cgid"];

/// Argument `index`, a structure of `assets/structs/ipc` by that name.
pub fn decode(ctx: &Ctx<'_>, name: &'static str, index: usize, dir: Dir) -> Value {
    let addr = ctx.arg(index);
    let set = dir == Dir::In;
    let names: &[&str] = match name {
        "shmid_ds" if set => &SHM[..1],
        "shmid_ds" => SHM,
        "msqid_ds" if set => &["msg_perm", "msg_qbytes"],
        "msqid_ds" => MSG,
        "semid_ds" if set => &SEM[..1],
        _ => SEM,
    };
    // Old layouts, chosen by the command: the tables do not have them.
    let (Some(side), Some(layout)) = (ctx.side(dir).filter(|_| ctx.arch() != Arch::I386), abi::structure(name)) else {
        return Value::address(addr);
    };
    match ctx.structure_at(side, addr, layout) {
        Value::Struct { name, fields, .. } => {
            let Value::Struct { fields, .. } = chosen(name, fields, names) else { return Value::Null };
            let fields = fields.into_iter().map(|(label, value)| match value {
                Value::Struct { name, fields, .. } => {
                    (label, chosen(name, fields, if set { &PERMISSIONS[..3] } else { PERMISSIONS }))
                }
                other => (label, other),
            });
            Value::structure(name, fields.collect())
        }
        other => other,
    }
}

/// The named fields in that order.
fn chosen(name: &'static str, fields: Vec<(std::borrow::Cow<'static, str>, Value)>, names: &[&str]) -> Value {
    let pick = |wanted: &&str| fields.iter().find(|(label, _)| label == wanted).cloned();
    Value::structure(name, names.iter().filter_map(pick).collect())
}
