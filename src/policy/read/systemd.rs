//! systemd's settings about system calls, systemd.exec(5): `SystemCallFilter=`, `SystemCallErrorNumber=`,
//! `SystemCallArchitectures=`. All other lines of a unit are passed over. A file of words alone is one filter.

use super::sets::{members, sets};
use super::{Builder, rule};
use crate::policy::Action;
use crate::policy::error::Fault;
use crate::policy::form::Form;
use crate::policy::profile::{Architectures, Inner, Rule};
use crate::policy::words::{self, nearest, not_among};

const SETTINGS: [&str; 4] = ["SystemCallArchitectures", "SystemCallErrorNumber", "SystemCallFilter", "SystemCallLog"];
/// The words of ConditionArchitecture= that libseccomp knows, with libseccomp's.
const ARCHITECTURES: [(&str, &str); 10] = [
    ("x86-64", "SCMP_ARCH_X86_64"),
    ("x86", "SCMP_ARCH_X86"),
    ("x32", "SCMP_ARCH_X32"),
    ("arm", "SCMP_ARCH_ARM"),
    ("arm64", "SCMP_ARCH_AARCH64"),
    ("ppc64-le", "SCMP_ARCH_PPC64LE"),
    ("s390x", "SCMP_ARCH_S390X"),
    ("riscv64", "SCMP_ARCH_RISCV64"),
    ("mips64", "SCMP_ARCH_MIPS64"),
    ("loongarch64", "SCMP_ARCH_LOONGARCH64"),
];

struct Reader<'a> {
    builder: Builder<'a>,
    /// The first filter decides: a list of what is allowed, or of what is denied.
    allows: Option<bool>,
    error: Action,
    architectures: Option<Vec<String>>,
    rules: Vec<Rule>,
}

pub fn read(text: &str, name: &str) -> Result<Inner, Fault> {
    let builder = Builder::new(text, name, Form::Systemd);
    let mut reader =
        Reader { builder, allows: None, error: Action::KillProcess, architectures: None, rules: Vec::new() };
    let mut lines = super::lines(text).peekable();
    let mut settings = false;
    while let Some((at, line)) = lines.next() {
        let trimmed = line.trim_start();
        let start = at + line.len() - trimmed.len();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';', '[']) {
            settings |= trimmed.starts_with('[');
            continue;
        }
        // A backslash at the end of a line is a space; the places stay those of the text.
        let mut end = at + line.len();
        while text[..end].ends_with('\\') {
            let Some((next, more)) = lines.next() else { break };
            end = next + more.len();
        }
        let whole = &text[start..end];
        match whole.split_once('=') {
            Some((key, value)) => {
                settings = true;
                reader.setting(key.trim(), value, start, start + key.len() + 1)?;
            }
            None if !settings => reader.filter(whole, start)?,
            None => return Err(Fault::new(start, "a setting must be NAME=VALUE")),
        }
    }
    reader.finish()
}

