//! What calls are for and what their errors usually mean, in words for somebody who sees them for the first time.
//!
//! The words stand in `assets/explain/*.toml`, one file a family:
//! ```toml
//! [openat]                       # the kernel's name
//! summary = "Opens a file ..."   # one sentence, at most 140 characters
//! man = "open(2)"                # left out where the page has the call's own name in section 2
//! aliases = ["openat64"]         # other names, mostly of 32-bit ABIs, that the same words fit
//! related = ["open", "close"]
//! errors.ENOENT = "..."          # what it usually means for this call, and whether to worry
//! ```
//! `errors.toml` has the general meaning of each errno and `harmless.toml` the failures that mean nothing, by path.
//! Left out: strerror(3)'s text, which `decode` prints with every error.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::glob;

/// The words on one call.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Explain {
    /// What the call is for, one sentence.
    pub summary: String,
    #[serde(default)]
    man: Option<String>,
    #[serde(default)]
    aliases: Vec<String>,
    /// Calls that do something similar or belong to it.
    #[serde(default)]
    pub related: Vec<String>,
    #[serde(default)]
    errors: HashMap<String, String>,
}

impl Explain {
    /// The manual page, `stat(2)`; None where it has the call's own name in section 2.
    pub fn man(&self) -> Option<&str> {
        self.man.as_deref()
    }

    /// The errors of which there is more to say than in general, by name, each with what it usually means here.
    pub fn errors(&self) -> Vec<(&str, &str)> {
        let mut errors: Vec<(&str, &str)> = self.errors.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        errors.sort_unstable();
        errors
    }

    /// What an errno usually means for this call, if there is more to say than in general.
    pub fn error(&self, errno: &str) -> Option<&str> {
        self.errors.get(errno).map(String::as_str)
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Harmless {
    call: String,
    path: String,
    errno: String,
    text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct General {
    general: HashMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HarmlessFile {
    harmless: Vec<Harmless>,
}

struct Words {
    calls: HashMap<String, Explain>,
    /// Alias to name.
    aliases: HashMap<String, String>,
    general: HashMap<String, String>,
    harmless: Vec<Harmless>,
}

macro_rules! family {
    ($name:literal) => {
        ($name, include_str!(concat!("../../assets/explain/", $name, ".toml")))
    };
}

const FAMILIES: [(&str, &str); 13] = [
    family!("files"),
    family!("names"),
    family!("metadata"),
    family!("memory"),
    family!("process"),
    family!("signals"),
    family!("time"),
    family!("waiting"),
    family!("network"),
    family!("ipc"),
    family!("security"),
    family!("mounts"),
    family!("system"),
];

static WORDS: LazyLock<Words> = LazyLock::new(|| load().unwrap_or_else(|wrong| panic!("{wrong}")));

/// The files are part of the program and a test reads them all, so a wrong one never gets as far as a user.
fn load() -> Result<Words, String> {
    let mut words =
        Words { calls: HashMap::new(), aliases: HashMap::new(), general: HashMap::new(), harmless: Vec::new() };
    for (file, text) in FAMILIES {
        let calls: HashMap<String, Explain> =
            toml::from_str(text).map_err(|e| format!("assets/explain/{file}.toml: {e}"))?;
        for (name, explain) in calls {
            for alias in &explain.aliases {
                if words.aliases.insert(alias.clone(), name.clone()).is_some() {
                    return Err(format!("assets/explain/{file}.toml: {alias} is explained twice"));
                }
            }
            if words.calls.insert(name.clone(), explain).is_some() {
                return Err(format!("assets/explain/{file}.toml: {name} is explained twice"));
            }
        }
    }
    let (_, errors) = family!("errors");
    words.general = toml::from_str::<General>(errors).map_err(|e| format!("assets/explain/errors.toml: {e}"))?.general;
    let (_, harmless) = family!("harmless");
    words.harmless =
        toml::from_str::<HarmlessFile>(harmless).map_err(|e| format!("assets/explain/harmless.toml: {e}"))?.harmless;
    Ok(words)
}

/// The words on a call, by the kernel's name of any architecture.
pub fn explain(name: &str) -> Option<&'static Explain> {
    let words = &*WORDS;
    words.calls.get(name).or_else(|| words.calls.get(words.aliases.get(name)?))
}

/// What an error usually means where a call says nothing of its own about it.
pub fn explain_errno(errno: &str) -> Option<&'static str> {
    WORDS.general.get(errno).map(String::as_str)
}

/// What an error (`ENOENT`) of a call usually means and whether to worry. `path` is the file or socket that the call is
/// about, if it is about one: some failures are known to be harmless by it. The most particular words are taken.
pub fn explain_error(name: &str, errno: &str, path: Option<&[u8]>) -> Option<&'static str> {
    let harmless = path.and_then(|path| {
        WORDS
            .harmless
            .iter()
            .find(|h| h.errno == errno && glob(h.call.as_bytes(), name.as_bytes()) && glob(h.path.as_bytes(), path))
    });
    if let Some(harmless) = harmless {
        return Some(&harmless.text);
    }
    let own = explain(name).and_then(|e| e.error(errno));
    own.or_else(|| explain_errno(errno))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::str::FromStr;

    use super::*;

    fn words() -> Words {
        load().unwrap_or_else(|wrong| panic!("{wrong}"))
    }

    /// Every name of any architecture's table.
    fn is_call(name: &str) -> bool {
        syscalls::x86_64::Sysno::from_str(name).is_ok()
            || syscalls::x86::Sysno::from_str(name).is_ok()
            || syscalls::aarch64::Sysno::from_str(name).is_ok()
    }

    fn errnos() -> BTreeSet<&'static str> {
        (1..=133).filter_map(|n| syscalls::Errno::new(n).name()).collect()
    }

