//! Which processes there are to attach to: all of them for a picker, those that somebody names, those of a container.
//!
//! Everything is read from /proc at the moment of asking; a process may be gone the moment after. `container` reads
//! control groups, `runtime` knows names of containers. Left out: attaching.

mod container;
mod runtime;

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::unistd::{Uid, User};

use super::LaunchError;
use super::doctor::Prospect;
use super::status::Status;
use crate::source::ProcessInfo;
use container::{Choice, Membership, Unclear};

/// Every process, by PID.
pub fn processes() -> Vec<ProcessInfo> {
    System::default().processes()
}

/// The processes that `-p` names: PIDs between commas or blanks, as strace(1) takes them, or the name of one process.
pub fn find_processes(words: &[String]) -> Result<Vec<i32>, LaunchError> {
    let system = System::default();
    let mut pids = Vec::new();
    for word in words {
        for pid in system.named(word)? {
            if !pids.contains(&pid) {
                pids.push(pid);
            }
        }
    }
    Ok(pids)
}

/// The container or pod of an ID, the beginning of one, a pod's UID, or a name that a readable file of its runtime tells.
pub fn find_container(words: &str) -> Result<Container, LaunchError> {
    System::default().container(words)
}

/// A container or pod, whose processes may change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    system: System,
    choice: Choice,
}

impl Container {
    /// Its processes as of now, by PID.
    pub fn pids(&self) -> Vec<i32> {
        let mut pids = self.system.pids();
        pids.retain(|&pid| self.system.membership(pid).is_in(&self.choice));
        pids
    }
}

/// Where processes and containers are looked for; below another directory in tests.
#[derive(Debug, Clone, PartialEq, Eq)]
struct System {
    root: PathBuf,
}

impl Default for System {
    fn default() -> System {
        System { root: PathBuf::from("/") }
    }
}

impl System {
    fn proc(&self) -> PathBuf {
        self.root.join("proc")
    }

    fn read(&self, pid: i32, file: &str) -> Vec<u8> {
        fs::read(self.proc().join(pid.to_string()).join(file)).unwrap_or_default()
    }

    fn pids(&self) -> Vec<i32> {
        let entries = fs::read_dir(self.proc()).into_iter().flatten().flatten();
        let mut pids: Vec<i32> = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
        pids.sort_unstable();
        pids
    }

    fn comm(&self, pid: i32) -> Vec<u8> {
        let mut comm = self.read(pid, "comm");
        comm.pop_if(|last| *last == b'\n');
        comm
    }

    fn argv(&self, pid: i32) -> Vec<Vec<u8>> {
        split_arguments(&self.read(pid, "cmdline"))
    }

    fn membership(&self, pid: i32) -> Membership {
        Membership::parse(&String::from_utf8_lossy(&self.read(pid, "cgroup")))
    }

    fn processes(&self) -> Vec<ProcessInfo> {
        let prospect = Prospect::read(&self.proc());
        let mut users = Users::default();
        let all = self.pids().into_iter().filter_map(|pid| {
            let status = Status::read(&self.proc(), pid)?;
            Some(ProcessInfo {
                pid,
                comm: self.comm(pid),
                argv: self.argv(pid),
                user: users.name(status.uids[1]),
                state: char::from(status.state),
                threads: status.threads,
                container: self.membership(pid).innermost().map(str::to_owned),
                inner_pid: status.ns_tids.get(1..).and_then(<[i32]>::last).copied(),
                hindrance: prospect.hindrance(pid, None),
            })
        });
        all.collect()
    }

    /// The processes that one `-p` means.
    fn named(&self, words: &str) -> Result<Vec<i32>, LaunchError> {
        let parts: Vec<&str> = words.split([',', ' ', '\t', '\n']).filter(|part| !part.is_empty()).collect();
        if parts.is_empty() {
            return Err(LaunchError::usage(
                "-p needs a process: its PID, or its name, as in `sysview -p nginx`.".into(),
            ));
        }
        let is_number = |part: &&str| part.bytes().all(|b| b.is_ascii_digit());
        if !parts.iter().all(is_number) {
            // A name may hold what else stands between PIDs.
            let whole = self.with_name(words);
            if parts.len() == 1 || !whole.is_empty() {
                return self.only_one(words, whole).map(|pid| vec![pid]);
            }
        }
        let pid_of = |part: &str| match part.parse() {
            Ok(pid) => Ok(pid),
            Err(_) if is_number(&part) => Err(no_process(part)),
            Err(_) => self.only_one(part, self.with_name(part)),
        };
        parts.into_iter().map(pid_of).collect()
    }

    /// Processes whose comm or argument 0, without its directory, is this. Those that cannot be meant (sysview, what it
    /// runs under, what has ended) only if there are no others.
    fn with_name(&self, name: &str) -> Vec<i32> {
        let fits = |pid: &i32| {
            let argv = self.argv(*pid);
            let program = argv.first().and_then(|arg| arg.rsplit(|&b| b == b'/').next());
            self.comm(*pid) == name.as_bytes() || program == Some(name.as_bytes())
        };
        let all: Vec<i32> = self.pids().into_iter().filter(fits).collect();
        let prospect = Prospect::read(&self.proc());
        let possible: Vec<i32> = all.iter().copied().filter(|&pid| !prospect.is_pointless(pid)).collect();
        if possible.is_empty() { all } else { possible }
    }

