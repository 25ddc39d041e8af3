//! The raw kernel calls of the engine, and the project's only `unsafe` code: ptrace, wait, fork, terminals.
//!
//! Each function wraps one call (or the code of one forked child) in a safe signature and decides nothing; errors are
//! plain `io::Error`. Wait statuses stay raw because nix cannot represent real-time signals and would lose the status.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::io::{self, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;

use crate::policy::bpf::{Instruction, Program};

/// Ptrace options of everything that sysview launches. No `PTRACE_O_TRACESECCOMP`: it would change what a filter's
/// RET_TRACE means to the program. ptrace(2).
pub const LAUNCH_OPTIONS: c_int =
    libc::PTRACE_O_TRACESYSGOOD | libc::PTRACE_O_TRACEEXEC | FOLLOW_OPTIONS | libc::PTRACE_O_EXITKILL;

/// Those that make the kernel trace what a tracee makes: processes and threads.
pub const FOLLOW_OPTIONS: c_int = libc::PTRACE_O_TRACECLONE | libc::PTRACE_O_TRACEFORK | libc::PTRACE_O_TRACEVFORK;

/// As above, for a program that was launched under a filter of ours. seccomp(2), "SECCOMP_RET_TRACE".
pub const FILTER_OPTIONS: c_int = LAUNCH_OPTIONS | libc::PTRACE_O_TRACESECCOMP;

/// The signal by which a launched child stops itself just before its execve. It is never delivered.
pub const PREPARED: c_int = libc::SIGTRAP;
/// Of everything that ran before sysview and shall outlive it.
pub const ATTACH_OPTIONS: c_int = LAUNCH_OPTIONS & !libc::PTRACE_O_EXITKILL;

fn check(result: c_int) -> io::Result<c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

fn check_long(result: libc::c_long) -> io::Result<libc::c_long> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// Waits for the next status of any child or tracee *of this thread* (`__WNOTHREAD`, so that several engines and other
/// code with children can live in one process). Blocks. waitpid(2).
pub fn wait_any() -> io::Result<(i32, i32)> {
    wait(-1, libc::__WALL | libc::__WNOTHREAD)
}

/// As `wait_any`, with the CPU time that the process spent in the kernel so far, in nanoseconds. getrusage(2).
pub fn wait_any_counted() -> io::Result<(i32, i32, u64)> {
    wait_counted(libc::__WALL | libc::__WNOTHREAD)
}

/// As `wait_any_counted`, but returns None at once when nothing is to be reported.
pub fn wait_any_counted_now() -> io::Result<Option<(i32, i32, u64)>> {
    let found = wait_counted(libc::__WALL | libc::__WNOTHREAD | libc::WNOHANG)?;
    Ok((found.0 != 0).then_some(found))
}

fn wait_counted(flags: c_int) -> io::Result<(i32, i32, u64)> {
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    let (tid, status) = wait_with(-1, flags, usage.as_mut_ptr())?;
    // SAFETY: all bytes zero is a valid rusage, and the kernel has filled it since.
    let spent = unsafe { usage.assume_init() }.ru_stime;
    Ok((tid, status, spent.tv_sec as u64 * 1_000_000_000 + spent.tv_usec as u64 * 1000))
}

/// As `wait_any`, but returns None at once when nothing is to be reported.
pub fn wait_any_now() -> io::Result<Option<(i32, i32)>> {
    let (tid, status) = wait(-1, libc::__WALL | libc::__WNOTHREAD | libc::WNOHANG)?;
    Ok((tid != 0).then_some((tid, status)))
}

/// The next status of one child or tracee, if there is any.
pub fn wait_for_now(tid: i32) -> io::Result<Option<i32>> {
    let (found, status) = wait(tid, libc::__WALL | libc::__WNOTHREAD | libc::WNOHANG)?;
    Ok((found != 0).then_some(status))
}

/// Waits for the next status of one child.
pub fn wait_for(pid: i32) -> io::Result<i32> {
    wait(pid, libc::__WALL | libc::__WNOTHREAD).map(|(_, status)| status)
}

fn wait(pid: i32, flags: c_int) -> io::Result<(i32, i32)> {
    wait_with(pid, flags, ptr::null_mut())
}