    fn one_sentence(text: &str) -> bool {
        text.ends_with('.') && !text.trim_end_matches('.').contains(". ") && !text.contains('\n')
    }

    #[test]
    fn every_call_is_explained_in_one_short_sentence() {
        let words = words();
        assert!(words.calls.len() >= 150, "{} calls", words.calls.len());
        for (name, explain) in &words.calls {
            assert!(is_call(name), "{name} is no call");
            let summary = &explain.summary;
            assert!(one_sentence(summary), "{name}: {summary}");
            assert!(summary.chars().count() <= 140, "{name}: {} characters: {summary}", summary.chars().count());
            assert!(summary.is_ascii() && summary.starts_with(|c: char| c.is_ascii_uppercase()), "{name}: {summary}");
            for other in &explain.related {
                assert!(is_call(other), "{name}: related {other} is no call");
                assert_ne!(other, name, "{name} is related to itself");
            }
            if let Some(man) = &explain.man {
                assert!(man.ends_with("(2)") || man.ends_with("(3)"), "{name}: {man}");
                assert_ne!(*man, format!("{name}(2)"), "needless");
            }
        }
    }

    #[test]
    fn every_call_of_x86_64_and_aarch64_has_words() {
        let missing = |name: &str| explain(name).is_none().then(|| name.to_string());
        let mut without: Vec<String> = syscalls::x86_64::Sysno::iter().filter_map(|s| missing(s.name())).collect();
        without.extend(syscalls::aarch64::Sysno::iter().filter_map(|s| missing(s.name())));
        assert!(without.is_empty(), "{without:?}");
    }

    #[test]
    fn aliases_are_calls_without_words_of_their_own() {
        let words = words();
        for (alias, name) in &words.aliases {
            assert!(is_call(alias), "{name}: alias {alias} is no call");
            assert!(!words.calls.contains_key(alias), "{alias} has words of its own");
        }
    }

    #[test]
    fn every_errno_exists_and_has_a_general_meaning() {
        let (words, errnos) = (words(), errnos());
        assert!(errnos.len() > 100, "{}", errnos.len());
        let text_is_good = |of: &str, text: &str| {
            assert!(text.ends_with('.') && text.is_ascii() && text.chars().count() <= 140, "{of}: {text}");
        };
        for (name, explain) in &words.calls {
            for (errno, text) in &explain.errors {
                assert!(words.general.contains_key(errno), "{name}: {errno}");
                text_is_good(&format!("{name} {errno}"), text);
            }
        }
        for (errno, text) in &words.general {
            assert!(errnos.contains(errno.as_str()), "{errno} is no errno");
            text_is_good(errno, text);
        }
        for harmless in &words.harmless {
            assert!(errnos.contains(harmless.errno.as_str()), "{harmless:?}");
            assert!(harmless.call.contains('*') || is_call(&harmless.call), "{harmless:?}");
            text_is_good(&harmless.path, &harmless.text);
        }
    }

    #[test]
    fn the_most_particular_words_are_taken() {
        let preload = explain_error("access", "ENOENT", Some(b"/etc/ld.so.preload")).unwrap_or_default();
        assert!(preload.contains("optional"), "{preload}");
        let plain = explain_error("access", "ENOENT", Some(b"/etc/shadow")).unwrap_or_default();
        assert!(plain.contains("wanted to know"), "{plain}");
        assert_eq!(explain_error("getpid", "EIO", None), explain_error("no_such_call", "EIO", None));
        assert!(explain_error("getpid", "EIO", None).is_some());
        assert_eq!(explain_error("read", "E_WHAT", None), None);
    }

    #[test]
    fn calls_of_32_bit_programs_are_found_by_their_own_names() {
        for name in ["mmap2", "fstatat64", "clock_gettime64", "_llseek", "socketcall", "getuid32"] {
            assert!(explain(name).is_some(), "{name}");
        }
    }
}
