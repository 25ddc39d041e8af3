//! One call for the Call pane: a line for each argument, its structure fields indented below it, the result last.

use super::value::Value;
use super::{Options, line, result};
use crate::model::CallView;

/// Nesting and lines that a pane has use for; what lies deeper is shown in its parent's text.
const DEPTH_LIMIT: u8 = 6;
const LINE_LIMIT: usize = 500;

/// One line of the Call pane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DetailLine {
    /// 0 for an argument and the result, 1 for a field of an argument, and so on.
    pub depth: u8,
    /// The argument's or field's name, `[0]` for an element, `result`.
    pub label: String,
    /// The register that carries the argument or the result, at depth 0.
    pub register: Option<&'static str>,
    /// The register's content.
    pub raw: Option<u64>,
    /// The decoded value, as in the trace; printable ASCII.
    pub text: String,
}

/// The call's arguments with all that they lead to, then its result if there is one.
pub fn detail(view: &CallView<'_>, options: &Options) -> Vec<DetailLine> {
    let registers = view.arch.arg_registers();
    let mut lines = Vec::new();
    let call = line::call(view, options);
    for arg in &call.args {
        lines.push(DetailLine {
            depth: 0,
            label: arg.name.to_string(),
            register: registers.get(usize::from(arg.index)).copied(),
            raw: call.raw(arg),
            text: arg.value.text(),
        });
        children(&mut lines, &arg.value, 1);
    }
    let mut text = String::new();
    if result::write(&mut text, view, options) {
        let raw = match view.outcome {
            Some(crate::model::Outcome::Returned(n)) => Some(n as u64),
            Some(crate::model::Outcome::Failed(errno)) => Some((-i64::from(errno)) as u64),
            _ => None,
        };
        let register = raw.map(|_| view.arch.special_registers()[1]);
        lines.push(DetailLine { depth: 0, label: "result".into(), register, raw, text });
    }
    lines
}

fn children(lines: &mut Vec<DetailLine>, value: &Value, depth: u8) {
    if depth > DEPTH_LIMIT {
        return;
    }
    match value {
        Value::Struct { fields, .. } => {
            for (name, field) in fields {
                let label = match field {
                    Value::Call { function, .. } if name.is_empty() => (*function).to_string(),
                    _ => name.to_string(),
                };
                child(lines, label, field, depth);
            }
        }
        // A pointer to one number says nothing new below itself.
        Value::Array { items, .. } if items.len() > 1 || matches!(items.first(), Some(Value::Struct { .. })) => {
            for (i, item) in items.iter().enumerate() {
                child(lines, format!("[{i}]"), item, depth);
            }
        }
        Value::Changed(before, after) if matches!(**after, Value::Struct { .. }) => {
            child(lines, "at entry".into(), before, depth);
            child(lines, "at exit".into(), after, depth);
        }
        Value::Commented(value, _) => children(lines, value, depth),
        _ => {}
    }
}

fn child(lines: &mut Vec<DetailLine>, label: String, value: &Value, depth: u8) {
    if lines.len() >= LINE_LIMIT {
        return;
    }
    lines.push(DetailLine { depth, label, register: None, raw: None, text: value.text() });
    children(lines, value, depth + 1);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::{Arch, number};
    use crate::model::{Memory, Outcome, Region};

    fn lines(name: &str, args: [u64; 6], outcome: Outcome, exit: &[u8]) -> Vec<(u8, String, String)> {
        let region =
            Region { addr: 0x2000, true_len: exit.len() as u64, start: 0, len: exit.len() as u32, fault: false };
        let view = CallView {
            arch: Arch::X86_64,
            nr: number(Arch::X86_64, name).expect("a call of x86-64"),
            args: &args,
            ip: 0,
            sp: 0,
            outcome: Some(outcome),
            marks: Default::default(),
            restarts: None,
            entry: Memory::default(),
            exit: Memory { regions: &[region], bytes: exit },
        };
        detail(&view, &Options::default()).into_iter().map(|line| (line.depth, line.label, line.text)).collect()
    }

    #[test]
    fn fields_stand_below_their_argument_and_the_result_last() {
        let mut rusage = vec![0; 144];
        rusage[0] = 5;
        let found = lines("getrusage", [0, 0x2000, 0, 0, 0, 0], Outcome::Returned(0), &rusage);
        let found: Vec<(u8, &str, &str)> = found.iter().map(|(d, l, t)| (*d, l.as_str(), t.as_str())).collect();
        assert_eq!(found[0], (0, "who", "RUSAGE_SELF"));
        assert_eq!(found[1].1, "usage");
        assert_eq!(found[2], (1, "ru_utime", "{tv_sec=5, tv_usec=0}"));
        assert_eq!(found[3], (2, "tv_sec", "5"));
        assert_eq!(found.last(), Some(&(0, "result", "0")));
    }

    #[test]
    fn an_array_has_a_line_for_each_element() {
        let found = lines("pipe", [0x2000, 0, 0, 0, 0, 0], Outcome::Returned(0), &[3, 0, 0, 0, 4, 0, 0, 0]);
        let labels: Vec<&str> = found.iter().map(|(_, label, _)| label.as_str()).collect();
        assert_eq!(labels, ["pipefd", "[0]", "[1]", "result"]);
    }

    #[test]
    fn registers_are_named_and_a_failed_call_keeps_its_raw_result() {
        let args = [7, 0, 0, 0, 0, 0];
        let view = CallView {
            arch: Arch::X86_64,
            nr: number(Arch::X86_64, "close").expect("close"),
            args: &args,
            ip: 0,
            sp: 0,
            outcome: Some(Outcome::Failed(9)),
            marks: Default::default(),
            restarts: None,
            entry: Memory::default(),
            exit: Memory::default(),
        };
        let found = detail(&view, &Options::default());
        assert_eq!((found[0].register, found[0].raw), (Some("rdi"), Some(7)));
        assert_eq!((found[1].register, found[1].raw), (Some("rax"), Some(-9i64 as u64)));
        assert_eq!(found[1].text, "-1 EBADF (Bad file descriptor)");
    }
}
