//! The tracee's memory: reading with three fallbacks, and the fetch plan's view of it, which writes into a batch.
//!
//! process_vm_readv first; where that is forbidden, /proc/TID/mem; where that is closed too, PTRACE_PEEKDATA. A program
//! that sysview may not look into any more (PR_SET_DUMPABLE of prctl(2), other credentials) is read through a file of its
//! memory that was opened before; the children that it forks from then on have memory of their own, closed to everybody
//! without CAP_SYS_PTRACE.

use std::fs::{File, OpenOptions};
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;

use super::descriptors::{Netlinks, behind};
use super::options::{Descriptors, Kinds};
use super::sys;
use super::worker::Engine;
use crate::abi::fetch::{Fetch, descriptor_address, protocol_address};
use crate::model::{Batch, Region};

/// Memory protection and unmapped holes have this granularity at least.
const PAGE: u64 = 4096;

/// Fills `into` from `addr` on as far as the memory goes; returns how far.
pub fn read(tid: i32, addr: u64, into: &mut [u8]) -> usize {
    read_through(None, tid, addr, into)
}

/// The same with a file of the memory that was opened while that was allowed.
fn read_through(kept: Option<&File>, tid: i32, addr: u64, into: &mut [u8]) -> usize {
    if into.is_empty() {
        return 0;
    }
    let mut done = 0;
    match sys::read_memory(tid, addr, into) {
        Ok(count) => done = count,
        Err(error) if error.raw_os_error() == Some(libc::EFAULT) => {}
        Err(error) if matches!(error.raw_os_error(), Some(libc::EPERM | libc::ENOSYS)) => {
            return match kept {
                Some(memory) => read_file(memory, addr, into),
                None => read_slowly(tid, addr, into),
            };
        }
        Err(_) => return 0,
    }
    // A kernel may report a whole range as unreadable although it begins well: go on page by page.
    while done < into.len() {
        let at = addr.wrapping_add(done as u64);
        let end = into.len().min(done + (PAGE - at % PAGE) as usize);
        match sys::read_memory(tid, at, &mut into[done..end]) {
            Ok(count) if count > 0 => done += count,
            _ => break,
        }
    }
    done
}

fn read_file(memory: &File, addr: u64, into: &mut [u8]) -> usize {
    let mut done = 0;
    while done < into.len() {
        match memory.read_at(&mut into[done..], addr.wrapping_add(done as u64)) {
            Ok(count) if count > 0 => done += count,
            _ => break,
        }
    }
    done
}

fn read_slowly(tid: i32, addr: u64, into: &mut [u8]) -> usize {
    if let Ok(memory) = File::open(format!("/proc/{tid}/mem")) {
        let done = read_file(&memory, addr, into);
        if done > 0 {
            return done;
        }
    }
    let mut done = 0;
    while done < into.len() {
        let at = addr.wrapping_add(done as u64);
        let Ok(word) = sys::peek(tid, at & !7) else { break };
        let skip = (at & 7) as usize;
        let count = (8 - skip).min(into.len() - done);
        into[done..done + count].copy_from_slice(&word[skip..skip + count]);
        done += count;
    }
    done
}

/// Overwrites memory that the tracee can write itself.
pub fn write(tid: i32, addr: u64, bytes: &[u8]) -> io::Result<()> {
    match sys::write_memory(tid, addr, bytes) {
        Ok(count) if count == bytes.len() => Ok(()),
        _ => OpenOptions::new().write(true).open(format!("/proc/{tid}/mem"))?.write_all_at(bytes, addr),
    }
}

