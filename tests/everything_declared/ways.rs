//! Which call's argument, or which message of netlink(7), leads to a structure or to a number of a set: what the tables
//! themselves say.
//!
//! Left out: what only decoders know (`turns`).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::netlink::{Head, Messages, Way};
use super::scene::{CHOICES, Site, Turn, fields, fillings, sites};
use sysview::abi::{self, Arch, Constant, Content, FlagSet, Meaning, Ret, Struct, Type, Width};
use sysview::model::Outcome;

/// A number of a set somewhere in a call.
#[derive(Debug, Clone)]
pub struct Place {
    pub at: At,
    /// The field's name, the argument's, or none for the content of an attribute.
    label: Option<&'static str>,
    pub bits: usize,
    /// The names of bits, not of whole values.
    pub flags: bool,
}

#[derive(Debug, Clone)]
pub enum At {
    Register {
        site: Site,
        arg: usize,
    },
    Result {
        site: Site,
    },
    /// So far in the page that an argument leads to.
    Memory {
        site: Site,
        offset: usize,
    },
    /// So far in what a message begins with.
    Head {
        head: Head,
        offset: usize,
    },
    /// So far in an attribute of so many bytes.
    Attribute {
        way: Way,
        kind: u16,
        size: usize,
        offset: usize,
    },
}

/// All that the tables tell of one ABI.
pub struct Ways {
    arch: Arch,
    /// By structure: calls that lead to it.
    pub structures: BTreeMap<&'static str, Vec<At>>,
    /// By set: where its numbers stand.
    pub places: BTreeMap<&'static str, Vec<Place>>,
}

impl Ways {
    pub fn new(arch: Arch, messages: &Messages) -> Ways {
        let mut ways = Ways { arch, structures: BTreeMap::new(), places: BTreeMap::new() };
        sites(arch).iter().for_each(|site| ways.site(site));
        if arch == Arch::X86_64 {
            ways.netlink(messages);
        }
        ways
    }

    fn site(&mut self, site: &Site) {
        match site.call.ret {
            Ret::Enum(set) => self.number(At::Result { site: *site }, None, Width::W32, Meaning::Enum(set)),
            Ret::Flags(set) => self.number(At::Result { site: *site }, None, Width::W32, Meaning::Flags(set)),
            _ => {}
        }
        for (index, arg) in site.call.args.iter().enumerate().take(6) {
            match arg.ty {
                Type::Num { width, meaning } => {
                    let width = if self.arch == Arch::I386 && width == Width::W64 { Width::Word } else { width };
                    self.number(At::Register { site: *site, arg: index }, Some(arg.name), width, meaning);
                }
                Type::Ptr { to, .. } | Type::Array { of: to, .. } => {
                    self.memory(&|offset| At::Memory { site: *site, offset }, 0, Some(arg.name), to);
                }
                Type::Custom { name, .. } => {
                    if let Some(structure) = abi::structure(name) {
                        self.structure(&|offset| At::Memory { site: *site, offset }, 0, structure);
                    }
                }
                _ => {}
            }
        }
    }

    fn netlink(&mut self, messages: &Messages) {
        for (name, head) in &messages.heads {
            if let Some(structure) = abi::structure(name) {
                self.structure(&|offset| At::Head { head: *head, offset }, 0, structure);
            }
        }
        for (name, ways) in &messages.tables {
            for (entry, way) in abi::attributes(name).expect("a table").entries.iter().zip(ways.iter().cycle()) {
                let at =
                    |size: usize| move |offset| At::Attribute { way: way.clone(), kind: entry.value, size, offset };
                match &entry.content {
                    Content::Value(ty) => self.memory(&at(size_of(ty, self.arch)), 0, None, ty),
                    Content::Any { set, bits } => {
                        let meaning = if *bits { Meaning::Flags(set) } else { Meaning::Enum(set) };
                        self.number(at(4)(0), None, Width::W32, meaning);
                        self.number(at(8)(0), None, Width::W64, meaning);
                    }
                    _ => {}
                }
            }
        }
    }

