//! Where a program is told about its vDSO: the auxiliary vector on the stack of a fresh process. getauxval(3).

/// Entries of `linux/auxvec.h` that are of interest here.
const AT_NULL: u64 = 0;
const AT_EXECFN: u64 = 31;
/// i386: address of `__kernel_vsyscall`.
const AT_SYSINFO: u64 = 32;
/// Address of the vDSO's ELF header.
const AT_SYSINFO_EHDR: u64 = 33;

/// An entry's value and where its tag stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuxvEntry {
    /// Offset of the tag from the stack pointer, in bytes.
    pub tag_at: u64,
    pub value: u64,
}

/// What the auxiliary vector of a fresh process says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Auxv {
    pub sysinfo_ehdr: Option<AuxvEntry>,
    pub sysinfo: Option<AuxvEntry>,
    /// Address of the path that execve was given.
    pub execfn: Option<u64>,
}

impl Auxv {
    /// Overwriting a tag with this removes the entry.
    pub const AT_IGNORE: u64 = 1;

    /// Offsets from the stack pointer of the tags that tell a program of the vDSO.
    pub fn vdso_tags(&self) -> impl Iterator<Item = u64> {
        [self.sysinfo_ehdr, self.sysinfo].into_iter().flatten().map(|entry| entry.tag_at)
    }
}

/// Walks argc, argv, NULL, envp, NULL to the auxiliary vector. `stack` is a copy from the stack pointer right after
/// execve on; `word` is the size of a pointer in bytes, 4 or 8. None if the copy ends too early: try again with more.
pub fn find_auxv(stack: &[u8], word: usize) -> Option<Auxv> {
    let at = |index: usize| -> Option<u64> {
        let bytes = stack.get(index.checked_mul(word)?..)?.get(..word)?;
        Some(match word {
            4 => u64::from(u32::from_ne_bytes(bytes.try_into().ok()?)),
            _ => u64::from_ne_bytes(bytes.try_into().ok()?),
        })
    };
    let argc = usize::try_from(at(0)?).ok()?;
    // argc itself, the arguments and their NULL.
    let mut index = argc.checked_add(2)?;
    while at(index)? != 0 {
        index += 1;
    }
    index += 1;
    let mut auxv = Auxv::default();
    loop {
        let (tag, value) = (at(index)?, at(index + 1)?);
        let entry = AuxvEntry { tag_at: (index * word) as u64, value };
        match tag {
            AT_NULL => return Some(auxv),
            AT_SYSINFO_EHDR => auxv.sysinfo_ehdr = Some(entry),
            AT_SYSINFO => auxv.sysinfo = Some(entry),
            AT_EXECFN => auxv.execfn = Some(value),
            _ => {}
        }
        index += 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack(words: &[u64], word: usize) -> Vec<u8> {
        words.iter().flat_map(|w| w.to_ne_bytes()[..word].to_vec()).collect()
    }

    #[test]
    fn both_word_sizes_are_walked() {
        // argc = 2, two arguments, three variables, four entries
        let words = [2, 11, 12, 0, 21, 22, 23, 0, 32, 0x500, 33, 0x7000, 31, 0x9000, 0, 0, 99];
        for word in [4, 8] {
            let auxv = find_auxv(&stack(&words, word), word).unwrap();
            assert_eq!(auxv.sysinfo_ehdr, Some(AuxvEntry { tag_at: (10 * word) as u64, value: 0x7000 }));
            assert_eq!(auxv.sysinfo.map(|e| e.value), Some(0x500));
            assert_eq!(auxv.execfn, Some(0x9000));
            assert_eq!(auxv.vdso_tags().collect::<Vec<_>>(), [10 * word as u64, 8 * word as u64]);
        }
    }

    #[test]
    fn a_short_copy_is_told() {
        let words = [1, 11, 0, 0, 33, 0x7000, 0, 0];
        let whole = stack(&words, 8);
        assert!(find_auxv(&whole, 8).is_some());
        for len in 0..whole.len() {
            assert_eq!(find_auxv(&whole[..len], 8), None, "{len} bytes");
        }
        assert_eq!(find_auxv(&[0xff; 64], 8), None);
    }

    #[test]
    fn no_arguments_and_no_vdso() {
        let auxv = find_auxv(&stack(&[0, 0, 0, 0, 0], 8), 8).unwrap();
        assert_eq!(auxv, Auxv::default());
    }
}
