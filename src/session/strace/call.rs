//! A printed call as registers and memory, as far as the text tells them for certain, and the text where it tells more.
//!
//! What was made is decoded again: only if that gives the printed text to the letter, the text is left out. So nothing that
//! strace told is lost, and nothing is shown that it did not tell. Left out: structures as memory, but for
//! addresses of sockets.

use super::memory::Room;
use super::outcome::Ended;
use super::scalar::{annotation, scalar};
use super::sockaddr;
use crate::abi::fetch::descriptor_address;
use crate::abi::{self, Arch, Call, Dir, Meaning, Type, Width};
use crate::decode::printed::{name_of, pieces, slots_of, unquote};
use crate::decode::{self, Constants, HexStrings, Options};
use crate::model::{CallView, Marks, Memory, Outcome, PRINTED_ARGUMENTS, PRINTED_RESULT};

/// A call as it was printed, joined if it was interrupted.
#[derive(Debug, Clone, Copy)]
pub struct Text<'a> {
    pub arch: Arch,
    pub nr: u64,
    pub before: &'a str,
    pub after: &'a str,
    /// Whether the line was interrupted between the two.
    pub interrupted: bool,
    /// None while it goes on.
    pub result: Option<&'a str>,
    pub ended: Option<Ended>,
    pub ip: u64,
}

/// What events are made of.
#[derive(Debug, Default)]
pub struct Made {
    pub args: [u64; 6],
    pub entry: Room,
    pub exit: Room,
}

/// Ways in which strace can have been asked to print, the likeliest first: one that gave the text of a line will give
/// that of the next.
#[derive(Debug)]
pub struct Manners(Vec<Options>);

impl Default for Manners {
    fn default() -> Manners {
        let mut all = Vec::new();
        for names in [false, true] {
            for constants in [Constants::Names, Constants::Numbers, Constants::Both] {
                for hex in [HexStrings::Never, HexStrings::NotText, HexStrings::All] {
                    let string_limit = usize::MAX;
                    all.push(Options { constants, hex, names, string_limit, verbose: true, ..Options::default() });
                }
            }
        }
        Manners(all)
    }
}

/// Lines that may try all manners before only the usual one is tried.
impl Manners {
    fn find(&mut self, test: impl Fn(&Options) -> bool) -> bool {
        match self.0.iter().position(test) {
            Some(at) => {
                self.0[..=at].rotate_right(1);
                true
            }
            None => false,
        }
    }
}

/// Makes registers and memory of a text.
pub fn make(text: &Text<'_>, manners: &mut Manners) -> Made {
    let whole = format!("{}{}", text.before, text.after);
    let mut parts = pieces(&whole);
    if parts.last().is_some_and(|part| part.is_empty()) {
        parts.pop();
    }
    let mut maker = Maker {
        text,
        made: Made::default(),
        unknown: 0b11_1111,
        complete: true,
        entry: Room::new(text.arch),
        scratch: 0,
    };
    maker.arguments(&parts);
    let Maker { mut made, unknown, complete, .. } = maker;
    if let (Some(result), Some(Ended { outcome: Outcome::Returned(value), .. })) = (text.result, text.ended)
        && let Some((_, Some(behind))) = annotation(result)
        && let Ok(fd) = i32::try_from(value)
    {
        made.exit.put(descriptor_address(fd), &behind, behind.len() as u64);
    }
    let mask = made.entry.len();
    made.entry.put(PRINTED_ARGUMENTS, &[unknown], 1);
    let same = |options: &Options| with_view(text, &made, |view| tells(view, text, options));
    if !(complete && manners.find(same)) {
        let mut kept = vec![unknown];
        kept.extend_from_slice(text.before.as_bytes());
        made.entry.replace(mask, &kept);
        if !text.after.is_empty() {
            made.exit.put(PRINTED_ARGUMENTS, text.after.as_bytes(), text.after.len() as u64);
        }
    }
    if let Some(result) = text.result {
        let same = |options: &Options| {
            with_view(text, &made, |view| decode::result_text(view, options).is_some_and(|shown| shown == result))
        };
        if !manners.find(same) {
            made.exit.put(PRINTED_RESULT, result.as_bytes(), result.len() as u64);
        }
    }
    made
}