    fn memory(&mut self, at: &dyn Fn(usize) -> At, offset: usize, label: Option<&'static str>, ty: &'static Type) {
        match ty {
            Type::Num { width, meaning } => self.number(at(offset), label, *width, *meaning),
            Type::Struct(structure) => self.structure(at, offset, structure),
            Type::Inline { of, .. } => self.memory(at, offset, label, of),
            _ => {}
        }
    }

    fn structure(&mut self, at: &dyn Fn(usize) -> At, offset: usize, structure: &'static Struct) {
        self.structures.entry(structure.name).or_default().push(at(offset));
        for field in structure.layout(self.arch).fields {
            self.memory(at, offset + field.offset as usize, Some(field.name), &field.ty);
        }
    }

    fn number(&mut self, at: At, label: Option<&'static str>, width: Width, meaning: Meaning) {
        let (set, flags): (&FlagSet, bool) = match meaning {
            Meaning::Enum(set) => (set, false),
            Meaning::Flags(set) => (set, true),
            _ => return,
        };
        let bits = width.bytes(self.arch) * 8;
        self.places.entry(set.name).or_default().push(Place { at, label, bits, flags });
    }
}

/// Shows a place or a structure with every filling and end, with a number in it, until `seen` has what it wants.
pub fn shown(at: &At, number: Option<(u64, usize)>, messages: &Messages, seen: &mut dyn FnMut(&Turn) -> bool) -> bool {
    let patch = |bytes: &mut [u8], offset: usize| {
        if let Some((value, bits)) = number
            && let Some(own) = bytes.get_mut(offset..offset + bits / 8)
        {
            own.copy_from_slice(&value.to_le_bytes()[..bits / 8]);
        }
    };
    for mut page in fillings() {
        let turns: Vec<Turn> = match at {
            At::Result { site } => {
                let outcome = Outcome::Returned(number.map_or(0, |number| number.0 as i64));
                vec![Turn { site: *site, args: site.args(0), outcome, page: Arc::new(page), protocol: None }]
            }
            At::Register { site, .. } | At::Memory { site, .. } => {
                if let At::Memory { offset, .. } = at {
                    patch(&mut page, *offset);
                }
                let page = Arc::new(page);
                let turn = |(plain, outcome)| {
                    let mut args = site.args(plain);
                    if let (At::Register { arg, .. }, Some((value, _))) = (at, number) {
                        args[*arg] = value;
                    }
                    Turn { site: *site, args, outcome, page: page.clone(), protocol: None }
                };
                CHOICES.map(turn).into()
            }
            At::Head { head, offset } => {
                page.truncate(head.size);
                page[0] = head.family;
                patch(&mut page, *offset);
                vec![messages.turn(head, &page, &[])]
            }
            At::Attribute { way, kind, size, offset } => {
                page.truncate(*size);
                patch(&mut page, *offset);
                vec![messages.with(way, *kind, None, &page)]
            }
        };
        if turns.iter().any(&mut *seen) {
            return true;
        }
    }
    false
}

impl Place {
    /// The text of the number there, as far as it is shown.
    pub fn text(&self, turn: &Turn) -> String {
        let mut text = String::new();
        if let At::Result { .. } = self.at {
            return turn.result();
        }
        let call = &turn.show();
        match (&self.at, self.label) {
            (At::Register { arg, .. }, _) => {
                call.args.iter().filter(|a| usize::from(a.index) == *arg).for_each(|a| text += &a.value.text());
            }
            (_, Some(label)) => {
                fields(call, &mut |_, name, value| {
                    if name == label {
                        text += &value.text();
                        text.push(' ');
                    }
                });
                call.args.iter().filter(|a| a.name == label).for_each(|a| text += &a.value.text());
            }
            (_, None) => call.args.iter().for_each(|a| text += &a.value.text()),
        }
        text
    }

    /// The number as this place holds it; None if it is too large for it.
    pub fn holds(&self, constant: &Constant) -> bool {
        let negative = constant.value >> 32 == 0xffff_ffff || constant.value >> 31 == 1;
        self.bits == 64 || constant.value >> self.bits == 0 || negative
    }
}

fn size_of(ty: &Type, arch: Arch) -> usize {
    match ty {
        Type::Num { width, .. } => width.bytes(arch),
        Type::Struct(structure) => structure.layout(arch).size as usize,
        Type::Inline { of, count } => size_of(of, arch) * *count as usize,
        _ => 0,
    }
}
