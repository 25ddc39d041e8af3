//! Takes contents out of events before others see them: what went through buffers, values of environment variables, and
//! on request names of files. Pure: the events stay as many, with their times, registers and results.
//!
//! What a piece of memory was is asked of the calls' declarations, by walking the plan that copied it once more. Left
//! out: arguments of programs, names of programs, socket addresses of networks, and numbers in registers; these stay.

use std::collections::HashMap;
use std::ops::Range;

use crate::abi::fetch::{self, Fetch, descriptor_at, limits};
use crate::abi::{self, Arch, Call, Type};
use crate::model::{Batch, Enter, EventKind, Exec, Memory, Outcome, PRINTED_ARGUMENTS, PRINTED_RESULT, Region, TaskId};

/// What becomes of contents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fate {
    #[default]
    Kept,
    /// Every byte becomes `*`: lengths stay.
    Masked,
    /// Not there, as if nothing had been copied; the true length stays.
    LeftOut,
}

/// What is taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Redaction {
    /// What calls read and write through buffers: files, messages, keys, random numbers; also options of mounts.
    pub payload: Fate,
    /// Values of environment variables, whose names stay.
    pub environment: Fate,
    /// Names of files and directories are masked but for their slashes.
    pub paths: bool,
}

impl Redaction {
    /// Contents masked, names of files as they were.
    pub const CONTENTS: Redaction = Redaction { payload: Fate::Masked, environment: Fate::Masked, paths: false };
}

/// Redacts the batches of one run, in their order: an exit is read with what its entry said.
#[derive(Debug, Default)]
pub struct Redactor {
    redaction: Redaction,
    open: HashMap<TaskId, (Arch, u64, [u64; 6])>,
}

impl Redactor {
    pub fn new(redaction: Redaction) -> Redactor {
        Redactor { redaction, open: HashMap::new() }
    }

    /// Takes contents out of a batch.
    pub fn batch(&mut self, batch: &mut Batch) {
        let Batch { events, regions, bytes, .. } = batch;
        for event in events {
            let (range, spans) = match &mut event.kind {
                EventKind::Enter(enter) => {
                    self.open.insert(event.task, (enter.arch, enter.nr, enter.args));
                    let memory = memory(regions, bytes, &enter.regions);
                    (enter.regions.clone(), entry_spans(enter, memory))
                }
                EventKind::Exit(exit) => {
                    let memory = memory(regions, bytes, &exit.regions);
                    let call = self.open.remove(&event.task);
                    let spans = call.map(|call| exit_spans(call, exit.outcome, memory));
                    // Of a call whose beginning is not here nothing is known, so all of it may be contents.
                    let all = || memory.regions.iter().map(|r| (span(r.addr, r.len.into()), What::Payload)).collect();
                    (exit.regions.clone(), spans.unwrap_or_else(all))
                }
                EventKind::Exec(exec) if self.redaction.paths => {
                    mask_image(exec);
                    continue;
                }
                EventKind::NewTask(new) if self.redaction.paths => {
                    new.image.as_deref_mut().map(mask_image);
                    continue;
                }
                EventKind::TaskEnd(_) => {
                    self.open.remove(&event.task);
                    continue;
                }
                _ => continue,
            };
            let regions = regions.get_mut(range.start as usize..range.end as usize).unwrap_or_default();
            regions.iter_mut().for_each(|region| self.region(region, bytes, &spans));
        }
    }

    /// Takes contents out of what the program wrote to its terminal: lines stay lines.
    pub fn output(&self, bytes: &mut Vec<u8>) {
        match self.redaction.payload {
            Fate::Kept => {}
            Fate::Masked => bytes.iter_mut().filter(|byte| !matches!(**byte, b'\r' | b'\n')).for_each(|b| *b = b'*'),
            Fate::LeftOut => bytes.clear(),
        }
    }