/// `usage` is null or a place for what the process used so far.
fn wait_with(pid: i32, flags: c_int, usage: *mut libc::rusage) -> io::Result<(i32, i32)> {
    loop {
        let mut status: c_int = 0;
        // The raw call, because the C library's is a cancellation point and pays for it at every stop.
        // SAFETY: `status` is a valid place for an int for the whole call, and so is `usage` for an rusage, or null.
        let tid = unsafe { libc::syscall(libc::SYS_wait4, pid, &raw mut status, flags, usage) };
        match check_long(tid) {
            Ok(tid) => return Ok((tid as i32, status)),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// A ptrace request whose address and data are plain numbers, so that the kernel writes to no memory of ours.
fn ptrace(request: libc::c_uint, tid: i32, addr: usize, data: usize) -> io::Result<libc::c_long> {
    // SAFETY: the callers below pass only requests that interpret `addr` and `data` as numbers or tracee addresses.
    check_long(unsafe { libc::ptrace(request as _, tid, addr as *mut c_void, data as *mut c_void) })
}

pub fn seize(tid: i32, options: c_int) -> io::Result<()> {
    ptrace(libc::PTRACE_SEIZE as _, tid, 0, options as usize).map(drop)
}

/// Has a tracee, and what it makes from then on, stop once more when it ends, while its memory is there; it is at a stop.
pub fn stop_at_end(tid: i32, filtered: bool, attached: bool) -> io::Result<()> {
    let options = if filtered {
        FILTER_OPTIONS
    } else if attached {
        ATTACH_OPTIONS
    } else {
        LAUNCH_OPTIONS
    };
    ptrace(libc::PTRACE_SETOPTIONS as _, tid, 0, (options | libc::PTRACE_O_TRACEEXIT) as usize).map(drop)
}

pub fn interrupt(tid: i32) -> io::Result<()> {
    ptrace(libc::PTRACE_INTERRUPT as _, tid, 0, 0).map(drop)
}

/// Resumes until the next system-call entry or exit, delivering `signal` unless it is 0.
pub fn resume_to_syscall(tid: i32, signal: i32) -> io::Result<()> {
    ptrace(libc::PTRACE_SYSCALL as _, tid, 0, signal as usize).map(drop)
}

/// Resumes without stopping at system calls.
pub fn resume(tid: i32, signal: i32) -> io::Result<()> {
    ptrace(libc::PTRACE_CONT as _, tid, 0, signal as usize).map(drop)
}

/// Leaves a group-stopped tracee stopped, but lets SIGCONT be noticed.
pub fn listen(tid: i32) -> io::Result<()> {
    ptrace(libc::PTRACE_LISTEN as _, tid, 0, 0).map(drop)
}

pub fn detach(tid: i32, signal: i32) -> io::Result<()> {
    ptrace(libc::PTRACE_DETACH as _, tid, 0, signal as usize).map(drop)
}

/// The number that comes with a ptrace event: the new task's tid, or the tid before an exec.
pub fn event_message(tid: i32) -> io::Result<u64> {
    let mut message: libc::c_ulong = 0;
    // SAFETY: the kernel writes one unsigned long to `message`, which outlives the call.
    check_long(unsafe {
        libc::ptrace(libc::PTRACE_GETEVENTMSG as _, tid, ptr::null_mut::<c_void>(), &raw mut message)
    })?;
    Ok(message)
}

/// The raw siginfo of a signal-delivery-stop, in the tracer's (64-bit) layout.
pub fn signal_info(tid: i32) -> io::Result<[u8; 128]> {
    let mut info = [0u64; 16];
    // SAFETY: siginfo_t is 128 bytes on every Linux ABI; `info` is that large and aligned for it.
    check_long(unsafe { libc::ptrace(libc::PTRACE_GETSIGINFO as _, tid, ptr::null_mut::<c_void>(), &raw mut info) })?;
    let mut bytes = [0; 128];
    for (chunk, word) in bytes.chunks_exact_mut(8).zip(info) {
        chunk.copy_from_slice(&word.to_ne_bytes());
    }
    Ok(bytes)
}

/// Replaces the siginfo of the signal that a task is about to get. ptrace(2), PTRACE_SETSIGINFO.
pub fn set_signal_info(tid: i32, bytes: &[u8; 128]) -> io::Result<()> {
    let mut info = [0u64; 16];
    for (word, chunk) in info.iter_mut().zip(bytes.chunks_exact(8)) {
        let mut word_bytes = [0; 8];
        word_bytes.copy_from_slice(chunk);
        *word = u64::from_ne_bytes(word_bytes);
    }
    // SAFETY: siginfo_t is 128 bytes on every Linux ABI; the kernel only reads `info`, which is that large and aligned for it.
    check_long(unsafe { libc::ptrace(libc::PTRACE_SETSIGINFO as _, tid, ptr::null_mut::<c_void>(), &raw const info) })
        .map(drop)
}

/// `struct ptrace_syscall_info` as eight-byte words; libc has the type only for glibc. ptrace(2).
pub fn syscall_info(tid: i32) -> io::Result<[u64; 12]> {
    const PTRACE_GET_SYSCALL_INFO: libc::c_uint = 0x420e;
    let mut info = [0u64; 12];
    // SAFETY: the kernel writes at most as many bytes as the third argument says, which is the size of `info`.
    check_long(unsafe {
        libc::ptrace(
            PTRACE_GET_SYSCALL_INFO as _,
            tid,
            ptr::without_provenance_mut::<c_void>(size_of_val(&info)),
            &raw mut info,
        )
    })?;
    Ok(info)
}

/// Makes the call of a tracee at its entry another one; -1: none, and the kernel answers ENOSYS.
pub fn set_call_number(tid: i32, nr: u64) -> io::Result<()> {
    #[cfg(target_arch = "x86_64")]
    {
        /// `orig_rax` in `struct user`.
        const ORIG_RAX: usize = 15 * 8;
        ptrace(libc::PTRACE_POKEUSER as _, tid, ORIG_RAX, nr as usize).map(drop)
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        const NT_ARM_SYSTEM_CALL: usize = 0x404;
        let mut number = nr as c_int;
        let part = libc::iovec { iov_base: (&raw mut number).cast(), iov_len: size_of_val(&number) };
        // SAFETY: the kernel reads `part` and as many bytes of `number` as it says.
        check_long(unsafe { libc::ptrace(libc::PTRACE_SETREGSET as _, tid, NT_ARM_SYSTEM_CALL, &raw const part) })
            .map(drop)
    }
}

/// Sets the register that holds the first argument of a call, at its entry or after it. `i386`: by that convention.
pub fn set_first_argument(tid: i32, i386: bool, value: u64) -> io::Result<()> {
    #[cfg(target_arch = "x86_64")]
    {
        /// `rbx` and `rdi` in `struct user`.
        const FIRST: (usize, usize) = (5 * 8, 14 * 8);
        let register = if i386 { FIRST.0 } else { FIRST.1 };
        ptrace(libc::PTRACE_POKEUSER as _, tid, register, value as usize).map(drop)
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        // It is the result's register as well, and overwritten by that.
        debug_assert!(!i386);
        set_result(tid, value as i64)
    }
}

/// The register in which the program finds the result of a call, in the middle of one perhaps a restart code.
pub fn result(tid: i32) -> io::Result<i64> {
    #[cfg(target_arch = "x86_64")]
    {
        /// `rax` in `struct user`.
        const RAX: usize = 10 * 8;
        let mut value = 0i64;
        // SAFETY: the raw call (glibc's wrapper would return the word instead) writes one word to `value`.
        check_long(unsafe {
            libc::syscall(libc::SYS_ptrace, libc::PTRACE_PEEKUSER as usize, tid, RAX, &raw mut value)
        })?;
        Ok(value)
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        const NT_PRSTATUS: usize = 1;
        // SAFETY: all-zero registers are valid; the kernel fills at most their size.
        unsafe {
            let mut registers: libc::user_regs_struct = std::mem::zeroed();
            let mut part = libc::iovec { iov_base: (&raw mut registers).cast(), iov_len: size_of_val(&registers) };
            check_long(libc::ptrace(libc::PTRACE_GETREGSET as _, tid, NT_PRSTATUS, &raw mut part))?;
            Ok(registers.regs[0] as i64)
        }
    }
}

/// Sets the register in which the program finds the result of a call.
pub fn set_result(tid: i32, value: i64) -> io::Result<()> {
    #[cfg(target_arch = "x86_64")]
    {
        /// `rax` in `struct user`.
        const RAX: usize = 10 * 8;
        ptrace(libc::PTRACE_POKEUSER as _, tid, RAX, value as usize).map(drop)
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        const NT_PRSTATUS: usize = 1;
        // SAFETY: all-zero registers are valid; the kernel fills and reads at most their size.
        unsafe {
            let mut registers: libc::user_regs_struct = std::mem::zeroed();
            let mut part = libc::iovec { iov_base: (&raw mut registers).cast(), iov_len: size_of_val(&registers) };
            check_long(libc::ptrace(libc::PTRACE_GETREGSET as _, tid, NT_PRSTATUS, &raw mut part))?;
            registers.regs[0] = value as u64;
            check_long(libc::ptrace(libc::PTRACE_SETREGSET as _, tid, NT_PRSTATUS, &raw mut part)).map(drop)
        }
    }
}

/// A seccomp filter of the tracee as `struct sock_filter`s; 0 is the one that was installed first, whatever ptrace(2) says.
pub fn seccomp_filter(tid: i32, index: usize) -> io::Result<Vec<u8>> {
    const PTRACE_SECCOMP_GET_FILTER: libc::c_uint = 0x420c;
    let mut code = vec![0u64; libc::BPF_MAXINSNS as usize];
    // SAFETY: no filter has more than BPF_MAXINSNS instructions of eight bytes, which is the size of `code`.
    let count = check_long(unsafe {
        let index = ptr::without_provenance_mut::<c_void>(index);
        libc::ptrace(PTRACE_SECCOMP_GET_FILTER as _, tid, index, code.as_mut_ptr())
    })?;
    Ok(code.into_iter().take(count as usize).flat_map(u64::to_ne_bytes).collect())
}

/// One word of the tracee's memory, the slowest way and the one that needs least permission.
pub fn peek(tid: i32, addr: u64) -> io::Result<[u8; size_of::<usize>()]> {
    let mut word = 0usize;
    // SAFETY: the raw call (glibc's wrapper would return the word instead) writes one word to `word`.
    check_long(unsafe { libc::syscall(libc::SYS_ptrace, libc::PTRACE_PEEKDATA as usize, tid, addr, &raw mut word) })?;
    Ok(word.to_ne_bytes())
}

/// Overwrites one word of the tracee's memory, even of its text.
pub fn poke(tid: i32, addr: u64, word: [u8; size_of::<usize>()]) -> io::Result<()> {
    ptrace(libc::PTRACE_POKEDATA as _, tid, addr as usize, usize::from_ne_bytes(word)).map(drop)
}

/// Where a stopped tracee goes on.
pub fn set_instruction_pointer(tid: i32, ip: u64) -> io::Result<()> {
    #[cfg(target_arch = "x86_64")]
    {
        /// `rip` in `struct user`.
        const RIP: usize = 16 * 8;
        ptrace(libc::PTRACE_POKEUSER as _, tid, RIP, ip as usize).map(drop)
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        let _ = (tid, ip);
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// The general registers of a stopped tracee.
#[cfg(target_arch = "x86_64")]
#[derive(Clone)]
pub struct Registers(libc::user_regs_struct);

#[cfg(target_arch = "x86_64")]
impl Registers {
    /// The register of results.
    pub fn result(&self) -> i64 {
        self.0.rax as i64
    }

    /// As they must be for a call to be made next, by the instruction at `ip`. It is none that could be restarted.
    pub fn for_call(&self, ip: u64, nr: u64, args: [u64; 6]) -> Registers {
        let [rdi, rsi, rdx, r10, r8, r9] = args;
        Registers(libc::user_regs_struct { rip: ip, rax: nr, orig_rax: u64::MAX, rdi, rsi, rdx, r10, r8, r9, ..self.0 })
    }
}

#[cfg(target_arch = "x86_64")]
pub fn registers(tid: i32) -> io::Result<Registers> {
    // SAFETY: all-zero registers are valid; the kernel fills the whole structure, which outlives the call.
    unsafe {
        let mut registers: libc::user_regs_struct = std::mem::zeroed();
        check_long(libc::ptrace(libc::PTRACE_GETREGS as _, tid, ptr::null_mut::<c_void>(), &raw mut registers))?;
        Ok(Registers(registers))
    }
}

/// Where a stopped tracee's thread has its own data: no other running thread of the process has the same.
pub fn thread_pointer(tid: i32) -> io::Result<u64> {
    #[cfg(target_arch = "x86_64")]
    return registers(tid).map(|registers| registers.0.fs_base);
    #[cfg(not(target_arch = "x86_64"))]
    return {
        let _ = tid;
        Err(io::ErrorKind::Unsupported.into())
    };
}

/// The processor's time-stamp counter.
pub fn ticks() -> u64 {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: reads a counter; sysview itself is not under PR_SET_TSC.
    return unsafe { std::arch::x86_64::_rdtsc() };
    #[cfg(not(target_arch = "x86_64"))]
    return 0;
}

/// Calls a function of our own vDSO, by its address, with arguments that are numbers or places of ours.
pub fn ask_function(function: u64, args: [u64; 5]) -> i64 {
    // SAFETY: the one caller takes the address from the vDSO's symbols, and its functions follow the C convention with at most
    // five arguments; what they write to is a live array, long enough for any of them.
    unsafe {
        let function: extern "C" fn(u64, u64, u64, u64, u64) -> i64 = std::mem::transmute(function as *const c_void);
        function(args[0], args[1], args[2], args[3], args[4])
    }
}

/// Makes the call in its place.
pub fn ask_kernel(nr: u64, args: [u64; 5]) -> i64 {
    // SAFETY: as above; the kernel writes to the same array.
    unsafe { libc::syscall(nr as libc::c_long, args[0], args[1], args[2], args[3], args[4]) }
}

#[cfg(target_arch = "x86_64")]
pub fn set_registers(tid: i32, registers: &Registers) -> io::Result<()> {
    // SAFETY: the kernel reads the whole structure, which outlives the call.
    check_long(unsafe {
        libc::ptrace(libc::PTRACE_SETREGS as _, tid, ptr::null_mut::<c_void>(), &raw const registers.0)
    })
    .map(drop)
}

/// The signals that a stopped tracee blocks, one bit each.
#[cfg(target_arch = "x86_64")]
pub fn signal_mask(tid: i32) -> io::Result<u64> {
    const PTRACE_GETSIGMASK: libc::c_uint = 0x420a;
    let mut mask = 0u64;
    let size = ptr::without_provenance_mut::<c_void>(size_of_val(&mask));
    // SAFETY: the kernel writes as many bytes as the third argument says, which is the size of `mask`.
    check_long(unsafe { libc::ptrace(PTRACE_GETSIGMASK as _, tid, size, &raw mut mask) })?;
    Ok(mask)
}

/// The kernel leaves out the two that cannot be blocked.
#[cfg(target_arch = "x86_64")]
pub fn set_signal_mask(tid: i32, mask: u64) -> io::Result<()> {
    const PTRACE_SETSIGMASK: libc::c_uint = 0x420b;
    let size = ptr::without_provenance_mut::<c_void>(size_of_val(&mask));
    // SAFETY: the kernel reads as many bytes as the third argument says, which is the size of `mask`.
    check_long(unsafe { libc::ptrace(PTRACE_SETSIGMASK as _, tid, size, &raw const mask) }).map(drop)
}

/// Whether two tasks have one address space; false where the kernel does not tell. kcmp(2).
pub fn share_memory(one: i32, other: i32) -> bool {
    const KCMP_VM: c_int = 1;
    // SAFETY: takes numbers only.
    unsafe { libc::syscall(libc::SYS_kcmp, one, other, KCMP_VM, 0, 0) == 0 }
}

/// Reads the tracee's memory; the count may be short where the memory ends. process_vm_readv(2).
pub fn read_memory(tid: i32, addr: u64, into: &mut [u8]) -> io::Result<usize> {
    let local = libc::iovec { iov_base: into.as_mut_ptr().cast(), iov_len: into.len() };
    let remote = libc::iovec { iov_base: ptr::without_provenance_mut(addr as usize), iov_len: into.len() };
    // SAFETY: the kernel writes only into `into`; the remote address is checked by the kernel in the tracee.
    let count = unsafe { libc::process_vm_readv(tid, &local, 1, &remote, 1, 0) };
    usize::try_from(count).map_err(|_| io::Error::last_os_error())
}

/// Where a descriptor's link in /proc leads, as far as `into` has room: without allocating, because it is asked for each
/// message of a socket. readlink(2).
pub fn link_of_descriptor(tid: i32, fd: i32, into: &mut [u8]) -> Option<&[u8]> {
    let mut path = [0; 64];
    // The last byte stays a NUL; 64 bytes are enough for two numbers.
    write!(&mut path[..63], "/proc/{tid}/fd/{fd}").ok()?;
    // SAFETY: `path` ends in a NUL and the kernel writes at most `into.len()` bytes into `into`.
    let count = unsafe { libc::readlink(path.as_ptr().cast(), into.as_mut_ptr().cast(), into.len()) };
    into.get(..usize::try_from(count).ok()?)
}

/// Writes to the tracee's memory where the tracee itself could write. process_vm_writev(2).
pub fn write_memory(tid: i32, addr: u64, from: &[u8]) -> io::Result<usize> {
    let local = libc::iovec { iov_base: from.as_ptr().cast_mut().cast(), iov_len: from.len() };
    let remote = libc::iovec { iov_base: ptr::without_provenance_mut(addr as usize), iov_len: from.len() };
    // SAFETY: the kernel only reads `from`; the remote address is checked by the kernel in the tracee.
    let count = unsafe { libc::process_vm_writev(tid, &local, 1, &remote, 1, 0) };
    usize::try_from(count).map_err(|_| io::Error::last_os_error())
}

/// Whether the calling thread is scheduled by a fixed priority or a deadline. sched(7).
pub fn is_real_time() -> bool {
    // SAFETY: takes a number only.
    let policy = unsafe { libc::sched_getscheduler(0) } & !libc::SCHED_RESET_ON_FORK;
    matches!(policy, libc::SCHED_FIFO | libc::SCHED_RR | libc::SCHED_DEADLINE)
}

/// The raw capabilities that a file gives to who executes it. xattr(7), capabilities(7).
pub fn file_capabilities(path: &CStr) -> io::Result<Vec<u8>> {
    let mut data = vec![0u8; 64];
    // SAFETY: both names are terminated; the kernel writes at most as many bytes as `data` has.
    let count =
        unsafe { libc::getxattr(path.as_ptr(), c"security.capability".as_ptr(), data.as_mut_ptr().cast(), data.len()) };
    data.truncate(usize::try_from(count).map_err(|_| io::Error::last_os_error())?);
    Ok(data)
}

/// Sends a signal to one thread. tgkill(2).
pub fn signal_thread(tgid: i32, tid: i32, signal: i32) -> io::Result<()> {
    // SAFETY: takes numbers only.
    check_long(unsafe { libc::syscall(libc::SYS_tgkill, tgid, tid, signal) }).map(drop)
}

/// Sends a signal to a process, or with a negative number to a process group. kill(2).
pub fn signal_process(pid: i32, signal: i32) -> io::Result<()> {
    // SAFETY: takes numbers only.
    check(unsafe { libc::kill(pid, signal) }).map(drop)
}

/// Blocks every signal in the calling thread, so that handlers of the view run in the view's threads. Not SIGCHLD: where
/// it is not blocked the kernel drops it at once, instead of waking some other thread to drop it.
pub fn block_all_signals() {
    // SAFETY: the set is filled before it is used, and a null old set is allowed.
    unsafe {
        let mut all: libc::sigset_t = std::mem::zeroed();
        libc::sigfillset(&mut all);
        libc::sigdelset(&mut all, libc::SIGCHLD);
        libc::pthread_sigmask(libc::SIG_BLOCK, &all, ptr::null_mut());
    }
}

/// Ends what glibc (2.35 and newer) registered for the calling thread: restartable sequences, whose area the kernel would
/// write anew at every switch to it, twice a stop. Nothing here uses them; where it fails everything is as it was. rseq(2).
pub fn end_restartable_sequences() {
    #[cfg(all(target_arch = "x86_64", target_env = "gnu"))]
    {
        const UNREGISTER: c_int = 1;
        /// What glibc registers with, and the size of the area that it registers.
        const SIGNATURE: u32 = 0x5305_3053;
        const SIZE: u32 = 32;
        // SAFETY: glibc's symbols, if they exist, are constants of these types, documented in its manual. The area is only
        // named to the kernel, which refuses any that this thread has not registered.
        unsafe {
            let offset = libc::dlsym(libc::RTLD_DEFAULT, c"__rseq_offset".as_ptr()).cast::<isize>();
            let size = libc::dlsym(libc::RTLD_DEFAULT, c"__rseq_size".as_ptr()).cast::<u32>();
            if !offset.is_null() && !size.is_null() && *size != 0 {
                // On this architecture the thread's handle is its thread pointer.
                let area = (libc::pthread_self() as usize).wrapping_add_signed(*offset);
                libc::syscall(libc::SYS_rseq, area, SIZE, UNREGISTER, SIGNATURE);
            }
        }
    }
}

extern "C" fn do_nothing(_: c_int) {}

/// Lets a signal pass without effect on this process. A handler, not SIG_IGN: execve gives the program the default
/// action back. A signal that was ignored from the start (nohup) stays ignored, for the program too.
pub fn take_without_effect(signal: c_int) -> io::Result<()> {
    // SAFETY: `old` and `new` are valid for the calls; the handler touches nothing, so it is async-signal-safe.
    unsafe {
        let mut old: libc::sigaction = std::mem::zeroed();
        check(libc::sigaction(signal, ptr::null(), &mut old))?;
        if old.sa_sigaction == libc::SIG_IGN {
            return Ok(());
        }
        let mut new: libc::sigaction = std::mem::zeroed();
        new.sa_sigaction = do_nothing as *const () as usize;
        new.sa_flags = libc::SA_RESTART;
        check(libc::sigaction(signal, &new, ptr::null_mut())).map(drop)
    }
}

/// Undoes an inherited SIG_IGN for SIGCHLD, under which the kernel would reap children without telling, and asks for no
/// SIGCHLD at stops: waitpid tells of them, and the signal would cost time at each. A handler of somebody else's stays.
pub fn make_children_waitable() {
    // SAFETY: `action` is valid for the calls; the default action installs no handler.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        let known = libc::sigaction(libc::SIGCHLD, ptr::null(), &mut action) == 0;
        if known && (action.sa_sigaction == libc::SIG_IGN || action.sa_sigaction == libc::SIG_DFL) {
            action.sa_sigaction = libc::SIG_DFL;
            action.sa_flags = libc::SA_NOCLDSTOP;
            libc::sigaction(libc::SIGCHLD, &action, ptr::null_mut());
        }
    }
}

/// Opens a pseudo-terminal: master (non-blocking) and slave, both close-on-exec from the first moment, unlike openpty(3).
pub fn open_pty(rows: u16, cols: u16) -> io::Result<(OwnedFd, OwnedFd)> {
    let flags = libc::O_RDWR | libc::O_NOCTTY | libc::O_CLOEXEC;
    // SAFETY: plain calls; each descriptor is owned as soon as it is known to be valid.
    let (master, slave) = unsafe {
        let master = OwnedFd::from_raw_fd(check(libc::open(c"/dev/ptmx".as_ptr(), flags | libc::O_NONBLOCK))?);
        let unlock: c_int = 0;
        check(libc::ioctl(master.as_raw_fd(), libc::TIOCSPTLCK, &raw const unlock))?;
        let slave = OwnedFd::from_raw_fd(check(libc::ioctl(master.as_raw_fd(), libc::TIOCGPTPEER, flags))?);
        (master, slave)
    };
    set_window_size(&master, rows, cols)?;
    Ok((master, slave))
}

/// TIOCSWINSZ, in character cells; the kernel sends SIGWINCH to the terminal's foreground group.
pub fn set_window_size(terminal: &OwnedFd, rows: u16, cols: u16) -> io::Result<()> {
    let size = libc::winsize { ws_row: rows, ws_col: cols, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: the kernel only reads `size`.
    check(unsafe { libc::ioctl(terminal.as_raw_fd(), libc::TIOCSWINSZ, &raw const size) }).map(drop)
}

/// Forks the process that wakes the worker out of waitpid: it sleeps for ever and holds nothing open.
pub fn fork_sleeper() -> io::Result<i32> {
    // SAFETY: the child makes only raw system calls, which are async-signal-safe, and never returns.
    match check(unsafe { libc::fork() })? {
        0 => unsafe {
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL, 0, 0, 0);
            libc::prctl(libc::PR_SET_NAME, c"sysview-waker".as_ptr(), 0, 0, 0);
            libc::setsid();
            if libc::syscall(libc::SYS_close_range, 0, c_int::MAX, 0) != 0 {
                for fd in 0..1024 {
                    libc::close(fd);
                }
            }
            let mut none: libc::sigset_t = std::mem::zeroed();
            libc::sigemptyset(&mut none);
            libc::sigprocmask(libc::SIG_SETMASK, &none, ptr::null_mut());
            loop {
                libc::pause();
            }
        },
        pid => Ok(pid),
    }
}

/// Forks a child that waits for a byte in `go` and then calls getppid without end.
pub fn fork_caller(go: &OwnedFd) -> io::Result<i32> {
    // SAFETY: the child makes only raw calls on its own stack, which are async-signal-safe, and never returns.
    match check(unsafe { libc::fork() })? {
        0 => unsafe {
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL, 0, 0, 0);
            let mut byte = 0u8;
            while libc::read(go.as_raw_fd(), (&raw mut byte).cast(), 1) < 0 && *libc::__errno_location() == libc::EINTR
            {
            }
            if byte == 0 {
                // Nobody is there to trace it.
                libc::_exit(127);
            }
            loop {
                libc::syscall(libc::SYS_getppid);
            }
        },
        pid => Ok(pid),
    }
}

/// Everything that the forked child needs, made before the fork: it may not allocate.
pub struct Child {
    path: CString,
    argv: Strings,
    envp: Strings,
    /// Start a session of its own and make this descriptor its controlling terminal.
    pub terminal: Option<RawFd>,
    /// A terminal that belongs to another session is used all the same, without being the controlling one.
    pub terminal_may_be_foreign: bool,
    /// Whether descriptors 0, 1 and 2 become the terminal.
    pub replace: [bool; 3],
    /// User, group and supplementary groups to take, for root.
    pub identity: Option<(u32, u32, Vec<u32>)>,
    /// Where to start.
    pub directory: Option<CString>,
    /// A seccomp filter to install first.
    pub filter: Option<Program>,
    /// One to install last, under which execve is called.
    pub enforced: Option<Program>,
    /// The child waits for one byte here before it does anything.
    pub go: RawFd,
    /// Where the child reports a failure: step and errno.
    pub failure: RawFd,
}

/// A NULL-terminated array of pointers to strings, with the strings.
struct Strings {
    pointers: Vec<*const c_char>,
    _owned: Vec<CString>,
}

impl Strings {
    fn new(owned: Vec<CString>) -> Strings {
        let pointers = owned.iter().map(|s| s.as_ptr()).chain([ptr::null()]).collect();
        Strings { pointers, _owned: owned }
    }
}

/// A step of the forked child that can fail, as it is sent through the failure pipe. A foreign terminal that does not
/// become the controlling one is reported too, although the child goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Step {
    Session = 1,
    ControllingTerminal = 2,
    Redirect = 3,
    Exec = 4,
    Identity = 5,
    Directory = 6,
    Filter = 7,
    Enforced = 8,
}

impl Child {
    pub fn new(path: CString, argv: Vec<CString>, envp: Vec<CString>, go: RawFd, failure: RawFd) -> Child {
        Child {
            path,
            argv: Strings::new(argv),
            envp: Strings::new(envp),
            terminal: None,
            terminal_may_be_foreign: false,
            replace: [false; 3],
            identity: None,
            directory: None,
            filter: None,
            enforced: None,
            go,
            failure,
        }
    }

    /// Forks. The child waits for a byte in `go`, sets its terminal and identity up, sends itself `PREPARED` and calls
    /// execve.
    pub fn fork(&self) -> io::Result<i32> {
        // SAFETY: the child runs `run`, which only makes async-signal-safe calls and never returns.
        match check(unsafe { libc::fork() })? {
            0 => unsafe { self.run() },
            pid => Ok(pid),
        }
    }

    /// SAFETY: to be called in a freshly forked child only.
    unsafe fn run(&self) -> ! {
        // SAFETY: raw system calls on memory that was prepared before the fork; no allocation, no locks.
        unsafe {
            let mut byte = 0u8;
            while libc::read(self.go, (&raw mut byte).cast(), 1) < 0 && *libc::__errno_location() == libc::EINTR {}
            if byte == 0 {
                // The tracer is gone before it let us go.
                libc::_exit(127);
            }
            if let Some(terminal) = self.terminal {
                self.require(libc::setsid() >= 0, Step::Session);
                if libc::ioctl(terminal, libc::TIOCSCTTY, 0) != 0 {
                    self.report(Step::ControllingTerminal);
                    if !self.terminal_may_be_foreign {
                        libc::_exit(127);
                    }
                }
                for (fd, replace) in self.replace.iter().enumerate() {
                    if *replace {
                        self.require(libc::dup2(terminal, fd as c_int) >= 0, Step::Redirect);
                    }
                }
            }
            // Before the identity: root needs no no_new_privs for it, which would take set-user-ID programs their effect.
            if let Some(filter) = &self.filter {
                self.require(install_filter(filter), Step::Filter);
            }
            // The raw calls: those of the C library also want to tell other threads, and there are none.
            if let Some((uid, gid, groups)) = &self.identity {
                let taken = libc::syscall(libc::SYS_setgroups, groups.len(), groups.as_ptr()) == 0
                    && libc::syscall(libc::SYS_setresgid, *gid, *gid, *gid) == 0
                    && libc::syscall(libc::SYS_setresuid, *uid, *uid, *uid) == 0;
                self.require(taken, Step::Identity);
            }
            // As that user, who may not be allowed to go everywhere.
            if let Some(directory) = &self.directory {
                self.require(libc::chdir(directory.as_ptr()) == 0, Step::Directory);
            }
            // Rust ignores SIGPIPE, and execve keeps ignored signals ignored. What else is ignored came from whoever
            // started sysview (nohup, a shell's `&`): meant for this program in sysview's terminal, not in one of its
            // own. Handlers go now rather than at execve, because the mask is opened next.
            let keep_ignored = self.terminal.is_none();
            for signal in 1..=64 {
                let mut action: libc::sigaction = std::mem::zeroed();
                if libc::sigaction(signal, ptr::null(), &mut action) == 0
                    && (signal == libc::SIGPIPE || !keep_ignored || action.sa_sigaction != libc::SIG_IGN)
                {
                    libc::signal(signal, libc::SIG_DFL);
                }
            }
            let mut none: libc::sigset_t = std::mem::zeroed();
            libc::sigemptyset(&mut none);
            libc::sigprocmask(libc::SIG_SETMASK, &none, ptr::null_mut());
            // From this stop on the tracer wants to see every call. Without a tracer this ends the child.
            libc::kill(libc::getpid(), PREPARED);
            if let Some(filter) = &self.enforced {
                self.require(install_filter(filter), Step::Enforced);
            }
            libc::execve(self.path.as_ptr(), self.argv.pointers.as_ptr(), self.envp.pointers.as_ptr());
            self.require(false, Step::Exec);
            libc::_exit(127)
        }
    }

    /// SAFETY: as `run`; `errno` is that of the step that failed.
    unsafe fn require(&self, fine: bool, step: Step) {
        if !fine {
            // SAFETY: as above.
            unsafe {
                self.report(step);
                libc::_exit(127);
            }
        }
    }

    /// SAFETY: as `require`.
    unsafe fn report(&self, step: Step) {
        // SAFETY: async-signal-safe calls on local memory.
        unsafe {
            let report = [step as i32, *libc::__errno_location()];
            libc::write(self.failure, report.as_ptr().cast(), size_of_val(&report));
        }
    }
}

/// getxattr(2), of at most 64 bytes.
pub fn extended_attribute(path: &str, name: &str) -> io::Result<Vec<u8>> {
    let (path, name) = (CString::new(path)?, CString::new(name)?);
    let mut value = vec![0u8; 64];
    // SAFETY: both strings end with a zero byte, and the kernel writes at most as many bytes as the buffer has.
    let length = unsafe { libc::getxattr(path.as_ptr(), name.as_ptr(), value.as_mut_ptr().cast(), value.len()) };
    value.truncate(check_long(length as libc::c_long)? as usize);
    Ok(value)
}

/// Whether seccomp filters that answer this can be installed here at all. seccomp(2), SECCOMP_GET_ACTION_AVAIL.
pub fn filters_can_answer(action: u32) -> bool {
    // SAFETY: the kernel reads the number behind the pointer, which lives as long as the call.
    unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_GET_ACTION_AVAIL, 0, &raw const action) == 0 }
}

