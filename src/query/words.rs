//! A filter in plain words, to show how it was read.

use super::expr::{Answer, Compare, Expr, Mark, Subject, Test, duration_text, errno_text, signal_text};

pub(super) fn describe(expr: &Expr) -> String {
    match expr {
        Expr::Everything => "every row".into(),
        _ => format!("rows where {}", part(expr)),
    }
}

fn part(expr: &Expr) -> String {
    match expr {
        Expr::Everything => "anything is true".into(),
        Expr::And(parts) => {
            let parts: Vec<String> = parts
                .iter()
                .map(|p| match p {
                    Expr::Or(_) => format!("({})", part(p)),
                    _ => part(p),
                })
                .collect();
            parts.join(" and ")
        }
        Expr::Or(parts) => parts.iter().map(part).collect::<Vec<_>>().join(", or "),
        Expr::Not(inner) => match &**inner {
            Expr::Test(test) => negated(test).unwrap_or_else(|| format!("not ({})", sentence(test))),
            other => format!("not ({})", part(other)),
        },
        Expr::Test(test) => sentence(test),
    }
}

pub(super) fn sentence(test: &Test) -> String {
    match test {
        Test::Call(name) if name.contains(['*', '?']) => format!("the call's name fits {name}"),
        Test::Call(name) => format!("the call is {name}"),
        Test::Class(class) => format!("the call is in the class {class}"),
        Test::Failed(None) => "the call failed".into(),
        Test::Failed(Some(number)) => match crate::abi::errno(*number) {
            Some((name, text)) => format!("the call failed with {name} ({text})"),
            None => format!("the call failed with error {number}"),
        },
        Test::Result(compare, value) => format!("the result {} {value}", compare.verb()),
        Test::Duration(compare, ns) => {
            let time = duration_text(*ns);
            match compare {
                Compare::Less => format!("the call took less than {time}"),
                Compare::LessOrEqual => format!("the call took at most {time}"),
                Compare::Equal => format!("the call took exactly {time}"),
                Compare::NotEqual => format!("the call did not take {time}"),
                Compare::GreaterOrEqual => format!("the call took at least {time}"),
                Compare::Greater => format!("the call took more than {time}"),
            }
        }
        Test::Bytes(compare, bytes) => format!("the number of bytes that it moved {} {bytes}", compare.verb()),
        Test::Time(compare, ns) => format!("the time {} {}", compare.verb(), duration_text(*ns)),
        Test::Row(compare, row) => format!("the row {} {row}", compare.verb()),
        Test::Pid(pid) => format!("the process is {pid}"),
        Test::Tid(tid) => format!("the thread is {tid}"),
        Test::Tree(pid) => format!("the process is {pid} or descends from it"),
        Test::Task(name) => format!("the task's name contains {name:?}"),
        Test::Fd(-100) => "the directory is the current one (AT_FDCWD)".into(),
        Test::Fd(fd) => format!("the call uses or returns descriptor {fd}"),
        Test::FdUse(fd, generation) => format!("the call uses or returns use {generation} of descriptor {fd}"),
        Test::Opened(row) => format!("the call uses or returns a descriptor of what row {row} opened"),
        Test::Path(pattern) if pattern.contains('/') => {
            format!("a path among the arguments or behind a descriptor fits {pattern}")
        }
        Test::Path(pattern) => {
            format!("the last name of a path among the arguments or behind a descriptor fits {pattern}")
        }
        Test::Cwd(pattern) if pattern.contains('/') => format!("the task's working directory fits {pattern}"),
        Test::Cwd(pattern) => format!("the last name of the task's working directory fits {pattern}"),
        Test::Fits(subject, pattern) => {
            let what = match subject {
                Subject::Path => "a path among the arguments or behind a descriptor",
                Subject::Cwd => "the task's working directory",
                Subject::Task => "the task's name",
                Subject::Text => "the line",
            };
            format!("{what} fits the regular expression {}", pattern.text())
        }
        Test::Argument(test) => test.describe(),
        Test::Signal(None) => "a signal was delivered".into(),
        Test::Signal(Some(number)) => format!("{} was delivered", signal_text(*number)),
        Test::Exec => "a new program began".into(),
        Test::Unfinished => "the call has not come back".into(),
        Test::Marked(Mark::Vdso) => "the vDSO made the call, or it stands in for a function of it".into(),
        Test::Marked(Mark::Injected) => "sysview changed the call".into(),
        Test::Marked(Mark::Delayed) => "sysview made the call wait".into(),
        Test::Marked(Mark::Filtered) => "the program's own seccomp filter answered the call".into(),
        Test::Blocked(None) => "the profile would block the call".into(),
        Test::Blocked(Some(answer)) => format!("the profile would answer {}", answer_text(*answer)),
        Test::Rule(None) => "no rule of the profile decides the call".into(),
        Test::Rule(Some(rule)) => format!("rule {} of the profile decides the call", rule + 1),
        Test::Text(text) => format!("the line contains {text:?}"),
    }
}

/// Where "not (...)" would sound like a machine.
fn negated(test: &Test) -> Option<String> {
    Some(match test {
        Test::Call(name) if !name.contains(['*', '?']) => format!("the call is not {name}"),
        Test::Class(class) => format!("the call is not in the class {class}"),
        Test::Failed(None) => "the call did not fail".into(),
        Test::Failed(Some(number)) => format!("the call did not fail with {}", errno_text(*number)),
        Test::Text(text) => format!("the line does not contain {text:?}"),
        Test::Task(name) => format!("the task's name does not contain {name:?}"),
        Test::Blocked(None) => "the profile would not block the call".into(),
        _ => return None,
    })
}

fn answer_text(answer: Answer) -> String {
    match answer {
        Answer::Errno(None) => "with any error (ERRNO)".into(),
        Answer::Errno(Some(number)) => format!("with the error {}", errno_text(number)),
        other => other.name(),
    }
}