/// Whether decoding gives the line.
fn tells(view: &CallView<'_>, text: &Text<'_>, options: &Options) -> bool {
    if text.interrupted {
        let name = decode::call_name(view.arch, view.nr);
        let before = decode::unfinished_text(view, options);
        let Some(before) = before.strip_prefix(&*name).and_then(|rest| rest.strip_prefix('(')) else { return false };
        return before == text.before
            && (text.ended.is_none() || decode::resumed_text(view, options).strip_suffix(')') == Some(text.after));
    }
    let shown = decode::call_text(view, options);
    shown.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')')) == Some(text.before)
}

fn with_view<R>(text: &Text<'_>, made: &Made, run: impl FnOnce(&CallView<'_>) -> R) -> R {
    let marks = Marks::NONE;
    run(&CallView {
        arch: text.arch,
        nr: text.nr,
        args: &made.args,
        ip: text.ip,
        sp: 0,
        outcome: text.ended.map(|ended| ended.outcome),
        marks,
        restarts: None,
        entry: Memory { regions: &made.entry.regions, bytes: &made.entry.bytes },
        exit: Memory { regions: &made.exit.regions, bytes: &made.exit.bytes },
    })
}

struct Maker<'a> {
    text: &'a Text<'a>,
    made: Made,
    /// Bit N: register N is not known.
    unknown: u8,
    /// Every argument was understood in full.
    complete: bool,
    /// Gives out addresses for what stands in memory.
    entry: Room,
    scratch: usize,
}

