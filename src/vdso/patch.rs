//! What makes the functions of a vDSO call the kernel: a plan for an image, and the code for one place. x86-64.
//!
//! For each function the code holds a displaced copy of its beginning, a stub, `mov $nr, %eax; syscall; ret`: in the vDSO
//! as in the kernel an error is a negative number in the result register; and, if there is room, a reporter. Five bytes of the function become a jump to the
//! stub and back again; the code stays where it is, because a task may be in it. Left out: writing any of it (`capture`).

use std::ops::Range;

use super::calls::call_of;
use super::displace::{Displaced, JUMP, JUMP_OPCODE, Refusal, displaced};
use super::reporter::reporter;
use crate::abi::{self, Arch};
use crate::model::VdsoImage;

/// A function that can be redirected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    pub symbol: String,
    /// The call that it answers.
    pub call: &'static str,
    pub nr: u32,
    /// Offset in the image of the bytes that change.
    pub entry: u64,
    pub original: [u8; JUMP],
    displaced: Displaced,
}

/// What can be done with an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    pub functions: Vec<Function>,
    /// Functions that answer a call but are left alone, and why.
    pub refused: Vec<(String, Refusal)>,
    /// Offsets of the zeros between the end of the ELF file and that of its last page.
    pub padding: Range<u64>,
    base: u64,
}

/// Code for one place in the address space that the plan's image stands in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patch {
    pub at: u64,
    pub code: Vec<u8>,
    pub entries: Vec<Entry>,
    /// Addresses of instructions within the bytes that change, and where they stand in the displaced copies.
    moves: Vec<(u64, u64)>,
}

/// The five bytes of one function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    pub at: u64,
    pub original: [u8; JUMP],
    /// The jump to the stub.
    pub jump: [u8; JUMP],
    /// The one to the reporter, and the instruction pointer at its call; None where there is no room for reporters.
    pub reporter: Option<([u8; JUMP], u64)>,
    /// Where the displaced copy begins: called there, the function does what it always did.
    pub copy_at: u64,
    pub call: &'static str,
    pub nr: u32,
}

const ALIGN: u64 = 16;
const ENDBR64: [u8; 4] = [0xf3, 0x0f, 0x1e, 0xfa];

/// Whether these are the first bytes of a 64-bit image for x86-64.
pub fn is_wide(bytes: &[u8]) -> bool {
    const ELFCLASS64: u8 = 2;
    const EM_X86_64: [u8; 2] = [62, 0];
    bytes.starts_with(b"\x7fELF") && bytes.get(4) == Some(&ELFCLASS64) && bytes.get(18..20) == Some(&EM_X86_64)
}

/// Offset of the end of the ELF file in its pages; None if the header is cut.
pub fn file_end(bytes: &[u8]) -> Option<u64> {
    let word = |at: usize| Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?));
    let half = |at: usize| Some(u64::from(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?)));
    let (segments_at, sections_at) = (word(32)?, word(40)?);
    let mut end = sections_at.checked_add(half(58)? * half(60)?)?;
    for index in 0..half(56)? {
        let header = usize::try_from(segments_at.checked_add(index * half(54)?)?).ok()?;
        end = end.max(word(header.checked_add(8)?)?.checked_add(word(header + 32)?)?);
    }
    (end <= bytes.len() as u64).then_some(end)
}

/// Plans for an image with the bytes that the kernel gave it.
pub fn plan(image: &VdsoImage, bytes: &[u8]) -> Plan {
    let end = file_end(bytes).unwrap_or(bytes.len() as u64).next_multiple_of(ALIGN).min(bytes.len() as u64);
    let is_free = bytes[end as usize..].iter().all(|&b| b == 0);
    let padding = if is_free { end..bytes.len() as u64 } else { end..end };
    let mut plan = Plan { functions: Vec::new(), refused: Vec::new(), padding, base: image.base };
    for symbol in &image.symbols {
        let Some(call) = call_of(&symbol.name) else { continue };
        match function(image.base, symbol.offset, symbol.size, bytes, call) {
            Ok(function) => plan.functions.push(Function { symbol: symbol.name.clone(), ..function }),
            Err(refusal) => plan.refused.push((symbol.name.clone(), refusal)),
        }
    }
    plan
}

