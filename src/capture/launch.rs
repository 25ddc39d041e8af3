//! From a command to a running session: fork, seize, first execve; and the view's end of the line.

use std::collections::HashSet;
use std::ffi::{CString, OsString};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::OpenOptionsExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc as std_mpsc;
use std::thread;
use std::time::{Instant, SystemTime};

use tokio::sync::mpsc;

use super::LaunchError;
use super::exec::Images;
use super::out::Out;
use super::procfs;
use super::pty::{Keyboard, Pty};
use super::sys::{self, Child};
use super::tasks::Tasks;
use super::tracee::{Op, Status, Stop, SyscallInfo};
use super::wake::{Mailbox, Sleeper, raise};
use super::worker::{Clock, Engine, Mode};
use crate::source::{Command, Control, MESSAGE_QUEUE, Machine, Message, Refused, Source, Started, VdsoMode};

/// What to run and how.
#[derive(Debug, Clone)]
pub struct Launch {
    /// The file to execute, as `resolve` found it.
    pub program: PathBuf,
    /// The arguments, the command's own name first.
    pub argv: Vec<OsString>,
    pub terminal: Terminal,
    pub vdso: VdsoMode,
    /// The most that is copied of a buffer, in bytes.
    pub capture_limit: usize,
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
    let (sender, messages) = mpsc::channel(MESSAGE_QUEUE);
    let mailbox = Arc::<Mailbox>::default();
    let (answer, answered) = std_mpsc::channel();
    thread::Builder::new()
        .name("sysview-tracer".into())
        .spawn({
            let mailbox = Arc::clone(&mailbox);
            move || work(launch, sender, mailbox, &answer)
        })
        .map_err(|error| system("start the tracing thread", &error))?;
    let keyboard = answered.recv().unwrap_or_else(|_| {
        Err(LaunchError::system("The tracing thread died before the program started; please report this.".into()))
    })?;
    Ok(Source { messages, control: Box::new(Handle { mailbox, keyboard }) })
}

/// The view's end of the line.
struct Handle {
    mailbox: Arc<Mailbox>,
    keyboard: Option<Keyboard>,
}

impl Control for Handle {
    fn send(&self, command: Command) -> Result<(), Refused> {
        if !self.mailbox.is_open() {
            return Err(Refused::Gone);
        }
        match (command, &self.keyboard) {
            (Command::Kill, _) => raise(&self.mailbox.kill),
            (Command::Detach, _) => raise(&self.mailbox.detach),
            // These two need no tracer.
            (Command::Input(bytes), Some(keyboard)) => return keyboard.type_in(bytes),
            (Command::Resize { rows, cols }, Some(keyboard)) => {
                keyboard.resize(rows, cols);
                return Ok(());
            }
            (Command::Input(_) | Command::Resize { .. }, None) => return Ok(()),
        }
        self.mailbox.kick();
        Ok(())
    }
}

type Answer = std_mpsc::Sender<Result<Option<Keyboard>, LaunchError>>;

/// The worker thread from beginning to end.
fn work(launch: Launch, sender: mpsc::Sender<Message>, mailbox: Arc<Mailbox>, answer: &Answer) {
    sys::block_all_signals();
    sys::make_children_waitable();
    mailbox.belongs_to_this_thread();
    let failed = sender.clone();
    let broken = |what: &str| {
        let _ = failed.blocking_send(Message::Failed(format!(
            "Tracing broke and the program was killed: {what}; please report this."
        )));
    };
    let mut engine = match catch_unwind(AssertUnwindSafe(|| begin(launch, sender, mailbox))) {
        Ok(Ok((engine, keyboard))) => {
            let _ = answer.send(Ok(keyboard));
            engine
        }
        Ok(Err(error)) => {
            let _ = answer.send(Err(error));
            return;
        }
        // `launch` sees the answer's sender go.
        Err(_) => return,
    };
    match catch_unwind(AssertUnwindSafe(|| engine.run())) {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            engine.abandon();
            broken(&error.to_string());
        }
        Err(panic) => {
            engine.abandon();
            let text = panic.downcast_ref::<String>().map(String::as_str);
            broken(text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("panic"));
        }
    }
}

