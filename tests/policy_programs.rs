//! Real programs under the profile that was generated of them: each runs plain, traced, under its own filter installed in
//! the kernel, and under bubblewrap with the same filter; exit status, output and errors must be the same.
//!
//! Programs that are not installed are passed over and named. bubblewrap is left out where it cannot make a namespace; no
//! privilege is needed otherwise. Left out: container runtimes (`policy_runtimes`).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const SYSVIEW: &str = env!("CARGO_BIN_EXE_sysview");

/// What it is called here, the program that must be there, and the command, which runs in a folder of its own.
const PROGRAMS: [(&str, &str, &[&str]); 30] = [
    ("ls", "ls", &["ls", "-ln", "files"]),
    ("cat", "cat", &["cat", "files/a", "no such file"]),
    ("sh", "sh", &["sh", "-c", "cd files && echo $((6 * 7)); exit 3"]),
    ("bash pipeline", "bash", &["bash", "-c", "ls files | sort -r | head -2; wait; exit 4"]),
    (
        "python3",
        "python3",
        &["python3", "-c", "import json, hashlib; print(hashlib.sha256(json.dumps([1]).encode()).hexdigest())"],
    ),
    ("python3 http.server", "python3", &["python3", "serve.py"]),
    ("perl", "perl", &["perl", "-e", "print join(',', map { $_ * 2 } 1..5), qq(\\n)"]),
    ("git status", "git", &["git", "-C", "tree", "status", "--short"]),
    ("cc", "cc", &["cc", "-O1", "-c", "-o", "/dev/null", "main.c"]),
    ("make", "make", &["make", "-s", "-B", "out"]),
    ("find", "find", &["find", "files", "-name", "?", "-newer", "main.c", "-prune"]),
    ("tar", "tar", &["tar", "-tvf", "files.tar", "--numeric-owner"]),
    ("gzip", "gzip", &["gzip", "-n", "-c", "files/a"]),
    ("sort", "sort", &["sort", "-u", "files/a", "files/b"]),
    ("awk", "awk", &["awk", "{ n += NF } END { print n }", "files/a"]),
    ("sed", "sed", &["sed", "s/a/b/g", "files/a"]),
    ("grep -r", "grep", &["grep", "-rn", "alpha", "files"]),
    (
        "sqlite3",
        "sqlite3",
        &["sqlite3", ":memory:", "create table t(a); insert into t values(7); select a * 6 from t;"],
    ),
    ("openssl", "openssl", &["openssl", "dgst", "-sha256", "files/a"]),
    ("curl file://", "curl", &["curl", "-s", "file:///etc/hostname"]),
    ("node", "node", &["node", "-e", "console.log([3, 1, 2].sort().join())"]),
    ("date", "date", &["date", "-u", "-d", "@86400"]),
    ("id", "id", &["id"]),
    ("cp", "cp", &["cp", "-v", "files/a", "/dev/null"]),
    ("xargs", "xargs", &["xargs", "-a", "files/b", "echo", "got"]),
    ("diff", "diff", &["diff", "-u", "--label", "a", "--label", "b", "files/a", "files/b"]),
    ("dd", "dd", &["dd", "if=files/a", "bs=4", "count=2", "status=none"]),
    ("env", "env", &["env", "-i", "A=1", "env"]),
    ("sha256sum", "sha256sum", &["sha256sum", "files/a", "files/b"]),
    ("timeout", "timeout", &["timeout", "60", "true"]),
];

/// One request to a server on this machine's own address, by a thread of the same program.
const SERVE: &str = "
import http.server, threading, urllib.request
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'served ' + self.path.encode())
    def log_message(self, *args):
        pass
server = http.server.HTTPServer(('127.0.0.1', 0), Handler)
thread = threading.Thread(target=server.handle_request)
thread.start()
print(urllib.request.urlopen('http://127.0.0.1:%d/page' % server.server_port).read())
thread.join()
";

/// How often a program is recorded before its profile is made: with threads, no two runs make the same calls.
const RECORDINGS: usize = 2;
const SEVERAL: [&str; 3] = ["python3 http.server", "node", "bash pipeline"];

struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        // A folder of temporary files that was emptied meanwhile is fine too.
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Folder {
    /// What the programs look at.
    fn new() -> Folder {
        let folder = Folder(std::env::temp_dir().join(format!("sysview-programs-{}", std::process::id())));
        fs::create_dir_all(folder.0.join("files")).expect("a folder");
        fs::create_dir_all(folder.0.join("tree")).expect("a folder");
        for (name, text) in [
            ("main.c", "int main(void) { return 0; }\n"),
            ("Makefile", "out: main.c\n\t@echo making; cat main.c | wc -c\n"),
            ("serve.py", SERVE),
            ("files/a", "alpha beta\ngamma\n"),
            ("files/b", "gamma\nalpha\n"),
            ("tree/new", "new\n"),
        ] {
            fs::write(folder.0.join(name), text).expect("written");
        }
        folder.run(&["tar", "-cf", "files.tar", "files"]);
        if installed("git") {
            folder.run(&["git", "init", "-q", "tree"]);
        }
        folder
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).current_dir(&self.0).stdin(Stdio::null()).env("LC_ALL", "C").env("HOME", &self.0);
        command
    }

    fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap_or_else(|e| panic!("{words:?}: {e}"))
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().expect("UTF-8").to_owned()
    }

    /// Under bubblewrap, which reads the filter from a descriptor.
    fn wrapped(&self, filter: &Path, words: &[&str]) -> Output {
        // The shell moves the descriptor to one that bubblewrap is told; Rust's own are closed on exec.
        let script = format!("exec 9<'{}' && exec bwrap --dev-bind / / --seccomp 9 -- \"$@\"", filter.display());
        self.run(&[&["sh", "-c", &script, "sh"], words].concat())
    }
}

fn installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

fn shown(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn programs_run_as_before_under_their_own_profile() {
    let folder = Folder::new();
    let under = folder.path("under");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/policy/under.c");
    let built = Command::new("cc").args(["-O1", "-Wall", "-Wextra", "-o", &under]).arg(source).status();
    assert!(built.expect("cc, which Rust links with").success());
    let wraps = installed("bwrap") && folder.run(&["bwrap", "--dev-bind", "/", "/", "true"]).status.success();
    let (mut same, mut absent) = (0, Vec::new());
    for (at, (name, program, words)) in PROGRAMS.iter().enumerate() {
        if !installed(program) {
            absent.push(*name);
            continue;
        }
        let plain = shown(&folder.run(words));
        let filter = folder.path(&format!("filter-{at}"));
        let mut recordings = Vec::new();
        for again in 0..if SEVERAL.contains(name) { RECORDINGS } else { 1 } {
            let recording = folder.path(&format!("run-{at}-{again}"));
            let traced = folder.run(&[&[SYSVIEW, "record", "-o", &recording, "--"], *words].concat());
            let (status, out, _) = shown(&traced);
            assert_eq!((status, &out), (plain.0, &plain.1), "{name} traced");
            recordings.push(recording);
        }
        let mut generate = vec![SYSVIEW, "profile", "generate", "--format", "bpf", "-o", &filter];
        generate.extend(recordings.iter().map(String::as_str));
        let made = folder.run(&generate);
        assert!(made.status.success(), "{name}: {made:?}");
        let kernel = shown(&folder.run(&[&[under.as_str(), &filter], *words].concat()));
        assert_eq!(kernel, plain, "{name} under its own filter");
        if wraps {
            assert_eq!(shown(&folder.wrapped(Path::new(&filter), words)), plain, "{name} under bubblewrap");
        }
        let size = fs::metadata(&filter).expect("a filter").len() / 8;
        eprintln!(
            "{name:<20} status {:?}, {size} instructions, kernel same, bubblewrap {}",
            plain.0,
            if wraps { "same" } else { "not here" }
        );
        same += 1;
    }
    eprintln!("{same} programs; not installed: {absent:?}");
    assert!(same >= 20, "{same} programs are installed, not {absent:?}");
}
