//! Profiles that come with the program.

use super::Profile;

/// A profile that comes with the program, to be parsed with [`builtin`].
#[derive(Debug, Clone)]
pub struct Builtin {
    pub name: &'static str,
    /// One line.
    pub summary: &'static str,
    /// Whose it is, and of which date.
    pub source: &'static str,
    text: &'static str,
}

const BUILTINS: [Builtin; 4] = [
    Builtin {
        name: "docker-default",
        summary: "what `docker run` applies when nothing else is asked for",
        source: "Docker's default of 2026-06-30, as facts",
        text: include_str!("../../assets/profiles/docker-default.json"),
    },
    Builtin {
        name: "podman-default",
        summary: "what `podman run` and CRI-O apply when nothing else is asked for",
        source: "Podman's default of 2026-04-01, as facts",
        text: include_str!("../../assets/profiles/podman-default.json"),
    },
    Builtin {
        name: "system-service",
        summary: "systemd's @system-service with EPERM for the rest",
        source: "systemd.exec(5) of systemd 252, 2022-10-31",
        text: include_str!("../../assets/profiles/system-service.conf"),
    },
    Builtin {
        name: "strict-io",
        summary: "read, write and the end of the program: the calls of SECCOMP_MODE_STRICT",
        source: "seccomp(2), 2026-11-25",
        text: include_str!("../../assets/profiles/strict-io.json"),
    },
];

/// All of them, in the order in which they are offered.
pub fn builtins() -> &'static [Builtin] {
    &BUILTINS
}

/// The built-in profile of this name.
pub fn builtin(name: &str) -> Option<Profile> {
    let found = BUILTINS.iter().find(|b| b.name == name)?;
    // A test parses every one of them.
    Profile::parse(found.text, found.name).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_builtin_parses_without_a_warning() {
        for found in builtins() {
            let profile = Profile::parse(found.text, found.name).unwrap_or_else(|e| panic!("{e}"));
            assert_eq!(profile.warnings(), [], "{}", found.name);
            assert_eq!(builtin(found.name).map(|p| p.rules().len()), Some(profile.rules().len()));
        }
        assert!(builtin("docker").is_none());
    }
}
