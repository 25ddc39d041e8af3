//! Disk quotas, quotactl(2): a request above eight bits that say whose quota, and what the request carries. Both of the
//! generic requests and of XFS's, linux/quota.h and linux/dqblk_xfs.h.

use super::names::{QUOTA_FORMAT, XFS_QUOTA, XFS_QUOTA_KIND};
use crate::abi::{self, Dir};
use crate::decode::value::Value;
use crate::decode::walk::{Ctx, Side};

const SYNC: u64 = 0x80_0001;
const ON: u64 = 0x80_0002;
const GET_FORMAT: u64 = 0x80_0004;
const X_SYNC: u64 = 0x5807;

/// The command of either call: the first argument, of quotactl_fd(2) the second.
fn command(ctx: &Ctx<'_>) -> u64 {
    ctx.arg(if ctx.call.name == "quotactl_fd" { 1 } else { 0 }) & 0xffff_ffff
}

/// The command taken apart: `QCMD(Q_GETQUOTA, USRQUOTA)`.
pub fn named_command(command: u64) -> Value {
    const REQUESTS: [&str; 9] = [
        "Q_SYNC",
        "Q_QUOTAON",
        "Q_QUOTAOFF",
        "Q_GETFMT",
        "Q_GETINFO",
        "Q_SETINFO",
        "Q_GETQUOTA",
        "Q_SETQUOTA",
        "Q_GETNEXTQUOTA",
    ];
    const X_REQUESTS: [&str; 9] = [
        "Q_XQUOTAON",
        "Q_XQUOTAOFF",
        "Q_XGETQUOTA",
        "Q_XSETQLIM",
        "Q_XGETQSTAT",
        "Q_XQUOTARM",
        "Q_XQUOTASYNC",
        "Q_XGETQSTATV",
        "Q_XGETNEXTQUOTA",
    ];
    const TYPES: [&str; 3] = ["USRQUOTA", "GRPQUOTA", "PRJQUOTA"];
    let (request, kind) = ((command & 0xffff_ffff) >> 8, command & 0xff);
    let name = |names: &[&'static str], number: Option<u64>| {
        number.and_then(|n| names.get(usize::try_from(n).ok()?).map(|name| Value::Named((*name).into())))
    };
    let request = name(&REQUESTS, request.checked_sub(SYNC))
        .or_else(|| name(&X_REQUESTS, request.checked_sub(0x5801)))
        .unwrap_or(Value::Unknown { raw: request, comment: "Q_???" });
    let kind = name(&TYPES, Some(kind)).unwrap_or(Value::Unknown { raw: kind, comment: "???QUOTA" });
    Value::Call { function: "QCMD", args: vec![request, kind] }
}

/// Whether the request has no argument at that place: 2 the identifier, 3 the address.
pub fn omits(ctx: &Ctx<'_>, index: usize) -> bool {
    let request = command(ctx) >> 8;
    match index {
        2 => matches!(request, SYNC | X_SYNC | 0x80_0003..=0x80_0006 | 0x5801 | 0x5802 | 0x5805 | 0x5806 | 0x5808),
        3 => matches!(request, SYNC | X_SYNC | 0x80_0003),
        _ => false,
    }
}

/// The identifier's place, where turning quotas on names the format of their files.
pub fn identifier(ctx: &Ctx<'_>, index: usize) -> Option<Value> {
    (command(ctx) >> 8 == ON).then(|| QUOTA_FORMAT.name(ctx.arch(), ctx.arg(index) & 0xffff_ffff, 32))
}

/// What the request carries.
pub fn data(ctx: &Ctx<'_>, index: usize) -> Value {
    let addr = ctx.arg(index);
    let structure = |name: &str, dir: Dir| match (abi::structure(name), ctx.side(dir)) {
        (Some(layout), Some(side)) => ctx.structure_at(side, addr, layout),
        _ => Value::address(addr),
    };
    match command(ctx) >> 8 {
        ON => ctx.c_string(addr, crate::decode::walk::PATH_SHOWN),
        GET_FORMAT => match ctx.returned().and_then(|_| ctx.uint(Side::Exit, addr, 4)) {
            Some(format) => Value::pointee(QUOTA_FORMAT.name(ctx.arch(), format, 32)),
            None => Value::address(addr),
        },
        0x80_0005 => structure("if_dqinfo", Dir::Out),
        0x80_0006 => structure("if_dqinfo", Dir::In),
        0x80_0007 => structure("if_dqblk", Dir::Out),
        0x80_0008 => structure("if_dqblk", Dir::In),
        0x80_0009 => structure("if_nextdqblk", Dir::Out),
        0x5801 | 0x5802 => flags(ctx, addr, false),
        0x5806 => flags(ctx, addr, true),
        0x5803 | 0x5809 => structure("fs_disk_quota", Dir::Out),
        0x5804 => structure("fs_disk_quota", Dir::In),
        0x5805 => structure("fs_quota_stat", Dir::Out),
        0x5808 => structure("fs_quota_statv", Dir::Out),
        _ => Value::address(addr),
    }
}

/// One word of flags behind the address: what is counted and enforced, or whose quota is removed.
fn flags(ctx: &Ctx<'_>, addr: u64, whose: bool) -> Value {
    let set = if whose { XFS_QUOTA_KIND } else { XFS_QUOTA };
    match ctx.uint(Side::Entry, addr, 4) {
        Some(raw) => Value::pointee(set.flags(ctx.arch(), raw, 32)),
        None => Value::address(addr),
    }
}
