//! Why the vDSO calls the kernel after all: it answers only what it can compute from the page that the kernel shares.
//! vdso(7), clock_gettime(2).

/// What is said of a call that a function of the vDSO made by itself.
pub fn reason(call: &str, args: [u64; 6]) -> &'static str {
    match call {
        "clock_gettime" | "clock_gettime64" | "clock_getres" => of_clock(args[0] as i32),
        "gettimeofday" | "time" => "the machine's clocksource cannot be read without the kernel",
        "getrandom" => "it was given no state to draw from, or the kernel had none ready",
        _ => "what it asks for is not in the page that the kernel shares",
    }
}

/// Whether the vDSO never answers this itself, whatever the machine: then the call is seen in any case.
pub fn always_calls(call: &str, args: [u64; 6]) -> bool {
    match call {
        "clock_gettime" | "clock_gettime64" | "clock_getres" => !matches!(args[0] as i32, 0 | 1 | 4..=7 | 11),
        _ => false,
    }
}

fn of_clock(clock: i32) -> &'static str {
    match clock {
        2 | 3 => "the time that a process or thread has used is known to the scheduler only",
        8 | 9 => "alarm clocks are not in the page that the kernel shares",
        _ if clock < 0 => "the clock of a process, thread or device is asked for, which only the kernel knows",
        0 | 1 | 4..=7 | 11 => "the machine's clocksource cannot be read without the kernel",
        _ => "there is no such clock in the page that the kernel shares",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_of_the_scheduler_are_told_from_those_of_the_page() {
        let clock = |id: i32| [id as u32 as u64, 0, 0, 0, 0, 0];
        for seen in [2, 3, 8, 9, 10, 99, -2, -6] {
            assert!(always_calls("clock_gettime", clock(seen)), "{seen}");
        }
        for unseen in [0, 1, 4, 5, 6, 7, 11] {
            assert!(!always_calls("clock_gettime", clock(unseen)), "{unseen}");
        }
        assert!(!always_calls("gettimeofday", clock(2)));
        assert!(reason("clock_gettime", clock(2)).contains("scheduler"));
        assert!(reason("clock_getres", clock(9)).contains("alarm"));
        assert!(reason("clock_gettime", clock(-6)).contains("process"));
        assert!(reason("clock_gettime", clock(0)).contains("clocksource"));
    }
}
