//! Names of containers, from the files in which Docker and Podman keep them; most are readable by root only.
//!
//! No daemon is asked. Left out: which containers run (`container`).

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// What the files tell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Names {
    /// ID by name.
    pub ids: HashMap<String, String>,
    /// Some file may not be read: a name that is not found can still exist.
    pub hidden: bool,
}

/// Reads them below `root`; `homes` are directories of users who may have containers of their own.
pub fn names(root: &Path, homes: &[PathBuf]) -> Names {
    let mut names = Names::default();
    docker(&root.join("var/lib/docker/containers"), &mut names);
    podman(&root.join("var/lib/containers/storage"), &mut names);
    for home in homes {
        podman(&home.join(".local/share/containers/storage"), &mut names);
    }
    names
}

/// One directory a container, named by its ID, with the name in config.v2.json.
fn docker(containers: &Path, names: &mut Names) {
    let Some(entries) = look(fs::read_dir(containers), &mut names.hidden) else { return };
    for entry in entries.flatten() {
        let Some(text) = look(fs::read_to_string(entry.path().join("config.v2.json")), &mut names.hidden) else {
            continue;
        };
        if let (Some(name), Some(id)) = (docker_name(&text), entry.file_name().to_str()) {
            names.ids.insert(name, id.to_owned());
        }
    }
}

/// The name begins with a slash there, which nobody writes.
fn docker_name(config: &str) -> Option<String> {
    let config: Value = serde_json::from_str(config).ok()?;
    Some(config.get("Name")?.as_str()?.trim_start_matches('/').to_owned())
}

fn podman(storage: &Path, names: &mut Names) {
    for list in ["overlay-containers/containers.json", "overlay-containers/volatile-containers.json"] {
        let Some(text) = look(fs::read_to_string(storage.join(list)), &mut names.hidden) else { continue };
        names.ids.extend(podman_names(&text));
    }
}

fn podman_names(containers: &str) -> Vec<(String, String)> {
    let containers: Value = serde_json::from_str(containers).unwrap_or_default();
    let mut names = Vec::new();
    for container in containers.as_array().into_iter().flatten() {
        let Some(id) = container.get("id").and_then(Value::as_str) else { continue };
        for name in container.get("names").and_then(Value::as_array).into_iter().flatten() {
            names.extend(name.as_str().map(|name| (name.to_owned(), id.to_owned())));
        }
    }
    names
}

/// What is not there says nothing; what may not be read is remembered.
fn look<T>(result: io::Result<T>, hidden: &mut bool) -> Option<T> {
    if let Err(error) = &result {
        *hidden |= error.kind() == io::ErrorKind::PermissionDenied;
    }
    result.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dockers_and_podmans_files_are_read() {
        assert_eq!(docker_name(r#"{"ID":"ab","Name":"/web","Config":{"Name":"no"}}"#).as_deref(), Some("web"));
        assert_eq!(docker_name("{"), None);
        let list = r#"[{"id":"aa","names":["db","db-alias"]},{"id":"bb"},{"names":["lost"]},7]"#;
        assert_eq!(podman_names(list), [("db".into(), "aa".into()), ("db-alias".into(), "aa".into())]);
        assert!(podman_names("nonsense").is_empty());
    }
}
