//! Who turns a profile into a filter: the same JSON means different things to each of them.
//!
//! Two things differ: which keys are read (Docker's own ones are nothing to containerd), and whether runc stands between
//! libseccomp and the kernel, which answers ENOSYS above the highest call number that a profile names. Left out: versions
//! of the runtimes; modelled are those of 2026.

use super::form::Form;
use super::words::not_among;

/// A container engine, a low-level runtime, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Runtime {
    /// Docker's daemon chooses the rules, runc installs them.
    Docker,
    /// Podman chooses the rules, crun installs them.
    Podman,
    /// containerd reads a Localhost profile as OCI's JSON, runc installs it.
    Containerd,
    /// runc installs the rules, whoever chose them.
    Runc,
    /// crun installs the rules, whoever chose them.
    Crun,
    /// libseccomp's program is installed as it is: bubblewrap, systemd, or `--enforce kernel`.
    Kernel,
}

impl Runtime {
    pub const ALL: [Runtime; 6] =
        [Runtime::Docker, Runtime::Podman, Runtime::Containerd, Runtime::Runc, Runtime::Crun, Runtime::Kernel];

    pub fn name(self) -> &'static str {
        match self {
            Runtime::Docker => "docker",
            Runtime::Podman => "podman",
            Runtime::Containerd => "containerd",
            Runtime::Runc => "runc",
            Runtime::Crun => "crun",
            Runtime::Kernel => "kernel",
        }
    }

    /// One line.
    pub fn about(self) -> &'static str {
        match self {
            Runtime::Docker => "Docker's keys are read; runc answers ENOSYS above the highest number named",
            Runtime::Podman => "Podman's keys are read, minKernel is not; crun installs the filter as it is",
            Runtime::Containerd => "includes, excludes, archMap and name are dropped; runc answers ENOSYS above",
            Runtime::Runc => "keys as the form has them; runc answers ENOSYS above the highest number named",
            Runtime::Crun => "keys as the form has them; crun installs the filter as it is",
            Runtime::Kernel => "keys as the form has them; the filter alone, as bubblewrap loads it",
        }
    }

    /// The runtime of this name; `Err`: a sentence with the nearest one.
    pub fn from_name(name: &str) -> Result<Runtime, String> {
        let names = Runtime::ALL.map(Runtime::name);
        Runtime::ALL.into_iter().find(|r| r.name() == name).ok_or_else(|| not_among(name, "runtime", &names))
    }

    /// For whom profiles of this form are written.
    pub fn of(form: Form) -> Runtime {
        match form {
            Form::Docker => Runtime::Docker,
            Form::Podman => Runtime::Podman,
            Form::Kubernetes | Form::Spo => Runtime::Containerd,
            Form::Oci => Runtime::Runc,
            Form::Systemd | Form::Minijail | Form::Seccompiler | Form::Bpf => Runtime::Kernel,
        }
    }

    /// As which form it reads a file of this form.
    pub(super) fn reads(self, form: Form) -> Form {
        match (self, form) {
            (Runtime::Docker, Form::Podman) => Form::Docker,
            (Runtime::Podman, Form::Docker) => Form::Podman,
            (Runtime::Containerd, Form::Docker | Form::Podman) => Form::Kubernetes,
            _ => form,
        }
    }

    /// Whether numbers above every one that the profile names are answered with ENOSYS.
    pub(super) fn is_runc(self) -> bool {
        matches!(self, Runtime::Docker | Runtime::Containerd | Runtime::Runc)
    }

    /// crun refuses an errno beside an action that has none; runc ignores it.
    pub(super) fn is_crun(self) -> bool {
        matches!(self, Runtime::Podman | Runtime::Crun)
    }
}
