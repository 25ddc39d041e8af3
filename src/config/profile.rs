//! Seccomp profiles from files that the user names, and the files that belong to one: those that it includes, its base
//! profiles and its drop-ins. Left out: what a profile says (`policy`), built-in profiles.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::policy::{Form, Library, Profile, Source, builtins};

/// Larger files are no seccomp profiles: the biggest known one has under 100 KiB. In bytes.
const LIMIT: u64 = 4 << 20;
/// Files of a folder in which a base profile is looked for.
const MAX_LOOKED_AT: usize = 256;
/// Units that execute something, and so can have a filter.
const UNITS: [&str; 4] = ["service", "socket", "mount", "swap"];

/// Reads and parses a profile, in a form if that is said.
///
/// # Errors
/// One sentence for the user: the file cannot be read, is none, or is no profile (then with line and column).
pub fn load(path: &str, form: Option<Form>) -> Result<Profile, String> {
    let bytes = read(Path::new(path)).map_err(|what| {
        let names: Vec<&str> = builtins().iter().map(|b| b.name).collect();
        format!("{path}: {what}; give a profile's file or one of: {}", names.join(", "))
    })?;
    let form = form.unwrap_or_else(|| Form::detect(path, &bytes));
    Profile::parse_with(&bytes, path, form, &Beside(Path::new(path))).map_err(|e| e.to_string())
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let say = |error: &dyn Display| error.to_string();
    // A device or a pipe could keep us waiting for ever.
    if !path.metadata().map_err(|e| say(&e))?.is_file() {
        return Err("this is no regular file".into());
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|e| say(&e))?;
    file.take(LIMIT + 1).read_to_end(&mut bytes).map_err(|e| say(&e))?;
    if bytes.len() as u64 > LIMIT {
        return Err("this is larger than 4 MiB and no seccomp profile".into());
    }
    Ok(bytes)
}

fn source(path: &Path) -> Result<Source, String> {
    let text = String::from_utf8(read(path)?)
        .map_err(|e| format!("this is no text, from byte {} on", e.utf8_error().valid_up_to()))?;
    Ok(Source { name: path.display().to_string(), text })
}

/// The files that stand where a profile stands.
struct Beside<'a>(&'a Path);

impl Beside<'_> {
    fn folder(&self) -> PathBuf {
        match self.0.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
            _ => PathBuf::from("."),
        }
    }

    /// The folder's files whose names end in one of these, sorted.
    fn files(&self, endings: &[&str]) -> Result<Vec<PathBuf>, String> {
        let folder = self.folder();
        let refuse = |e: std::io::Error| format!("{}: {e}", folder.display());
        let mut found = Vec::new();
        for entry in fs::read_dir(&folder).map_err(refuse)? {
            let path = entry.map_err(refuse)?.path();
            if path.extension().is_some_and(|e| endings.iter().any(|ending| e == *ending)) && path != self.0 {
                found.push(path);
            }
        }
        found.sort();
        Ok(found)
    }
}

impl Library for Beside<'_> {
    /// minijail0 starts at its own folder, minijail's compiler at the policy's, which is the better guess.
    fn file(&self, path: &str) -> Result<Source, String> {
        let beside = self.folder().join(path);
        match source(&beside) {
            Err(_) if Path::new(path).is_file() => source(Path::new(path)),
            found => found,
        }
    }

    fn bases(&self, name: &str) -> Result<Vec<Source>, String> {
        let mut out = Vec::new();
        for path in self.files(&["yaml", "yml", "json"])?.iter().take(MAX_LOOKED_AT) {
            // Files that have nothing to do with it need not be readable.
            let Ok(source) = source(path) else { continue };
            let mut words = source.text.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | '}'));
            if words.any(|word| word == name) && source.text.contains("SeccompProfile") {
                out.push(source);
            }
        }
        Ok(out)
    }

    fn drop_ins(&self) -> Result<Vec<Source>, String> {
        let mut files = BTreeMap::new();
        for folder in drop_in_folders(self.0) {
            let folder = self.folder().join(folder);
            let Ok(entries) = fs::read_dir(&folder) else { continue };
            for entry in entries {
                let path = entry.map_err(|e| format!("{}: {e}", folder.display()))?.path();
                if let (true, Some(name)) = (path.extension().is_some_and(|e| e == "conf"), path.file_name()) {
                    // Of one name the folder that says more counts.
                    files.insert(name.to_owned(), path);
                }
            }
        }
        // A link to /dev/null switches a drop-in off.
        let named = files.values().filter(|path| path.is_file());
        named.map(|path| source(path).map_err(|why| format!("{}: {why}", path.display()))).collect()
    }
}

