//! Tampering in strace's words, strace(1), "Tampering": `openat:error=ENOENT:when=2+`, of `-e inject=` and `-e fault=`.
//!
//! Left out: poking into the program's memory, which sysview does not do; carrying it out (`capture`).

use std::sync::Arc;
use std::time::Duration;

use super::QueryError;
use super::calls::Calls;
use super::numbers::Numbers;
use crate::abi::{self, Arch};
use crate::policy::nearest;
use crate::source::{CallTest, Change, Forced, Moment, Tamper, When};

/// What one expression asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Injection {
    /// As it was written.
    pub text: String,
    pub calls: Calls,
    pub when: When,
    /// Without the call that runs instead, whose number depends on the ABI.
    pub change: Change,
    /// The name of the call that runs instead.
    pub instead: Option<&'static str>,
}

/// What may follow the set of calls.
const WORDS: [&str; 7] = ["error", "retval", "signal", "syscall", "delay_enter", "delay_exit", "when"];

/// Highest `first` and `step` of `when=`; `last` has one less, because strace's highest means that there is no last.
const MOST: u32 = 65_535;

impl Injection {
    /// `-e inject=`: what is behind the `=`, as columns of errors count.
    pub fn parse(text: &str) -> Result<Injection, QueryError> {
        let injection = read(text, &WORDS)?;
        if injection.change == Change::default() {
            let wanted = "say what to do with these calls: error=, retval=, signal=, delay_enter= or delay_exit=, as in \
                          openat:error=ENOENT";
            return Err(QueryError::new(text.chars().count(), wanted));
        }
        Ok(injection)
    }

    /// `-e fault=`: the calls fail, with ENOSYS if nothing else is said.
    pub fn parse_fault(text: &str) -> Result<Injection, QueryError> {
        let mut injection = read(text, &["error", "when"])?;
        let enosys = || abi::errno_number("ENOSYS").map(Forced::Errno);
        injection.change.result = injection.change.result.or_else(enosys);
        Ok(injection)
    }

    /// A remark for the user on what the program will make of it.
    pub fn remark(&self) -> Option<String> {
        match self.change.result {
            Some(Forced::Value(value @ -4095..0)) => {
                let errno = value.unsigned_abs() as u16;
                let name = abi::errno(errno).map_or_else(|| errno.to_string(), |(name, _)| name.into());
                Some(format!("retval={value} is the error {name} to the program; error={name} says so"))
            }
            _ => None,
        }
    }
}

fn read(text: &str, words: &[&str]) -> Result<Injection, QueryError> {
    let mut parts = text.split(':');
    let set = parts.next().unwrap_or_default();
    let mut injection = Injection {
        text: text.to_owned(),
        calls: Calls::parse(set)?,
        when: When::ALWAYS,
        change: Change::default(),
        instead: None,
    };
    let mut column = set.chars().count() + 1;
    for part in parts {
        let (word, value) = part.split_once('=').unwrap_or((part, ""));
        if !words.contains(&word) {
            return Err(QueryError::new(column, not_a_word(word, words)));
        }
        injection.take(word, value).map_err(|message| QueryError::new(column, message))?;
        column += part.chars().count() + 1;
    }
    Ok(injection)
}

fn not_a_word(word: &str, words: &[&str]) -> String {
    if word.starts_with("poke_") {
        return format!("sysview does not change the program's memory, so it has no {word}=; retval= changes results");
    }
    if WORDS.contains(&word) {
        return format!("fault= has no {word}=; inject= has");
    }
    match nearest(word, words.iter().copied()) {
        Some(near) => format!("\"{word}\" is not known here; the nearest valid word is {near}="),
        None => format!("\"{word}\" is not known here; there are {}=", words.join("=, ")),
    }
}

impl Injection {
    fn take(&mut self, word: &str, value: &str) -> Result<(), String> {
        let change = &mut self.change;
        let taken = match word {
            "error" | "retval" => change.result.is_some(),
            "signal" => change.signal.is_some(),
            "syscall" => self.instead.is_some(),
            "delay_enter" => change.delay_enter.is_some(),
            "delay_exit" => change.delay_exit.is_some(),
            // The last one counts.
            _ => false,
        };
        if taken {
            return Err(format!("{word}= comes too late: that is settled before it; leave one of them out"));
        }
        match word {
            "error" => change.result = Some(Forced::Errno(errno(value)?)),
            "retval" => change.result = Some(Forced::Value(result(value)?)),
            "signal" => change.signal = Some(signal(value)?),
            "syscall" => self.instead = Some(harmless(value)?),
            "delay_enter" => change.delay_enter = Some(delay(value)?),
            "delay_exit" => change.delay_exit = Some(delay(value)?),
            _ => self.when = when(value)?,
        }
        Ok(())
    }
}