    fn region(&self, region: &mut Region, bytes: &mut [u8], spans: &[(Range<u64>, What)]) {
        let any = self.redaction.paths || [self.redaction.payload, self.redaction.environment] != [Fate::Kept; 2];
        if any && matches!(region.addr, PRINTED_ARGUMENTS | PRINTED_RESULT) {
            mask_quoted(&mut bytes[region.start as usize..(region.start + region.len) as usize]);
        }
        if descriptor_at(region.addr).is_some() && self.redaction.paths {
            let name = &mut bytes[region.start as usize..(region.start + region.len) as usize];
            if name.first() == Some(&b'/') {
                mask_path(name);
            }
        }
        for (span, what) in spans {
            let from = span.start.saturating_sub(region.addr).min(region.len.into()) as u32;
            let to = span.end.saturating_sub(region.addr).min(region.len.into()) as u32;
            if from >= to {
                continue;
            }
            let held = &mut bytes[(region.start + from) as usize..(region.start + to) as usize];
            let fate = match what {
                What::Payload => self.redaction.payload,
                What::Environment => self.redaction.environment,
                What::Path if self.redaction.paths => {
                    mask_path(held);
                    continue;
                }
                What::Path => continue,
            };
            match fate {
                Fate::Kept => {}
                Fate::Masked => held.fill(b'*'),
                Fate::LeftOut => region.len = from,
            }
        }
    }
}

fn memory<'a>(regions: &'a [Region], bytes: &'a [u8], range: &Range<u32>) -> Memory<'a> {
    Memory { regions: regions.get(range.start as usize..range.end as usize).unwrap_or_default(), bytes }
}

/// Masks the strings in what another tool printed, names of files among them: which are which, the text does not tell.
fn mask_quoted(text: &mut [u8]) {
    let mut inside = false;
    let mut escaped = false;
    for byte in text {
        match (inside, *byte) {
            (true, _) if escaped => (*byte, escaped) = (b'*', false),
            (true, b'\\') => (*byte, escaped) = (b'*', true),
            (_, b'"') => inside = !inside,
            (true, _) => *byte = b'*',
            (false, _) => {}
        }
    }
}

/// A directory stays a directory, and a name as long as it was.
fn mask_path(name: &mut [u8]) {
    name.iter_mut().take_while(|byte| **byte != 0).filter(|byte| **byte != b'/').for_each(|byte| *byte = b'*');
}

fn mask_image(exec: &mut Exec) {
    mask_path(&mut exec.path);
    // Names of the kernel's own, `[vdso]`, stay.
    exec.maps.iter_mut().filter(|map| map.name.first() == Some(&b'/')).for_each(|map| mask_path(&mut map.name));
    if let Some(standing) = &mut exec.standing {
        mask_path(&mut standing.cwd);
        mask_path(&mut standing.root);
        let links = standing.descriptors.iter_mut().map(|open| &mut open.link);
        links.filter(|link| link.first() == Some(&b'/')).for_each(|link| mask_path(link));
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Payload,
    Environment,
    Path,
}

type Spans = Vec<(Range<u64>, What)>;

fn span(addr: u64, len: u64) -> Range<u64> {
    addr..addr.saturating_add(len)
}

fn entry_spans(enter: &Enter, memory: Memory<'_>) -> Spans {
    let Some(call) = abi::lookup(enter.arch, enter.nr) else { return Vec::new() };
    let mut finder = Finder::new(call, memory);
    fetch::at_entry(enter.arch, call, &enter.args, enter.sp, &mut finder);
    finder.arguments(enter.arch, call, &enter.args);
    finder.spans
}

fn exit_spans((arch, nr, args): (Arch, u64, [u64; 6]), outcome: Outcome, memory: Memory<'_>) -> Spans {
    let Some(call) = abi::lookup(arch, nr) else { return Vec::new() };
    let mut finder = Finder::new(call, memory);
    match outcome {
        Outcome::Returned(value) => fetch::at_exit(arch, call, &args, value, &mut finder),
        Outcome::Failed(errno) => fetch::at_failure(arch, call, &args, errno, &mut finder),
        _ => {}
    }
    finder.names(arch, call, &args);
    finder.spans
}

/// Walks a plan over what was copied by it, and notes what the pieces are.
struct Finder<'a> {
    memory: Memory<'a>,
    spans: Spans,
    /// What the call's buffer holds.
    buffer: What,
}