/// `service.d`, `foo-.service.d`, `foo-bar.service.d` for `foo-bar.service`: from what says least to what says most.
fn drop_in_folders(unit: &Path) -> Vec<String> {
    let name = unit.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let Some((stem, kind)) = name.rsplit_once('.').filter(|(_, kind)| UNITS.contains(kind)) else { return Vec::new() };
    let mut out = vec![format!("{kind}.d")];
    for (at, _) in stem.match_indices('-') {
        out.push(format!("{}.{kind}.d", &stem[..=at]));
    }
    if let Some((template, _)) = stem.split_once('@').filter(|(_, instance)| !instance.is_empty()) {
        out.push(format!("{template}@.{kind}.d"));
    }
    out.push(format!("{stem}.{kind}.d"));
    out.dedup();
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Folder {
            let path = std::env::temp_dir().join(format!("sysview-beside-{name}-{}", std::process::id()));
            fs::create_dir_all(&path).expect("a folder");
            Folder(path)
        }

        fn put(&self, name: &str, text: &str) -> String {
            let path = self.0.join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(&path, text).expect("written");
            path.to_str().expect("UTF-8").to_owned()
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            // A folder of temporary files that was emptied meanwhile is fine too.
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn what_is_no_profile_is_told_without_reading_it() {
        for (path, word) in [("/dev/zero", "regular"), ("/", "regular"), ("/no/such", "docker-default")] {
            let sentence = load(path, None).expect_err(path);
            assert!(sentence.contains(word), "{path}: {sentence}");
        }
    }

    #[test]
    fn a_policy_includes_others_and_errors_name_the_file() {
        let folder = Folder::new("include");
        folder.put("common.policy", "read: 1\nwrite: 1\n");
        let own = folder.put("own.policy", "@include ./common.policy\nopenat: return EPERM\n");
        let profile = load(&own, None).expect("a profile");
        assert_eq!(profile.rules().len(), 3);
        assert!(profile.rule_file(1).is_some_and(|file| file.ends_with("common.policy")), "{:?}", profile.rule_file(1));
        assert_eq!((profile.rule_file(2), profile.rule_text(2)), (None, Some((2, "openat: return EPERM"))));
        folder.put("common.policy", "read: 1\nwrite: alow\n");
        let sentence = load(&own, None).expect_err("misspelt");
        assert!(sentence.contains("common.policy:2:8: \"alow\" is no action"), "{sentence}");
        let gone = folder.put("gone.policy", "@include ./no.policy\n");
        let sentence = load(&gone, None).expect_err("not there");
        assert!(sentence.contains("gone.policy:1:10: ./no.policy: No such file"), "{sentence}");
        let round = folder.put("round.policy", "@include ./round.policy\n");
        let sentence = load(&round, None).expect_err("endless");
        assert!(sentence.contains("levels deep"), "{sentence}");
    }

    #[test]
    fn drop_ins_change_a_unit_in_the_order_of_their_names() {
        let folder = Folder::new("unit");
        let unit = folder.put("a-b.service", "[Service]\nExecStart=/bin/true\nSystemCallFilter=read\n");
        folder.put("service.d/10-all.conf", "[Service]\nSystemCallErrorNumber=EPERM\n");
        folder.put("a-.service.d/20-more.conf", "[Service]\nSystemCallFilter=mkdir\n");
        folder.put("a-b.service.d/20-more.conf", "[Service]\nSystemCallFilter=rmdir\n");
        folder.put("a-b.service.d/30-less.conf", "[Service]\nSystemCallFilter=~read\n");
        folder.put("a-b.service.d/notes.txt", "SystemCallFilter=mount\n");
        let profile = load(&unit, None).expect("a unit");
        let names: Vec<&String> = profile.rules().iter().flat_map(|rule| &rule.names).collect();
        let has = |name: &str| names.iter().any(|n| *n == name);
        assert!(has("rmdir") && !has("mkdir") && !has("read") && !has("mount"), "{names:?}");
        assert_eq!(profile.default_action().to_string(), "ERRNO EPERM");
        folder.put("a-b.service.d/40-bad.conf", "[Service]\n\nSystemCallFilter=@mont\n");
        let sentence = load(&unit, None).expect_err("no such set");
        assert!(sentence.contains("40-bad.conf:3:18: \"@mont\" is no set"), "{sentence}");
    }

    #[test]
    fn a_base_profile_is_found_beside_or_built_in_or_missing() {
        let profile = |name: &str, base: &str, call: &str| {
            format!(
                "apiVersion: security-profiles-operator.x-k8s.io/v1\nkind: SeccompProfile\nmetadata:\n  name: {name}\n\
                 spec:\n  baseProfileName: {base}\n  defaultAction: SCMP_ACT_ERRNO\n  syscalls:\n  - action: \
                 SCMP_ACT_ALLOW\n    names: [{call}]\n"
            )
        };
        let folder = Folder::new("base");
        folder.put("any.yaml", &profile("middle", "runc-v1.4.2", "mkdir"));
        let own = folder.put("own.yaml", &profile("own", "middle", "rmdir"));
        let read = load(&own, None).expect("a profile");
        let names: Vec<&String> = read.rules().iter().flat_map(|rule| &rule.names).collect();
        assert!(["mkdir", "rmdir", "capset"].iter().all(|name| names.iter().any(|n| n == name)), "{names:?}");
        assert_eq!(read.warnings(), []);
        let lost = folder.put("lost.yaml", &profile("lost", "midle", "rmdir"));
        let sentence = load(&lost, None).expect_err("no such base");
        assert!(sentence.contains("lost.yaml:6:20: the base profile \"midle\" is not in this file"), "{sentence}");
        folder.put("any.yaml", &profile("middle", "own", "mkdir"));
        let sentence = load(&own, None).expect_err("endless");
        assert!(sentence.contains("levels deep"), "{sentence}");
    }
}