    fn only_one(&self, name: &str, found: Vec<i32>) -> Result<i32, LaunchError> {
        match found[..] {
            [pid] => Ok(pid),
            [] => Err(LaunchError::system(format!(
                "No process is named {}; `ps -e` lists those there are, and -p takes a PID as well.",
                name.escape_debug()
            ))),
            _ => {
                let mut users = Users::default();
                let mut sentence = format!(
                    "{} processes are named {}; choose by PID, as in `-p {}`:",
                    found.len(),
                    name.escape_debug(),
                    found[0]
                );
                for pid in found {
                    let uid = Status::read(&self.proc(), pid).map_or(u32::MAX, |status| status.uids[1]);
                    sentence.push_str(&format!("\n  {pid:>7}  {:<8}  {}", users.name(uid), self.command_line(pid)));
                }
                Err(LaunchError::usage(sentence))
            }
        }
    }

    /// For the eye: escaped, and not longer than a line.
    fn command_line(&self, pid: i32) -> String {
        const LONGEST: usize = 100;
        let mut argv = self.argv(pid);
        if argv.is_empty() {
            argv = vec![self.comm(pid)];
        }
        let line = String::from_utf8_lossy(&argv.join(&b' ')).escape_debug().to_string();
        match line.char_indices().nth(LONGEST) {
            Some((cut, _)) => format!("{}…", &line[..cut]),
            None => line,
        }
    }

    fn container(&self, words: &str) -> Result<Container, LaunchError> {
        let running: Vec<Membership> = self.pids().into_iter().map(|pid| self.membership(pid)).collect();
        // As with docker: a name before the beginning of an ID, for a name can be "cafe".
        let known = runtime::names(&self.root, &homes());
        let id = known.ids.get(words);
        match container::choose(id.map_or(words, String::as_str), &running) {
            Ok(choice) => Ok(Container { system: self.clone(), choice }),
            Err(Unclear::Several(ids)) => Err(LaunchError::usage(format!(
                "{} containers have an ID that begins with {}; give more of it:\n  {}",
                ids.len(),
                words.escape_debug(),
                ids.join("\n  ")
            ))),
            Err(Unclear::None) if id.is_some() => Err(LaunchError::system(format!(
                "The container {} does not run; start it first.",
                words.escape_debug()
            ))),
            Err(Unclear::None) => Err(no_container(words, known.hidden)),
        }
    }
}

fn no_container(words: &str, hidden: bool) -> LaunchError {
    let shown = words.escape_debug();
    let ask = format!(
        "`docker inspect -f '{{{{.Id}}}}' {shown}`, `podman inspect -f '{{{{.Id}}}}' {shown}` or `crictl ps --no-trunc` \
             tells the ID of a container"
    );
    LaunchError::system(if hidden {
        format!("No container that runs has the ID {shown}, and only root may read names here; {ask}.")
    } else {
        format!("No container that runs has the ID or the name {shown}; {ask}.")
    })
}

fn no_process(pid: &str) -> LaunchError {
    LaunchError::system(format!("There is no process {pid}; `ps -e` lists those there are."))
}

/// Arguments stand in /proc with a NUL after each; a program that writes over them may leave anything there.
fn split_arguments(cmdline: &[u8]) -> Vec<Vec<u8>> {
    let text = cmdline.strip_suffix(b"\0").unwrap_or(cmdline);
    if text.is_empty() { Vec::new() } else { text.split(|&b| b == 0).map(<[u8]>::to_vec).collect() }
}

/// Where users keep containers of their own: ours, and that of whoever called sudo.
fn homes() -> Vec<PathBuf> {
    let own = std::env::var_os("HOME").map(PathBuf::from);
    let sudo = std::env::var("SUDO_UID").ok().and_then(|uid| uid.parse().ok());
    let callers = sudo.and_then(|uid| User::from_uid(Uid::from_raw(uid)).ok().flatten()).map(|user| user.dir);
    own.into_iter().chain(callers).collect()
}

/// Names of users, each looked up once.
#[derive(Debug, Default)]
struct Users {
    known: HashMap<u32, String>,
}

impl Users {
    fn name(&mut self, uid: u32) -> String {
        let look_up = || match User::from_uid(Uid::from_raw(uid)) {
            Ok(Some(user)) => user.name.escape_debug().to_string(),
            _ => uid.to_string(),
        };
        self.known.entry(uid).or_insert_with(look_up).clone()
    }
}

/// The command line of a process, or its name where it has none: what a session that attached to it is about.
pub(super) fn argv_of(pid: i32) -> Vec<Vec<u8>> {
    let system = System::default();
    let argv = system.argv(pid);
    if argv.is_empty() { vec![system.comm(pid)] } else { argv }
}

/// The name of a process, for sentences.
pub(super) fn shown_name(proc: &Path, pid: i32) -> String {
    let mut comm = fs::read(proc.join(pid.to_string()).join("comm")).unwrap_or_default();
    comm.pop_if(|last| *last == b'\n');
    OsStr::from_bytes(&comm).to_string_lossy().escape_debug().to_string()
}

#[cfg(test)]
mod tests;
