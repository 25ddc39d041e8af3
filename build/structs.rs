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
//!
//! struct epoll_event packed x86_64 x32
//! ```
//!
//! 64-bit fields align to 4 on i386 and to 8 elsewhere. A structure stands before those that contain it.

use std::collections::BTreeMap;

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
    fields: Vec<(String, Type, bool)>,
}

pub fn parse(sources: &[Source], flags: &Flags) -> Result<Structs, Error> {
    let mut structs = Structs::default();
    let mut general: BTreeMap<String, String> = BTreeMap::new();
    for definition in definitions(sources, flags)? {
        let Definition { name, abis, general: for_all, place, .. } = &definition;
        let error = |message: String| Error { place: place.clone(), message };
        if definition.fields.is_empty() {
            return Err(error(format!("the structure `{name}` has no fields")));
        }
        if *for_all {
            if let Some(first) = general.insert(name.clone(), place.clone()) {
                return Err(error(format!("the structure `{name}` is already defined at {first}")));
            }
            if structs.by_name.contains_key(name) {
                return Err(error(format!("the general `{name}` must stand before those for single ABIs")));
            }
        }
        let mut layouts = structs.by_name.get(name).cloned().unwrap_or_default();
        for &abi in abis {
            layouts[abi] = layout(&definition, abi, &structs).map_err(error)?;
        }
        structs.by_name.insert(name.clone(), layouts);
    }
    Ok(structs)
}

fn definitions(sources: &[Source], flags: &Flags) -> Result<Vec<Definition>, Error> {
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
            let verbose = cur.eat("~");
            let name = cur.word("a field's name")?.to_string();
            cur.expect(":")?;
            let ty = types::field(&mut cur, flags, &|name| all.iter().any(|d| d.name == name))?;
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
            definition.fields.push((name, ty, verbose));
        }
    }
    Ok(all)
}

fn layout(definition: &Definition, abi: usize, structs: &Structs) -> Result<Layout, String> {
    let mut layout = Layout { size: 0, align: 1, fields: Vec::new() };
    for (name, ty, verbose) in &definition.fields {
        let (size, align) = size_align(ty, abi, structs)?;
        let align = if definition.packed { 1 } else { align };
        let offset = layout.size.next_multiple_of(align);
        layout.size = offset + size;
        layout.align = layout.align.max(align);
        if name != "_" {
            layout.fields.push(Field { name: name.clone(), offset, ty: concrete(ty, abi), verbose: *verbose });
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
            let inner = structs.by_name.get(name).ok_or_else(|| format!("`{name}` must stand before its user"))?;
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
