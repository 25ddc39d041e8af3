//! The vDSO of one address space: where it is, what can be done with it, and the writing of it.
//!
//! Its text is the kernel's and shared by all; a tracer's write gives the address space a copy of the page. Nothing is
//! written that was not looked at first: bytes that are neither the kernel's nor ours are left alone.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use super::super::options::VdsoRoom;
use super::super::{memory, procfs, sys};
use crate::model::VdsoImage;
use crate::vdso::{JUMP, JUMP_OPCODE, Logger, Patch, Plan, file_end, is_wide, logger, parse_image, plan};

/// Shared by the tasks of a process and those that it forks, until one executes.
#[derive(Debug)]
pub struct Site {
    pub image: Arc<VdsoImage>,
    room: VdsoRoom,
    plan: OnceLock<Result<Plan, Hindrance>>,
    patch: OnceLock<Patch>,
    logger: OnceLock<Logger>,
}

/// Why a vDSO is left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hindrance {
    /// A 32-bit program's, or another architecture's.
    Foreign,
    /// It cannot be read.
    Unreadable,
    /// None of its functions can be redirected.
    Nothing,
    /// There is no room for the code.
    NoRoom,
    /// Somebody else changed it.
    Changed,
    /// Nobody could stop all who may be in it.
    Untraced,
    /// It cannot log: the program may not be made to map memory for that.
    NoLog,
    /// It cannot log: the program does without the time-stamp counter.
    NoCounter,
    /// It cannot log: the processor does not let a thread say which one it is.
    NoThreads,
    /// What it told answers by is about to be forbidden.
    Forbidden,
}

/// Where the functions of a vDSO lead: to themselves, or where the five bytes jump.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lead {
    Home,
    Kernel,
    Logger,
    Reporter,
}

impl Hindrance {
    /// The end of a sentence.
    pub fn words(self) -> &'static str {
        match self {
            Hindrance::Foreign => "only that of 64-bit programs for x86-64 can be switched",
            Hindrance::Unreadable => "its memory cannot be read",
            Hindrance::Nothing => "none of its functions can be redirected safely",
            Hindrance::NoRoom => "there is no room for code near it",
            Hindrance::Changed => "something else has changed it",
            Hindrance::NoLog => {
                "there is no memory for a log, which a limit or a seccomp filter of its own forbids, or may forbid, because \
                 sysview could not read it"
            }
            Hindrance::NoCounter => {
                "the program has given up the time-stamp counter that a log needs (PR_SET_TSC, strict seccomp)"
            }
            Hindrance::NoThreads => "this processor or kernel has no rdfsbase, by which a log tells threads apart",
            Hindrance::Forbidden => {
                "it installs a seccomp filter that forbids, or may forbid, the call by which answers were told"
            }
            Hindrance::Untraced => "threads that are not traced use it too",
        }
    }
}

/// What became of an attempt to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    Done,
    /// The memory could not be written now; perhaps at another stop.
    NotNow,
    Never(Hindrance),
}

impl Site {
    pub fn new(image: &Arc<VdsoImage>, room: VdsoRoom) -> Arc<Site> {
        Arc::new(Site {
            image: Arc::clone(image),
            room,
            plan: OnceLock::new(),
            patch: OnceLock::new(),
            logger: OnceLock::new(),
        })
    }

    /// Of a process of which nothing else is known.
    pub fn of_stranger(tid: i32) -> Option<Arc<Site>> {
        let (base, bytes) = bytes_of(tid)?;
        Some(Site::new(&Arc::new(parse_image(base, &bytes)?), VdsoRoom::Padding))
    }

    pub fn range(&self) -> Range<u64> {
        self.image.base..self.image.base + self.image.size
    }

    /// What was made for it, if anything was.
    pub fn made(&self) -> Option<&Patch> {
        self.patch.get()
    }

    /// What there is to write, made when it is first asked for, by a look into the memory of `tid`.
    pub fn patch(&self, tid: i32) -> Result<&Patch, Hindrance> {
        if let Some(patch) = self.made() {
            return Ok(patch);
        }
        let plan = self.plan(tid)?;
        // Where it needs no memory of the program's and none of its calls.
        let patch = if self.room == VdsoRoom::Padding { plan.patch_in_padding() } else { None };
        Ok({
            let patch = patch.ok_or(Hindrance::NoRoom)?;
            self.patch.get_or_init(|| patch)
        })
    }

