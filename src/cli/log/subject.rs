//! What calls are about: strace's `-P PATH` and `--trace-fds=SET`. A call is wanted if a path among its arguments is the
//! one, or if a descriptor among them is, or leads there.
//!
//! Left out: paths that calls return, and paths made absolute.

use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use super::select::Descriptors;
use crate::abi::fetch::descriptor_at;
use crate::abi::{self, Meaning, Type};
use crate::model::{Enter, Memory};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// As they were given, and what they lead to.
    paths: Vec<Vec<u8>>,
    descriptors: Descriptors,
}

impl Subject {
    /// Also what is to be told: the paths that lead elsewhere.
    pub fn new(paths: &[PathBuf], descriptors: Descriptors) -> (Option<Subject>, Vec<String>) {
        if paths.is_empty() && descriptors == Descriptors::NONE {
            return (None, Vec::new());
        }
        let mut subject = Subject { paths: Vec::new(), descriptors };
        let mut remarks = Vec::new();
        for path in paths {
            subject.paths.push(path.as_os_str().as_bytes().to_vec());
            // What does not exist yet leads nowhere yet.
            if let Some(real) = fs::canonicalize(path).ok().filter(|real| real != path) {
                remarks.push(format!("Requested path {path:?} resolved into {real:?}"));
                subject.paths.push(real.into_os_string().into_vec());
            }
        }
        (Some(subject), remarks)
    }

    /// Whether a call that begins is wanted.
    pub fn holds(&self, enter: &Enter, entry: Memory<'_>) -> bool {
        self.descriptor(enter, entry) || self.argument(enter, entry)
    }

    /// What was looked up are the descriptors that the call is given, those of lists too. A message is not about the
    /// descriptors that it carries.
    fn descriptor(&self, enter: &Enter, entry: Memory<'_>) -> bool {
        let call = abi::lookup(enter.arch, enter.nr);
        let carries = call.is_some_and(|call| matches!(call.name, "sendmsg" | "recvmsg"));
        let fits = |fd: i32, addr: u64| {
            let path = entry.at(addr).map(|piece| until_nul(piece.bytes)).unwrap_or_default();
            (!carries || fd == enter.args[0] as i32) && (self.descriptors.contains(fd) || self.is_path(path))
        };
        entry.regions.iter().any(|region| descriptor_at(region.addr).is_some_and(|fd| fits(fd, region.addr)))
    }

    fn argument(&self, enter: &Enter, entry: Memory<'_>) -> bool {
        let Some(call) = abi::lookup(enter.arch, enter.nr).map(|call| call.select(&enter.args)) else { return false };
        let word = |raw: u64| if enter.arch.word() == 4 { raw & 0xffff_ffff } else { raw };
        call.args.iter().zip(enter.args).filter(|(arg, _)| arg.when.is_none_or(|when| when.holds(&enter.args))).any(
            |(arg, raw)| match arg.ty {
                // A link's text is no path that is looked at.
                Type::Path if call.name.starts_with("symlink") && std::ptr::eq(arg, &call.args[0]) => false,
                Type::Path => entry.at(word(raw)).is_some_and(|piece| self.is_path(until_nul(piece.bytes))),
                Type::Num { meaning: Meaning::Fd { .. } | Meaning::DirFd, .. } => self.descriptors.contains(raw as i32),
                _ => false,
            },
        )
    }

    fn is_path(&self, path: &[u8]) -> bool {
        self.paths.iter().any(|wanted| wanted == path)
    }
}

fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|&byte| byte == 0).next().unwrap_or_default()
}
