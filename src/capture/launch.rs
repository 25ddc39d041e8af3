//! From a command to a running session: fork, seize, first execve; and the view's end of the line.

use std::ffi::{CString, OsString};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use tokio::sync::mpsc;

use super::LaunchError;
use super::colocate::Colocation;
use super::error::{Report, explain, not_permitted, read_report, system, text};
use super::exec;
use super::only::Wanted;
use super::options::Tracing;
use super::out::Out;
use super::procfs;
use super::pty::Pty;
use super::run::{self, Begun};
use super::setup::{Setup, environment};
use super::sys::{self, Child};
use super::tracee::{Op, Status, Stop, SyscallInfo};
use super::wake::{Mailbox, Sleeper};
use super::worker::{Clock, Engine};
use crate::source::{Machine, Message, Source, Started};

/// What to run and how.
#[derive(Debug, Clone)]
pub struct Launch {
    /// The file to execute, as `resolve` found it.
    pub program: PathBuf,
    /// The arguments, the command's own name first.
    pub argv: Vec<OsString>,
    pub terminal: Terminal,
    pub setup: Setup,
    pub tracing: Tracing,
}

/// The terminal of the program.
#[derive(Debug, Clone)]
pub enum Terminal {
    /// A new pseudo-terminal of this size in character cells, whose output comes as messages. `inherit` says which of
    /// stdin, stdout and stderr stay sysview's own, being redirected.
    Pty { rows: u16, cols: u16, inherit: [bool; 3] },
    /// sysview's own.
    Inherit,
    /// Another terminal by its path: `/dev/pts/4`.
    Other(PathBuf),
}

/// Starts the program, traced. Returns once its first execve has succeeded.
pub fn launch(launch: Launch) -> Result<Source, LaunchError> {
    run::start(move |sender, mailbox| begin(launch, sender, mailbox))
}

/// Everything up to the first execve's success.
fn begin(launch: Launch, sender: mpsc::Sender<Message>, mailbox: Arc<Mailbox>) -> Begun {
    mailbox.belongs_to_this_thread();
    let out = Out::new(sender.clone(), &mailbox).map_err(|error| system("start a thread", &error))?;
    // From here on processes inherit where this thread runs: nothing waits for another CPU to wake.
    let mut colocation = Colocation::new(launch.tracing.co_locate);
    let sleeper = Sleeper::start(&mailbox)?;
    let floor = if launch.tracing.calibrate { colocation.measure() } else { None };
    let clock = Clock { began: Instant::now() };
    let began = SystemTime::now();
    let (mut pty, keyboard, other) = match &launch.terminal {
        Terminal::Pty { rows, cols, .. } => {
            let (pty, keyboard) = Pty::open(*rows, *cols).map_err(|error| system("open a pseudo-terminal", &error))?;
            (Some(pty), Some(keyboard), None)
        }
        Terminal::Inherit => (None, None, None),
        Terminal::Other(path) => (None, None, Some(open_terminal(path)?)),
    };
    let (go, release) = sys::pipe().map_err(|error| system("make a pipe", &error))?;
    let (failures, failure) = sys::pipe().map_err(|error| system("make a pipe", &error))?;
    // Any number does that no filter of the program's is likely to use for RET_TRACE.
    let wanted = launch.tracing.only.as_ref().map(|only| Wanted::new(only, 0x5356 ^ std::process::id() as u16));
    let mut child = prepare(&launch, pty.as_ref(), other.as_ref(), &go, &failure)?;
    child.filter = wanted.as_ref().and_then(Wanted::filter);
    child.enforced.clone_from(&launch.tracing.enforce);
    let root = child.fork().map_err(|error| system("fork", &error))?;
    if child.identity.is_some() {
        // As somebody else's it might not let itself be set free any more.
        colocation.spare(root);
    }
    drop((child, other, failure, go));
    let mut engine = Engine::new(clock, root, launch.tracing.clone(), out, sleeper, mailbox);
    engine.own_session = !matches!(launch.terminal, Terminal::Inherit);
    engine.holding = launch.tracing.hold_at_start;
    engine.wanted = wanted;
    engine.colocation = colocation;
    let report = match engine.first_exec(&launch, release, failures) {
        Ok(report) => report,
        Err(error) => {
            engine.abandon();
            return Err(error);
        }
    };
    let started = Started {
        argv: launch.argv.iter().map(|arg| arg.as_bytes().to_vec()).collect(),
        machine: machine(),
        began,
        vdso: launch.tracing.vdso,
        live: true,
        has_terminal: pty.is_some(),
        attached: false,
        only: launch.tracing.only.as_ref().map(|only| only.words.clone()),
        floor,
    };
    // The channel is empty: this cannot fail but for a view that is gone already.
    let _ = sender.try_send(Message::Started(Box::new(started)));
    if let (Some(_), Terminal::Other(path)) = (report, &launch.terminal) {
        let _ = sender.try_send(Message::Notice(format!(
            "The terminal {} belongs to another session (a shell's?): the program uses it, but ^C and job control there \
             are not the program's; keep its shell from reading, for instance with `sleep 1d`.",
            path.to_string_lossy().escape_debug()
        )));
    }
    if engine.filters() && no_new_privs(&root.to_string()) && !no_new_privs("self") {
        let _ = sender.try_send(Message::Notice(NO_NEW_PRIVS.into()));
    }
    if let Some(pty) = &mut pty {
        engine.colocation.apart(|| pty.start(sender)).map_err(|error| system("start a thread", &error))?;
    }
    engine.pty = pty;
    Ok((engine, keyboard))
}