impl<'a> Finder<'a> {
    fn new(call: &Call, memory: Memory<'a>) -> Finder<'a> {
        let path = matches!(call.name, "readlink" | "readlinkat" | "getcwd");
        Finder { memory, spans: Vec::new(), buffer: if path { What::Path } else { What::Payload } }
    }

    /// Strings that a call is given: paths, environments, and those that are contents.
    fn arguments(&mut self, arch: Arch, call: &'static Call, args: &[u64; 6]) {
        let call = call.select(args);
        for (arg, &raw) in call.args.iter().zip(args) {
            let addr = if arch.word() == 4 { raw & 0xffff_ffff } else { raw };
            let length = self.memory.at(addr).map_or(0, |piece| piece.bytes.len() as u64);
            match arg.ty {
                Type::Path => self.spans.push((span(addr, length), What::Path)),
                Type::Str if is_content(call.name, arg.name) => self.spans.push((span(addr, length), What::Payload)),
                Type::Custom { name: "mount_data", .. } => self.spans.push((span(addr, length), What::Payload)),
                Type::StrVec { env: true } => self.environment(arch, addr),
                _ => {}
            }
        }
        self.names(arch, call, args);
    }

    fn environment(&mut self, arch: Arch, array: u64) {
        let word = arch.word();
        for index in 0..limits::ENVIRONMENT {
            let at = array.wrapping_add((index * word) as u64);
            let pointer = self.memory.exact(at, word).map_or(0, little_endian);
            if pointer == 0 {
                break;
            }
            let Some(piece) = self.memory.at(pointer) else { continue };
            // Without a `=` it is no variable, and may be anything.
            let name = piece.bytes.iter().position(|byte| *byte == b'=').map_or(0, |at| at + 1);
            let value = pointer + name as u64..pointer + piece.bytes.len() as u64;
            self.spans.push((value, What::Environment));
        }
    }

    /// Names of files inside structures.
    fn names(&mut self, arch: Arch, call: &'static Call, args: &[u64; 6]) {
        const AF_UNIX: [u8; 2] = [1, 0];
        for (arg, &raw) in call.select(args).args.iter().zip(args) {
            let addr = if arch.word() == 4 { raw & 0xffff_ffff } else { raw };
            let Type::Custom { name, .. } = arg.ty else { continue };
            let Some(piece) = self.memory.at(addr) else { continue };
            match name {
                "sockaddr" if piece.bytes.starts_with(&AF_UNIX) => {
                    self.spans.push((addr + 2..addr + piece.bytes.len() as u64, What::Path));
                }
                "dirents" => self.entries(addr, piece.bytes, 16, 19),
                "dirents_old" => self.entries(addr, piece.bytes, 2 * arch.word(), 2 * arch.word() + 2),
                _ => {}
            }
        }
    }

    /// Entries of a directory, getdents(2): where their length and where their name stands.
    fn entries(&mut self, addr: u64, bytes: &[u8], length_at: usize, name_at: usize) {
        let mut at = 0;
        while let Some(length) = bytes.get(at + length_at..at + length_at + 2).map(little_endian) {
            let end = (at + length as usize).min(bytes.len());
            if length as usize <= name_at {
                break;
            }
            self.spans.push((addr + (at + name_at) as u64..addr + end as u64, What::Path));
            at += length as usize;
        }
    }
}

/// Strings that are no names: options of mounts with their passwords, and what a key is made of.
fn is_content(call: &str, argument: &str) -> bool {
    matches!((call, argument), ("fsconfig", "value") | ("request_key", "callout_info"))
}

fn little_endian(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte))
}

impl Fetch for Finder<'_> {
    fn bytes(&mut self, addr: u64, len: u64) -> &[u8] {
        self.spans.push((span(addr, len), self.buffer));
        self.object(addr, usize::try_from(len).unwrap_or(usize::MAX))
    }

    fn object(&mut self, addr: u64, len: usize) -> &[u8] {
        let bytes = self.memory.at(addr).map_or(&[][..], |piece| piece.bytes);
        &bytes[..len.min(bytes.len())]
    }

    fn c_string(&mut self, addr: u64, max: usize) -> &[u8] {
        self.object(addr, max)
    }
}

#[cfg(test)]
mod tests;
