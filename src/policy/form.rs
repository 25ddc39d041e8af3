//! The forms in which profiles are written, and how to tell them apart.

use super::words::nearest;

/// A way of writing a profile down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// Docker's JSON: names, archMap, includes, excludes.
    Docker,
    /// The OCI runtime specification's `linux.seccomp`.
    Oci,
    /// What a kubelet hands to containerd: OCI's JSON.
    Kubernetes,
    /// Podman's and CRI-O's JSON: Docker's with errors by name.
    Podman,
    /// The Security Profiles Operator's YAML.
    Spo,
    /// systemd's `SystemCallFilter=`, systemd.exec(5).
    Systemd,
    /// minijail's `.policy`, minijail0(5).
    Minijail,
    /// rust-vmm's seccompiler JSON, and Firecracker's.
    Seccompiler,
    /// The program itself, as bubblewrap takes it.
    Bpf,
}

impl Form {
    pub const ALL: [Form; 9] = [
        Form::Docker,
        Form::Oci,
        Form::Kubernetes,
        Form::Podman,
        Form::Spo,
        Form::Systemd,
        Form::Minijail,
        Form::Seccompiler,
        Form::Bpf,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Form::Docker => "docker",
            Form::Oci => "oci",
            Form::Kubernetes => "kubernetes",
            Form::Podman => "podman",
            Form::Spo => "spo",
            Form::Systemd => "systemd",
            Form::Minijail => "minijail",
            Form::Seccompiler => "seccompiler",
            Form::Bpf => "bpf",
        }
    }

    /// One line.
    pub fn about(self) -> &'static str {
        match self {
            Form::Docker => "JSON of `docker run --security-opt seccomp=FILE`",
            Form::Oci => "JSON of linux.seccomp in an OCI runtime's config.json; Docker's own keys are dropped",
            Form::Kubernetes => "JSON of a Localhost profile, as containerd reads it: OCI's",
            Form::Podman => "JSON of Podman and CRI-O: Docker's, with errors by name",
            Form::Spo => "YAML of the Security Profiles Operator",
            Form::Systemd => "SystemCallFilter= of a unit, systemd.exec(5)",
            Form::Minijail => "a policy of minijail0(5)",
            Form::Seccompiler => "JSON of seccompiler and Firecracker",
            Form::Bpf => "the program itself, as `bwrap --seccomp FD` takes it",
        }
    }

    /// The form of this name; `Err`: a sentence with the nearest one.
    pub fn from_name(name: &str) -> Result<Form, String> {
        let names = Form::ALL.map(Form::name);
        Form::ALL.into_iter().find(|form| form.name() == name).ok_or_else(|| {
            let near = nearest(name, names).map(|near| format!("; did you mean {near}?")).unwrap_or_default();
            format!("{name:?} is no form of profiles{near} There are {}", names.join(", "))
        })
    }

    /// Container runtimes read it, and libseccomp makes the program.
    pub fn is_for_containers(self) -> bool {
        matches!(self, Form::Docker | Form::Oci | Form::Kubernetes | Form::Podman | Form::Spo)
    }

    /// The first rule that applies decides, and no libseccomp stands between the rules and the program.
    pub(super) fn is_in_order(self) -> bool {
        matches!(self, Form::Minijail | Form::Seccompiler)
    }

    /// By what stands in a file, and by its name where that leaves a choice.
    pub fn detect(name: &str, bytes: &[u8]) -> Form {
        let file = name.rsplit('/').next().unwrap_or(name).to_ascii_lowercase();
        let Ok(text) = std::str::from_utf8(bytes) else {
            // Every instruction has zeros in it; text in another encoding has none.
            return if bytes.contains(&0) { Form::Bpf } else { Form::Docker };
        };
        let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with(['#', ';']));
        let begins = |word: &str| lines().any(|line| line.starts_with(word));
        if file.ends_with(".bpf") || text.contains('\0') {
            return Form::Bpf;
        }
        if text.trim_start().starts_with('{') && !lines().next().is_some_and(is_policy_line) {
            let has = |key: &str| text.contains(&format!("\"{key}\""));
            return if has("SeccompProfile") && has("spec") {
                Form::Spo
            } else if !has("defaultAction") && (has("filter_action") || has("match_action")) {
                Form::Seccompiler
            } else if has("defaultErrno") || has("errno") {
                Form::Podman
            } else {
                Form::Docker
            };
        }
        let is_unit = [".service", ".socket", ".mount", ".swap"].iter().any(|kind| file.ends_with(kind));
        if begins("SystemCall") || begins("[Service]") || is_unit {
            Form::Systemd
        } else if begins("apiVersion:") || begins("spec:") || begins("defaultAction:") {
            Form::Spo
        } else if file.ends_with(".policy") || lines().next().is_some_and(is_policy_line) {
            Form::Minijail
        } else if lines().next().is_some_and(|line| line.starts_with(['@', '~'])) {
            Form::Systemd
        } else {
            Form::Docker
        }
    }
}