fn errno(text: &str) -> Result<u16, String> {
    let name = text.to_ascii_uppercase();
    let number = abi::errno_number(&name).or_else(|| text.parse().ok());
    number.filter(|n| (1..=4095).contains(n)).ok_or_else(|| {
        let names = (1..=4095).filter_map(abi::errno).map(|(name, _)| name);
        match nearest(&name, names) {
            Some(near) => format!("no error is named \"{text}\"; the nearest valid name is {near}"),
            None => format!("\"{text}\" is no error; give a name such as ENOENT or a number from 1 to 4095"),
        }
    })
}

/// As C reads numbers: decimal, 0x for hexadecimal, 0 for octal; up to 64 bits, with or without a sign.
fn result(text: &str) -> Result<i64, String> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let number = match (digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")), digits.strip_prefix('0')) {
        (Some(hex), _) => u64::from_str_radix(hex, 16),
        (None, Some(octal)) if !octal.is_empty() => u64::from_str_radix(octal, 8),
        _ => digits.parse(),
    };
    match number {
        Ok(number) if !digits.contains('+') => Ok(if negative { number.wrapping_neg() } else { number } as i64),
        _ => Err(format!("\"{text}\" is no result; give a number of up to 64 bits, as in 3 or 0xff")),
    }
}

fn signal(text: &str) -> Result<i32, String> {
    let name = text.to_ascii_uppercase();
    let number = text.parse().ok().or_else(|| abi::signal_number(&name)).filter(|n| (1..=64).contains(n));
    number.map(|n| n as i32).ok_or_else(|| {
        let names = (1..=64).filter_map(abi::signal_name);
        match nearest(&name, names) {
            Some(near) => format!("no signal is named \"{text}\"; the nearest valid name is {near}"),
            None => format!("\"{text}\" is no signal; give a name such as SIGUSR1 or a number from 1 to 64"),
        }
    })
}

/// A call that always succeeds and changes nothing.
fn harmless(text: &str) -> Result<&'static str, String> {
    let pure = || abi::calls().filter(|call| call.tags.contains(&"pure")).map(|call| call.name);
    pure().find(|name| *name == text).ok_or_else(|| match nearest(text, pure()) {
        Some(near) => format!("\"{text}\" is no call without effects, which syscall= wants; the nearest one is {near}"),
        None => format!("\"{text}\" is no call without effects, which syscall= wants; getpid is one"),
    })
}

/// `1.5ms`; without a unit, microseconds.
fn delay(text: &str) -> Result<Duration, String> {
    const UNITS: [(&str, f64); 5] = [("ns", 1e-9), ("us", 1e-6), ("ms", 1e-3), ("s", 1.0), ("", 1e-6)];
    let unit = UNITS.iter().find_map(|(unit, size)| Some((text.strip_suffix(unit)?, size)));
    let seconds = unit.and_then(|(number, size)| Some(number.parse::<f64>().ok()? * size));
    let positive = seconds.filter(|seconds| seconds.is_sign_positive());
    positive.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).ok_or_else(|| {
        format!("\"{text}\" is no delay; give a number of microseconds, or one with ns, us, ms or s, as in 1.5ms")
    })
}

/// `first[..last][+[step]]`.
fn when(text: &str) -> Result<When, String> {
    let (range, step) = match text.split_once('+') {
        Some((range, "")) => (range, Some(1)),
        Some((range, step)) => (range, Some(count(step, MOST)?)),
        None => (text, None),
    };
    let (first, last) = match range.split_once("..") {
        Some((first, last)) => (count(first, MOST)?, Some(count(last, MOST - 1)?)),
        None => (count(range, MOST)?, None),
    };
    if last.is_some_and(|last| last < first) {
        return Err(format!("when={text} ends before it begins; write the lower number first"));
    }
    // A range without a step means all of it, a number without one only itself.
    Ok(When { first, last, step: step.unwrap_or(u32::from(last.is_some())) })
}

fn count(text: &str, most: u32) -> Result<u32, String> {
    let number = text.parse().ok().filter(|n| (1..=most).contains(n) && !text.starts_with('+'));
    number.ok_or_else(|| {
        format!("\"{text}\" is no count of calls from 1 to {most}; when= is FIRST[..LAST][+[STEP]], as in 2, 2..5, 3+ or 1+2")
    })
}