impl Maker<'_> {
    fn arguments(&mut self, parts: &[&str]) {
        let Some(declared) = abi::lookup(self.text.arch, self.text.nr) else {
            // The registers of a call that nobody knows.
            for (register, part) in parts.iter().enumerate().take(6) {
                match scalar(self.text.arch, None, part) {
                    Some(raw) => self.know(register, raw),
                    None => self.complete = false,
                }
            }
            return;
        };
        for (position, part) in parts.iter().enumerate() {
            // Which arguments there are is told by those before.
            let slots = with_view(self.text, &self.made, slots_of);
            let call = declared.select(&self.made.args);
            let (name, value) = name_of(part, Some(call));
            let slot = match name {
                Some(name) => slots.iter().find(|slot| slot.name == name),
                None => slots.get(position),
            };
            let Some(slot) = slot else {
                self.complete = false;
                continue;
            };
            if let Some(upper) = slot.upper {
                match scalar(self.text.arch, None, value) {
                    Some(raw) => {
                        self.know(slot.register, raw & 0xffff_ffff);
                        self.know(upper, raw >> 32);
                    }
                    None => self.complete = false,
                }
                continue;
            }
            self.complete &= self.argument(call, slot.register, value).is_some();
        }
    }

    fn know(&mut self, register: usize, raw: u64) {
        self.made.args[register] = raw;
        self.unknown &= !(1 << register);
    }

    /// Some if the text was understood in full.
    fn argument(&mut self, call: &'static Call, register: usize, value: &str) -> Option<()> {
        let arch = self.text.arch;
        let ty = call.args.get(register)?.ty;
        if let Type::Num { width, meaning } = ty {
            return self.number(register, width, meaning, value);
        }
        // A pointer that was not followed, with or without a remark. A number of a type of its own.
        let (plain, remarked) = match value.split_once(" /* ") {
            Some((plain, _)) => (plain, true),
            None => (value, false),
        };
        if let Some(raw) = scalar(arch, None, plain) {
            self.know(register, raw);
            return (!remarked || !plain.starts_with("0x")).then_some(());
        }
        match ty {
            Type::Path | Type::Str => {
                let (mut bytes, cut) = unquote(value)?;
                let true_len = bytes.len() as u64 + 1;
                if !cut {
                    bytes.push(0);
                }
                self.place(register, Dir::In, &bytes, true_len)
            }
            Type::Bytes { dir, .. } => {
                let (bytes, cut) = unquote(value)?;
                self.place(register, dir, &bytes, bytes.len() as u64 + u64::from(cut))
            }
            Type::Ptr { dir, to: Type::Num { width, meaning } } => {
                let inside = value.strip_prefix('[')?.strip_suffix(']')?;
                let (before, after) = inside.split_once(" => ").unwrap_or((inside, inside));
                let bytes = |text: &str| self.element(*width, *meaning, text);
                let (before, after) = (bytes(before)?, bytes(after)?);
                match dir {
                    Dir::InOut => {
                        self.place(register, Dir::In, &before, before.len() as u64)?;
                        let addr = self.made.args[register];
                        self.made.exit.put(addr, &after, after.len() as u64);
                        Some(())
                    }
                    dir => self.place(register, dir, &after, after.len() as u64),
                }
            }
            Type::Array { dir, of: Type::Num { width, meaning }, .. } => {
                let inside = value.strip_prefix('[')?.strip_suffix(']')?;
                let mut bytes = Vec::new();
                for item in pieces(inside) {
                    if let (Meaning::Fd { .. }, Some((fd, Some(behind)))) = (meaning, annotation(item)) {
                        self.behind(dir, fd, &behind);
                    }
                    bytes.extend(self.element(*width, *meaning, item)?);
                }
                self.place(register, dir, &bytes, bytes.len() as u64)
            }
            Type::StrVec { .. } => self.strings(register, value),
            Type::Custom { name: "sockaddr", dir } => {
                let bytes = sockaddr::bytes(value)?;
                // Its length stands in the next argument, which says more than the text of it does.
                self.place(register, dir, &bytes, bytes.len() as u64)?;
                None
            }
            _ => None,
        }
    }

    fn number(&mut self, register: usize, width: Width, meaning: Meaning, value: &str) -> Option<()> {
        let arch = self.text.arch;
        if let (Meaning::Fd { .. } | Meaning::DirFd, Some((_, Some(behind)))) = (meaning, annotation(value)) {
            let plain = value.split('<').next()?;
            let raw = scalar(arch, Some(meaning), plain)?;
            self.know(register, cut(raw, width));
            self.behind(Dir::In, raw as i32, &behind);
            return Some(());
        }
        // With a task's name beside it, the number is known all the same.
        let (plain, named) = match value.split_once('<') {
            Some((plain, _)) if !plain.is_empty() && !value.contains("<<") => (plain, true),
            _ => (value, false),
        };
        let raw = scalar(arch, Some(meaning), plain)?;
        self.know(register, cut(raw, width));
        (!named).then_some(())
    }

    fn element(&self, width: Width, meaning: Meaning, text: &str) -> Option<Vec<u8>> {
        let plain = match meaning {
            Meaning::Fd { .. } => text.split('<').next()?,
            _ => text,
        };
        let raw = scalar(self.text.arch, Some(meaning), plain)?;
        Some(raw.to_le_bytes()[..width.bytes(self.text.arch)].to_vec())
    }

    /// What is behind a descriptor.
    fn behind(&mut self, dir: Dir, fd: i32, text: &[u8]) {
        let room = if dir == Dir::Out { &mut self.made.exit } else { &mut self.made.entry };
        room.put(descriptor_address(fd), text, text.len() as u64);
    }

    /// Puts an argument into memory, at an address of our own: the register's content stays unknown.
    fn place(&mut self, register: usize, dir: Dir, bytes: &[u8], true_len: u64) -> Option<()> {
        let addr = self.entry.give(bytes.len())?;
        self.made.args[register] = addr;
        let room = if dir == Dir::Out { &mut self.made.exit } else { &mut self.made.entry };
        room.put(addr, bytes, true_len);
        self.scratch += 1;
        Some(())
    }

    /// argv: an array of pointers and what they lead to.
    fn strings(&mut self, register: usize, value: &str) -> Option<()> {
        let word = self.text.arch.word();
        let items = pieces(value.strip_prefix('[')?.strip_suffix(']')?);
        let mut pointers = Vec::with_capacity((items.len() + 1) * word);
        for item in items {
            let (mut bytes, cut) = unquote(item)?;
            let true_len = bytes.len() as u64 + 1;
            if !cut {
                bytes.push(0);
            }
            let addr = self.entry.give(bytes.len())?;
            self.made.entry.put(addr, &bytes, true_len);
            pointers.extend_from_slice(&addr.to_le_bytes()[..word]);
        }
        pointers.resize(pointers.len() + word, 0);
        self.place(register, Dir::In, &pointers, pointers.len() as u64)
    }
}

/// A number as a register of that width holds it: compilers leave the upper half zero.
fn cut(raw: u64, width: Width) -> u64 {
    if width == Width::W32 { raw & 0xffff_ffff } else { raw }
}
