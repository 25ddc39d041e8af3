//! `assets/structs/*`: structures and their layouts.
//!
//! ```text
//! struct timespec                   for all ABIs, laid out by C's rules
//!   tv_sec: klong
//!   tv_nsec: klong
//!
//! struct stat i386                  one ABI's own; wins over the general one
//!   st_dev: dev64
//!   _: u32                          padding
//!   ~st_blksize: klong              shown only in full views (strace -v)
//!   ?reserved: u32[2]               shown only if any of its bytes is not zero
//!
//! struct epoll_event packed x86_64 x32
//! ```
//!
//! 64-bit fields align to 4 on i386 and to 8 elsewhere. The order of structures and files does not matter.

use std::collections::{BTreeMap, BTreeSet};

use super::Source;
use super::flags::Flags;
use super::scan::{ABIS, Cursor, Error, lines};
use super::types::{self, Type, Width};

#[derive(Debug, Clone)]
pub struct Field {
    pub name: String,
    pub offset: u32,
    pub ty: Type,
    pub verbose: bool,
    pub nonzero: bool,
}

#[derive(Debug, Clone, Default)]
pub struct Layout {
    pub size: u32,
    pub align: u32,
    pub fields: Vec<Field>,
}

#[derive(Default)]
pub struct Structs {
    pub by_name: BTreeMap<String, [Layout; 4]>,
}

/// A definition as written, before layout.
struct Definition {
    name: String,
    abis: Vec<usize>,
    general: bool,
    packed: bool,
    place: String,
    fields: Vec<(String, Type, Shown)>,
}

/// When a field is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Always,
    Verbose,
    NonZero,
}

pub fn parse(sources: &[Source], flags: &Flags) -> Result<Structs, Error> {
    let mut pending = definitions(sources, flags)?;
    check(&pending)?;
    let mut structs = Structs::default();
    // Round after round those whose parts are complete, until none is left.
    while !pending.is_empty() {
        let (ready, waiting): (Vec<_>, Vec<_>) = std::mem::take(&mut pending).into_iter().partition(|definition| {
            let complete = |ty: &Type| parts(ty).is_none_or(|name| structs.complete(name));
            definition.fields.iter().all(|(_, ty, _)| complete(ty))
        });
        if ready.is_empty() {
            let first = &waiting[0];
            let message = format!("the structure `{}` contains itself", first.name);
            return Err(Error { place: first.place.clone(), message });
        }
        for definition in &ready {
            let layouts = structs.by_name.entry(definition.name.clone()).or_default();
            let mut new = layouts.clone();
            for &abi in &definition.abis {
                // The general definition does not replace that of one ABI.
                if definition.general && new[abi].size != 0 {
                    continue;
                }
                new[abi] = layout(definition, abi, &structs)
                    .map_err(|message| Error { place: definition.place.clone(), message })?;
            }
            structs.by_name.insert(definition.name.clone(), new);
        }
        pending = waiting;
    }
    if let Some(name) = structs.by_name.keys().find(|name| !structs.complete(name)) {
        let message = format!("the structure `{name}` has no layout for some ABI");
        return Err(Error { place: "assets/structs:0".into(), message });
    }
    Ok(structs)
}

impl Structs {
    fn complete(&self, name: &str) -> bool {
        self.by_name.get(name).is_some_and(|layouts| layouts.iter().all(|layout| layout.size != 0))
    }
}

/// The structure that a field's type contains.
fn parts(ty: &Type) -> Option<&str> {
    match ty {
        Type::Struct(name) => Some(name),
        Type::Inline { of, .. } => parts(of),
        _ => None,
    }
}

fn check(definitions: &[Definition]) -> Result<(), Error> {
    for (i, definition) in definitions.iter().enumerate() {
        let name = &definition.name;
        let error = |message: String| Error { place: definition.place.clone(), message };
        if definition.fields.is_empty() {
            return Err(error(format!("the structure `{name}` has no fields")));
        }
        for first in &definitions[..i] {
            let overlap = first.abis.iter().any(|abi| definition.abis.contains(abi));
            if first.name == *name && first.general == definition.general && overlap {
                return Err(error(format!("the structure `{name}` is already defined at {}", first.place)));
            }
        }
    }
    Ok(())
}

