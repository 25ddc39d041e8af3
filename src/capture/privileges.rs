//! Whether a fresh program lacks privileges that its file gives, because it is traced or has no_new_privs. execve(2),
//! "Effect on set-user-ID and set-group-ID programs"; capabilities(7), "Capabilities and execution of programs by root".
//!
//! Other reasons are not the tracer's: a file system that is mounted nosuid, and a user namespace that does not know the
//! file's owner. There nothing is said.

use std::ffi::CString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::OnceLock;

use nix::sys::statvfs::{FsFlags, statvfs};

use super::status_text::StatusText;
use super::sys;
use crate::model::Dropped;

const CAP_SYS_PTRACE: u64 = 1 << 19;
const SET_USER_ID: u32 = 0o4000;
/// Without the group's permission to execute, the set-group-ID bit once meant mandatory locking and gives nothing.
const SET_GROUP_ID: u32 = 0o2010;

/// What a file gives to whoever executes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Gift {
    user: Option<u32>,
    group: Option<u32>,
    capabilities: Option<Granted>,
}

impl Gift {
    /// Nearly always nothing. None if the file cannot be looked at.
    pub fn of(file: &Path) -> Option<Gift> {
        let facts = fs::metadata(file).ok()?;
        let name = CString::new(file.as_os_str().to_owned().into_vec()).ok()?;
        let (mode, uid, gid) = (facts.mode(), facts.uid(), facts.gid());
        let gift = Gift {
            user: (mode & SET_USER_ID != 0).then_some(uid),
            group: (mode & SET_GROUP_ID == SET_GROUP_ID).then_some(gid),
            capabilities: sys::file_capabilities(&name).ok().and_then(|data| Granted::parse(&data)),
        };
        let nothing = Gift::default();
        let not_here = || statvfs(file).is_ok_and(|system| system.flags().contains(FsFlags::ST_NOSUID));
        Some(if gift != nothing && not_here() { nothing } else { gift })
    }

    fn is_lacking(self, status: &StatusText) -> bool {
        let effective = |field| status.numbers(field).nth(1);
        let set = |field| status.set(field).unwrap_or(0);
        self.user.is_some_and(|user| effective("Uid") != Some(user))
            || self.group.is_some_and(|group| effective("Gid") != Some(group))
            || self.capabilities.is_some_and(|granted| granted.of(set("CapInh"), set("CapBnd")) & !set("CapPrm") != 0)
    }
}

/// What the program of the task `tid`, which is in its exec stop, lacks. `known` is what was seen at the entry of its
/// execve: of a program that may be executed but not read we cannot look at the file afterwards.
pub fn dropped(tid: i32, known: Option<Gift>) -> Option<Dropped> {
    let gift = Gift::of(format!("/proc/{tid}/exe").as_ref()).or(known)?;
    if gift == Gift::default() {
        return None;
    }
    let status = StatusText::of(tid)?;
    if !gift.is_lacking(&status) || !in_our_user_namespace(tid) {
        return None;
    }
    if status.set("NoNewPrivs") == Some(1) {
        return Some(Dropped::NoNewPrivs);
    }
    // Who may trace everything takes nothing away: then the reason is another one.
    (!may_trace_all()).then_some(Dropped::Traced)
}

fn in_our_user_namespace(tid: i32) -> bool {
    let of = |task: &str| fs::read_link(format!("/proc/{task}/ns/user")).ok();
    // Of a task that we may not look at so closely, only a difference that is seen counts.
    of(&tid.to_string()).is_none_or(|theirs| Some(theirs) == of("self"))
}

/// Whether this process has CAP_SYS_PTRACE, as it does or does not from its start on.
pub fn may_trace_all() -> bool {
    static ANSWER: OnceLock<bool> = OnceLock::new();
    *ANSWER.get_or_init(|| {
        let status = StatusText::of(std::process::id() as i32);
        status.and_then(|status| status.set("CapEff")).is_some_and(|set| set & CAP_SYS_PTRACE != 0)
    })
}

/// The capabilities that a file gives: `struct vfs_cap_data`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Granted {
    permitted: u64,
    inheritable: u64,
}

impl Granted {
    /// Revisions 1 and 2. The third is meant for the root user of another user namespace.
    fn parse(data: &[u8]) -> Option<Granted> {
        const REVISION_1: u32 = 0x0100_0000;
        const REVISION_2: u32 = 0x0200_0000;
        let word = |at: usize| Some(u64::from(u32::from_le_bytes(data.get(4 * at..4 * at + 4)?.try_into().ok()?)));
        match word(0)? as u32 & 0xff00_0000 {
            REVISION_1 => Some(Granted { permitted: word(1)?, inheritable: word(2)? }),
            REVISION_2 => {
                Some(Granted { permitted: word(1)? | word(3)? << 32, inheritable: word(2)? | word(4)? << 32 })
            }
            _ => None,
        }
    }

    /// The permitted set of a task that executes the file. capabilities(7), "Transformation of capabilities".
    fn of(self, inheritable: u64, bounding: u64) -> u64 {
        self.permitted & bounding | self.inheritable & inheritable
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_capabilities_are_read_in_their_two_old_forms() {
        let words = |words: &[u32]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
        let two = Granted::parse(&words(&[0x0200_0001, 0x2000, 1, 4, 8])).expect("revision 2");
        assert_eq!(two, Granted { permitted: 0x4_0000_2000, inheritable: 0x8_0000_0001 });
        assert_eq!(two.of(1, 0x2000), 0x2001);
        let one = Granted::parse(&words(&[0x0100_0000, 7, 8])).expect("revision 1");
        assert_eq!(one, Granted { permitted: 7, inheritable: 8 });
        assert_eq!(Granted::parse(&words(&[0x0300_0000, 7, 8, 0, 0, 1000])), None);
        assert_eq!(Granted::parse(&words(&[0x0200_0001, 7])), None);
        assert_eq!(Granted::parse(b""), None);
    }

    #[test]
    fn an_ordinary_program_lacks_nothing() {
        assert_eq!(Gift::of("/bin/sh".as_ref()), Some(Gift::default()));
        assert_eq!(Gift::of("/no/such/file".as_ref()), None);
        assert_eq!(dropped(std::process::id() as i32, None), None);
    }
}