/// Everything up to the first execve's success.
fn begin(
    launch: Launch,
    sender: mpsc::Sender<Message>,
    mailbox: Arc<Mailbox>,
) -> Result<(Engine, Option<Keyboard>), LaunchError> {
    let clock = Clock { began: Instant::now() };
    let began = SystemTime::now();
    let sleeper = Sleeper::start(&mailbox).map_err(|error| not_permitted(&error))?;
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
    let child = prepare(&launch, pty.as_ref(), other.as_ref(), &go, &failure)?;
    let out = Out::new(sender.clone(), &mailbox).map_err(|error| system("start a thread", &error))?;
    let root = child.fork().map_err(|error| system("fork", &error))?;
    drop((child, other, failure, go));
    let mut engine = Engine {
        clock,
        mode: Mode::Tracing,
        tasks: Tasks::default(),
        root,
        own_session: !matches!(launch.terminal, Terminal::Inherit),
        root_end: None,
        late: HashSet::new(),
        strangers: false,
        killing: false,
        seccomp: procfs::status_field("self", "Seccomp") == Some(2),
        killed_by_seccomp: HashSet::new(),
        vdso: launch.vdso,
        images: Images::default(),
        capture_limit: launch.capture_limit,
        out,
        sleeper,
        mailbox,
        pty: None,
    };
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
        vdso: launch.vdso,
        live: true,
        has_terminal: pty.is_some(),
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
    if let Some(pty) = &mut pty {
        pty.start(sender).map_err(|error| system("start a thread", &error))?;
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
        sys::seize(root, sys::LAUNCH_OPTIONS).map_err(|error| not_permitted(&error))?;
        // Without this stop the child would run untraced up to its first signal.
        sys::interrupt(root).map_err(|error| not_permitted(&error))?;
        File::from(release).write_all(b"g").map_err(|error| system("start the program", &error))?;
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
                Status::Exited(_) | Status::Killed { .. } => return Err(explain(launch, read_report(failures))),
            };
            let mut deliver = 0;
            match stop {
                Stop::Syscall => {
                    let info = SyscallInfo::of(root).map_err(|error| too_old(&error))?;
                    if let Op::Entry { nr, .. } = info.op
                        && nr == libc::SYS_execve as u64
                    {
                        self.add_root(comm_for(&launch.program), now);
                        shown = true;
                    }
                    if shown {
                        self.on_syscall(root, now);
                    }
                }
                Stop::Exec => self.on_exec(root, now),
                Stop::Signal(signal) => deliver = signal,
                Stop::Group(_) | Stop::Trap | Stop::Fork(_) | Stop::Other => {}
            }
            stopped.resume(deliver).map_err(|error| system("trace the program", &error))?;
            if stop == Stop::Exec {
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
    let mut child = Child::new(path, argv, environment(pty.is_some()), go.as_raw_fd(), failure.as_raw_fd());
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
    Ok(child)
}

/// sysview's own environment. In a terminal of ours the emulation and the size are ours too.
fn environment(own_terminal: bool) -> Vec<CString> {
    let mut variables: Vec<(OsString, OsString)> = std::env::vars_os().collect();
    if own_terminal {
        variables.retain(|(name, _)| name != "TERM" && name != "LINES" && name != "COLUMNS");
        variables.push(("TERM".into(), "xterm-256color".into()));
    }
    variables
        .into_iter()
        .filter_map(|(mut name, value)| {
            name.push("=");
            name.push(value);
            // The environment of a process holds no NUL.
            CString::new(name.into_vec()).ok()
        })
        .collect()
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

/// The name that the task will have, as the kernel cuts it.
fn comm_for(program: &Path) -> Vec<u8> {
    let name = program.file_name().unwrap_or_default().as_bytes();
    name[..name.len().min(15)].to_vec()
}

fn machine() -> Machine {
    let read = |name: &str| std::fs::read_to_string(format!("/proc/sys/kernel/{name}")).unwrap_or_default();
    Machine {
        kernel_release: read("osrelease").trim_end().to_owned(),
        machine: nix::sys::utsname::uname()
            .map(|name| name.machine().to_string_lossy().into_owned())
            .unwrap_or_else(|_| std::env::consts::ARCH.to_owned()),
        hostname: read("hostname").trim_end().to_owned(),
    }
}

/// The errno's words without Rust's "(os error 2)".
fn text(error: &io::Error) -> String {
    error.raw_os_error().map_or_else(|| error.to_string(), |n| nix::errno::Errno::from_raw(n).desc().to_owned())
}

fn system(what: &str, error: &io::Error) -> LaunchError {
    LaunchError::system(format!("Cannot {what}: {}.", text(error)))
}

fn too_old(error: &io::Error) -> LaunchError {
    match error.raw_os_error() {
        Some(libc::EIO | libc::ENOSYS | libc::EINVAL) => LaunchError::system(
            "This kernel cannot tell a tracer about system calls (PTRACE_GET_SYSCALL_INFO); sysview needs Linux 5.3 or later."
                .into(),
        ),
        _ => system("ask the kernel about a system call", error),
    }
}

/// Why ptrace was refused, as far as it can be told. ptrace(2), "Ptrace access mode checking".
fn not_permitted(error: &io::Error) -> LaunchError {
    let Some(libc::EPERM | libc::EACCES | libc::ENOSYS) = error.raw_os_error() else {
        return system("trace the program", error);
    };
    if error.raw_os_error() == Some(libc::ENOSYS) {
        return LaunchError::system(
            "This system has no ptrace (an emulator such as qemu-user or Rosetta); run sysview on a real Linux kernel."
                .into(),
        );
    }
    let scope = std::fs::read_to_string("/proc/sys/kernel/yama/ptrace_scope").unwrap_or_default();
    let cause = match scope.trim() {
        "3" => "ptrace is switched off until the next boot (kernel.yama.ptrace_scope is 3); boot with another value",
        "2" => {
            "only root may trace here (kernel.yama.ptrace_scope is 2); run sysview as root or set it to 1: \
             sudo sysctl kernel.yama.ptrace_scope=1"
        }
        _ if procfs::status_field("self", "Seccomp") == Some(2) => {
            "a seccomp filter of this container or sandbox forbids ptrace; allow it, \
             with Docker: docker run --cap-add=SYS_PTRACE"
        }
        _ => "the kernel or a security module forbids ptrace here; run sysview as root or outside of the sandbox",
    };
    LaunchError::system(format!("Cannot trace the program: {cause}."))
}

/// A step of the child that failed, and its errno.
type Report = (i32, i32);

/// The last report in the pipe, whose other end the child's exec or exit has closed.
fn read_report(failures: OwnedFd) -> Option<Report> {
    let mut bytes = Vec::new();
    File::from(failures).read_to_end(&mut bytes).ok()?;
    let last = bytes.chunks_exact(8).next_back()?;
    let number = |at: usize| i32::from_ne_bytes([last[at], last[at + 1], last[at + 2], last[at + 3]]);
    Some((number(0), number(4)))
}

/// Why the child ended before its execve succeeded: it told through the pipe.
fn explain(launch: &Launch, report: Option<Report>) -> LaunchError {
    let Some((step, errno)) = report else {
        return LaunchError::system("The program was killed before it could start.".into());
    };
    let error = io::Error::from_raw_os_error(errno);
    if step != sys::Step::Exec as i32 {
        return system("set the program's terminal up", &error);
    }
    let shown = launch.program.to_string_lossy().escape_debug().to_string();
    match errno {
        libc::ENOENT => LaunchError::not_found(format!(
            "Cannot execute {shown}: the interpreter that it names (after #!, or its dynamic loader) does not exist."
        )),
        libc::ENOEXEC => LaunchError::not_executable(format!(
            "{shown} is neither a program for this machine nor a script with a #! line; a shell script runs with `sysview -- sh {shown}`."
        )),
        libc::EACCES => LaunchError::not_executable(format!(
            "{shown} may not be executed: permission denied; it, its interpreter or its file system (noexec) forbids it."
        )),
        libc::ETXTBSY => LaunchError::not_executable(format!(
            "{shown} is open for writing; close the program that writes it and try again."
        )),
        libc::E2BIG => LaunchError::not_executable(format!(
            "The arguments and the environment are too long for the kernel; give {shown} fewer or shorter arguments."
        )),
        _ => LaunchError::not_executable(format!("Cannot execute {shown}: {}.", text(&error))),
    }
}
