//! What thresholds, alignment and both forms of a comparison say.

use super::*;

fn count(calls: u64, errors: u64, time_ns: u64) -> Count {
    Count { calls, errors, time_ns }
}

fn process(parent: Option<usize>, comm: &str, calls: u64) -> Process {
    Process { parent, comm: comm.into(), count: count(calls, 0, 0), seen: true }
}

fn runs() -> Comparison {
    let mut a = Sums::default();
    a.total = count(100, 4, 1_000_000);
    a.calls = [("read".into(), count(90, 0, 900_000)), ("fork".into(), count(10, 4, 100_000))].into();
    a.errors = [(("fork".into(), 11), 4)].into();
    a.paths = [(b"/old".to_vec(), 1), (b"/both".to_vec(), 1)].into();
    let mut b = Sums::default();
    b.total = count(110, 4, 1_300_000);
    b.calls = [("read".into(), count(90, 2, 1_000_000)), ("clone".into(), count(20, 2, 300_000))].into();
    b.errors = [(("clone".into(), 11), 2), (("read".into(), 4), 2)].into();
    b.paths = [(b"/new\n".to_vec(), 3), (b"/both".to_vec(), 5)].into();
    Comparison::new(&a, &b)
}

fn passed(threshold: &str) -> Option<String> {
    let read: Threshold = threshold.parse().unwrap_or_else(|error| panic!("{threshold}: {error}"));
    assert_eq!(read.to_string().parse(), Ok(read.clone()), "{threshold}");
    read.passed(&runs())
}

#[test]
fn thresholds_are_passed_by_what_they_name() {
    assert_eq!(passed("new-calls").as_deref(), Some("clone"));
    assert_eq!(passed("gone-calls").as_deref(), Some("fork"));
    assert_eq!(passed("new-errors").as_deref(), Some("clone EAGAIN, read EINTR"));
    assert_eq!(passed("new-paths").as_deref(), Some("/new\\n"));
    assert_eq!(passed("gone-paths").as_deref(), Some("/old"));
    assert_eq!(passed("new-processes"), None);
    assert_eq!(passed("calls+10%"), None);
    assert_eq!(passed("calls+9.5%").as_deref(), Some("100 became 110"));
    assert_eq!((passed("calls+10"), passed("calls+9").is_some()), (None, true));
    assert_eq!(passed("errors+0%"), None);
    assert_eq!(passed("read:errors+1").as_deref(), Some("0 became 2"));
    assert_eq!(passed("clone:calls+100%").as_deref(), Some("0 became 20"));
    assert_eq!((passed("time+300us"), passed("time+0.2ms").is_some()), (None, true));
    assert_eq!((passed("time+30%"), passed("open:calls+0%")), (None, None));
}

#[test]
fn what_is_no_threshold_is_told_what_is() {
    for wrong in ["", "new", "calls", "calls+", "calls+x", "calls+-1", "time+5", ":calls+1", "calls+nan%", "reads+1%"] {
        let error = wrong.parse::<Threshold>().expect_err(wrong);
        assert!(error.contains("new-calls") && error.contains("20ms"), "{wrong}: {error}");
    }
}

#[test]
fn processes_are_aligned_by_command_and_order_below_their_parent() {
    let a = [process(None, "make", 1), process(Some(0), "sh", 2), process(Some(1), "cc", 3), process(Some(0), "sh", 4)];
    let b = [
        process(None, "make", 1),
        process(Some(0), "sh", 2),
        process(Some(0), "sh", 5),
        process(Some(2), "ld", 6),
        process(Some(1), "cc", 3),
    ];
    let pairs = align::align(&a, &b);
    let calls = |count: Option<Count>| count.map_or("-".into(), |count| count.calls.to_string());
    let shown = |p: &Pair| {
        let comm = String::from_utf8_lossy(&p.comm);
        format!("{} {comm} {} {} {}", p.depth, p.ordinal, calls(p.count.a), calls(p.count.b))
    };
    let shown: Vec<String> = pairs.iter().map(shown).collect();
    assert_eq!(shown, ["0 make 1 1 1", "1 sh 1 2 2", "2 cc 1 3 3", "1 sh 2 4 5", "2 ld 1 - 6"]);
}

#[test]
fn text_says_what_differs_and_json_all() {
    let runs = runs();
    let said = text(&runs, "one", "two");
    for line in ["+ clone", "- fork", "~ read", "+ clone EAGAIN", "- /old", "+ /new\\n  (3 times)"] {
        assert!(said.lines().any(|said| said.starts_with(line)), "{line} in\n{said}");
    }
    assert!(!said.contains("/both"), "{said}");
    let all: serde_json::Value =
        serde_json::from_str(&json(&runs, "one", "two", &[("calls+1%".into(), "more".into())])).expect("JSON");
    assert_eq!(all["total"]["b"]["calls"], 110);
    assert_eq!(all["calls"][0]["name"], "clone");
    assert!(all["calls"][0]["a"].is_null() && all["calls"][1]["b"].is_null());
    assert_eq!(all["paths"][1]["path"], "/new\n");
    assert_eq!(all["passed"][0]["threshold"], "calls+1%");
    let same = Comparison::new(&Sums::default(), &Sums::default());
    assert!(same.is_same() && text(&same, "one", "two").contains("The same calls"));
}
