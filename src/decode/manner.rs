//! Arguments in other manners than the usual: raw numbers (strace's `-e raw=`), or addresses where structures would be
//! shown (`-e verbose=` without the call).
//!
//! Left out: hexadecimal strings (`hexadecimal`), and results (`result`).

use super::num::cut;
use super::value::{Decoded, DecodedArg, Value};
use crate::abi;
use crate::model::CallView;

/// How arguments are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Manner {
    /// By what they mean.
    #[default]
    Decoded,
    /// By what they mean, without following pointers to structures and lists.
    Pointers,
    /// As the registers hold them.
    Raw,
}

/// Every argument that the declaration has, as the register holds it.
pub fn raw(view: &CallView<'_>) -> Vec<DecodedArg> {
    let bits = view.arch.word() * 8;
    let declared = abi::lookup(view.arch, view.nr).map_or(&[][..], |call| call.args);
    let one = |(index, arg): (usize, &abi::Arg)| {
        let raw = view.args[index];
        DecodedArg { name: arg.name.into(), index: index as u8, raw, value: Value::Hex(cut(raw, bits)), at_exit: false }
    };
    declared.iter().take(6).enumerate().map(one).collect()
}

/// Leaves the addresses of what pointers lead to. Texts stay: they are no structures.
pub fn unfollow(call: &mut Decoded, bits: usize) {
    for arg in &mut call.args {
        if is_followed(&arg.value) {
            arg.value = Value::address(cut(arg.raw, bits));
        }
    }
}

fn is_followed(value: &Value) -> bool {
    match value {
        Value::Struct { .. } | Value::Array { .. } | Value::Set { .. } => true,
        // Who counted what is there has followed it.
        Value::Commented(inner, _) => matches!(**inner, Value::Address(_)) || is_followed(inner),
        Value::Changed(before, after) => is_followed(before) || is_followed(after),
        _ => false,
    }
}
