//! Co-location: one CPU for tracer and tasks, of which the program sees nothing, and which ends when it should.

use std::time::Duration;

use sysview::capture::{CoLocate, Launch, launch};
use sysview::model::{Outcome, TaskId};
use sysview::source::{Command, End};

use crate::harness::*;

fn located(co_locate: CoLocate, command: &[&str]) -> Launch {
    let mut launch = plan(command);
    launch.tracing.co_locate = co_locate;
    launch
}

/// How many CPUs the task may use, as the kernel tells it.
fn cpus(task: &str) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{task}/status")).expect("a living task");
    let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).expect("a list");
    let range = |range: &str| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        last.parse::<usize>().expect("a CPU") - first.parse::<usize>().expect("a CPU") + 1
    };
    list.trim().split(',').map(range).sum()
}

fn mine() -> usize {
    cpus("thread-self")
}

/// Waits until each of these tasks may use so many CPUs.
fn until_cpus(watch: &Watch, ids: &[u32], wanted: usize) {
    for &id in ids {
        let tid = watch.store.task(TaskId(id)).expect("a task").tid.to_string();
        while cpus(&tid) != wanted {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Whether the tasks 1 and 2 have shown themselves.
fn both(watch: &Watch) -> bool {
    [1, 2].iter().all(|&id| watch.rows().any(|row| row.task == TaskId(id)))
}

#[test]
fn the_program_sees_the_cpus_that_it_would_have_alone() {
    let load = load();
    for co_locate in [CoLocate::On, CoLocate::Auto, CoLocate::Off] {
        let run = collect(launch(located(co_locate, &[&load, "masks", &mine().to_string()])).unwrap());
        assert_eq!(run.end, End::Exited(0), "{co_locate:?}");
        // The row shows what the program got.
        let calls: Vec<_> = (0..run.store.len()).filter_map(|seq| run.store.call(seq)).collect();
        let mut views = calls.iter().map(|call| call.view());
        let asked =
            views.find(|view| sysview::abi::lookup(view.arch, view.nr).is_some_and(|c| c.name == "sched_getaffinity"));
        let asked = asked.expect("the call");
        let Some(Outcome::Returned(len)) = asked.outcome else { panic!("{:?}", asked.outcome) };
        let mask = asked.exit.exact(asked.args[2], len as usize).expect("its memory");
        assert_eq!(mask.iter().map(|byte| byte.count_ones() as usize).sum::<usize>(), mine());
    }
}

#[test]
fn it_is_confined_all_the_same() {
    for (co_locate, cpus) in [(CoLocate::On, 1), (CoLocate::Off, mine())] {
        let run = collect(launch(located(co_locate, &["grep", "Cpus_allowed:", "/proc/self/status"])).unwrap());
        let bits: u32 =
            run.text().chars().skip("Cpus_allowed:".len()).filter_map(|c| c.to_digit(16)).map(u32::count_ones).sum();
        assert_eq!(bits as usize, cpus, "{}", run.text());
    }
}

#[test]
fn whoever_is_let_go_has_its_own_cpus_again() {
    let load = load();
    let mut watch = Watch::new(launch(located(CoLocate::On, &[&load, "chat-procs", "2"])).unwrap());
    watch.until(both);
    until_cpus(&watch, &[0, 1, 2], 1);
    watch.source.control.send(Command::Detach).unwrap();
    watch.until(|watch| watch.detached);
    until_cpus(&watch, &[0, 1, 2], mine());
    watch.source.control.send(Command::Input(b"xx\n".to_vec())).unwrap();
    assert_eq!(watch.until_end(), End::Exited(0));
}

#[test]
fn tasks_that_compute_in_parallel_are_not_confined() {
    let load = load();
    for kind in ["spin-procs", "spin-threads"] {
        let mut watch = Watch::new(launch(located(CoLocate::Auto, &[&load, kind, "2"])).unwrap());
        watch.until(both);
        until_cpus(&watch, &[0, 1, 2], mine());
        watch.source.control.send(Command::Input(b"xx\n".to_vec())).unwrap();
        assert_eq!(watch.until_end(), End::Exited(0));
    }
}

#[test]
fn one_that_only_calls_is_confined_again() {
    let load = load();
    // It is set free while it waits for the line.
    let script = format!("read line; exec {load} chat-procs 1");
    let mut watch = Watch::new(launch(located(CoLocate::Auto, &["/bin/sh", "-c", &script])).unwrap());
    watch.until(|watch| watch.rows().count() > 10);
    until_cpus(&watch, &[0], mine());
    watch.source.control.send(Command::Input(b"go\n".to_vec())).unwrap();
    watch.until(|watch| watch.store.tasks().len() == 2);
    until_cpus(&watch, &[1], 1);
    watch.source.control.send(Command::Input(b"x\n".to_vec())).unwrap();
    assert_eq!(watch.until_end(), End::Exited(0));
}