/// Overwrites text, of which the tracee gets a copy of its own. Where its memory cannot be opened, it must be at a stop.
pub fn write_text(tid: i32, addr: u64, bytes: &[u8]) -> io::Result<()> {
    if let Ok(memory) = OpenOptions::new().write(true).open(format!("/proc/{tid}/mem"))
        && memory.write_all_at(bytes, addr).is_ok()
    {
        return Ok(());
    }
    const WORD: u64 = size_of::<usize>() as u64;
    let (mut at, end) = (addr & !(WORD - 1), addr + bytes.len() as u64);
    while at < end {
        let mut word = sys::peek(tid, at)?;
        for (place, byte) in (at..).zip(&mut word) {
            if (addr..end).contains(&place) {
                *byte = bytes[(place - addr) as usize];
            }
        }
        sys::poke(tid, at, word)?;
        at += WORD;
    }
    Ok(())
}

/// Copies what the fetch plan asks for to the end of a batch.
pub struct Fetcher<'a> {
    pub tid: i32,
    pub batch: &'a mut Batch,
    /// The most that is copied of a buffer, in bytes.
    pub limit: usize,
    pub descriptors: Descriptors,
    pub environments: bool,
    /// The memory as a file, where it is closed to us by now.
    pub kept: Option<&'a File>,
    pub netlinks: &'a mut Netlinks,
}

impl Engine {
    /// For a task at a stop.
    pub fn fetcher(&mut self, tid: i32) -> Fetcher<'_> {
        let kept = match self.tasks.get(tid) {
            Some(task) if !self.tasks.memory.is_empty() => self.tasks.memory.get(&task.tgid),
            _ => None,
        };
        Fetcher {
            tid,
            batch: &mut self.out.batch,
            limit: self.tracing.capture_limit,
            descriptors: self.tracing.descriptors,
            environments: self.tracing.environments,
            kept,
            netlinks: &mut self.netlinks,
        }
    }
}

/// What is copied of a string at first: most are shorter, and copying whole pages would take longer than all the rest.
const FIRST_PIECE: usize = 256;

/// The most that is ever copied at once, whatever a plan asks for: it bounds the batch.
const OBJECT_MAX: usize = 1 << 20;

impl Fetcher<'_> {
    /// Runs a plan; returns the regions that it added.
    pub fn collect(mut self, plan: impl FnOnce(&mut Self)) -> Range<u32> {
        let first = self.batch.regions.len() as u32;
        plan(&mut self);
        first..self.batch.regions.len() as u32
    }

    fn copy(&mut self, addr: u64, true_len: u64, len: usize) -> &[u8] {
        let len = len.min(OBJECT_MAX);
        let start = self.batch.bytes.len();
        self.batch.bytes.resize(start + len, 0);
        let count = read_through(self.kept, self.tid, addr, &mut self.batch.bytes[start..]);
        self.batch.bytes.truncate(start + count);
        self.keep(addr, true_len, start, count < len)
    }

    fn keep(&mut self, addr: u64, true_len: u64, start: usize, fault: bool) -> &[u8] {
        let len = self.batch.bytes.len() - start;
        self.batch.regions.push(Region { addr, true_len, start: start as u32, len: len as u32, fault });
        &self.batch.bytes[start..]
    }
}

