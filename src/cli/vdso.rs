//! `sysview vdso`: the vDSO of this machine, of a process or of a program: its symbols, its code, and what it saves.

use std::ffi::OsString;
use std::fmt::Write as _;

use clap::{Args, ValueEnum};

use super::error::CliError;
use super::launch::refused;
use super::page::Page;
use crate::abi::{self, Arch};
use crate::capture::{self, Asked, Launch, Means, Rounds, Setup, Terminal, Tracing};
use crate::model::{EventKind, VdsoImage, VdsoSymbol};
use crate::source::{Command, Message, Source, VdsoMode};
use crate::vdso::{self, AARCH64, Syntax, call_of};

/// `sysview vdso`.
#[derive(Debug, Args)]
pub struct VdsoArgs {
    /// The vDSO of this process instead of sysview's own
    #[arg(short = 'p', long = "pid", value_name = "PID", conflicts_with = "command")]
    pub pid: Option<i32>,
    /// Print the code of this function: clock_gettime, __vdso_time, …
    #[arg(long, value_name = "SYMBOL")]
    pub disassemble: Option<String>,
    /// How instructions are written
    #[arg(long, value_name = "SYNTAX", value_enum, default_value_t = Written::Gnu)]
    pub syntax: Written,
    /// Do not measure what it saves
    #[arg(long)]
    pub no_measure: bool,
    /// Ask each function, and print the times: what a traced copy of sysview does for the table
    #[arg(long, hide = true)]
    pub ask: bool,
    /// A program whose vDSO is shown; it is started and killed before its first instruction
    #[arg(value_name = "COMMAND", trailing_var_arg = true)]
    pub command: Vec<OsString>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Written {
    Intel,
    Gnu,
}

/// Untraced, a question takes nanoseconds; traced, up to a hundred microseconds.
const MANY: Rounds = Rounds { rounds: 51, questions: 1_000 };
const FEW: Rounds = Rounds { rounds: 15, questions: 10 };

pub fn run(args: &VdsoArgs) -> Result<i32, CliError> {
    let mut page = Page::for_stdout();
    if args.ask {
        for Asked { what, ns, .. } in capture::ask(Means::Vdso, FEW) {
            page.entry("", &format!("{ns:.1} {what}"));
        }
        page.print("the times")?;
        return Ok(0);
    }
    let (whose, found) = match (args.pid, args.command.is_empty()) {
        (Some(pid), _) => (format!("process {pid}"), capture::vdso_of(pid)),
        (None, false) => ("the program".to_owned(), of_program(&args.command)?),
        (None, true) => ("this machine".to_owned(), capture::own_vdso()),
    };
    let Some((image, bytes)) = found else {
        return Err(CliError::failed(format!(
            "{whose} has no vDSO, or its memory cannot be read; check the PID and your rights"
        )));
    };
    match &args.disassemble {
        Some(name) => disassemble(&mut page, &image, &bytes, name, args.syntax)?,
        None => {
            symbols(&mut page, &whose, &image, &bytes);
            if !args.no_measure {
                measured(&mut page)?;
            }
            unseen(&mut page);
        }
    }
    page.print("what is known of the vDSO")?;
    Ok(0)
}

fn symbols(page: &mut Page, whose: &str, image: &VdsoImage, bytes: &[u8]) {
    let VdsoImage { base, size, .. } = image;
    page.entry("", &format!("The vDSO of {whose}: {size} bytes at {base:#x}. vdso(7)"));
    page.entry(
        "",
        &format!("{:<26} {:<11} {:>18} {:>6}  {:<16} number", "symbol", "version", "address", "bytes", "call"),
    );
    let versions = vdso::versions(bytes);
    let arch = if vdso::is_wide(bytes) { Arch::X86_64 } else { Arch::I386 };
    for symbol in &image.symbols {
        let call = call_of(&symbol.name);
        let nr = call.and_then(|call| abi::number(arch, call)).map_or("-".to_owned(), |nr| nr.to_string());
        let version = versions.get(&symbol.name).map_or("-", String::as_str);
        let name = symbol.name.escape_debug().to_string();
        let (at, bytes, call) = (base + symbol.offset, symbol.size, call.unwrap_or("none"));
        page.entry("", &format!("{name:<26} {version:<11} {at:>#18x} {bytes:>6}  {call:<16} {nr}"));
    }
}

fn disassemble(page: &mut Page, image: &VdsoImage, bytes: &[u8], name: &str, syntax: Written) -> Result<(), CliError> {
    let fits = |symbol: &&VdsoSymbol| symbol.name == name || call_of(&symbol.name) == Some(name);
    let Some(symbol) = image.symbols.iter().find(fits) else {
        let names: Vec<&str> = image.symbols.iter().map(|symbol| symbol.name.as_str()).collect();
        let name = name.escape_debug();
        return Err(CliError::usage(format!(
            "--disassemble {name}: the vDSO has no such function; it has {}",
            names.join(", ")
        )));
    };
    if !vdso::is_wide(bytes) {
        return Err(CliError::usage("--disassemble is for 64-bit programs on x86-64".to_owned()));
    }
    let syntax = if syntax == Written::Intel { Syntax::Intel } else { Syntax::Gnu };
    page.entry("", &format!("{}, {} bytes at {:#x}:", symbol.name, symbol.size, image.base + symbol.offset));
    for line in vdso::disassemble(bytes, symbol.offset, symbol.size, syntax) {
        let mut code = String::new();
        for byte in &line.bytes {
            // Writing to a String cannot fail.
            let _ = write!(code, "{byte:02x} ");
        }
        page.entry("", &format!("{:6x}  {code:<33}{}", line.offset, line.text));
    }
    Ok(())
}

/// The vDSO that a program is given, read before its first instruction.
fn of_program(command: &[OsString]) -> Result<Option<(VdsoImage, Vec<u8>)>, CliError> {
    let tracing = Tracing { hold_at_start: true, ..Tracing::default() };
    let terminal = Terminal::Pty { rows: 24, cols: 80, inherit: [false; 3] };
    let program = capture::resolve(&command[0]).map_err(refused)?;
    let launch = Launch { program, argv: command.to_vec(), terminal, setup: Setup::default(), tracing };
    let mut source = capture::launch(launch).map_err(refused)?;
    let (mut pid, mut found) = (None, None);
    while let Some(message) = source.messages.blocking_recv() {
        match message {
            Message::Batch(batch) => {
                let first = batch.events.iter().find_map(|event| match &event.kind {
                    EventKind::NewTask(new) => Some(new.tid),
                    _ => None,
                });
                pid = pid.or(first);
            }
            Message::Held(_) => {
                found = pid.and_then(capture::vdso_of);
                // Refused only if it ended by itself.
                let _ = source.control.send(Command::Kill);
            }
            Message::Ended(_) | Message::Failed(_) => break,
            _ => {}
        }
    }
    Ok(found)
}

/// What a copy of sysview measures that is traced, its vDSO in this mode. By the words for what was asked.
fn traced(mode: VdsoMode) -> Result<Vec<(String, f64)>, CliError> {
    let program = std::env::current_exe().map_err(|e| CliError::failed(format!("sysview cannot find itself: {e}")))?;
    let argv = ["sysview", "vdso", "--ask"].map(OsString::from).to_vec();
    let terminal = Terminal::Pty { rows: 50, cols: 200, inherit: [false; 3] };
    let tracing = Tracing { vdso: mode, ..Tracing::default() };
    let launch = Launch { program, argv, terminal, setup: Setup::default(), tracing };
    let mut source: Source = capture::launch(launch).map_err(refused)?;
    let mut output = Vec::new();
    while let Some(message) = source.messages.blocking_recv() {
        match message {
            Message::Output(bytes) => output.extend(bytes),
            Message::Ended(_) | Message::Failed(_) => break,
            _ => {}
        }
    }
    let text = String::from_utf8_lossy(&output);
    let line = |line: &str| {
        let (ns, what) = line.trim().split_once(' ')?;
        Some((what.to_owned(), ns.parse().ok()?))
    };
    Ok(text.lines().filter_map(line).collect())
}

/// The longest bar, and the time that it stands for: each column is half as much again as the one before.
const BAR: usize = 30;

fn columns(ns: f64) -> usize {
    (ns.max(1.0).ln() / 1.5f64.ln()).round().clamp(1.0, BAR as f64) as usize
}

fn measured(page: &mut Page) -> Result<(), CliError> {
    let (answered, called) = (capture::ask(Means::Vdso, MANY), capture::ask(Means::Kernel, MANY));
    page.heading("What it saves here, in nanoseconds");
    if answered.is_empty() {
        page.entry("  ", "not measured: sysview's own process has no vDSO that it could ask");
        return Ok(());
    }
    let (shown, off) = (traced(VdsoMode::Shown)?, traced(VdsoMode::Off)?);
    let head = ["asked", "vDSO", "shown", "call", "traced"];
    page.entry("", &format!("  {:<40} {:>7} {:>7} {:>7} {:>8}", head[0], head[1], head[2], head[3], head[4]));
    for (answer, call) in answered.iter().zip(&called) {
        let of = |times: &[(String, f64)]| times.iter().find(|(what, _)| what == answer.what).map(|(_, ns)| *ns);
        let cell = |ns: Option<f64>| {
            ns.map_or("-".to_owned(), |ns| if ns < 10.0 { format!("{ns:.1}") } else { format!("{ns:.0}") })
        };
        let (shown, off) = (of(&shown), of(&off));
        let mut bar = "█".repeat(columns(answer.ns));
        for (ns, shade) in [(Some(call.ns), '▓'), (off, '░')] {
            let drawn = bar.chars().count();
            bar.extend(std::iter::repeat_n(shade, ns.map_or(0, columns).saturating_sub(drawn)));
        }
        let cells = [cell(Some(answer.ns)), cell(shown), cell(Some(call.ns)), cell(off)];
        let [vdso, shown, call, off] = cells;
        let mark = if answer.falls_back { 'v' } else { ' ' };
        page.entry("", &format!("  {:<40} {vdso:>7} {shown:>7}{mark}{call:>7} {off:>8}  {bar}", answer.what));
    }
    page.entry(
        "  ",
        &format!(
            "█ the vDSO, to ▓ the system call in its place, to ░ that call traced; each column is half as much again. Medians of \
             {} rounds of {} questions, traced and shown {} of {}. Shown: the vDSO answers, and a logger takes note.",
            MANY.rounds, MANY.questions, FEW.rounds, FEW.questions
        ),
    );
    page.entry(
        "  ",
        "v: the vDSO fell back. It cannot answer this and makes the call itself, which is traced like any other, also while it \
         is shown: there is no answer to log. A stop that comes alone can cost more than in the last column, \
         where sysview shares the program's CPU.",
    );
    Ok(())
}

/// What no mode shows, and other machines.
fn unseen(page: &mut Page) {
    page.heading("Also without a call");
    page.entry("  rseq      ", crate::vdso::RSEQ);
    page.entry("  vsyscall  ", crate::vdso::VSYSCALL);
    page.heading("What stays");
    page.entry("  the log   ", crate::vdso::LOG_STAYS);
    page.heading("On aarch64 (read in the kernel's sources, not run here)");
    for (symbol, call) in AARCH64 {
        let nr = call.and_then(|call| abi::number(Arch::Aarch64, call)).map_or("-".to_owned(), |nr| nr.to_string());
        page.entry("  ", &format!("{symbol:<24} {:<16} {nr}", call.unwrap_or("none: it is no answer")));
    }
    page.entry("  ", "There sysview names them, but neither shows them nor switches them off.");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_grow_with_the_order_of_magnitude() {
        assert_eq!(columns(0.5), 1);
        assert!(columns(25.0) < columns(300.0) && columns(300.0) < columns(20_000.0));
        assert_eq!(columns(1e12), BAR);
    }
}