/// Installs a seccomp filter in the calling thread, with no_new_privs where it cannot be done without. seccomp(2).
///
/// SAFETY: to be called in a freshly forked child only, because it limits whoever calls it.
unsafe fn install_filter(filter: &Program) -> bool {
    let filter = &filter.instructions;
    /// Speculation stays as it is: the filter hides no secrets, and the default could slow the program down.
    const SPEC_ALLOW: libc::c_ulong = 1 << 2;
    // The same layout as `struct sock_filter` has: built on the stack, the child may not allocate.
    let mut program = [libc::sock_filter { code: 0, jt: 0, jf: 0, k: 0 }; libc::BPF_MAXINSNS as usize];
    if filter.len() > program.len() {
        return false;
    }
    for (made, &Instruction { code, jt, jf, k }) in program.iter_mut().zip(filter) {
        *made = libc::sock_filter { code, jt, jf, k };
    }
    let fprog = libc::sock_fprog { len: filter.len() as u16, filter: program.as_mut_ptr() };
    let install = |flags: libc::c_ulong| {
        // SAFETY: the kernel copies the program, which outlives the call.
        unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, flags, &raw const fprog) == 0 }
    };
    if install(SPEC_ALLOW) {
        return true;
    }
    // SAFETY: takes numbers only.
    unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
    install(SPEC_ALLOW) || install(0)
}

/// A pipe whose ends are close-on-exec: the one to read, the one to write.
pub fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let mut ends = [0; 2];
    // SAFETY: pipe2 writes two descriptors to `ends`, which are owned once it succeeded.
    unsafe {
        check(libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC))?;
        Ok((OwnedFd::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1])))
    }
}

/// Hour, minute and second of the local time zone; midnight for a year that has no number. localtime_r(3).
pub fn local_time(seconds: i64) -> (u32, u32, u32) {
    // SAFETY: `tm` is plain data for which zeros are valid; localtime_r reads one place and writes the other.
    let tm = unsafe {
        let mut tm: libc::tm = std::mem::zeroed();
        libc::localtime_r(&seconds, &mut tm);
        tm
    };
    (tm.tm_hour as u32, tm.tm_min as u32, tm.tm_sec as u32)
}
