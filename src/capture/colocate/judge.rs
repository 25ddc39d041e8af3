//! Which processes share a CPU with the tracer, decided from what was counted in a short window. Pure.
//!
//! Confining helps when stops come often: nobody waits for a sleeping CPU to wake. It harms when tasks would really run at
//! the same time. So a process is confined while there is room for all of it on one CPU, or while the time that it
//! computes between two stops is shorter than what a stop saves; and what is set free because it seemed to run in
//! parallel must then really use more than one CPU.

/// Fewer stops a second than this are not worth a process's freedom, and with that many it may lose it.
const SELDOM_PER_S: u64 = 500;
const OFTEN_PER_S: u64 = 2_000;
/// How long an attempt that did not help is not repeated: at first, and after many.
const PATIENCE_MIN_NS: u64 = 50_000_000;
const PATIENCE_MAX_NS: u64 = 2_000_000_000;
/// Less computing per stop than this is certainly not worth a second CPU.
const TRIFLE_NS: u64 = 3_000;

/// What one process did in a window, and where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Process {
    pub stops: u64,
    /// Its tasks that stopped.
    pub active: usize,
    pub cpu_ns: u64,
    pub confined: bool,
    /// It was set free in the window before to see whether that helps.
    pub tried: bool,
}

/// What was counted since the look before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Window {
    pub wall_ns: u64,
    /// CPU time of the tracer.
    pub tracer_ns: u64,
    /// How long the tracer was ready to run and did not.
    pub waited_ns: u64,
    /// CPU time of processes that ended in the window.
    pub ended_ns: u64,
    /// CPUs that the tasks may use.
    pub cpus: usize,
}

#[derive(Debug)]
pub struct Judge {
    /// What a stop costs more while tracer and task are apart; None until somebody measured it.
    pub saved_ns: Option<u64>,
    /// Processes were set free to see whether they run in parallel.
    trial: bool,
    /// Stops a second of all of them before that.
    rate_before: u64,
    next_trial_ns: u64,
    trial_patience_ns: u64,
    /// Nothing is confined before this time.
    not_before_ns: u64,
    crowd_patience_ns: u64,
}

impl Judge {
    pub fn new(saved_ns: Option<u64>) -> Judge {
        Judge {
            saved_ns,
            trial: false,
            rate_before: 0,
            next_trial_ns: 0,
            trial_patience_ns: PATIENCE_MIN_NS,
            not_before_ns: 0,
            crowd_patience_ns: PATIENCE_MIN_NS,
        }
    }

    /// Whether the next window should be short, because it is likely to end in a change back.
    pub fn is_trying(&self) -> bool {
        self.trial
    }

    /// Whether what a stop saves must be known to judge this window.
    pub fn needs_saving(&self, window: &Window, processes: &[Process]) -> bool {
        self.saved_ns.is_none()
            && is_full(window, processes)
            && rivals(window, processes) > 0
            && processes.iter().any(|p| p.confined && per_stop_ns(p) > TRIFLE_NS)
    }

    /// Changes `confined` of each process to where it should be from now on.
    pub fn judge(&mut self, now_ns: u64, window: &Window, processes: &mut [Process]) {
        let saved_ns = self.saved_ns.unwrap_or(TRIFLE_NS);
        if self.is_crowded(window, processes) {
            // Some other program wants that CPU. The scheduler finds a better one as soon as it may.
            processes.iter_mut().for_each(|process| process.confined = false);
            if now_ns > self.not_before_ns + PATIENCE_MAX_NS {
                self.crowd_patience_ns = PATIENCE_MIN_NS;
            }
            self.not_before_ns = now_ns + self.crowd_patience_ns;
            self.crowd_patience_ns = (self.crowd_patience_ns * 2).min(PATIENCE_MAX_NS);
            return;
        }
        if self.trial {
            self.trial = false;
            let used_ns = window.tracer_ns + window.ended_ns + processes.iter().map(|p| p.cpu_ns).sum::<u64>();
            // Waking CPUs up takes CPU time too: more of it is no gain if less comes out.
            let worth_it = used_ns > window.wall_ns && rate_per_s(window, processes) * 5 >= self.rate_before * 4;
            for process in processes.iter_mut().filter(|process| process.tried) {
                process.tried = false;
                process.confined |= !worth_it;
            }
            if worth_it {
                // Others may be worth it too.
                self.trial_patience_ns = PATIENCE_MIN_NS;
            } else {
                self.next_trial_ns = now_ns + self.trial_patience_ns;
                self.trial_patience_ns = (self.trial_patience_ns * 2).min(PATIENCE_MAX_NS);
                return;
            }
        }
        let rivals = rivals(window, processes) as u64;
        let try_apart = is_full(window, processes) && rivals > 0 && now_ns >= self.next_trial_ns;
        let mut room_ns = window.wall_ns * 7 / 8;
        room_ns = room_ns.saturating_sub(window.tracer_ns + window.ended_ns);
        for process in processes.iter_mut().filter(|process| process.confined) {
            if process.stops < stops_in(window, SELDOM_PER_S) {
                process.confined = false;
            } else if try_apart && per_stop_ns(process) * rivals > saved_ns {
                (process.confined, process.tried) = (false, true);
                self.trial = true;
            } else {
                room_ns = room_ns.saturating_sub(process.cpu_ns);
            }
        }
        if self.trial {
            self.rate_before = rate_per_s(window, processes);
            return;
        }
        if now_ns < self.not_before_ns {
            return;
        }
        for process in processes.iter_mut().filter(|process| !process.confined) {
            let trifle = per_stop_ns(process) * rivals.max(1) * 2 < saved_ns;
            if process.stops >= stops_in(window, OFTEN_PER_S).max(1) && (process.cpu_ns <= room_ns || trifle) {
                process.confined = true;
                room_ns = room_ns.saturating_sub(process.cpu_ns);
            }
        }
    }

