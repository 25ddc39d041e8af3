//! `sysview explain WORD`: what the tables know of a call, an error, a constant, a signal or a class. Nothing is traced.

mod call;
mod constant;
mod mode;
mod types;
mod words;

use super::error::CliError;
use super::page::Page;
use crate::abi::{self, Arch};
use crate::policy::nearest;
use crate::query::Calls;

/// The ABI whose numbers are meant first.
const NATIVE: Arch = if cfg!(target_arch = "aarch64") { Arch::Aarch64 } else { Arch::X86_64 };

pub fn run(words: &[String]) -> Result<i32, CliError> {
    let mut page = Page::for_stdout();
    for (index, word) in words.iter().enumerate() {
        if index > 0 {
            page.entry("", "");
        }
        explain(&mut page, word).map_err(CliError::usage)?;
    }
    page.print("the explanation")?;
    Ok(0)
}

/// The error is one sentence.
fn explain(page: &mut Page, word: &str) -> Result<(), String> {
    if let Some(bits) = octal(word) {
        return mode::describe(page, word, bits);
    }
    if let Some(number) = number(word) {
        return numbered(page, word, number);
    }
    if word.starts_with('%') {
        return class(page, word);
    }
    let upper = word.to_ascii_uppercase();
    if let Some(name) = words::other_name(&upper) {
        page.entry("", &format!("{upper} is another name for {name}."));
        page.entry("", "");
        return explain(page, name);
    }
    if call::exists(word) {
        call::describe(page, word);
    } else if let Some(errno) = abi::errno_number(&upper) {
        constant::describe_errno(page, errno);
    } else if let Some(signal) = abi::signal_number(&upper).filter(|_| upper.starts_with("SIG")) {
        constant::describe_signal(page, signal);
    } else if let Some(name) = [word, &upper].into_iter().find(|name| constant::exists(name)) {
        constant::describe(page, name);
    } else if upper == "AT_FDCWD" {
        page.entry("", "AT_FDCWD (-100) - in place of a descriptor: paths start at the current directory");
    } else if let Some(arch) = Arch::from_name(word) {
        architecture(page, arch);
    } else if let Some(calls) = words::function(word) {
        let first = calls.split(' ').next().unwrap_or(calls);
        let says = match word {
            // It makes none of them when it is asked.
            "sched_getcpu" => crate::vdso::RSEQ.to_owned(),
            _ => format!("{word} is a function of the C library, not a call: it usually makes {calls}."),
        };
        page.entry("", &says);
        page.entry("", "");
        call::describe(page, first);
    } else {
        return Err(unknown(word));
    }
    Ok(())
}

/// How calls are made there.
fn architecture(page: &mut Page, arch: Arch) {
    let calls = abi::calls().filter(|call| abi::number(arch, call.name).is_some()).count();
    let [number, result, ..] = arch.special_registers();
    page.entry("", &format!("{} - an ABI with {calls} calls, {} bits", arch.name(), arch.word() * 8));
    page.heading("A call");
    page.entry("  by         ", &format!("the instruction {}", arch.instruction()));
    page.entry("  number     ", number);
    page.entry("  arguments  ", &arch.arg_registers().join(" "));
    page.entry("  result     ", &format!("{result}; -4095 to -1 are errors"));
    page.heading("More");
    page.entry("  manual     ", "syscall(2)");
}

/// Decimal, or hexadecimal with 0x.
fn number(word: &str) -> Option<u64> {
    match word.strip_prefix("0x") {
        Some(digits) if !digits.starts_with('+') => u64::from_str_radix(digits, 16).ok(),
        Some(_) => None,
        None => word.bytes().all(|b| b.is_ascii_digit()).then(|| word.parse().ok()).flatten(),
    }
}

/// With a zero in front, as modes of files are written.
fn octal(word: &str) -> Option<u64> {
    let digits = word.strip_prefix('0').filter(|digits| !digits.is_empty())?;
    let all = digits.bytes().all(|b| matches!(b, b'0'..=b'7'));
    all.then(|| u64::from_str_radix(digits, 8).ok()).flatten()
}

/// The call of a number, and what else has it.
fn numbered(page: &mut Page, word: &str, number: u64) -> Result<(), String> {
    let named = |arch: Arch| abi::lookup(arch, number).map(|call| (arch, call.name));
    let native = named(NATIVE);
    let others: Vec<(Arch, &str)> = Arch::ALL.into_iter().filter_map(named).collect();
    let Some((arch, name)) = native.or(others.first().copied()) else {
        // Requests of ioctl(2) are the numbers that most often stand in hexadecimal.
        let request = abi::flag_set("ioctl").and_then(|set| set.named(NATIVE, number).next());
        if let Some(request) = request {
            constant::describe(page, request.name);
            return Ok(());
        }
        return Err(format!("no call, error or signal has the number {word}"));
    };
    call::describe(page, name);
    page.heading(&format!("The number {word}"));
    page.entry(&format!("  {:<8} ", arch.name()), name);
    for (other, name) in others.into_iter().filter(|&(other, _)| other != arch) {
        page.entry(&format!("  {:<8} ", other.name()), name);
    }
    if let Some((name, text)) = u16::try_from(number).ok().and_then(abi::errno) {
        page.entry("  error    ", &format!("{name} ({text})"));
    }
    if let Some(name) = abi::signal_name(number) {
        page.entry("  signal   ", name);
    }
    Ok(())
}