impl Engine {
    /// Seizes the child, lets it go, and follows it to the end of its first execve. Returns what it reported on its way,
    /// if anything.
    fn first_exec(
        &mut self,
        launch: &Launch,
        release: OwnedFd,
        failures: OwnedFd,
    ) -> Result<Option<Report>, LaunchError> {
        let root = self.root;
        let options = if self.filters() { sys::FILTER_OPTIONS } else { sys::LAUNCH_OPTIONS };
        let left_alone = if self.tracing.hears_of_children() { 0 } else { sys::FOLLOW_OPTIONS };
        sys::seize(root, options & !left_alone).map_err(|error| not_permitted(root, &error))?;
        // As another user, it will be closed to a sysview with few rights.
        self.keep_memory(root, root);
        // Its preparations are some hundred calls that nobody wants to see: it runs freely up to the stop that it asks for.
        File::from(release).write_all(b"g").map_err(|error| system("start the program", &error))?;
        // Changing the call that starts the program would be a failure to start it.
        let tamper = std::mem::take(&mut self.tracing.tamper);
        let mut shown = false;
        loop {
            let (tid, raw) = sys::wait_any().map_err(|error| system("wait for the program", &error))?;
            let now = self.clock.now_ns();
            let status = Status::decode(tid, raw);
            if tid != root {
                self.sleeper.on_status(status).map_err(|error| system("wait for the program", &error))?;
                continue;
            }
            let (stopped, stop) = match status {
                Status::Stopped(stopped, stop) => (stopped, stop),
                Status::Exited(_) | Status::Killed { .. } => {
                    return Err(explain(launch, read_report(failures)));
                }
            };
            let mut deliver = 0;
            match stop {
                Stop::Syscall => {
                    let info = SyscallInfo::of(root).map_err(|error| not_permitted(root, &error))?;
                    if let Op::Entry { nr, .. } = info.op
                        && nr == libc::SYS_execve as u64
                    {
                        self.add_root(comm_for(&launch.program), now);
                        self.keep_enforced(root);
                        shown = true;
                    }
                    if shown {
                        // Nothing holds a program that has not begun.
                        let _ = self.on_syscall(root, now);
                    }
                }
                Stop::Exec => self.on_exec(root, now),
                Stop::Signal(sys::PREPARED) => {}
                Stop::Signal(signal) => deliver = signal,
                Stop::Group(_) | Stop::Trap | Stop::Fork(_) | Stop::Seccomp | Stop::End | Stop::Other => {}
            }
            stopped.resume(deliver).map_err(|error| system("trace the program", &error))?;
            if stop == Stop::Exec {
                self.tracing.tamper = tamper;
                return Ok(read_report(failures));
            }
        }
    }
}

