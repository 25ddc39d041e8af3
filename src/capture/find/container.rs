//! Containers as control groups show them: which containers a process is in, and which container somebody means.
//!
//! Every runtime puts a container's processes into a control group whose path holds the container's ID of 64 hexadecimal
//! digits: `docker-ID.scope`, `/docker/ID`, `libpod-ID.scope`, `cri-containerd-ID.scope`, `crio-ID.scope`,
//! `kubepods…/podUID/ID`. Text in, values out. cgroups(7), proc_pid_cgroup(5). Left out: names (`runtime`).

/// Hexadecimal digits of a container's ID.
const ID_DIGITS: usize = 64;

/// The containers that a process is in, the outermost first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Membership {
    pub ids: Vec<String>,
    /// UIDs of Kubernetes pods, with dashes.
    pub pods: Vec<String>,
}

impl Membership {
    /// From the text of /proc/PID/cgroup: `0::/system.slice/docker-….scope`, on version 1 one line a hierarchy.
    pub fn parse(cgroup: &str) -> Membership {
        let mut found = Membership::default();
        for line in cgroup.lines() {
            let path = line.splitn(3, ':').nth(2).unwrap_or_default();
            for segment in path.split('/') {
                // Podman's and CRI-O's monitors have control groups named after the container that they watch from outside.
                if !segment.contains("conmon") {
                    push(&mut found.ids, container(segment));
                }
                push(&mut found.pods, pod(segment));
            }
        }
        found
    }

    /// The container itself, not one that it is nested in.
    pub fn innermost(&self) -> Option<&str> {
        self.ids.last().map(String::as_str)
    }

    pub fn is_in(&self, choice: &Choice) -> bool {
        match choice {
            Choice::Container(id) => self.ids.contains(id),
            Choice::Pod(uid) => self.pods.contains(uid),
        }
    }
}

fn push(list: &mut Vec<String>, found: Option<String>) {
    if let Some(found) = found
        && !list.contains(&found)
    {
        list.push(found);
    }
}

/// The ID at the end of a control group's name.
fn container(segment: &str) -> Option<String> {
    let name = segment.strip_suffix(".scope").or_else(|| segment.strip_suffix(".service")).unwrap_or(segment);
    let start = name.len().checked_sub(ID_DIGITS)?;
    let id = name.get(start..).filter(|id| id.bytes().all(|b| b.is_ascii_hexdigit()))?;
    let stands_alone = name[..start].bytes().next_back().is_none_or(|b| matches!(b, b'-' | b':' | b'_'));
    stands_alone.then(|| id.to_ascii_lowercase())
}

/// `kubepods-burstable-pod0123abcd_….slice`, `pod0123abcd-…`; static pods have 32 digits and nothing between them.
fn pod(segment: &str) -> Option<String> {
    let name = segment.split(':').next().unwrap_or(segment);
    let name = name.strip_suffix(".slice").unwrap_or(name);
    let name = if name.starts_with("kubepods") { name.rsplit('-').find(|part| part.starts_with("pod"))? } else { name };
    // With the systemd driver the UID's own dashes are underscores, so that none but those of systemd is left.
    uid(name.strip_prefix("pod")?)
}

/// A pod's UID in its usual form, if it is one.
fn uid(text: &str) -> Option<String> {
    let text = text.replace('_', "-").to_ascii_lowercase();
    let parts: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    let hex = parts.iter().all(|part| part.bytes().all(|b| b.is_ascii_hexdigit()));
    (hex && (lengths == [8, 4, 4, 4, 12] || lengths == [32])).then_some(text)
}

/// What somebody means by an ID.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    Container(String),
    Pod(String),
}

/// Why an ID means nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unclear {
    /// No container or pod of this ID runs.
    None,
    /// The prefix fits all of these.
    Several(Vec<String>),
}