fn function(base: u64, offset: u64, size: u64, bytes: &[u8], call: &'static str) -> Result<Function, Refusal> {
    let nr = abi::number(Arch::X86_64, call).and_then(|nr| u32::try_from(nr).ok()).ok_or(Refusal::NoCall)?;
    let range = offset as usize..offset.saturating_add(size) as usize;
    let mut code = bytes.get(range).ok_or(Refusal::Undecodable)?;
    let mut entry = offset;
    // Where indirect branches must lead stays in its place.
    if let Some(rest) = code.strip_prefix(&ENDBR64) {
        code = rest;
        entry += ENDBR64.len() as u64;
    }
    let displaced = displaced(code, base + entry)?;
    let original = code[..JUMP].try_into().map_err(|_| Refusal::Short)?;
    Ok(Function { symbol: String::new(), call, nr, entry, original, displaced })
}

impl Plan {
    /// The code for the address `at`, which must be near the image.
    pub fn patch_at(&self, at: u64) -> Result<Patch, Refusal> {
        self.patch(at, true)
    }

    fn patch(&self, at: u64, reports: bool) -> Result<Patch, Refusal> {
        let mut patch = Patch { at, code: Vec::new(), entries: Vec::new(), moves: Vec::new() };
        for function in &self.functions {
            let copy_at = patch.next();
            let copy = function.displaced.copy_at(copy_at)?;
            patch.moves.extend(copy.moves);
            patch.code.extend(copy.bytes);
            let stub_at = patch.next();
            patch.code.extend(stub(function, stub_at, copy_at)?);
            let at = self.base + function.entry;
            let Function { original, call, nr, .. } = *function;
            let reporter = if reports {
                let reporter_at = patch.next();
                let reporter = reporter(call, reporter_at, copy_at)?;
                patch.code.extend(reporter.bytes);
                Some((jump(at, reporter_at)?, reporter.ip))
            } else {
                None
            };
            let jump = jump(at, stub_at)?;
            patch.entries.push(Entry { at, original, jump, reporter, copy_at, call, nr });
        }
        Ok(patch)
    }

    /// The code for the padding of the image, if there is room: for all of it, or for all but the reporters.
    pub fn patch_in_padding(&self) -> Option<Patch> {
        let room = self.padding.end - self.padding.start;
        let patches =
            [true, false].into_iter().filter_map(|reports| self.patch(self.base + self.padding.start, reports).ok());
        patches.into_iter().find(|patch| patch.code.len() as u64 <= room)
    }
}

impl Patch {
    /// Where the next piece of code goes; what lies between is never executed.
    fn next(&mut self) -> u64 {
        const INT3: u8 = 0xcc;
        let len = (self.code.len() as u64).next_multiple_of(ALIGN);
        self.code.resize(len as usize, INT3);
        self.at + len
    }

    /// The addresses of the code: calls made here are those of the stubs.
    pub fn range(&self) -> Range<u64> {
        self.at..self.at + self.code.len() as u64
    }

    /// The function whose reporter makes a call with this instruction pointer.
    pub fn reports(&self, ip: u64) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.reporter.is_some_and(|(_, at)| at == ip))
    }

    /// Where a task must go on that is about to execute the instruction at `ip`, before the bytes there change.
    pub fn moved(&self, ip: u64) -> Option<u64> {
        self.moves.iter().find(|(from, _)| *from == ip).map(|(_, to)| *to)
    }
}

/// What is written at the beginning `at` of a function so that it leads `to` there.
pub(super) fn jump(at: u64, to: u64) -> Result<[u8; JUMP], Refusal> {
    let mut jump = [JUMP_OPCODE; JUMP];
    jump[1..].copy_from_slice(&displacement(at + JUMP as u64, to)?);
    Ok(jump)
}

