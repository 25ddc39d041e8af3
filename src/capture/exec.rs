//! What is read of a fresh program image at its exec stop: path, name, vDSO, executable mappings.

use std::sync::Arc;

use super::options::Descriptors;
use super::standing;
use super::{memory, procfs};
use crate::abi::fetch::Fetch;
use crate::model::{Batch, Exec, TaskId, VdsoImage, VdsoState};
use crate::source::VdsoMode;
use crate::vdso::{Auxv, find_auxv, parse_image};

/// argv, environment and their strings are limited by the kernel to a quarter of the stack limit; the pointers before
/// the auxiliary vector take at most this much.
const STACK_MAX: usize = 64 << 20;
/// No vDSO is larger.
const IMAGE_MAX: u64 = 1 << 20;

/// Parsed images by content: there is one per ABI, however many programs start.
#[derive(Debug, Default)]
pub struct Images {
    known: Vec<(Vec<u8>, Arc<VdsoImage>)>,
}

impl Images {
    fn parsed(&mut self, base: u64, bytes: Vec<u8>) -> Option<Arc<VdsoImage>> {
        if let Some((_, image)) = self.known.iter_mut().find(|(known, _)| *known == bytes) {
            if image.base != base {
                *image = Arc::new(VdsoImage { base, ..VdsoImage::clone(image) });
            }
            return Some(Arc::clone(image));
        }
        let image = Arc::new(parse_image(base, &bytes)?);
        self.known.push((bytes, Arc::clone(&image)));
        Some(image)
    }
}

/// Looks at the task `tid`, which is in its exec stop, and removes the vDSO from its auxiliary vector if so wished.
/// `word` is the size of its pointers, `sp` its stack pointer; `descriptors`: look at what is open, too.
pub fn examine(
    tid: i32,
    sp: u64,
    word: usize,
    mode: VdsoMode,
    images: &mut Images,
    former: Option<TaskId>,
    descriptors: bool,
) -> Exec {
    let maps = procfs::maps(tid);
    let auxv = read_auxv(tid, sp, word);
    let vdso = match &auxv {
        None => VdsoState::Unknown,
        Some(auxv) => match auxv.sysinfo_ehdr {
            None => VdsoState::None,
            Some(entry) => {
                let end = maps.iter().find(|line| line.mapping.start == entry.value).map(|line| line.mapping.end);
                let image = read_image(tid, entry.value, end, images);
                match (mode, image) {
                    (VdsoMode::Natural | VdsoMode::Shown | VdsoMode::Off, Some(image)) => VdsoState::Present(image),
                    (VdsoMode::Natural | VdsoMode::Shown | VdsoMode::Off, None) => VdsoState::Unknown,
                    (VdsoMode::Absent, image) => {
                        if remove(tid, sp, word, auxv).is_ok() {
                            // Without an image there is nothing to tell but that it is gone.
                            image.map_or(VdsoState::None, VdsoState::Removed)
                        } else {
                            image.map_or(VdsoState::Unknown, VdsoState::Present)
                        }
                    }
                }
            }
        },
    };
    let path = auxv
        .and_then(|auxv| auxv.execfn)
        .and_then(|addr| read_string(tid, addr))
        .or_else(|| file_of(tid))
        .unwrap_or_default();
    Exec {
        path,
        comm: procfs::comm(tid).unwrap_or_default(),
        vdso,
        maps: maps.into_iter().filter(|line| line.executable).map(|line| line.mapping).collect(),
        former,
        standing: standing::of(tid, descriptors),
    }
}

/// Looks at a program that has run for a while: the file that it runs, what is mapped now.
pub fn running(tid: i32, images: &mut Images) -> Exec {
    let maps = procfs::maps(tid);
    let vdso = match maps.iter().find(|line| line.mapping.name == b"[vdso]").map(|line| &line.mapping) {
        Some(mapping) => match read_image(tid, mapping.start, Some(mapping.end), images) {
            Some(image) => VdsoState::Present(image),
            None => VdsoState::Unknown,
        },
        None if maps.is_empty() => VdsoState::Unknown,
        None => VdsoState::None,
    };
    Exec {
        path: file_of(tid).unwrap_or_default(),
        comm: procfs::comm(tid).unwrap_or_default(),
        vdso,
        maps: maps.into_iter().filter(|line| line.executable).map(|line| line.mapping).collect(),
        former: None,
        standing: standing::of(tid, true),
    }
}

/// The functions of the vDSO that the kernel gave this process: those that it gives every program of its architecture.
pub fn own_vdso_symbols() -> Vec<String> {
    let own = std::process::id() as i32;
    let maps = procfs::maps(own);
    let mapping = maps.iter().find(|line| line.mapping.name == b"[vdso]").map(|line| &line.mapping);
    let image = mapping.and_then(|map| read_image(own, map.start, Some(map.end), &mut Images::default()));
    image.map(|image| image.symbols.iter().map(|symbol| symbol.name.clone()).collect()).unwrap_or_default()
}

/// /proc/TID/exe.
fn file_of(tid: i32) -> Option<Vec<u8>> {
    let exe = std::fs::read_link(format!("/proc/{tid}/exe")).ok()?;
    Some(std::os::unix::ffi::OsStringExt::into_vec(exe.into_os_string()))
}

/// Copies more and more of the stack until the whole vector is in the copy.
fn read_auxv(tid: i32, sp: u64, word: usize) -> Option<Auxv> {
    let mut stack = Vec::new();
    let mut want = 16 << 10;
    loop {
        let done = stack.len();
        stack.resize(want, 0);
        let count = memory::read(tid, sp + done as u64, &mut stack[done..]);
        stack.truncate(done + count);
        if let Some(auxv) = find_auxv(&stack, word) {
            return Some(auxv);
        }
        if stack.len() < want || want >= STACK_MAX {
            return None;
        }
        want *= 4;
    }
}

fn read_image(tid: i32, base: u64, end: Option<u64>, images: &mut Images) -> Option<Arc<VdsoImage>> {
    let len = end.map_or(0x2000, |end| end.saturating_sub(base)).min(IMAGE_MAX);
    let mut bytes = vec![0; len as usize];
    let count = memory::read(tid, base, &mut bytes);
    bytes.truncate(count);
    images.parsed(base, bytes)
}

fn remove(tid: i32, sp: u64, word: usize, auxv: &Auxv) -> std::io::Result<()> {
    for tag_at in auxv.vdso_tags() {
        memory::write(tid, sp + tag_at, &Auxv::AT_IGNORE.to_le_bytes()[..word])?;
    }
    Ok(())
}

fn read_string(tid: i32, addr: u64) -> Option<Vec<u8>> {
    let mut batch = Batch::default();
    let mut fetcher = memory::Fetcher {
        tid,
        batch: &mut batch,
        limit: 0,
        descriptors: Descriptors::Numbers,
        environments: false,
        kept: None,
        netlinks: &mut Default::default(),
    };
    let path = fetcher.c_string(addr, libc::PATH_MAX as usize).to_vec();
    (!path.is_empty()).then_some(path)
}
