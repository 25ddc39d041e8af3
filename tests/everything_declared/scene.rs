//! Calls built from their declarations alone: every pointer leads to a page of its own, all pages hold the same bytes.
//!
//! Left out: what is looked for in the values (`ways`, and the tests themselves).

use std::sync::Arc;

use sysview::abi::fetch::protocol_address;
use sysview::abi::{self, Arch, Call, Cond, Meaning, Type};
use sysview::decode::{self, Decoded, Options, Value};
use sysview::model::{CallView, Memory, Outcome, Region};

/// Bytes of a page, and where the first one is; each lies so far behind the one before.
pub const PAGE: usize = 4096;
pub const STRIDE: u64 = 0x10000;

/// A call, or one variant of it, on one ABI.
#[derive(Debug, Clone, Copy)]
pub struct Site {
    pub arch: Arch,
    pub nr: u64,
    pub call: &'static Call,
}

/// All calls of an ABI with all their variants.
pub fn sites(arch: Arch) -> Vec<Site> {
    let calls = (0..1024).filter_map(|nr| Some((nr, abi::lookup(arch, nr)?)));
    calls
        .flat_map(|(nr, call)| std::iter::once(call).chain(call.variants).map(move |call| Site { arch, nr, call }))
        .collect()
}

/// What stands in arguments that are plain numbers (lengths, counts, descriptors), and how the call ended.
pub const CHOICES: [(u64, Outcome); 4] =
    [(64, Outcome::Returned(64)), (1, Outcome::Returned(1)), (8, Outcome::Returned(0)), (512, Outcome::Failed(22))];

/// What the pages are full of: nothing, ones of two widths, everything, and pointers to a page, for 64 and 32 bits.
pub fn fillings() -> [Vec<u8>; 10] {
    let pages = STRIDE * 7;
    [(0, 4), (1, 4), (1, 1), (u64::MAX, 8), (pages, 8), (pages, 4), (2, 4), (4, 4), (0x2000, 4), (0x20, 1)]
        .map(|(value, width)| full_of(value, width))
}

pub fn full_of(value: u64, width: usize) -> Vec<u8> {
    value.to_le_bytes()[..width].repeat(PAGE / width)
}

impl Site {
    /// The registers: constants as the variant wants them, pointers to the pages, numbers, conditions fulfilled.
    pub fn args(&self, number: u64) -> [u64; 6] {
        let mut args = [number; 6];
        for (index, arg) in self.call.args.iter().enumerate().take(6) {
            args[index] = match arg.ty {
                // Requests of ioctl(2) hold the size of a structure, which is another one where words are short.
                Type::Num { meaning: Meaning::Const { value, also, .. }, .. } => match also.first() {
                    Some(&short) if self.arch.word() == 4 => short,
                    _ => value,
                },
                // statfs64(2) takes the structure's true size only.
                Type::Num { .. } if self.call.name.ends_with("statfs64") && arg.name == "size" => {
                    abi::structure("statfs64").map_or(number, |s| s.layout(self.arch).size.into())
                }
                Type::Num { .. } => number,
                _ => STRIDE * (index as u64 + 1),
            };
        }
        for arg in self.call.args {
            match arg.when {
                Some(Cond::AnyBit { arg, mask }) if args[usize::from(arg)] & mask == 0 => {
                    args[usize::from(arg)] |= mask;
                }
                Some(Cond::Equal { arg, value }) => args[usize::from(arg)] = value,
                _ => {}
            }
        }
        args
    }
}

/// A call with all that it is shown from.
#[derive(Debug, Clone)]
pub struct Turn {
    pub site: Site,
    pub args: [u64; 6],
    pub outcome: Outcome,
    pub page: Arc<Vec<u8>>,
    /// Of the call's socket of netlink(7).
    pub protocol: Option<u8>,
}

impl Turn {
    pub fn show(&self) -> Decoded {
        self.see(|view| decode::call(view, &Options { verbose: true, string_limit: 64, ..Options::default() }))
    }

    /// What the call gave.
    pub fn result(&self) -> String {
        self.see(|view| decode::result_text(view, &Options::default())).unwrap_or_default()
    }

    fn see<T>(&self, show: impl FnOnce(&CallView<'_>) -> T) -> T {
        let page = |n| Region { addr: STRIDE * n, true_len: PAGE as u64, start: 0, len: PAGE as u32, fault: false };
        let mut regions: Vec<Region> = (1..=7).map(page).collect();
        let mut with_protocol = Vec::new();
        let mut bytes = self.page.as_slice();
        if let Some(protocol) = self.protocol {
            let addr = protocol_address(self.args[0] as i32);
            regions.push(Region { addr, true_len: 1, start: bytes.len() as u32, len: 1, fault: false });
            with_protocol.extend_from_slice(bytes);
            with_protocol.push(protocol);
            bytes = &with_protocol;
        }
        let memory = Memory { regions: &regions, bytes };
        show(&CallView {
            arch: self.site.arch,
            nr: self.site.nr,
            args: &self.args,
            ip: 0,
            sp: STRIDE * 7,
            outcome: Some(self.outcome),
            marks: Default::default(),
            restarts: None,
            entry: memory,
            exit: memory,
        })
    }
}

/// Every field of every structure in a call's values: the structure's name, the field's, its value.
pub fn fields(call: &Decoded, found: &mut impl FnMut(&'static str, &str, &Value)) {
    call.args.iter().for_each(|arg| walk(&arg.value, found));
}

fn walk(value: &Value, found: &mut impl FnMut(&'static str, &str, &Value)) {
    match value {
        Value::Struct { name, fields, .. } => {
            for (label, value) in fields {
                found(name, label, value);
                walk(value, found);
            }
        }
        Value::Array { items, .. } | Value::Call { args: items, .. } => items.iter().for_each(|v| walk(v, found)),
        Value::Changed(before, after) => {
            walk(before, found);
            walk(after, found);
        }
        Value::Commented(value, _) => walk(value, found),
        _ => {}
    }
}

/// Whether a text has that name, not as a part of another.
pub fn has_name(text: &str, name: &str) -> bool {
    let inside = |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
    text.match_indices(name).any(|(at, _)| {
        let before = at.checked_sub(1).and_then(|at| text.as_bytes().get(at));
        !inside(before) && !inside(text.as_bytes().get(at + name.len()))
    })
}

/// The words of a text that may be names.
pub fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).filter(|word| !word.is_empty())
}