pub(super) fn displacement(from: u64, to: u64) -> Result<[u8; 4], Refusal> {
    i32::try_from(to.wrapping_sub(from) as i64).map(i32::to_le_bytes).map_err(|_| Refusal::Far)
}

fn stub(function: &Function, at: u64, copy_at: u64) -> Result<Vec<u8>, Refusal> {
    let mut code = Vec::new();
    if function.call == "getrandom" {
        // Asked with a length of ~0 for the size of the state it wants, it answers that: no call could. cmp $-1, %r8; je
        code.extend([0x49, 0x83, 0xf8, 0xff, 0x0f, 0x84]);
        code.extend(displacement(at + 10, copy_at)?);
    }
    code.push(0xb8);
    code.extend(function.nr.to_le_bytes());
    code.extend([0x0f, 0x05, 0xc3]);
    Ok(code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::VdsoSymbol;

    const BASE: u64 = 0x7fff_0000_0000;

    fn image(functions: &[(&str, u64, &[u8])]) -> (VdsoImage, Vec<u8>) {
        let mut bytes = vec![0; 0x1000];
        bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
        bytes[18] = 62;
        bytes[40..48].copy_from_slice(&0x800u64.to_le_bytes());
        bytes[58..62].copy_from_slice(&[64, 0, 2, 0]);
        let mut symbols = Vec::new();
        for (name, offset, code) in functions {
            bytes[*offset as usize..][..code.len()].copy_from_slice(code);
            symbols.push(VdsoSymbol { name: (*name).into(), offset: *offset, size: code.len() as u64 });
        }
        (VdsoImage { base: BASE, size: 0x1000, symbols }, bytes)
    }

    const PUSHES: &[u8] = &[0x55, 0x48, 0x89, 0xe5, 0x41, 0x56, 0xc3];

    #[test]
    fn only_functions_that_answer_calls_are_touched() {
        let (image, bytes) = image(&[
            ("__vdso_gettimeofday", 0x100, &[0xe9, 0x10, 0, 0, 0]),
            ("__vdso_getcpu", 0x200, PUSHES),
            ("__vdso_sgx_enter_enclave", 0x300, PUSHES),
            ("__kernel_vsyscall", 0x400, PUSHES),
            ("__vdso_time", 0x500, &[0x31, 0xc0, 0xc3]),
            ("__vdso_clock_gettime64", 0x600, PUSHES),
        ]);
        assert!(is_wide(&bytes));
        let plan = plan(&image, &bytes);
        let names: Vec<_> = plan.functions.iter().map(|f| (f.call, f.nr, f.entry)).collect();
        assert_eq!(names, [("gettimeofday", 96, 0x100), ("getcpu", 309, 0x200)]);
        assert_eq!(
            plan.refused,
            [("__vdso_time".to_owned(), Refusal::Short), ("__vdso_clock_gettime64".to_owned(), Refusal::NoCall)]
        );
        assert_eq!(plan.padding, 0x880..0x1000);
    }

    #[test]
    fn jumps_lead_to_stubs_and_tasks_to_copies() {
        let (image, bytes) = image(&[("__vdso_time", 0x100, PUSHES), ("__vdso_getcpu", 0x200, PUSHES)]);
        let patch = plan(&image, &bytes).patch_in_padding().unwrap();
        assert_eq!(patch.at, BASE + 0x880);
        for (entry, nr) in patch.entries.iter().zip([201u32, 309]) {
            assert_eq!(entry.original, PUSHES[..5]);
            assert_eq!(entry.jump[0], 0xe9);
            let distance = i32::from_le_bytes(entry.jump[1..].try_into().unwrap());
            let stub = (entry.at + 5).wrapping_add_signed(i64::from(distance));
            let code = &patch.code[(stub - patch.at) as usize..];
            assert_eq!(code[..8], [&[0xb8], &nr.to_le_bytes()[..], &[0x0f, 0x05, 0xc3]].concat());
            assert!(patch.range().contains(&stub));
        }
        assert_eq!(patch.moved(BASE + 0x101), Some(BASE + 0x881));
        assert_eq!(patch.moved(BASE + 0x100), None, "the jump may be executed");
        assert_eq!(patch.moved(BASE + 0x106), None, "this byte stays");
    }

    #[test]
    fn a_landing_place_of_indirect_branches_stays() {
        let code = [&ENDBR64[..], PUSHES].concat();
        let (image, bytes) = image(&[("__vdso_time", 0x100, &code)]);
        assert_eq!(plan(&image, &bytes).functions[0].entry, 0x104);
    }

    #[test]
    fn the_question_for_the_state_of_getrandom_goes_to_the_vdso() {
        let (image, bytes) = image(&[("__vdso_getrandom", 0x100, PUSHES)]);
        let patch = plan(&image, &bytes).patch_in_padding().unwrap();
        let at = 16;
        assert_eq!(patch.code[at..at + 6], [0x49, 0x83, 0xf8, 0xff, 0x0f, 0x84]);
        let distance = i32::from_le_bytes(patch.code[at + 6..at + 10].try_into().unwrap());
        assert_eq!(at as i32 + 10 + distance, 0, "the displaced copy");
        assert_eq!(patch.code[at + 10..][..8], [0xb8, 62, 1, 0, 0, 0x0f, 0x05, 0xc3]);
    }

    #[test]
    fn without_room_there_is_no_patch() {
        let (image, mut bytes) = image(&[("__vdso_time", 0x100, PUSHES)]);
        bytes[0xfff] = 1;
        let plan = plan(&image, &bytes);
        assert!(plan.padding.is_empty());
        assert_eq!(plan.patch_in_padding(), None);
        assert!(plan.patch_at(BASE + 0x4000_0000).is_ok());
        assert_eq!(plan.patch_at(0x1000), Err(Refusal::Far));
    }

    #[test]
    fn reporters_stand_where_there_is_room_for_them() {
        let (image, mut bytes) = image(&[("__vdso_time", 0x100, PUSHES), ("__vdso_getcpu", 0x200, PUSHES)]);
        let whole = plan(&image, &bytes).patch_in_padding().unwrap();
        for entry in &whole.entries {
            let (jump, ip) = entry.reporter.unwrap();
            let to = (entry.at + 5).wrapping_add_signed(i64::from(i32::from_le_bytes(jump[1..].try_into().unwrap())));
            assert!((to..to + 64).contains(&ip) && whole.range().contains(&ip));
            assert_eq!(whole.reports(ip).map(|entry| entry.call), Some(entry.call));
        }
        // The file grows until only the rest fits.
        let less = 0x1000 - whole.code.len() as u64 + 32;
        bytes[40..48].copy_from_slice(&(less - 128).to_le_bytes());
        let part = plan(&image, &bytes).patch_in_padding().unwrap();
        assert!(part.entries.iter().all(|entry| entry.reporter.is_none()) && part.code.len() < whole.code.len());
    }

    #[test]
    fn what_is_no_file_has_no_end() {
        assert_eq!(file_end(b"\x7fELF"), None);
        let (_, mut bytes) = image(&[]);
        assert_eq!(file_end(&bytes), Some(0x880));
        bytes[40..48].copy_from_slice(&u64::MAX.to_le_bytes());
        assert_eq!(file_end(&bytes), None);
        assert!(!is_wide(b"\x7fELF\x01"));
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn the_running_kernels_image_can_be_patched() {
        let Some((start, bytes)) = crate::vdso::image::tests::running() else {
            return; // a kernel booted with vdso=0
        };
        let image = crate::vdso::parse_image(start, &bytes).unwrap();
        let plan = plan(&image, &bytes);
        assert_eq!(plan.refused, []);
        assert!(plan.functions.iter().any(|f| f.call == "clock_gettime"));
        let patch = plan.patch_at(start + image.size).unwrap();
        assert_eq!(patch.entries.len(), plan.functions.len());
        assert!(patch.code.len() < 1024, "{}", patch.code.len());
    }
}
