//! From a judge to a program: one section per architecture, in it a binary search over ranges of call numbers that are
//! answered alike, then comparisons of arguments. Every piece of code ends in a return on each of its ways, so that
//! pieces can be put together without knowing where they will stand.

use std::fmt;

use super::{Instruction, MAX_INSTRUCTIONS, Program};
use crate::abi::{Arch, X32_BIT};
use crate::policy::judge::{Found, Judge, real};
use crate::policy::table::Conditional;
use crate::policy::{Action, Condition, ENOSYS, Op};

/// Why a judge has no program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompileError {
    /// The kernel takes 4096 instructions; this many would be needed.
    TooLong(usize),
    /// There are several programs, which hold at once.
    Stacked(usize),
}

impl fmt::Display for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CompileError::TooLong(needed) => {
                write!(f, "the profile needs {needed} instructions as a filter; the kernel takes {MAX_INSTRUCTIONS}")
            }
            CompileError::Stacked(count) => write!(f, "{count} filters that hold at once are not one program"),
        }
    }
}

impl std::error::Error for CompileError {}

/// Code with forward jumps inside, which returns on every way.
type Code = Vec<Instruction>;

const LOAD: u16 = 0x20;
const AND: u16 = 0x54;
const JUMP: u16 = 0x05;
const EQUAL: u16 = 0x15;
const GREATER: u16 = 0x25;
const GREATER_OR_EQUAL: u16 = 0x35;
const RETURN: u16 = 0x06;

/// Where `struct seccomp_data` has the number, the architecture and the first argument.
const NR: u32 = 0;
const ARCH: u32 = 4;
const ARGS: u32 = 16;

/// The program that answers like [`Judge::verdict`].
pub fn compile(judge: &Judge) -> Result<Program, CompileError> {
    match judge.profile().programs() {
        [] => {}
        [program] => return Ok(program.clone()),
        several => return Err(CompileError::Stacked(several.len())),
    }
    let mut code = vec![plain(LOAD, ARCH)];
    // x32 is a part of x86-64's section.
    for arch in [Arch::X86_64, Arch::I386, Arch::Aarch64] {
        let section = section(judge, arch);
        if section.is_empty() {
            continue;
        }
        code.extend(branch(EQUAL, arch.audit(), section.len()));
        code.extend(section);
    }
    code.push(plain(RETURN, judge.foreign().to_ret()));
    if code.len() > MAX_INSTRUCTIONS {
        return Err(CompileError::TooLong(code.len()));
    }
    Ok(Program { instructions: code })
}

/// What is done with a range of numbers.
enum Leaf<'a> {
    Return(Action),
    Look { conditional: &'a Conditional, wide: bool },
}

/// All numbers of one architecture. Empty: the filter kills them all.
fn section(judge: &Judge, arch: Arch) -> Code {
    let tables = &judge.resolved().tables;
    // Every number at which the answer can change.
    let mut starts = vec![0, u32::MAX];
    for (arch, base) in [(arch, 0), (Arch::X32, X32_BIT as u32)] {
        if base != 0 && !matches!(real(arch, X32_BIT), Arch::X32) {
            continue;
        }
        let table = &tables[arch as usize];
        starts.extend((0..=table.entries.len() as u32).map(|nr| base | nr));
        starts.extend(table.highest.map(|nr| base | (nr as u32 + 1)));
        starts.extend([base, base | 1 << 31]);
    }
    starts.sort_unstable();
    starts.dedup();
    let mut ranges: Vec<(u32, Leaf<'_>)> = Vec::new();
    for start in starts {
        let leaf = leaf(judge, arch, start);
        match (ranges.last(), &leaf) {
            (Some((_, Leaf::Return(before))), Leaf::Return(now)) if before == now => {}
            _ => ranges.push((start, leaf)),
        }
    }
    if let [(_, Leaf::Return(action))] = ranges[..]
        && action == judge.foreign()
    {
        return Code::new();
    }
    let mut code = vec![plain(LOAD, NR)];
    code.extend(search(&ranges, judge.profile().default_action()));
    code
}

fn leaf<'a>(judge: &'a Judge, arch: Arch, nr: u32) -> Leaf<'a> {
    match judge.find(arch, nr.into()) {
        Found::BadArchitecture => Leaf::Return(judge.foreign()),
        Found::Above(_) => Leaf::Return(Action::Errno(ENOSYS)),
        Found::Default => Leaf::Return(judge.profile().default_action()),
        Found::Fixed { action, .. } => Leaf::Return(action),
        Found::Conditional(conditional) => {
            Leaf::Look { conditional, wide: matches!(real(arch, nr.into()), Arch::X86_64 | Arch::Aarch64) }
        }
    }
}