/// The calls of a class, on the native ABI and then those that others have besides.
fn class(page: &mut Page, word: &str) -> Result<(), String> {
    let calls = Calls::parse(word).map_err(|error| error.message)?;
    page.entry("", &format!("{word} - a class of calls, for -e trace={word} and the filter"));
    let mut native: Vec<&str> = Vec::new();
    let mut others: Vec<&str> = Vec::new();
    for (arch, nr) in calls.known() {
        let Some(call) = abi::lookup(arch, nr) else { continue };
        if arch == NATIVE {
            native.push(call.name);
        } else {
            others.push(call.name);
        }
    }
    native.sort_unstable();
    others.sort_unstable();
    others.dedup();
    others.retain(|name| native.binary_search(name).is_err());
    page.heading(NATIVE.name());
    page.entry("  ", &native.join(" "));
    if !others.is_empty() {
        page.heading("elsewhere");
        page.entry("  ", &others.join(" "));
    }
    Ok(())
}

fn unknown(word: &str) -> String {
    let errors = (1..=4095).filter_map(abi::errno).map(|(name, _)| name);
    let words = abi::calls().map(|call| call.name).chain(errors).chain(constant::names());
    let shown = word.escape_debug();
    match nearest(word, words) {
        Some(near) => format!("\"{shown}\" is no call, error, constant, signal or class; the nearest word is {near}"),
        None => {
            format!(
                "\"{shown}\" is no call, error, constant, signal or class; give a word such as openat, ENOENT or O_CLOEXEC"
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(word: &str) -> String {
        let mut page = Page::new(usize::MAX);
        explain(&mut page, word).unwrap_or_else(|error| panic!("{error}"));
        page.text().to_owned()
    }

    #[track_caller]
    fn holds(word: &str, parts: &[&str]) {
        let page = page(word);
        for part in parts {
            assert!(page.contains(part), "{part} is not in\n{page}");
        }
    }

    #[test]
    fn a_call_is_shown_with_all_that_the_tables_know() {
        holds(
            "openat",
            &[
                "openat - Opens a file",
                "openat(dirfd, path, flags, mode) = a new descriptor",
                "  dirfd    descriptor of a directory, or AT_FDCWD",
                "  mode     number, written in octal",
                "only if flags has O_CREAT or O_TMPFILE",
                "  x86_64   257",
                "rdi rsi rdx r10",
                "  i386     295",
                "  aarch64  56",
                "  classes  %desc %file",
                "  ENOENT",
                "Programs often try several places",
                "  manual   openat(2)",
                "  related  open openat2 close",
            ],
        );
        holds("stat64", &["  i386     195"]);
        holds("fcntl", &["F_SETFL"]);
        holds("exit_group", &["never comes back"]);
    }

    #[test]
    fn a_number_is_what_it_is_on_each_abi_and_elsewhere() {
        holds("257", &["openat - ", "The number 257", "i386     remap_file_pages"]);
        holds("0x101", &["openat - "]);
        holds("0644", &["rw-r--r--", "S_IRUSR", "420", "chmod(2)"]);
        holds("04755", &["rwsr-xr-x", "S_ISUID"]);
        holds("0100600", &["-rw-------", "S_IFREG"]);
        holds("0x5413", &["TIOCGWINSZ"]);
        holds("2", &["ENOENT", "SIGINT"]);
        assert!(explain(&mut Page::new(80), "99999").is_err_and(|e| e.contains("99999")));
    }

    #[test]
    fn errors_constants_signals_and_classes_are_words_too() {
        holds("ENOENT", &["ENOENT (2) - No such file or directory", "does not exist", "openat"]);
        holds("enoent", &["ENOENT (2)"]);
        holds("O_CLOEXEC", &["O_CLOEXEC", "0x80000", "openat(flags)", "pipe2(flags)"]);
        holds("O_DIRECT", &["aarch64  0x10000"]);
        holds("SIGCHLD", &["SIGCHLD (17)", "ignored: nothing", "wait4"]);
        holds("sigsegv", &["SIGSEGV (11)", "core dump", "null pointer", "signal(7)"]);
        holds("cap_net_raw", &["CAP_NET_RAW", "lets a process use raw and packet sockets", "capabilities(7)"]);
        holds("EWOULDBLOCK", &["another name for EAGAIN", "EAGAIN (11)"]);
        holds("AT_FDCWD", &["-100"]);
        holds("TIOCGWINSZ", &["ioctl(fd, TIOCGWINSZ, argp)", "struct winsize", "ioctl(2)"]);
        holds("PR_SET_NAME", &["prctl(PR_SET_NAME, ", "prctl(2)"]);
        holds("i386", &["int 0x80", "eax", "ebx ecx"]);
        holds("sched_getcpu", &["rseq", "no mode of sysview's shows it"]);
        holds("malloc", &["function of the C library", "brk mmap", "brk - "]);
        holds("AF_INET6", &["socket("]);
        holds("%stat", &["%stat", "stat"]);
    }

    #[test]
    fn unknown_words_are_told_with_the_nearest_one() {
        for (word, near) in [("opennat", "openat"), ("ENOEN", "ENOENT"), ("O_CLOEXE", "O_CLOEXEC"), ("%fil", "%file")] {
            let error = explain(&mut Page::new(80), word).expect_err(word);
            assert!(error.contains(near), "{error}");
        }
        assert!(explain(&mut Page::new(80), "\x1b[2J").is_err_and(|e| !e.contains('\x1b')));
    }

    #[test]
    fn every_call_and_a_constant_of_every_set_can_be_explained() {
        for call in abi::calls() {
            assert!(page(call.name).starts_with(call.name));
        }
        // One of each set: what is said of its others differs in nothing but the name and the value.
        let firsts = abi::flag_sets().filter_map(|set| set.constants(Arch::X86_64).first());
        for name in firsts.map(|constant| constant.name) {
            assert!(page(name).contains(name), "{name}");
        }
    }
}