/// Which of the running containers and pods somebody means: a whole ID, the beginning of one, a pod's UID.
pub fn choose(words: &str, running: &[Membership]) -> Result<Choice, Unclear> {
    let pods = || running.iter().flat_map(|member| &member.pods);
    if let Some(uid) = uid(words.strip_prefix("pod").unwrap_or(words))
        && pods().any(|pod| *pod == uid)
    {
        return Ok(Choice::Pod(uid));
    }
    let prefix = words.to_ascii_lowercase();
    if prefix.is_empty() || !prefix.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(Unclear::None);
    }
    let mut fitting: Vec<&String> =
        running.iter().flat_map(|member| &member.ids).filter(|id| id.starts_with(&prefix)).collect();
    fitting.sort_unstable();
    fitting.dedup();
    match fitting[..] {
        [] => Err(Unclear::None),
        [id] => Ok(Choice::Container(id.clone())),
        _ => Err(Unclear::Several(fitting.into_iter().cloned().collect())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    const B: &str = "0123ffff89abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    const UID: &str = "11111111-2222-3333-4444-555555555555";

    fn ids(path: &str) -> Vec<String> {
        Membership::parse(&format!("0::{path}\n")).ids
    }

    #[test]
    fn every_runtimes_control_groups_are_known() {
        for path in [
            format!("/system.slice/docker-{A}.scope"),
            format!("/docker/{A}"),
            format!("/docker/{A}/init.scope"),
            format!("/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{A}.scope/container"),
            format!("/libpod_parent/libpod-{A}"),
            format!("/machine.slice/libpod-payload-{A}"),
            format!("/system.slice/containerd.service/kubepods-besteffort-podx.slice:cri-containerd:{A}"),
            format!("/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podx.slice/cri-containerd-{A}.scope"),
            format!("/kubepods.slice/kubepods-podx.slice/crio-{A}.scope"),
            format!("/../{A}"),
        ] {
            assert_eq!(ids(&path), [A], "{path}");
        }
        for path in [
            "/".to_owned(),
            "/user.slice/session-1.scope".to_owned(),
            format!("/system.slice/x{A}"),
            format!("/machine.slice/libpod-conmon-{A}.scope"),
            format!("/{}", &A[..32]),
            format!("/é{A}")[..40].to_owned(),
        ] {
            assert!(ids(&path).is_empty(), "{path}");
        }
    }

    #[test]
    fn version_1_names_a_container_in_every_hierarchy_once() {
        let text = format!("11:memory:/docker/{A}\n10:cpu,cpuacct:/docker/{A}\n1:name=systemd:/docker/{A}\n0::/\n");
        assert_eq!(Membership::parse(&text).ids, [A]);
    }

    #[test]
    fn pods_have_a_uid_in_either_spelling() {
        let systemd = UID.replace('-', "_");
        for path in [
            format!("/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{systemd}.slice/crio-{A}.scope"),
            format!("/kubepods.slice/kubepods-pod{systemd}.slice/cri-containerd-{A}.scope"),
            format!("/kubepods/besteffort/pod{UID}/{A}"),
            format!("/system.slice/containerd.service/kubepods-besteffort-pod{systemd}.slice:cri-containerd:{A}"),
        ] {
            let member = Membership::parse(&format!("0::{path}"));
            assert_eq!((member.pods.as_slice(), member.innermost()), ([UID.to_owned()].as_slice(), Some(A)), "{path}");
        }
        let of_a_file = Membership::parse("0::/kubepods/pod0123456789abcdef0123456789abcdef/x");
        assert_eq!(of_a_file.pods, ["0123456789abcdef0123456789abcdef"]);
        assert!(Membership::parse("0::/podman/pod-of-whales").pods.is_empty());
    }

    #[test]
    fn an_id_its_beginning_or_a_pod_is_meant() {
        let member = |path: String| Membership::parse(&format!("0::{path}"));
        let running = [
            member(format!("/docker/{A}")),
            member(format!("/docker/{A}/docker/{B}")),
            member(format!("/kubepods/pod{UID}/{B}")),
        ];
        assert_eq!(choose(A, &running), Ok(Choice::Container(A.into())));
        assert_eq!(choose("01234567", &running), Ok(Choice::Container(A.into())));
        assert_eq!(choose("0123F", &running), Ok(Choice::Container(B.into())));
        assert_eq!(choose("0123", &running), Err(Unclear::Several(vec![A.into(), B.into()])));
        assert_eq!(choose("0", &running), Err(Unclear::Several(vec![A.into(), B.into()])));
        assert_eq!(choose("", &running), Err(Unclear::None));
        assert_eq!(choose("web", &running), Err(Unclear::None));
        assert_eq!(choose(UID, &running), Ok(Choice::Pod(UID.into())));
        assert_eq!(choose(&format!("pod{UID}"), &running), Ok(Choice::Pod(UID.into())));
        // Whoever means the outer one means what runs in it as well.
        assert!(running[1].is_in(&Choice::Container(A.into())) && running[1].innermost() == Some(B));
        assert!(!running[0].is_in(&Choice::Pod(UID.into())));
    }
}
