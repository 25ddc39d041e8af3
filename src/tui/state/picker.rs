//! The process picker: which processes there are, which of them fit what is typed, which are chosen.
//! Left out: where they come from (`Options::processes`), what Enter does (`app::attach`).

use std::collections::BTreeSet;

use super::layer::Input;
use crate::source::ProcessInfo;
use crate::tui::format;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Picker {
    processes: Vec<Entry>,
    pub typed: Input,
    /// Index among those that fit.
    pub line: usize,
    /// PIDs.
    marked: BTreeSet<i32>,
}

/// A process with its words as they are shown and looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub pid: i32,
    /// `7 in 3f2a91c4d8e0`, the PID inside if it is another; empty outside of containers.
    pub place: String,
    pub user: String,
    pub state: char,
    /// The command line, escaped; of a process without one its name in brackets.
    pub command: String,
    /// It has no command line: a thread of the kernel, or what has ended. Shown only if it fits what is typed.
    bare: bool,
    /// A clause on why it cannot be attached to.
    pub hindrance: Option<String>,
}

/// Characters of a container's ID that are shown, as container tools show them.
const ID: usize = 12;

impl Entry {
    /// `traced`: its tasks are traced by us already.
    fn new(process: &ProcessInfo, traced: bool) -> Entry {
        let container = process.container.as_deref().map(|id| id.chars().take(ID).collect::<String>());
        let place = match (process.inner_pid, container) {
            (Some(pid), Some(id)) => format!("{pid} in {id}"),
            (Some(pid), None) => format!("{pid} inside"),
            (None, Some(id)) => format!("in {id}"),
            (None, None) => String::new(),
        };
        let argv: Vec<String> = process.argv.iter().map(|arg| format::escape(arg)).collect();
        let command = if argv.is_empty() { format!("[{}]", format::escape(&process.comm)) } else { argv.join(" ") };
        let threads = if process.threads > 1 { format!(" ({} threads)", process.threads) } else { String::new() };
        let ours = traced.then(|| "sysview traces it already".to_owned());
        Entry {
            pid: process.pid,
            place,
            user: format::escape(process.user.as_bytes()),
            state: process.state,
            command: command + &threads,
            bare: argv.is_empty(),
            hindrance: ours.or_else(|| process.hindrance.clone()),
        }
    }

    /// Whether every word that was typed stands somewhere in it.
    fn fits(&self, typed: &str) -> bool {
        if typed.trim().is_empty() {
            return !self.bare;
        }
        let all = format!("{} {} {} {}", self.pid, self.user, self.place, self.command).to_lowercase();
        typed.to_lowercase().split_whitespace().all(|word| all.contains(word))
    }
}

impl Picker {
    /// Looks at the processes anew; what was typed and marked stays.
    pub fn refresh(&mut self, processes: &[ProcessInfo], traced: impl Fn(i32) -> bool) {
        self.processes = processes.iter().map(|process| Entry::new(process, traced(process.pid))).collect();
        self.marked.retain(|pid| processes.iter().any(|process| process.pid == *pid));
        self.typed();
    }

    /// Those that fit what is typed.
    pub fn shown(&self) -> Vec<&Entry> {
        self.processes.iter().filter(|entry| entry.fits(&self.typed.text)).collect()
    }

    /// After something was typed, the list may be shorter.
    pub fn typed(&mut self) {
        self.line = self.line.min(self.shown().len().saturating_sub(1));
    }

    pub fn move_by(&mut self, lines: isize) {
        let last = self.shown().len().saturating_sub(1);
        self.line = self.line.saturating_add_signed(lines).min(last);
    }

    pub fn is_marked(&self, pid: i32) -> bool {
        self.marked.contains(&pid)
    }

    pub fn marked(&self) -> usize {
        self.marked.len()
    }