fn definitions(sources: &[Source], flags: &Flags) -> Result<Vec<Definition>, Error> {
    let names: BTreeSet<&str> = sources
        .iter()
        .flat_map(|source| lines(&source.text))
        .filter_map(|(_, text)| text.strip_prefix("struct ")?.split_whitespace().next())
        .collect();
    let mut all: Vec<Definition> = Vec::new();
    for source in sources {
        let first = all.len();
        for (line, text) in lines(&source.text) {
            let mut cur = Cursor::new(&source.path, line, text);
            if !text.starts_with(' ') {
                if !cur.eat_word("struct") {
                    return Err(cur.error("expected `struct NAME` or an indented field"));
                }
                let name = cur.word("the structure's name")?.to_string();
                let packed = cur.eat_word("packed");
                let mut abis = Vec::new();
                while !cur.at_end() {
                    abis.push(cur.abi()?);
                }
                let general = abis.is_empty();
                if general {
                    abis = (0..ABIS.len()).collect();
                }
                all.push(Definition { name, abis, general, packed, place: cur.place, fields: Vec::new() });
                continue;
            }
            let shown = if cur.eat("~") {
                Shown::Verbose
            } else if cur.eat("?") {
                Shown::NonZero
            } else {
                Shown::Always
            };
            let name = cur.word("a field's name")?.to_string();
            cur.expect(":")?;
            let ty = types::field(&mut cur, flags, &|name| names.contains(name))?;
            if !cur.at_end() {
                return Err(cur.error(format!("`{}` is left over after the field", cur.rest())));
            }
            if all.len() == first {
                return Err(cur.error("a field stands before the first `struct`"));
            }
            let definition = all.last_mut().ok_or_else(|| cur.error("a field stands before the first `struct`"))?;
            if name != "_" && definition.fields.iter().any(|(other, ..)| *other == name) {
                return Err(cur.error(format!("the field `{name}` stands twice")));
            }
            definition.fields.push((name, ty, shown));
        }
    }
    Ok(all)
}

fn layout(definition: &Definition, abi: usize, structs: &Structs) -> Result<Layout, String> {
    let mut layout = Layout { size: 0, align: 1, fields: Vec::new() };
    for (name, ty, shown) in &definition.fields {
        let (size, align) = size_align(ty, abi, structs)?;
        let align = if definition.packed { 1 } else { align };
        let offset = layout.size.next_multiple_of(align);
        layout.size = offset + size;
        layout.align = layout.align.max(align);
        if name != "_" {
            let (verbose, nonzero) = (*shown == Shown::Verbose, *shown == Shown::NonZero);
            layout.fields.push(Field { name: name.clone(), offset, ty: concrete(ty, abi), verbose, nonzero });
        }
    }
    layout.size = layout.size.next_multiple_of(layout.align);
    Ok(layout)
}

fn size_align(ty: &Type, abi: usize, structs: &Structs) -> Result<(u32, u32), String> {
    let i386 = ABIS[abi] == "i386";
    let ilp32 = i386 || ABIS[abi] == "x32";
    Ok(match ty {
        Type::Num { width, .. } => match width {
            Width::W8 => (1, 1),
            Width::W16 => (2, 2),
            Width::W32 => (4, 4),
            Width::Word if ilp32 => (4, 4),
            Width::KernelLong if i386 => (4, 4),
            Width::W64 if i386 => (8, 4),
            Width::W64 | Width::Word | Width::KernelLong => (8, 8),
        },
        Type::Inline { of, count } => {
            let (size, align) = size_align(of, abi, structs)?;
            (size * count, align)
        }
        Type::Struct(name) => {
            let inner = structs.by_name.get(name).ok_or_else(|| format!("`{name}` has no layout yet"))?;
            (inner[abi].size, inner[abi].align)
        }
        other => return Err(format!("a field cannot be of type {other:?}")),
    })
}

/// Types of `abi::Width` only: the kernel's long becomes a fixed width.
fn concrete(ty: &Type, abi: usize) -> Type {
    match ty {
        Type::Num { width: Width::KernelLong, meaning } => {
            let width = if ABIS[abi] == "i386" { Width::W32 } else { Width::W64 };
            Type::Num { width, meaning: meaning.clone() }
        }
        Type::Inline { of, count } => Type::Inline { of: Box::new(concrete(of, abi)), count: *count },
        other => other.clone(),
    }
}
