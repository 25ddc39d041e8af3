//! Parses a vDSO image into its exported functions.

use object::{Object, ObjectSegment, ObjectSymbol, SymbolKind};

use crate::model::{VdsoImage, VdsoSymbol};

/// The functions that the image at `base` exports, in order of their addresses, each once: an alias without underscores
/// (`clock_gettime`) gives way to the name with them. None if `bytes` is no ELF image. `bytes` may be longer than the
/// image, which is mapped in whole pages.
pub fn parse_image(base: u64, bytes: &[u8]) -> Option<VdsoImage> {
    let file = object::File::parse(bytes).ok()?;
    // Old kernels linked the image to an address of its own.
    let linked_at = file.segments().map(|s| s.address().wrapping_sub(s.file_range().0)).min().unwrap_or(0);
    let mut symbols: Vec<VdsoSymbol> = file
        .dynamic_symbols()
        .filter(|symbol| symbol.is_definition() && matches!(symbol.kind(), SymbolKind::Text | SymbolKind::Unknown))
        .filter_map(|symbol| {
            Some(VdsoSymbol {
                name: symbol.name().ok()?.to_owned(),
                offset: symbol.address().wrapping_sub(linked_at),
                size: symbol.size(),
            })
        })
        // A version definition such as `LINUX_2.6` is a symbol too, but not a place in the image.
        .filter(|symbol| symbol.offset != 0 && symbol.offset < bytes.len() as u64)
        .collect();
    // At one offset `__vdso_time` sorts before `time`.
    symbols.sort_by(|a, b| (a.offset, &a.name).cmp(&(b.offset, &b.name)));
    symbols.dedup_by_key(|symbol| symbol.offset);
    Some(VdsoImage { base, size: bytes.len() as u64, symbols })
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// Where the tests' own image is, and its bytes.
    pub fn running() -> Option<(u64, Vec<u8>)> {
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        let line = maps.lines().find(|line| line.ends_with("[vdso]"))?;
        let (start, end) = line.split(' ').next().and_then(|range| range.split_once('-')).unwrap();
        let (start, end) = (u64::from_str_radix(start, 16).unwrap(), u64::from_str_radix(end, 16).unwrap());
        let mut bytes = vec![0; (end - start) as usize];
        std::os::unix::fs::FileExt::read_exact_at(&std::fs::File::open("/proc/self/mem").unwrap(), &mut bytes, start)
            .unwrap();
        Some((start, bytes))
    }

    #[test]
    fn the_running_kernels_image_is_parsed() {
        let Some((start, bytes)) = running() else {
            return; // a kernel booted with vdso=0
        };
        let image = parse_image(start, &bytes).unwrap();
        let clock = image.symbols.iter().find(|symbol| symbol.name.ends_with("_clock_gettime")).unwrap();
        assert!(clock.name.starts_with("__"), "{clock:?}");
        assert!(clock.size > 0 && clock.offset + clock.size <= image.size);
        assert!(image.symbols.is_sorted_by_key(|symbol| symbol.offset));
    }

    #[test]
    fn what_is_no_image_is_none() {
        assert_eq!(parse_image(0, b""), None);
        assert_eq!(parse_image(0, b"\x7fELF\x02\x01\x01"), None);
        assert_eq!(parse_image(0, &[0; 8192]), None);
    }
}