    /// Marks the selected process, or no longer.
    ///
    /// # Errors
    /// Why it cannot be attached to, as a sentence.
    pub fn toggle(&mut self) -> Result<(), String> {
        let Some((pid, hindrance)) = self.selected() else { return Ok(()) };
        if let Some(hindrance) = hindrance {
            return Err(hindrance);
        }
        if !self.marked.remove(&pid) {
            self.marked.insert(pid);
        }
        Ok(())
    }

    /// The processes to attach to: those that are marked, or else the selected one.
    ///
    /// # Errors
    /// Why the selected one cannot be attached to, as a sentence; or that there is none.
    pub fn chosen(&self) -> Result<Vec<i32>, String> {
        if !self.marked.is_empty() {
            return Ok(self.marked.iter().copied().collect());
        }
        match self.selected() {
            Some((_, Some(hindrance))) => Err(hindrance),
            Some((pid, None)) => Ok(vec![pid]),
            None => Err("No process fits what is typed.".into()),
        }
    }

    fn selected(&self) -> Option<(i32, Option<String>)> {
        let shown = self.shown();
        let entry = shown.get(self.line)?;
        let sentence = |hindrance: &String| format!("{} cannot be attached to: {hindrance}.", entry.pid);
        Some((entry.pid, entry.hindrance.as_ref().map(sentence)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(pid: i32, command: &str) -> ProcessInfo {
        ProcessInfo {
            pid,
            comm: b"c\x1bm".to_vec(),
            argv: command.split_whitespace().map(|arg| arg.as_bytes().to_vec()).collect(),
            user: "root".into(),
            state: 'S',
            threads: 1,
            container: None,
            inner_pid: None,
            hindrance: None,
        }
    }

    fn picker(processes: &[ProcessInfo], typed: &str) -> Picker {
        let mut picker = Picker::default();
        picker.typed.paste(typed);
        picker.refresh(processes, |pid| pid == 99);
        picker
    }

    #[test]
    fn words_are_looked_for_in_everything_that_is_shown() {
        let container = Some("3f2a91c4d8e07b55".to_owned());
        let inside = ProcessInfo { container, inner_pid: Some(7), threads: 3, ..process(812, "nginx -g daemon") };
        let all = [inside, process(13, "bash"), process(2, "")];
        let found = |typed: &str| -> Vec<i32> { picker(&all, typed).shown().iter().map(|e| e.pid).collect() };
        assert_eq!(
            (found(""), found("ROOT nginx"), found("3f2a"), found("bash x")),
            (vec![812, 13], vec![812], vec![812], vec![])
        );
        assert_eq!(picker(&all, "nginx").shown()[0].place, "7 in 3f2a91c4d8e0");
        assert_eq!(picker(&all, "nginx").shown()[0].command, "nginx -g daemon (3 threads)");
        assert_eq!(picker(&all, "c\\x").shown()[0].command, "[c\\x1bm]");
    }

    #[test]
    fn marks_stay_while_one_types_and_go_with_their_process() {
        let all = [process(1, "init"), process(13, "bash"), process(14, "bash")];
        let mut picker = picker(&all, "");
        assert_eq!(picker.chosen(), Ok(vec![1]));
        picker.move_by(5);
        picker.toggle().expect("marked");
        picker.typed.paste("init");
        picker.typed();
        assert_eq!((picker.line, picker.chosen()), (0, Ok(vec![14])));
        picker.refresh(&all[..2], |_| false);
        assert_eq!(picker.chosen(), Ok(vec![1]));
        picker.typed.paste("zz");
        picker.typed();
        assert!(picker.chosen().is_err() && picker.toggle().is_ok());
    }

    #[test]
    fn what_cannot_be_attached_to_says_why() {
        let hindered = ProcessInfo { hindrance: Some("another tracer has it".into()), ..process(5, "gdb") };
        let mut picker = picker(&[hindered, process(99, "ours")], "");
        assert_eq!(picker.toggle(), Err("5 cannot be attached to: another tracer has it.".into()));
        picker.move_by(1);
        assert_eq!(picker.chosen(), Err("99 cannot be attached to: sysview traces it already.".into()));
    }
}
