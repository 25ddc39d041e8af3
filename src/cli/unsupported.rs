//! strace's options that sysview does not have, each with the way in which it does the same, or why it need not.

/// strace's `--decode-pids=pidns`.
pub const PIDNS: &str = "the screen names the task that a PID means, whatever its namespace";

const STACKS: &str = "the call pane of `sysview -- COMMAND` names the library and the place that a call comes from";

/// Option by letter and by name, and what to do instead: a clause.
const INSTEAD: &[(&str, &str, &str)] = &[
    ("-b", "--detach-on", "to leave programs that are executed alone, --no-follow traces the first task only"),
    ("-D", "--daemonize", "sysview is always the parent of what it starts"),
    ("-F", "", "-f means the same, and is the default"),
    ("-I", "--interruptible", "^C goes to the program; a SIGTERM ends sysview and the program at any time"),
    ("-k", "--stack-traces", STACKS),
    ("-O", "--summary-syscall-overhead", "what tracing adds is measured, and shown beside times on the screen"),
    ("-V", "", "--version prints the version"),
    ("", "--pidns-translation", PIDNS),
    ("", "--kvm", "exits of virtual CPUs are not decoded"),
    ("", "--tips", "`sysview --tour first-steps -- bash` is a guided tour"),
    ("", "--seccomp-bpf", "it is the default with -e trace=; --no-call-filter turns it off"),
    ("", "--stack-trace", STACKS),
    ("", "--syscall-limit", "`| head` ends the log, and the program goes on"),
    ("", "--always-show-pid", "-o FILE has the number of the task on every line"),
    ("", "--secontext", "security contexts are not looked up; `ls -Z` and `ps -Z` show them"),
];

/// What to do instead of an option, as the user wrote it: `-k`, `--stack-traces=symbol`.
pub fn instead(option: &str) -> Option<&'static str> {
    let name = option.split('=').next().unwrap_or(option);
    INSTEAD.iter().find(|(short, long, _)| (*short == name || *long == name) && !name.is_empty()).map(|entry| entry.2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_known_by_letter_and_name() {
        assert_eq!(instead("-k"), instead("--stack-traces=source"));
        assert!(instead("--tips").is_some_and(|text| text.contains("--tour")));
        assert_eq!(instead("--nothing"), None);
        assert_eq!(instead(""), None);
    }
}