impl Fetch for Fetcher<'_> {
    fn bytes(&mut self, addr: u64, len: u64) -> &[u8] {
        let copied = usize::try_from(len).unwrap_or(usize::MAX).min(self.limit);
        self.copy(addr, len, copied)
    }

    fn object(&mut self, addr: u64, len: usize) -> &[u8] {
        self.copy(addr, len as u64, len)
    }

    fn c_string(&mut self, addr: u64, max: usize) -> &[u8] {
        let max = max.min(OBJECT_MAX);
        let start = self.batch.bytes.len();
        let mut at = addr;
        loop {
            let done = self.batch.bytes.len() - start;
            if done >= max {
                // Longer than what was asked for; how much longer is not known.
                return self.keep(addr, done as u64 + 1, start, false);
            }
            // Never across a page at once: the string may end just before memory that cannot be read.
            let piece = if done == 0 { FIRST_PIECE } else { PAGE as usize };
            let want = (max - done).min(piece).min((PAGE - at % PAGE) as usize);
            self.batch.bytes.resize(start + done + want, 0);
            let count = read_through(self.kept, self.tid, at, &mut self.batch.bytes[start + done..]);
            let got = &self.batch.bytes[start + done..start + done + count];
            let nul = got.iter().position(|&b| b == 0);
            self.batch.bytes.truncate(start + done + nul.unwrap_or(count));
            if nul.is_some() || count < want {
                let len = (self.batch.bytes.len() - start) as u64;
                return self.keep(addr, len, start, nul.is_none());
            }
            at = at.wrapping_add(count as u64);
        }
    }

    fn looks_up_descriptors(&self) -> bool {
        matches!(self.descriptors, Descriptors::Behind(_))
    }

    fn looks_up_results(&self) -> bool {
        self.descriptors != Descriptors::Numbers
    }

    fn copies_environments(&self) -> bool {
        self.environments
    }

    fn netlink(&mut self, fd: i32) -> bool {
        let Some(protocol) = self.netlinks.protocol(self.tid, fd) else { return false };
        let start = self.batch.bytes.len();
        self.batch.bytes.push(protocol);
        self.keep(protocol_address(fd), 1, start, false);
        true
    }

    fn descriptor(&mut self, fd: i32) {
        let kinds = if let Descriptors::Behind(kinds) = self.descriptors { kinds } else { Kinds::PATH };
        if let Some(path) = behind(self.tid, fd, kinds) {
            let start = self.batch.bytes.len();
            self.batch.bytes.extend_from_slice(&path);
            self.keep(descriptor_address(fd), path.len() as u64, start, false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads our own memory, of buffers ten bytes.
    fn of_ours<'a>(batch: &'a mut Batch, netlinks: &'a mut Netlinks) -> Fetcher<'a> {
        Fetcher {
            tid: std::process::id() as i32,
            batch,
            limit: 10,
            descriptors: Descriptors::Numbers,
            environments: false,
            kept: None,
            netlinks,
        }
    }

    #[test]
    fn buffers_are_cut_and_the_true_length_is_kept() {
        let data: Vec<u8> = (0..100).collect();
        let mut batch = Batch::default();
        let addr = data.as_ptr() as u64;
        let range = of_ours(&mut batch, &mut Netlinks::default()).collect(|fetch| {
            assert_eq!(fetch.bytes(addr, 100), &data[..10]);
            assert_eq!(fetch.object(addr, 100), &data[..]);
            assert_eq!(fetch.bytes(8, 100), b"");
        });
        assert_eq!(range, 0..3);
        assert_eq!((batch.regions[0].true_len, batch.regions[0].len, batch.regions[0].fault), (100, 10, false));
        assert_eq!(batch.region_bytes(&batch.regions[1]), &data[..]);
        assert!(batch.regions[2].fault);
    }

    #[test]
    fn strings_end_at_their_nul_or_at_the_bound() {
        let mut data = vec![b'x'; 9000];
        data.push(0);
        let mut batch = Batch::default();
        let addr = data.as_ptr() as u64;
        let _ = of_ours(&mut batch, &mut Netlinks::default()).collect(|fetch| {
            assert_eq!(fetch.c_string(addr, 20_000).len(), 9000);
            assert_eq!(fetch.c_string(addr, 100).len(), 100);
            assert_eq!(fetch.c_string(addr + 9000, 100), b"");
            assert_eq!(fetch.c_string(8, 100), b"");
        });
        let facts: Vec<_> = batch.regions.iter().map(|r| (r.true_len, r.len, r.fault)).collect();
        assert_eq!(facts, [(9000, 9000, false), (101, 100, false), (0, 0, false), (0, 0, true)]);
    }

    #[test]
    fn the_slow_ways_read_the_same() {
        let data: Vec<u8> = (0..200).collect();
        let mut into = [0; 100];
        assert_eq!(read_slowly(std::process::id() as i32, data.as_ptr() as u64 + 3, &mut into), 100);
        assert_eq!(into[..], data[3..103]);
    }
}