    /// Whether the tracer stood in line for its CPU although what it traces left room on it.
    fn is_crowded(&self, window: &Window, processes: &[Process]) -> bool {
        window.waited_ns > window.wall_ns / 3 && seems_crowded(window, processes)
    }
}

/// Whether what is confined left room on its CPU. Either it slept, or it could not get the CPU.
pub fn seems_crowded(window: &Window, processes: &[Process]) -> bool {
    processes.iter().any(|process| process.confined)
        && window.wall_ns.saturating_sub(used_together_ns(window, processes)) > window.wall_ns / 3
}

fn stops_in(window: &Window, per_s: u64) -> u64 {
    (u128::from(window.wall_ns) * u128::from(per_s) / 1_000_000_000) as u64
}

fn rate_per_s(window: &Window, processes: &[Process]) -> u64 {
    let stops: u64 = processes.iter().map(|process| process.stops).sum();
    (u128::from(stops) * 1_000_000_000 / u128::from(window.wall_ns.max(1))) as u64
}

fn per_stop_ns(process: &Process) -> u64 {
    process.cpu_ns / process.stops.max(1)
}

/// CPU time used on the one CPU, so far as it is known.
fn used_together_ns(window: &Window, processes: &[Process]) -> u64 {
    window.tracer_ns + processes.iter().filter(|p| p.confined).map(|p| p.cpu_ns).sum::<u64>()
}

/// Whether the one CPU had hardly a moment to spare.
fn is_full(window: &Window, processes: &[Process]) -> bool {
    used_together_ns(window, processes) + window.ended_ns > window.wall_ns * 7 / 8
}