impl Reader<'_> {
    fn setting(&mut self, key: &str, value: &str, key_at: usize, at: usize) -> Result<(), Fault> {
        match key {
            "SystemCallFilter" => self.filter(value, at),
            "SystemCallErrorNumber" => {
                let word = value.trim();
                self.error = match word {
                    "" | "kill" => Action::KillProcess,
                    _ => errno(word, at + value.len() - value.trim_start().len())?,
                };
                Ok(())
            }
            "SystemCallArchitectures" => {
                let list = self.architectures.get_or_insert_default();
                for (at, word) in super::words(value, at) {
                    match ARCHITECTURES.iter().find(|(name, _)| *name == word) {
                        Some((_, scmp)) => list.push((*scmp).to_owned()),
                        None if word == "native" => {}
                        None => {
                            let known: Vec<&str> = ARCHITECTURES.iter().map(|a| a.0).chain(["native"]).collect();
                            return Err(Fault::new(at, not_among(word, "architecture", &known)));
                        }
                    }
                }
                Ok(())
            }
            "SystemCallLog" => {
                self.builder
                    .warn(key_at, "SystemCallLog only writes to the log; it changes no verdict and is not read");
                Ok(())
            }
            key if key.starts_with("SystemCall") => Err(Fault::new(key_at, not_among(key, "setting", &SETTINGS))),
            _ => Ok(()),
        }
    }

    fn filter(&mut self, value: &str, at: usize) -> Result<(), Fault> {
        let trimmed = value.trim_start();
        let at = at + value.len() - trimmed.len();
        if trimmed.is_empty() {
            // An empty assignment forgets what came before.
            self.allows = None;
            self.rules.clear();
            return Ok(());
        }
        let (words, inverted) = trimmed.strip_prefix('~').map_or((trimmed, false), |rest| (rest, true));
        let allows = *self.allows.get_or_insert(!inverted);
        for (start, word) in super::words(words, at + usize::from(inverted)).filter(|(_, word)| *word != "\\") {
            let (name, suffix) = word.split_once(':').map_or((word, None), |(name, errno)| (name, Some(errno)));
            let names = self.names(name, start)?;
            let place = start + name.len() + 1;
            let action = match suffix {
                Some("kill") => Some(Action::KillProcess),
                Some(suffix) => Some(errno(suffix, place)?),
                None => None,
            };
            if allows == inverted {
                // Of the other kind: takes away from what is listed so far.
                for rule in &mut self.rules {
                    rule.names.retain(|n| !names.contains(n));
                }
                if allows && action.is_some() {
                    self.rules.push(rule(names, action.unwrap_or(self.error), start..start + word.len()));
                }
                continue;
            }
            let plain = if allows { Action::Allow } else { Action::KillProcess };
            // The unit's own error number may come later; `Log` stands for "not said".
            let action = action.unwrap_or(if allows { plain } else { Action::Log });
            for rule in &mut self.rules {
                rule.names.retain(|n| !names.contains(n));
            }
            self.rules.push(rule(names, action, start..start + word.len()));
        }
        Ok(())
    }

    fn names(&mut self, word: &str, at: usize) -> Result<Vec<String>, Fault> {
        if !word.starts_with('@') {
            self.builder.check_call(word, at);
            return Ok(vec![word.to_owned()]);
        }
        members(word).map(|names| names.into_iter().map(str::to_owned).collect()).ok_or_else(|| {
            let near = nearest(word, sets().iter().map(|set| set.name));
            let near = near.map(|near| format!("; did you mean {near:?}?")).unwrap_or_default();
            Fault::new(at, format!("{word:?} is no set of systemd 252{near}"))
        })
    }

    fn finish(mut self) -> Result<Inner, Fault> {
        let default = match self.allows {
            Some(true) => self.error,
            _ => Action::Allow,
        };
        if self.allows.is_none() {
            self.builder.warn(0, "there is no SystemCallFilter= here: every call runs");
        }
        let mut rules = std::mem::take(&mut self.rules);
        if self.allows == Some(true) {
            let listed: Vec<String> = rules.iter().flat_map(|rule| rule.names.clone()).collect();
            let mut implied = members("@default").unwrap_or_default();
            implied.retain(|name| !listed.iter().any(|l| l == name));
            let mut extra = rule(implied.into_iter().map(str::to_owned).collect(), Action::Allow, 0..0);
            extra.comment = "systemd allows @default with every list of what is allowed".into();
            rules.push(extra);
        }
        for mut rule in rules.into_iter().filter(|rule| !rule.names.is_empty()) {
            if rule.action == Action::Log {
                rule.action = self.error;
            }
            self.builder.push(rule)?;
        }
        let architectures = match self.architectures {
            // All that the machine can run.
            None => Architectures::Map(vec![
                ("SCMP_ARCH_X86_64".into(), vec!["SCMP_ARCH_X86".into(), "SCMP_ARCH_X32".into()]),
                ("SCMP_ARCH_AARCH64".into(), vec!["SCMP_ARCH_ARM".into()]),
            ]),
            Some(list) if list.is_empty() => Architectures::Native,
            Some(list) => Architectures::List(list),
        };
        Ok(self.builder.finish(default, architectures))
    }
}

fn errno(word: &str, at: usize) -> Result<Action, Fault> {
    let number = words::errno(word, at)?;
    match u16::try_from(number).ok().filter(|n| *n <= 4095) {
        Some(number) => Ok(Action::Errno(number)),
        None => Err(Fault::new(at, format!("an errno is at most 4095, not {number}"))),
    }
}