/// What the engine is told, each with the words of its injection: of several injections into one call the last counts, and
/// calls that are not `traced` are left alone, as strace does.
pub fn tampers(injections: &[Injection], traced: &Calls) -> Vec<(String, Tamper)> {
    let mut taken = Numbers::default();
    let mut lists = Vec::new();
    for injection in injections.iter().rev() {
        let mut own = Numbers::default();
        for (arch, nr) in injection.calls.known().filter(|&(arch, nr)| traced.contains(arch, nr)) {
            if !taken.contains(arch, nr) {
                own.insert(arch, nr);
                taken.insert(arch, nr);
            }
        }
        lists.push(expand(injection, own));
    }
    lists.into_iter().rev().flatten().collect()
}

/// One entry, or one for each ABI if the number of another call is wanted.
fn expand(injection: &Injection, calls: Numbers) -> Vec<(String, Tamper)> {
    let tamper = |calls: Numbers, change| {
        let test = Arc::new(move |m: &Moment<'_>| calls.contains(m.enter.arch, m.enter.nr));
        Tamper { test: CallTest(test), when: injection.when, change }
    };
    let Some(instead) = injection.instead else {
        let any = calls != Numbers::default();
        return any.then(|| (injection.text.clone(), tamper(calls, injection.change))).into_iter().collect();
    };
    let mut entries = Vec::new();
    for arch in Arch::ALL {
        let mut own = Numbers::default();
        calls.iter().filter(|&(of, _)| of == arch).for_each(|(arch, nr)| own.insert(arch, nr));
        if own != Numbers::default() {
            let change = Change { call: abi::number(arch, instead), ..injection.change };
            entries.push((format!("{} ({})", injection.text, arch.name()), tamper(own, change)));
        }
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Enter, Memory, TaskId};

    fn inject(text: &str) -> Injection {
        Injection::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"))
    }

    #[test]
    fn what_is_done_is_said_in_straces_words() {
        let Injection { calls, when, change, instead, .. } =
            inject("openat,%net:retval=0x10:signal=chld:delay_enter=5:delay_exit=1.5ms:syscall=getuid:when=2..9+3");
        assert_eq!(calls, Calls::parse("openat,%net").expect("a set"));
        assert_eq!(when, When { first: 2, last: Some(9), step: 3 });
        assert_eq!(change.result, Some(Forced::Value(16)));
        assert_eq!((change.signal, change.call, instead), (Some(17), None, Some("getuid")));
        assert_eq!(change.delay_enter, Some(Duration::from_micros(5)));
        assert_eq!(change.delay_exit, Some(Duration::from_micros(1500)));
        let result = |text: &str| inject(&format!("read:{text}")).change.result;
        assert_eq!(result("error=enoent"), Some(Forced::Errno(2)));
        assert_eq!(result("error=4095"), Some(Forced::Errno(4095)));
        assert_eq!(result("retval=010"), Some(Forced::Value(8)));
        assert_eq!(result("retval=-2"), Some(Forced::Value(-2)));
        assert_eq!(result("retval=18446744073709551615"), Some(Forced::Value(-1)));
        assert_eq!(inject("read:signal=64").change.signal, Some(64));
        let fault = |text: &str| Injection::parse_fault(text).expect(text).change;
        assert_eq!(fault("read"), Change { result: Some(Forced::Errno(38)), ..Change::default() });
        assert_eq!(fault("read:error=5").result, Some(Forced::Errno(5)));
    }

    #[test]
    fn invocations_are_counted_as_strace_does() {
        let when = |text: &str| inject(&format!("read:error=1:when={text}")).when;
        let held = |text: &str| (1..=9).filter(|&n| when(text).holds(n)).collect::<Vec<u32>>();
        assert_eq!(held("2"), [2]);
        assert_eq!(held("2..4"), [2, 3, 4]);
        assert_eq!(held("7+"), [7, 8, 9]);
        assert_eq!(held("2+3"), [2, 5, 8]);
        assert_eq!(held("2..5+"), [2, 3, 4, 5]);
        assert_eq!(held("2..7+3"), [2, 5]);
        assert_eq!(held("1:when=3"), [3]);
        assert_eq!(when("65535"), When { first: 65_535, last: None, step: 0 });
        assert_eq!(inject("read:error=1").when, When::ALWAYS);
    }

    #[test]
    fn delays_have_units() {
        for (text, ns) in [("7", 7_000), ("7ns", 7), ("7us", 7_000), (".5s", 500_000_000), ("1e3", 1_000_000)] {
            assert_eq!(delay(text), Ok(Duration::from_nanos(ns)), "{text}");
        }
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        for (bad, column, words) in [
            ("", 0, "missing"),
            ("opennat:error=1", 0, "openat"),
            ("read", 4, "error="),
            ("read:when=1", 11, "error="),
            ("read:syscall=getpid", 19, "error="),
            ("read:", 5, "not known"),
            ("read:eror=1", 5, "the nearest valid word is error="),
            ("read:error=", 5, "no error"),
            ("read:error=0", 5, "1 to 4095"),
            ("read:error=4096", 5, "1 to 4095"),
            ("read:error=ENOEN", 5, "the nearest valid name is ENOENT"),
            ("read:error=1:error=2", 13, "leave one"),
            ("read:error=1:retval=2", 13, "leave one"),
            ("read:retval=99999999999999999999", 5, "64 bits"),
            ("read:retval=", 5, "64 bits"),
            ("read:retval=+1", 5, "64 bits"),
            ("read:retval=0x", 5, "64 bits"),
            ("read:signal=0", 5, "1 to 64"),
            ("read:signal=65", 5, "1 to 64"),
            ("read:signal=SIGHUB", 5, "SIGHUP"),
            ("read:signal=1:signal=2", 14, "leave one"),
            ("read:error=1:syscall=write", 13, "without effects"),
            ("read:error=1:syscall=getpidd", 13, "getpid"),
            ("read:delay_enter=", 5, "no delay"),
            ("read:delay_enter=-1", 5, "no delay"),
            ("read:delay_exit=5x", 5, "no delay"),
            ("read:delay_exit=nan", 5, "no delay"),
            ("read:delay_exit=1e99s", 5, "no delay"),
            ("read:error=1:when=0", 13, "1 to 65535"),
            ("read:error=1:when=65536", 13, "1 to 65535"),
            ("read:error=1:when=1..65535", 13, "1 to 65534"),
            ("read:error=1:when=3..2", 13, "before it begins"),
            ("read:error=1:when=1+0", 13, "1 to 65535"),
            ("read:error=1:when=+1", 13, "1 to 65535"),
            ("read:error=1:when=1..", 13, "1 to 65534"),
            ("read:poke_enter=@arg1=00", 5, "memory"),
        ] {
            let error = Injection::parse(bad).expect_err(bad);
            assert_eq!(error.column, column, "{bad}: {error}");
            assert!(error.message.contains(words), "{bad}: {error}");
        }
        assert!(Injection::parse_fault("read:retval=1").is_err_and(|e| e.message.contains("inject=")));
        assert!(inject("read:retval=-2").remark().is_some_and(|remark| remark.contains("ENOENT")));
        assert_eq!(inject("read:retval=-5000").remark(), None);
    }

    fn fit(list: &[(String, Tamper)], arch: Arch, name: &str) -> Vec<usize> {
        let nr = abi::number(arch, name).expect(name);
        let enter = Enter { arch, nr, args: [0; 6], ip: 0, sp: 0, regions: 0..0 };
        let moment = Moment {
            task: TaskId(0),
            tid: 1,
            tgid: 1,
            comm: b"x",
            ancestors: &[],
            t_ns: 0,
            enter: &enter,
            exit: None,
            entry_memory: Memory::default(),
            exit_memory: Memory::default(),
        };
        (0..list.len()).filter(|&i| list[i].1.test.0(&moment)).collect()
    }

    #[test]
    fn the_last_injection_counts_and_only_traced_calls_are_changed() {
        let both = [inject("%file:error=1"), inject("openat:error=2")];
        let list = tampers(&both, &Calls::all());
        assert_eq!(list.len(), 2);
        assert_eq!(fit(&list, Arch::X86_64, "openat"), [1]);
        assert_eq!(fit(&list, Arch::I386, "open"), [0]);
        assert_eq!(fit(&list, Arch::X86_64, "read"), [0; 0]);
        let list = tampers(&both, &Calls::parse("openat").expect("a set"));
        assert_eq!(list.len(), 1);
        assert_eq!(fit(&list, Arch::X86_64, "openat"), [0]);
        assert!(tampers(&both, &Calls::none()).is_empty());
    }

    #[test]
    fn another_call_is_made_by_its_number_in_the_tasks_own_abi() {
        let list = tampers(&[inject("getpid:retval=1:syscall=getuid")], &Calls::all());
        assert_eq!(list[0].0, "getpid:retval=1:syscall=getuid (x86_64)");
        for arch in Arch::ALL {
            let [index] = fit(&list, arch, "getpid")[..] else { panic!("{arch:?}") };
            assert_eq!(list[index].1.change.call, abi::number(arch, "getuid"));
        }
    }
}