/// A binary search for the range that the number is in.
fn search(ranges: &[(u32, Leaf<'_>)], default: Action) -> Code {
    match ranges {
        [] => Code::new(),
        [(_, Leaf::Return(action))] => vec![plain(RETURN, action.to_ret())],
        [(_, Leaf::Look { conditional, wide })] => look(conditional, *wide, default),
        _ => {
            let (below, above) = ranges.split_at(ranges.len() / 2);
            let (below, upper) = (search(below, default), search(above, default));
            let mut code = branch(GREATER_OR_EQUAL, above[0].0, upper.len());
            code.extend(upper);
            code.extend(below);
            code
        }
    }
}

/// A test; if it holds, the next `len` instructions follow, if not they are skipped. Conditional jumps reach 255 far.
fn branch(test: u16, k: u32, len: usize) -> Code {
    match u8::try_from(len) {
        Ok(jf) => vec![Instruction { code: test, jt: 0, jf, k }],
        Err(_) => vec![Instruction { code: test, jt: 1, jf: 0, k }, plain(JUMP, len as u32)],
    }
}

fn plain(code: u16, k: u32) -> Instruction {
    Instruction { code, jt: 0, jf: 0, k }
}

/// The clauses one after the other, then the default action.
fn look(conditional: &Conditional, wide: bool, default: Action) -> Code {
    let mut code = Code::new();
    for clause in &conditional.clauses {
        // From the end, for the distance to the next clause is counted from there.
        let mut block = vec![plain(RETURN, clause.action.to_ret())];
        for condition in clause.conditions.iter().rev() {
            let mut test = comparison(condition, wide, block.len());
            test.append(&mut block);
            block = test;
        }
        code.append(&mut block);
    }
    code.push(plain(RETURN, default.to_ret()));
    code
}

/// Where a test goes on.
#[derive(Clone, Copy)]
enum To {
    Next,
    /// The condition holds: behind this comparison.
    Holds,
    /// It does not: `skip` further.
    Fails,
}

/// Falls out of its end if the condition holds, and jumps `skip` instructions further if not. At most 6 arguments with 6
/// instructions each stay far below the reach of a jump.
fn comparison(condition: &Condition, wide: bool, skip: usize) -> Code {
    use To::{Fails, Holds, Next};
    let low_at = ARGS + 8 * u32::from(condition.index);
    let (value, datum) = (condition.value, condition.value_two & condition.value);
    let (high, low) = ((value >> 32) as u32, value as u32);
    let mut steps: Vec<(u16, u32, To, To)> = Vec::new();
    let (yes, no) = match condition.op {
        Op::Lt | Op::Le | Op::Ne => (Fails, Holds),
        _ => (Holds, Fails),
    };
    match condition.op {
        Op::Eq | Op::Ne => {
            if wide {
                steps.extend([(LOAD, low_at + 4, Next, Next), (EQUAL, high, Next, no)]);
            }
            steps.extend([(LOAD, low_at, Next, Next), (EQUAL, low, yes, no)]);
        }
        Op::Gt | Op::Ge | Op::Lt | Op::Le => {
            // Less is not greater-or-equal.
            let test = if matches!(condition.op, Op::Gt | Op::Le) { GREATER } else { GREATER_OR_EQUAL };
            if wide {
                steps.extend([(LOAD, low_at + 4, Next, Next), (GREATER, high, yes, Next), (EQUAL, high, Next, no)]);
            }
            steps.extend([(LOAD, low_at, Next, Next), (test, low, yes, no)]);
        }
        Op::MaskedEq => {
            if wide {
                steps.extend([(LOAD, low_at + 4, Next, Next), (AND, high, Next, Next)]);
                steps.push((EQUAL, (datum >> 32) as u32, Next, no));
            }
            steps.extend([(LOAD, low_at, Next, Next), (AND, low, Next, Next), (EQUAL, datum as u32, yes, no)]);
        }
    }
    let count = steps.len();
    let place = |(at, (code, k, holds, fails)): (usize, (u16, u32, To, To))| {
        let distance = |to| match to {
            Next => 0,
            Holds => (count - at - 1) as u8,
            Fails => (count - at - 1 + skip) as u8,
        };
        Instruction { code, jt: distance(holds), jf: distance(fails), k }
    };
    steps.into_iter().enumerate().map(place).collect()
}
