//! Looking for processes and containers below a directory that looks like a system.

use std::fs;

use super::*;

const WEB: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const DB: &str = "0123ffff89abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// A directory of its own for each test, gone at its end.
struct Fake {
    system: System,
}

impl Fake {
    fn new(test: &str) -> Fake {
        let root = std::env::temp_dir().join(format!("sysview-find-{}-{test}", std::process::id()));
        fs::create_dir_all(root.join("proc")).unwrap();
        Fake { system: System { root } }
    }

    fn file(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.system.root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn process(&self, pid: i32, comm: &str, cmdline: &str, cgroup: &str) {
        self.file(&format!("proc/{pid}/comm"), format!("{comm}\n"));
        self.file(&format!("proc/{pid}/cmdline"), cmdline);
        self.file(&format!("proc/{pid}/cgroup"), format!("0::{cgroup}\n"));
        let status = format!(
            "Name:\t{comm}\nState:\tS (sleeping)\nTgid:\t{pid}\nPPid:\t1\nTracerPid:\t0\nUid:\t0\t0\t0\t0\n\
             Gid:\t0\t0\t0\t0\nNSpid:\t{pid}\t{}\nKthread:\t0\nThreads:\t2\n",
            pid % 100
        );
        self.file(&format!("proc/{pid}/status"), status);
    }

    fn named(&self, words: &str) -> Result<Vec<i32>, String> {
        self.system.named(words).map_err(|error| error.to_string())
    }

    fn container(&self, words: &str) -> Result<Vec<i32>, String> {
        self.system.container(words).map(|container| container.pids()).map_err(|error| error.to_string())
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.system.root).unwrap();
    }
}

/// Numbers above any that the kernel gives (kernel.pid_max is at most 4 194 304), so that no real process is meant.
fn some_processes(test: &str) -> Fake {
    let fake = Fake::new(test);
    fake.process(5_000_101, "nginx", "nginx: master\0", "/system.slice/nginx.service");
    fake.process(5_000_102, "python3", "/usr/bin/python3\0-m\0http.server\0", &format!("/docker/{WEB}"));
    fake.process(5_000_103, "python3", "python3\0\x1b[2J\0", &format!("/docker/{WEB}/docker/{DB}"));
    fake.process(5_000_104, "a-very-long-nam", "/opt/a-very-long-name\0", "/");
    fake.process(5_000_105, "tmux: server", "tmux\0", "/");
    fake
}

#[test]
fn processes_are_named_by_pid_comm_or_program() {
    let fake = some_processes("named");
    assert_eq!(fake.named("5000101"), Ok(vec![5_000_101]));
    assert_eq!(fake.named("5000101,5000102 5000103\n5000104"), Ok(vec![5_000_101, 5_000_102, 5_000_103, 5_000_104]));
    assert_eq!(fake.named("nginx"), Ok(vec![5_000_101]));
    assert_eq!(fake.named("a-very-long-name"), Ok(vec![5_000_104]));
    assert_eq!(fake.named("a-very-long-nam"), Ok(vec![5_000_104]));
    assert_eq!(fake.named("tmux: server"), Ok(vec![5_000_105]));
    assert_eq!(fake.named("nginx,tmux"), Ok(vec![5_000_101, 5_000_105]));
    // That it exists is for attaching to find out.
    assert_eq!(fake.named("4000000"), Ok(vec![4_000_000]));
    for (words, part) in
        [("", "needs a process"), ("ngin", "No process is named ngin;"), ("99999999999", "no process 9")]
    {
        let error = fake.named(words).unwrap_err();
        assert!(error.contains(part), "{words}: {error}");
    }
}

#[test]
fn a_name_of_several_processes_lists_them() {
    let fake = some_processes("several");
    let error = fake.named("python3").unwrap_err();
    let lines: Vec<&str> = error.lines().collect();
    assert!(lines[0].starts_with("2 processes are named python3; choose by PID, as in `-p 5000102`"), "{error}");
    assert_eq!(lines[1], "  5000102  root      /usr/bin/python3 -m http.server");
    assert!(lines[2].contains("5000103") && lines[2].contains("\\u{1b}[2J") && !error.contains('\x1b'), "{error}");
}

#[test]
fn a_picker_sees_every_process() {
    let fake = some_processes("picker");
    let all = fake.system.processes();
    assert_eq!(all.iter().map(|info| info.pid).collect::<Vec<_>>(), (5_000_101..=5_000_105).collect::<Vec<_>>());
    let python = &all[1];
    assert_eq!((python.comm.as_slice(), python.state, python.threads), (b"python3".as_slice(), 'S', 2));
    assert_eq!(python.argv, [b"/usr/bin/python3".to_vec(), b"-m".to_vec(), b"http.server".to_vec()]);
    assert_eq!((python.user.as_str(), python.inner_pid), ("root", Some(2)));
    assert_eq!((python.container.as_deref(), all[2].container.as_deref()), (Some(WEB), Some(DB)));
    assert_eq!(all[0].container, None);
    assert!(processes().iter().any(|info| info.pid == std::process::id() as i32 && info.hindrance.is_some()));
}

#[test]
fn containers_are_found_by_id_prefix_and_name() {
    let fake = some_processes("containers");
    assert_eq!(fake.container(WEB), Ok(vec![5_000_102, 5_000_103]));
    assert_eq!(fake.container("0123f"), Ok(vec![5_000_103]));
    let error = fake.container("0123").unwrap_err();
    assert!(error.starts_with("2 containers have an ID that begins with 0123; give more of it:"), "{error}");
    assert!(error.contains(WEB) && error.contains(DB), "{error}");
    let error = fake.container("web").unwrap_err();
    assert!(error.contains("docker inspect -f '{{.Id}}' web") && error.contains("crictl ps"), "{error}");
    fake.file(&format!("var/lib/docker/containers/{WEB}/config.v2.json"), "{\"Name\":\"/web\"}");
    let list =
        format!("[{{\"id\":\"{DB}\",\"names\":[\"db\"]}},{{\"id\":\"{}\",\"names\":[\"old\"]}}]", "f".repeat(64));
    fake.file("var/lib/containers/storage/overlay-containers/containers.json", list);
    assert_eq!(fake.container("web"), Ok(vec![5_000_102, 5_000_103]));
    assert_eq!(fake.container("db"), Ok(vec![5_000_103]));
    assert!(fake.container("old").unwrap_err().contains("does not run"));
}

#[test]
fn arguments_end_at_their_nuls() {
    assert_eq!(split_arguments(b"a\0\0b\0"), [b"a".to_vec(), Vec::new(), b"b".to_vec()]);
    assert_eq!(split_arguments(b"title without an end"), [b"title without an end".to_vec()]);
    assert!(split_arguments(b"").is_empty());
}
