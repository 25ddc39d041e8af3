//! Children that the program wants nobody to trace (CLONE_UNTRACED), while it is under a filter of ours: for them nobody
//! would answer the filter's RET_TRACE, and the kernel would refuse the calls with ENOSYS. clone(2), seccomp(2).
//!
//! So the flag is taken out of the call for as long as it lasts, and the child runs as a ghost: traced, never shown. Where
//! the flag was is put right again before parent or child runs on. Without a filter of ours such a child is left alone.

use super::tasks::Open;
use super::worker::Engine;
use super::{memory, sys};
use crate::abi::{self, Arch, Call};

/// The lower half of the flags holds it, in the registers of all calling conventions and in `struct clone_args`.
const UNTRACED: u64 = libc::CLONE_UNTRACED as u64;
/// With this one the child is the tracer's whatever the other says.
const PTRACE: u64 = libc::CLONE_PTRACE as u64;

/// The flags of a clone without CLONE_UNTRACED, and where they are.
#[derive(Debug, Clone, Copy)]
pub struct Veiled {
    flags: u64,
    place: Place,
}

#[derive(Debug, Clone, Copy)]
enum Place {
    FirstArgument { i386: bool },
    Memory(u64),
}

impl Place {
    /// An error means that the task is gone, or that its memory is: then the kernel cannot read the flags either.
    fn put(self, tid: i32, flags: u64) -> bool {
        match self {
            Place::FirstArgument { i386 } => sys::set_first_argument(tid, i386, flags).is_ok(),
            Place::Memory(addr) => memory::write(tid, addr, &flags.to_ne_bytes()).is_ok(),
        }
    }
}

/// Takes the flag out of a call that a task is about to make, if it has it.
fn veil(tid: i32, arch: Arch, call: Option<&Call>, argument: u64) -> Option<Veiled> {
    let (place, flags) = match call?.name {
        "clone" => (Place::FirstArgument { i386: arch == Arch::I386 }, argument),
        "clone3" => {
            let mut word = [0; 8];
            let whole = memory::read(tid, argument, &mut word) == word.len();
            (Place::Memory(argument), if whole { u64::from_ne_bytes(word) } else { 0 })
        }
        _ => return None,
    };
    (flags & (UNTRACED | PTRACE) == UNTRACED && place.put(tid, flags & !UNTRACED)).then_some(Veiled { flags, place })
}

impl Engine {
    /// At the entry of a clone.
    pub fn veil(&mut self, tid: i32, open: &Open) {
        if self.filters()
            && let Some(task) = self.tasks.get_mut(tid)
        {
            task.veiled = veil(tid, open.arch, open.call, open.args[0]);
        }
    }

    /// At the entry of a ghost's call that stops.
    pub fn veil_of_ghost(&mut self, tid: i32, audit_arch: u32, nr: u64, argument: u64) {
        let Some(arch) = Arch::from_audit(audit_arch, nr) else { return };
        if let Some(veiled) = veil(tid, arch, abi::lookup(arch, nr), argument) {
            self.unseen.insert(tid, veiled);
        }
    }

    /// A ghost made a child, which is one too. A ghost does not stop at the end of its call, so its part is put right here.
    pub fn is_born_to_ghost(&mut self, parent: i32, child: i32) {
        match self.unseen.remove(&parent) {
            Some(veiled) => {
                veiled.place.put(parent, veiled.flags);
                self.unseen.insert(child, veiled);
            }
            None => _ = self.ghosts.insert(child),
        }
    }

    /// At its exit.
    pub fn unveil(&mut self, tid: i32) {
        if let Some(Veiled { flags, place }) = self.tasks.get_mut(tid).and_then(|task| task.veiled.take()) {
            place.put(tid, flags);
        }
    }

    /// A task was made. True if it is one that nobody is to see.
    pub fn is_born_unseen(&mut self, parent: i32, child: i32) -> bool {
        let veiled = self.tasks.get(parent).and_then(|task| task.veiled);
        veiled.is_some_and(|veiled| self.unseen.insert(child, veiled).is_none())
    }

    /// At the first stop of a ghost: what it has of its parent's call is as the program wrote it.
    pub fn unveil_child(&mut self, tid: i32) {
        if let Some(Veiled { flags, place }) = self.unseen.remove(&tid) {
            place.put(tid, flags);
        }
    }
}