/// How many more tasks could run at the same time as one of the confined does.
fn rivals(window: &Window, processes: &[Process]) -> usize {
    let busy = |p: &Process| if p.cpu_ns > window.wall_ns / 16 { p.active.max(1) } else { p.active };
    let active: usize = processes.iter().map(busy).sum();
    active.min(window.cpus).saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    fn window(tracer_ns: u64) -> Window {
        Window { wall_ns: 10 * MS, tracer_ns, cpus: 2, ..Window::default() }
    }

    fn process(confined: bool, stops: u64, cpu_ns: u64) -> Process {
        Process { stops, active: usize::from(stops > 0), cpu_ns, confined, tried: false }
    }

    fn judged(judge: &mut Judge, now_ns: u64, window: &Window, processes: &[Process]) -> Vec<bool> {
        let mut processes = processes.to_vec();
        processes.iter_mut().for_each(|process| process.tried = judge.trial && !process.confined);
        judge.judge(now_ns, window, &mut processes);
        processes.iter().map(|process| process.confined).collect()
    }

    #[test]
    fn one_busy_process_is_confined_and_stays_so() {
        let mut judge = Judge::new(None);
        // Apart, both spend most of their time waiting for each other.
        assert_eq!(judged(&mut judge, 0, &window(MS), &[process(false, 200, MS)]), [true]);
        assert_eq!(judged(&mut judge, 0, &window(5 * MS), &[process(true, 4000, 5 * MS)]), [true]);
        let full = [process(true, 4000, 5 * MS)];
        assert!(!judge.needs_saving(&window(5 * MS), &full), "there is nobody that it could run beside");
    }

    #[test]
    fn a_quiet_one_is_set_free_and_left_free() {
        let mut judge = Judge::new(None);
        for stops in [0, 3] {
            assert_eq!(judged(&mut judge, 0, &window(0), &[process(true, stops, 9 * MS)]), [false]);
            assert_eq!(judged(&mut judge, 0, &window(0), &[process(false, stops, 9 * MS)]), [false]);
        }
    }

    #[test]
    fn two_that_compute_in_parallel_are_set_free() {
        let mut judge = Judge::new(None);
        let together = [process(true, 50, 5 * MS), process(true, 50, 5 * MS)];
        assert!(judge.needs_saving(&window(MS / 10), &together));
        judge.saved_ns = Some(50_000);
        assert_eq!(judged(&mut judge, 0, &window(MS / 10), &together), [false, false]);
        assert!(judge.is_trying());
        // Both really ran: they stay free.
        let apart = [process(false, 100, 9 * MS), process(false, 100, 9 * MS)];
        for round in 1..20 {
            assert_eq!(judged(&mut judge, round * 10 * MS, &window(MS), &apart), [false, false]);
        }
    }

    #[test]
    fn two_that_only_take_turns_come_back_and_are_tried_less_and_less() {
        let mut judge = Judge::new(Some(4_000));
        let mut trials = 0;
        let mut free = false;
        for round in 0..1000 {
            let (window, each) = if free { (window(MS), 3 * MS) } else { (window(3 * MS), 7 * MS / 2) };
            let now =
                judged(&mut judge, round * 10 * MS, &window, &[process(!free, 200, each), process(!free, 200, each)]);
            trials += usize::from(!free && !now[0]);
            free = !now[0];
        }
        assert!((4..12).contains(&trials), "{trials} trials in 10 s");
    }

    #[test]
    fn cpu_time_that_only_wakes_cpus_is_no_gain() {
        let mut judge = Judge::new(Some(1_000));
        let together = [process(true, 1000, 3 * MS), process(true, 1000, 3 * MS)];
        assert_eq!(judged(&mut judge, 0, &window(3 * MS), &together), [false, false]);
        // More CPU time than one CPU has, and far fewer stops.
        let apart = [process(false, 100, 4 * MS), process(false, 100, 4 * MS)];
        assert_eq!(judged(&mut judge, 10 * MS, &window(5 * MS), &apart), [true, true]);
        assert!(!judge.is_trying());
    }

    #[test]
    fn chatter_stays_together_whatever_there_is_of_it() {
        let mut judge = Judge::new(Some(50_000));
        let many = [process(true, 1000, 2 * MS); 4];
        assert_eq!(judged(&mut judge, 0, &window(3 * MS), &many), [true; 4]);
        // Even when waking up costs so much CPU time that it looks like work.
        let apart = [process(false, 200, 3 * MS); 4];
        assert_eq!(judged(&mut judge, 0, &window(6 * MS), &apart), [true; 4]);
    }

    #[test]
    fn of_a_mixture_only_the_chatter_is_confined() {
        let mut judge = Judge::new(Some(20_000));
        let apart = [process(false, 20, 10 * MS), process(false, 500, 2 * MS)];
        assert_eq!(judged(&mut judge, 0, &window(MS), &apart), [false, true]);
        let together = [process(true, 30, 7 * MS), process(true, 500, 2 * MS)];
        assert_eq!(judged(&mut judge, 0, &window(MS), &together), [false, true]);
    }

    #[test]
    fn a_cpu_that_somebody_else_uses_is_left_for_a_while() {
        let mut judge = Judge::new(None);
        let crowded = Window { waited_ns: 5 * MS, ..window(MS) };
        let busy = [process(true, 1000, 2 * MS)];
        assert_eq!(judged(&mut judge, 0, &crowded, &busy), [false]);
        assert_eq!(judged(&mut judge, MS, &window(MS), &[process(false, 1000, 2 * MS)]), [false]);
        assert_eq!(judged(&mut judge, 60 * MS, &window(MS), &[process(false, 1000, 2 * MS)]), [true]);
        // Waiting for one another is no crowd.
        let turns = Window { waited_ns: 5 * MS, ..window(4 * MS) };
        assert_eq!(judged(&mut judge, 70 * MS, &turns, &[process(true, 4000, 6 * MS)]), [true]);
    }
}
