//! Which argument of a call rules may look at: a number with few values that says what the call does. Left out: pointers,
//! descriptors, sizes and everything else that differs from run to run.

use crate::policy::{Condition, Op};

/// With more values than this a call is allowed whatever the argument is: the next run would bring another one.
pub const MAX_VALUES: usize = 16;

/// All of them are ints (clone(2)'s flags are used with 32 bits too), so rules compare the lower half.
const INT: u64 = u32::MAX as u64;

/// Flags of clone(2) that make new namespaces: all but CLONE_NEWTIME, whose bit is a part of the signal there.
pub const NAMESPACES: u64 = 0x7e02_0000;

/// The index of that argument.
pub fn scalar(call: &str) -> Option<u8> {
    match call {
        "arch_prctl" | "bpf" | "clone" | "keyctl" | "personality" | "prctl" | "seccomp" | "socket" | "socketpair"
        | "unshare" => Some(0),
        "fcntl" | "fcntl64" | "ioctl" | "setns" => Some(1),
        _ => None,
    }
}

/// `(int)argument == value`, in the class that every libseccomp translates exactly.
pub fn equals(index: u8, value: u32) -> Condition {
    Condition { index, op: Op::MaskedEq, value: INT, value_two: value.into() }
}

/// No bit of the mask is set.
pub fn none_of(index: u8, mask: u64) -> Condition {
    Condition { index, op: Op::MaskedEq, value: mask, value_two: 0 }
}
