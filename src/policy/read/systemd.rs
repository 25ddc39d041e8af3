//! systemd's settings about system calls, systemd.exec(5): `SystemCallFilter=`, `SystemCallErrorNumber=`,
//! `SystemCallArchitectures=`, in a unit, systemd.syntax(7), and in the drop-ins that change it, systemd.unit(5). All other
//! lines are passed over. A file of words alone is one filter. Left out: settings that make filters of their own, such as
//! `RestrictNamespaces=`.

use super::sets::{members, sets};
use super::{Builder, MAX_RULES, rule};
use crate::policy::Action;
use crate::policy::error::Fault;
use crate::policy::library::Library;
use crate::policy::profile::{Architectures, Reading, Rule};
use crate::policy::texts::Texts;
use crate::policy::words::{self, nearest, not_among};

/// Where the settings mean something: what is executed has them.
const SECTIONS: [&str; 4] = ["Service", "Socket", "Mount", "Swap"];
const SETTINGS: [&str; 4] = ["SystemCallArchitectures", "SystemCallErrorNumber", "SystemCallFilter", "SystemCallLog"];
/// The words of ConditionArchitecture= that libseccomp knows, with libseccomp's.
const ARCHITECTURES: [(&str, &str); 20] = [
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
    ("mips", "SCMP_ARCH_MIPS"),
    ("mips-le", "SCMP_ARCH_MIPSEL"),
    ("mips64-le", "SCMP_ARCH_MIPSEL64"),
    ("mips64-n32", "SCMP_ARCH_MIPS64N32"),
    ("mips64-le-n32", "SCMP_ARCH_MIPSEL64N32"),
    ("ppc", "SCMP_ARCH_PPC"),
    ("ppc64", "SCMP_ARCH_PPC64"),
    ("s390", "SCMP_ARCH_S390"),
    ("parisc", "SCMP_ARCH_PARISC"),
    ("parisc64", "SCMP_ARCH_PARISC64"),
];

struct Reader {
    builder: Builder,
    /// The first filter decides: a list of what is allowed, or of what is denied.
    allows: Option<bool>,
    error: Action,
    architectures: Option<Vec<String>>,
    rules: Vec<Rule>,
    /// Calls named so far, those of sets each.
    named: usize,
}

/// The unit, then its drop-ins: all settings as if in one file, each file with sections of its own.
pub fn read(texts: &mut Texts, library: &dyn Library) -> Result<Reading, Fault> {
    let mut reader = Reader {
        builder: Builder::new(),
        allows: None,
        error: Action::KillProcess,
        architectures: None,
        rules: Vec::new(),
        named: 0,
    };
    reader.file(&texts.own(), 0)?;
    for source in library.drop_ins().map_err(|why| Fault::new(0, why))? {
        let (text, base) = texts.add(&source.name, &source.text, 0)?;
        reader.file(&text, base)?;
    }
    reader.finish()
}

impl Reader {
    fn file(&mut self, text: &str, base: usize) -> Result<(), Fault> {
        let mut lines = super::lines(text).peekable();
        // Without any section the file is settings, or the words of one filter.
        let mut section = None;
        let mut settings = false;
        while let Some((at, line)) = lines.next() {
            let trimmed = line.trim_start();
            let start = at + line.len() - trimmed.len();
            if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
                continue;
            }
            if let Some(name) = trimmed.strip_prefix('[') {
                let Some(name) = name.trim_end().strip_suffix(']') else {
                    return Err(Fault::new(base + start, "the name of a section must end with ]"));
                };
                section = Some(name.to_owned());
                continue;
            }
            // A backslash at the end of a line is a space, and comments between such lines are none of them.
            let mut whole = trimmed.to_owned();
            while whole.ends_with('\\') {
                let begun = start + whole.len() - 1;
                whole.truncate(whole.len() - 1);
                let Some((next, more)) = lines.next() else {
                    whole.push(' ');
                    break;
                };
                // The places stay those of the text.
                whole.extend(std::iter::repeat_n(' ', next - begun));
                whole += &if more.trim_start().starts_with(['#', ';']) { hidden(more) } else { more.to_owned() };
            }
            match whole.split_once('=') {
                Some((key, value)) => {
                    settings = true;
                    let key = key.trim_end();
                    if key.starts_with("SystemCall") && section.as_deref().is_some_and(|s| !SECTIONS.contains(&s)) {
                        let section = section.as_deref().unwrap_or_default();
                        let what =
                            format!("{key} means nothing in [{section}] and is ignored; it belongs in [Service]");
                        self.builder.warn(base + start, what);
                        continue;
                    }
                    let at = base + start + whole.len() - value.len();
                    self.setting(key, value, base + start, at)?;
                }
                None if section.is_none() && !settings => self.filter(&whole, base + start)?,
                None => return Err(Fault::new(base + start, "a setting must be NAME=VALUE")),
            }
        }
        Ok(())
    }
}

/// A comment that stands where a line goes on: spaces, and the backslash with which the line goes on after it.
fn hidden(comment: &str) -> String {
    let length = comment.len() - 1;
    let last = "\\";
    std::iter::repeat_n(' ', length).chain(last.chars()).collect()
}

impl Reader {
    fn setting(&mut self, key: &str, value: &str, key_at: usize, at: usize) -> Result<(), Fault> {
        match key {
            "SystemCallFilter" => self.filter(value, at),
            "SystemCallErrorNumber" => {
                let word = value.trim();
                self.error = match word {
                    "" | "kill" => Action::KillProcess,
                    _ => {
                        let at = at + value.len() - value.trim_start().len();
                        match errno(word, at)? {
                            Action::Errno(0) => return Err(Fault::new(at, "an error number is 1 to 4095, not 0")),
                            action => action,
                        }
                    }
                };
                Ok(())
            }
            "SystemCallArchitectures" => {
                if value.trim().is_empty() {
                    self.architectures = None;
                    return Ok(());
                }
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
        for (start, word) in super::words(words, at + usize::from(inverted)) {
            if word.starts_with('~') {
                let what = format!("~ inverts a whole list and can only begin it; systemd passes {word:?} over");
                self.builder.warn(start, what);
                continue;
            }
            let (name, suffix) = word.split_once(':').map_or((word, None), |(name, errno)| (name, Some(errno)));
            let names = self.names(name, start)?;
            self.named += names.len();
            if self.named > MAX_RULES {
                return Err(Fault::new(start, format!("more than {MAX_RULES} calls are named")));
            }
            let place = start + name.len() + 1;
            let action = match suffix {
                Some("kill") => Some(Action::KillProcess),
                Some(suffix) => Some(errno(suffix, place)?),
                None => None,
            };
            if allows == inverted {
                // Of the other kind: takes away from what is listed so far.
                self.without(&names);
                if allows && action.is_some() {
                    self.rules.push(rule(names, action.unwrap_or(self.error), start..start + word.len()));
                }
                continue;
            }
            let plain = if allows { Action::Allow } else { Action::KillProcess };
            // The unit's own error number may come later; `Log` stands for "not said".
            let action = action.unwrap_or(if allows { plain } else { Action::Log });
            self.without(&names);
            self.rules.push(rule(names, action, start..start + word.len()));
        }
        Ok(())
    }

    /// A later word about a call is the only one about it.
    fn without(&mut self, names: &[String]) {
        for rule in &mut self.rules {
            rule.names.retain(|n| !names.contains(n));
        }
        self.rules.retain(|rule| !rule.names.is_empty());
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

    fn finish(mut self) -> Result<Reading, Fault> {
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
