//! The circumstances under which a profile is judged.

use std::fmt;

use super::form::Form;
use super::runtime::Runtime;
use super::words::{CAPABILITIES, DOCKER_CAPABILITIES, not_among};
use crate::abi::Arch;

/// Under what circumstances a profile is judged; all of it is shown to the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// Capabilities of the bounding set, `CAP_CHOWN`, …
    pub capabilities: Vec<String>,
    /// Kernel version and major revision: (6, 18).
    pub kernel: (u32, u32),
    /// The native architecture of the machine.
    pub arch: Arch,
    /// Who makes the filter; None: the one for whom the profile's form is written.
    pub runtime: Option<Runtime>,
}

impl Context {
    /// A container as `docker run` starts it, with Docker's 14 default capabilities.
    ///
    /// `kernel_release` and `machine` are uname(2)'s words (`6.18.44-amd64`, `x86_64`). A release that cannot be read
    /// counts as 0.0, so that rules with `minKernel` do not apply; an unknown machine counts as the one that this
    /// program was built for.
    pub fn docker(kernel_release: &str, machine: &str) -> Context {
        Context {
            capabilities: DOCKER_CAPABILITIES.map(str::to_owned).to_vec(),
            kernel: kernel_version(kernel_release).unwrap_or((0, 0)),
            arch: match machine {
                "x86_64" => Arch::X86_64,
                "aarch64" => Arch::Aarch64,
                "i386" | "i486" | "i586" | "i686" => Arch::I386,
                _ if cfg!(target_arch = "aarch64") => Arch::Aarch64,
                _ => Arch::X86_64,
            },
            runtime: None,
        }
    }

    /// Who makes the filter of a profile in this form.
    pub fn runtime_for(&self, form: Form) -> Runtime {
        self.runtime.unwrap_or(Runtime::of(form))
    }

    pub fn has(&self, capability: &str) -> bool {
        self.capabilities.iter().any(|c| c == capability)
    }

    /// Docker's word for the machine, as `includes.arches` has it.
    pub(super) fn machine(&self) -> &'static str {
        match self.arch {
            Arch::X86_64 | Arch::X32 => "amd64",
            Arch::I386 => "x86",
            Arch::Aarch64 => "arm64",
        }
    }

    /// The machine as `architectures` has it.
    pub(super) fn native(&self) -> &'static str {
        match self.arch {
            Arch::X86_64 | Arch::X32 => "SCMP_ARCH_X86_64",
            Arch::I386 => "SCMP_ARCH_X86",
            Arch::Aarch64 => "SCMP_ARCH_AARCH64",
        }
    }
}

/// All capabilities, capabilities(7).
pub fn capabilities() -> &'static [&'static str] {
    &CAPABILITIES
}

/// A capability by its name, with or without `CAP_`; `None`: ALL. `Err`: a sentence with the nearest one.
pub fn capability(word: &str) -> Result<Option<&'static str>, String> {
    let upper = word.to_ascii_uppercase();
    let full = if upper.starts_with("CAP_") { upper.clone() } else { format!("CAP_{upper}") };
    match CAPABILITIES.iter().find(|c| **c == full) {
        Some(found) => Ok(Some(found)),
        None if upper == "ALL" => Ok(None),
        None => Err(not_among(word, "capability", &CAPABILITIES)),
    }
}

/// `Docker's 14 default capabilities, Linux 6.18, x86_64`.
impl fmt::Display for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.capabilities.len();
        let dockers = number == DOCKER_CAPABILITIES.len() && DOCKER_CAPABILITIES.iter().all(|c| self.has(c));
        match (dockers, number) {
            (true, _) => write!(f, "Docker's {number} default capabilities")?,
            (_, 0) => write!(f, "no capabilities")?,
            (_, 1) => write!(f, "1 capability")?,
            _ => write!(f, "{number} capabilities")?,
        }
        match self.kernel {
            (0, 0) => write!(f, ", unknown kernel")?,
            (version, revision) => write!(f, ", Linux {version}.{revision}")?,
        }
        write!(f, ", {}", self.arch.name())?;
        match self.runtime {
            Some(runtime) => write!(f, ", under {}", runtime.name()),
            None => Ok(()),
        }
    }
}

/// `6.18.44-amd64` as (6, 18). What follows the second number is ignored, as Docker does.
fn kernel_version(release: &str) -> Option<(u32, u32)> {
    let (kernel, rest) = release.split_once('.')?;
    let major = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    Some((kernel.parse().ok()?, major.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dockers_context() {
        let context = Context::docker("6.18.44+deb-amd64", "x86_64");
        assert_eq!((context.capabilities.len(), context.kernel, context.arch), (14, (6, 18), Arch::X86_64));
        assert!(context.has("CAP_CHOWN") && !context.has("CAP_SYS_ADMIN"));
        assert_eq!(context.to_string(), "Docker's 14 default capabilities, Linux 6.18, x86_64");
        let mut other = Context::docker("Linux", "aarch64");
        other.capabilities.truncate(1);
        assert_eq!(other.to_string(), "1 capability, unknown kernel, aarch64");
        assert_eq!(Context::docker("3.12-rc5", "aarch64").kernel, (3, 12));
        assert_eq!(Context::docker("Linux", "aarch64").kernel, (0, 0));
    }
}