    /// The same for a page at this address.
    #[cfg(target_arch = "x86_64")]
    pub fn place_at(&self, tid: i32, addr: u64) -> Result<&Patch, Hindrance> {
        if let Some(patch) = self.made() {
            return Ok(patch);
        }
        let patch = self.plan(tid)?.patch_at(addr).map_err(|_| Hindrance::NoRoom)?;
        Ok(self.patch.get_or_init(|| patch))
    }

    /// Where the page of the code is to be, if it is not in the image and this process has none there.
    #[cfg(target_arch = "x86_64")]
    pub fn lacks_page(&self, tid: i32) -> Option<u64> {
        let patch = self.made().filter(|patch| !self.range().contains(&patch.at))?;
        read(tid, &patch.range()).is_none().then_some(patch.at)
    }

    fn plan(&self, tid: i32) -> Result<&Plan, Hindrance> {
        if self.plan.get().is_none() {
            match self.make(tid) {
                // At another time it may be readable.
                Err(Hindrance::Unreadable) => return Err(Hindrance::Unreadable),
                made => _ = self.plan.set(made),
            }
        }
        self.plan.get().ok_or(Hindrance::Unreadable)?.as_ref().map_err(|hindrance| *hindrance)
    }

    fn make(&self, tid: i32) -> Result<Plan, Hindrance> {
        let bytes = read(tid, &self.range()).ok_or(Hindrance::Unreadable)?;
        if !is_wide(&bytes) {
            return Err(Hindrance::Foreign);
        }
        let plan = plan(&self.image, &original(&self.image, bytes));
        if plan.functions.is_empty() {
            return Err(Hindrance::Nothing);
        }
        Ok(plan)
    }

    /// Whether a sysview that is gone left its jumps here.
    pub fn is_left_over(&self, tid: i32) -> bool {
        let Some(bytes) = read(tid, &self.range()) else { return false };
        is_wide(&bytes) && original(&self.image, bytes.clone()) != bytes
    }

    /// Whether the code stands where it belongs.
    pub fn stands(&self, tid: i32) -> bool {
        self.made().is_some_and(|patch| read(tid, &patch.range()).is_some_and(|code| code == patch.code))
    }

    /// Puts the kernel's bytes back, wherever the jumps lead.
    pub fn restore(&self, tid: i32) {
        let Ok(plan) = self.plan(tid) else { return };
        for function in &plan.functions {
            let (at, mut now) = (self.image.base + function.entry, function.original);
            memory::read(tid, at, &mut now);
            if now != function.original && now[0] == JUMP_OPCODE {
                // What cannot be written stays right as it is, and slower.
                let _ = memory::write_text(tid, at, &function.original);
            }
        }
    }

    /// The wrappers, if they were made for anybody here.
    pub fn logger(&self) -> Option<&Logger> {
        self.logger.get()
    }

    /// The same, made for a page at this address unless they have one. `patch` must have been made.
    pub fn log_at(&self, addr: u64) -> Result<&Logger, Hindrance> {
        if let Some(logger) = self.logger() {
            return Ok(logger);
        }
        let made = logger(self.made().ok_or(Hindrance::NoRoom)?, addr).map_err(|_| Hindrance::NoRoom)?;
        Ok(self.logger.get_or_init(|| made))
    }

    /// Whether the wrappers stand in this task's memory.
    pub fn logs(&self, tid: i32) -> bool {
        self.logger().is_some_and(|logger| read(tid, &logger.code_range()).is_some_and(|code| code == logger.code))
    }

    /// The address of an instruction that makes a call: the vDSO has some, for what it cannot answer.
    pub fn call_instruction(&self, tid: i32) -> Option<u64> {
        const SYSCALL: [u8; 2] = [0x0f, 0x05];
        let bytes = read(tid, &self.range())?;
        Some(self.image.base + bytes.windows(2).position(|pair| pair == SYSCALL)? as u64)
    }