/// `name: expression` or one of minijail's own words.
fn is_policy_line(line: &str) -> bool {
    let word = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let own = ["@include", "@denylist", "@default", "@frequency"];
    // `{ read, write }: 1`, `read[arch=x86_64]: 1`.
    let names = |text: &str| {
        let text = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).unwrap_or(text);
        text.split(',').all(|name| word(name.split('[').next().unwrap_or(name).trim()))
    };
    let mut words = line.split_whitespace();
    let (first, second) = (words.next(), words.next());
    // systemd has a set of this name.
    let systemds = first == Some("@default") && second.is_none_or(|second| second.starts_with('@'));
    own.iter().any(|o| first == Some(o) && !systemds)
        || line.split_once(':').is_some_and(|(name, rest)| names(name.trim()) && !rest.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_told_apart() {
        for (name, text, form) in [
            ("a.json", "{\"defaultAction\": \"SCMP_ACT_ALLOW\"}", Form::Docker),
            ("a.json", "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrno\": \"EPERM\"}", Form::Podman),
            ("a.json", "{\"vmm\": {\"default_action\": \"trap\", \"filter_action\": \"allow\"}}", Form::Seccompiler),
            ("a.yaml", "---\napiVersion: x/v1\n", Form::Spo),
            ("a.policy", "", Form::Minijail),
            ("a", "# x\nread: 1\n", Form::Minijail),
            ("a", "@denylist\nread: 1\n", Form::Minijail),
            ("a", "{ read, write }: 1\n", Form::Minijail),
            ("a", "read[arch=x86_64]: 1\n", Form::Minijail),
            ("a.json", "{\"kind\": \"SeccompProfile\", \"spec\": {\"defaultAction\": \"x\"}}", Form::Spo),
            ("a.socket", "[Socket]\n", Form::Systemd),
            ("unit", "# x\nSystemCallFilter=@basic-io\n", Form::Systemd),
            ("x.service", "[Unit]\n[Service]\n", Form::Systemd),
            ("a", "@system-service ~@mount\n", Form::Systemd),
            ("a.bpf", "abc", Form::Bpf),
            ("a", " \0\0\0", Form::Bpf),
            ("a", "something", Form::Docker),
        ] {
            assert_eq!(Form::detect(name, text.as_bytes()), form, "{name}: {text}");
        }
        assert_eq!(Form::detect("a", &[0xff, 0xfe, 0]), Form::Bpf);
        assert_eq!(Form::detect("a", b"{\xe4}"), Form::Docker, "text in Latin-1, which the reader will refuse");
        assert_eq!(Form::from_name("spo"), Ok(Form::Spo));
        assert!(Form::from_name("kubernets").is_err_and(|e| e.contains("did you mean kubernetes?")));
    }
}