fn prepare(
    launch: &Launch,
    pty: Option<&Pty>,
    other: Option<&File>,
    go: &OwnedFd,
    failure: &OwnedFd,
) -> Result<Child, LaunchError> {
    let nul = |_| LaunchError::not_executable("A command and its arguments cannot contain NUL bytes.".into());
    let path = CString::new(launch.program.as_os_str().as_bytes()).map_err(nul)?;
    let argv = launch.argv.iter().map(|arg| CString::new(arg.as_bytes())).collect::<Result<_, _>>().map_err(nul)?;
    let mut child = Child::new(
        path,
        argv,
        environment(pty.is_some(), &launch.setup.variables),
        go.as_raw_fd(),
        failure.as_raw_fd(),
    );
    if let Some(slave) = pty.and_then(Pty::slave) {
        child.terminal = Some(slave.as_raw_fd());
        child.replace = match launch.terminal {
            Terminal::Pty { inherit, .. } => inherit.map(|own| !own),
            Terminal::Inherit | Terminal::Other(_) => [true; 3],
        };
    }
    if let Some(other) = other {
        child.terminal = Some(other.as_raw_fd());
        child.terminal_may_be_foreign = true;
        child.replace = [true; 3];
    }
    if let Some(user) = &launch.setup.user {
        child.identity = Some((user.uid, user.gid, user.groups.clone()));
        if let Some(slave) = pty.and_then(Pty::slave) {
            // As a login does, so that the program can open its terminal by name. Where that is not possible (a foreign
            // user namespace) the open descriptors still work.
            let _ = nix::unistd::fchown(slave, Some(user.uid.into()), None);
        }
    }
    if let Some(directory) = &launch.setup.directory {
        child.directory = Some(CString::new(directory.as_os_str().as_bytes()).map_err(nul)?);
    }
    Ok(child)
}

fn open_terminal(path: &Path) -> Result<File, LaunchError> {
    let shown = path.to_string_lossy().escape_debug().to_string();
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(libc::O_NOCTTY)
        .open(path)
        .map_err(|error| LaunchError::system(format!("Cannot open the terminal {shown}: {}.", text(&error))))?;
    if std::io::IsTerminal::is_terminal(&file) {
        Ok(file)
    } else {
        Err(LaunchError::system(format!("{shown} is no terminal; `tty` prints the name of the one it is typed in.")))
    }
}

/// Said where a filter of calls had its price.
const NO_NEW_PRIVS: &str = "Unwanted calls pass at full speed, and for that the program has no_new_privs set: set-user-ID \
    programs gain no privileges in it. As root, or with --no-call-filter, it does without.";

fn no_new_privs(task: &str) -> bool {
    procfs::status_field(task, "NoNewPrivs") == Some(1)
}

/// The name that the task will have, as the kernel cuts it.
fn comm_for(program: &Path) -> Vec<u8> {
    let name = program.file_name().unwrap_or_default().as_bytes();
    name[..name.len().min(15)].to_vec()
}

pub fn machine() -> Machine {
    let read = |name: &str| std::fs::read_to_string(format!("/proc/sys/kernel/{name}")).unwrap_or_default();
    Machine {
        kernel_release: read("osrelease").trim_end().to_owned(),
        machine: nix::sys::utsname::uname()
            .map(|name| name.machine().to_string_lossy().into_owned())
            .unwrap_or_else(|_| std::env::consts::ARCH.to_owned()),
        hostname: read("hostname").trim_end().to_owned(),
        capabilities: procfs::capabilities("self"),
        vdso_symbols: exec::own_vdso_symbols(),
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;
    use crate::source::MESSAGE_QUEUE;

    #[test]
    fn a_panic_ends_the_program_and_is_told() {
        let (sender, mut messages) = mpsc::channel(MESSAGE_QUEUE);
        let launch = Launch {
            program: "/bin/sh".into(),
            argv: ["sh", "-c", "sleep 1000 & sleep 1000"].map(OsString::from).to_vec(),
            terminal: Terminal::Pty { rows: 24, cols: 80, inherit: [false; 3] },
            setup: Setup::default(),
            tracing: Tracing { capture_limit: 0, ..Tracing::default() },
        };
        let worker = thread::spawn(move || {
            let mailbox = Arc::<Mailbox>::default();
            let (engine, _keyboard) = begin(launch, sender, mailbox).unwrap();
            let root = engine.root;
            run::conclude(engine, |_| panic!("one thing and {}", "another"));
            root
        });
        let mut last = None;
        while let Some(message) = messages.blocking_recv() {
            last = Some(message);
        }
        let Some(Message::Failed(sentence)) = last else { panic!("{last:?}") };
        assert!(sentence.contains("one thing and another"), "{sentence}");
        let root = worker.join().unwrap();
        assert!(!std::fs::exists(format!("/proc/{root}")).unwrap());
    }
}