    /// Makes the functions lead there. No task may be about to execute what changes: whoever
    /// could be is stopped, and was moved.
    pub fn write(&self, tid: i32, lead: Lead) -> Written {
        let patch = match self.patch(tid) {
            Ok(patch) => patch,
            Err(Hindrance::Unreadable) => return Written::NotNow,
            Err(hindrance) => return Written::Never(hindrance),
        };
        let Some(code) = read(tid, &patch.range()) else { return Written::NotNow };
        let stands = code == patch.code;
        if !stands && code.iter().any(|&b| b != 0) {
            return Written::Never(Hindrance::Changed);
        }
        let mut due = Vec::new();
        for (index, entry) in patch.entries.iter().enumerate() {
            let logs = self.logger().and_then(|logger| logger.functions.get(index)).map(|function| function.jump);
            let mut now = entry.original;
            if memory::read(tid, entry.at, &mut now) != now.len() {
                return Written::NotNow;
            }
            let reports = entry.reporter.map(|(jump, _)| jump);
            let wanted = match lead {
                Lead::Home => Some(entry.original),
                Lead::Kernel => Some(entry.jump),
                Lead::Logger => logs,
                Lead::Reporter => reports,
            };
            let Some(wanted) = wanted else { return Written::Never(Hindrance::NoRoom) };
            match now {
                now if now == wanted => {}
                now if [entry.original, entry.jump].contains(&now) || [logs, reports].contains(&Some(now)) => {
                    due.push((entry.at, wanted));
                }
                // To the code of a sysview that is gone.
                now if now[0] == JUMP_OPCODE && entry.original[0] != JUMP_OPCODE => due.push((entry.at, wanted)),
                _ => return Written::Never(Hindrance::Changed),
            }
        }
        // Code first: as soon as there is a jump, it leads there.
        let whole = (stands || memory::write_text(tid, patch.at, &patch.code).is_ok())
            && due.iter().all(|(at, bytes)| memory::write_text(tid, *at, bytes).is_ok());
        if whole { Written::Done } else { Written::NotNow }
    }
}

/// Where the vDSO of a process is, and its bytes.
pub fn bytes_of(tid: i32) -> Option<(u64, Vec<u8>)> {
    let mapping = procfs::maps(tid).into_iter().map(|line| line.mapping).find(|map| map.name == b"[vdso]")?;
    Some((mapping.start, read(tid, &(mapping.start..mapping.end))?))
}

fn read(tid: i32, range: &Range<u64>) -> Option<Vec<u8>> {
    let mut bytes = vec![0; (range.end - range.start) as usize];
    (memory::read(tid, range.start, &mut bytes) == bytes.len()).then_some(bytes)
}

/// The image as the kernel gave it, even if a sysview that was killed left its jumps in it: then it is our own, but for those
/// and the padding.
fn original(image: &VdsoImage, bytes: Vec<u8>) -> Vec<u8> {
    let Some(own) = own().filter(|own| own.len() == bytes.len()) else { return bytes };
    let end = file_end(own).unwrap_or(own.len() as u64) as usize;
    // A sysview that is traced itself has jumps in its own.
    if own[end..].iter().any(|&b| b != 0) {
        return bytes;
    }
    let mut restored = bytes.clone();
    restored[end..].fill(0);
    for symbol in &image.symbols {
        // Behind an endbr64, perhaps.
        for at in [symbol.offset as usize, symbol.offset as usize + 4] {
            if let (Some(ours), Some(theirs)) = (own.get(at..at + JUMP), restored.get_mut(at..at + JUMP))
                && theirs[0] == JUMP_OPCODE
                && ours[0] != JUMP_OPCODE
            {
                theirs.copy_from_slice(ours);
            }
        }
    }
    if restored == own { restored } else { bytes }
}

/// Our own vDSO, which is that of every program of our architecture on this kernel.
fn own() -> Option<&'static [u8]> {
    static OWN: OnceLock<Option<Vec<u8>>> = OnceLock::new();
    let read_own = || bytes_of(i32::try_from(std::process::id()).ok()?).map(|(_, bytes)| bytes);
    OWN.get_or_init(read_own).as_deref()
}

/// Moves a stopped task that is about to execute what changes to the same instruction in the copy. An error means that the
/// task is gone.
pub fn move_away(tid: i32, ip: u64, patch: &Patch) {
    if let Some(to) = patch.moved(ip) {
        let _ = sys::set_instruction_pointer(tid, to);
    }
}
