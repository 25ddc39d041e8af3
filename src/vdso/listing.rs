//! A vDSO image for people: the versions of its symbols, and its code as text.

use std::collections::HashMap;

use iced_x86::{Decoder, DecoderOptions, Formatter, GasFormatter, IntelFormatter};
use object::read::elf::{ElfFile64, FileHeader as _};
use object::{Object, ObjectSymbol};

/// How instructions are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    /// `mov rax, [rdi]`
    Intel,
    /// `mov (%rdi),%rax`, as objdump(1) has it.
    Gnu,
}

/// An instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Offset in the image, in bytes.
    pub offset: u64,
    pub bytes: Vec<u8>,
    pub text: String,
}

/// The version of each exported symbol that has one: `LINUX_2.6`. Of 64-bit images; empty for others.
pub fn versions(bytes: &[u8]) -> HashMap<String, String> {
    let named = || -> Option<HashMap<String, String>> {
        let file: ElfFile64<'_> = ElfFile64::parse(bytes).ok()?;
        let endian = file.elf_header().endian().ok()?;
        let table = file.elf_section_table().versions(endian, bytes).ok()??;
        let named = file.dynamic_symbols().filter_map(|symbol| {
            let version = table.version(table.version_index(endian, symbol.index()).index()).ok()??;
            Some((symbol.name().ok()?.to_owned(), String::from_utf8_lossy(version.name()).into_owned()))
        });
        Some(named.collect())
    };
    named().unwrap_or_default()
}

/// The code at an offset of the image, as text. x86-64.
pub fn disassemble(bytes: &[u8], offset: u64, size: u64, syntax: Syntax) -> Vec<Line> {
    let range = offset as usize..offset.saturating_add(size).min(bytes.len() as u64) as usize;
    let Some(code) = bytes.get(range) else { return Vec::new() };
    let mut formatter: Box<dyn Formatter> = match syntax {
        Syntax::Intel => Box::new(IntelFormatter::new()),
        Syntax::Gnu => Box::new(GasFormatter::new()),
    };
    // As objdump: what is reached from where the code stands, wherever the kernel mapped it.
    formatter.options_mut().set_rip_relative_addresses(true);
    let mut decoder = Decoder::with_ip(64, code, offset, DecoderOptions::NONE);
    let mut lines = Vec::new();
    while decoder.can_decode() {
        let at = decoder.position();
        let instruction = decoder.decode();
        let mut text = String::new();
        formatter.format(&instruction, &mut text);
        lines.push(Line { offset: instruction.ip(), bytes: code[at..decoder.position()].to_vec(), text });
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_written_in_both_ways() {
        let bytes = [0x90, 0x48, 0x8b, 0x07, 0xb8, 0xe4, 0, 0, 0, 0x0f, 0x05, 0xc3];
        let text = |syntax| -> Vec<String> {
            disassemble(&bytes, 1, 11, syntax)
                .into_iter()
                .map(|line| format!("{:x} {}", line.offset, line.text))
                .collect()
        };
        assert_eq!(text(Syntax::Intel), ["1 mov rax,[rdi]", "4 mov eax,0E4h", "9 syscall", "b ret"]);
        assert_eq!(text(Syntax::Gnu), ["1 mov (%rdi),%rax", "4 mov $0xE4,%eax", "9 syscall", "b ret"]);
        assert_eq!(disassemble(&bytes, 100, 5, Syntax::Gnu), []);
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn symbols_of_the_running_kernel_have_a_version() {
        let Some((_, bytes)) = crate::vdso::image::tests::running() else {
            return; // a kernel booted with vdso=0
        };
        let versions = versions(&bytes);
        assert_eq!(versions.get("__vdso_clock_gettime").map(String::as_str), Some("LINUX_2.6"));
        assert!(super::versions(b"\x7fELF").is_empty());
    }
}
