//! What the program gets that is not sysview's own: another user, other variables, another working directory.
//!
//! Everything is looked up here, before the fork; the child only makes the calls (`sys`).

use std::ffi::{CString, OsString};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use nix::unistd::{Gid, Uid, User, getgrouplist};

use super::LaunchError;
use super::error::text;

#[derive(Debug, Clone, Default)]
pub struct Setup {
    pub user: Option<Identity>,
    /// Variables to set, or with None to remove, in this order.
    pub variables: Vec<(OsString, Option<OsString>)>,
    pub directory: Option<PathBuf>,
}

/// A user with the groups that a login would give. credentials(7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub name: String,
    pub uid: u32,
    pub gid: u32,
    pub groups: Vec<u32>,
}

impl Identity {
    /// Looks the user up; only root can start a program as somebody else.
    pub fn of(name: &str) -> Result<Identity, LaunchError> {
        let shown = name.escape_debug();
        if !Uid::effective().is_root() {
            return Err(LaunchError::system(format!(
                "Only root can run a program as another user; write `sudo sysview -u {shown} -- COMMAND`."
            )));
        }
        let failed =
            |error: nix::Error| LaunchError::system(format!("Cannot look up the user {shown}: {}.", error.desc()));
        // A name with a NUL is in no list.
        let c_name = CString::new(name).unwrap_or_default();
        let Some(user) = User::from_name(name).map_err(failed)? else {
            return Err(LaunchError::usage(format!(
                "There is no user {shown}; `getent passwd` lists those there are."
            )));
        };
        let groups = getgrouplist(&c_name, user.gid).map_err(failed)?;
        Ok(Identity {
            name: shown.to_string(),
            uid: user.uid.as_raw(),
            gid: user.gid.as_raw(),
            groups: groups.into_iter().map(Gid::as_raw).collect(),
        })
    }
}

/// The directory if it is one.
pub fn directory(path: &Path) -> Result<PathBuf, LaunchError> {
    let shown = path.to_string_lossy().escape_debug().to_string();
    match path.metadata() {
        Ok(found) if found.is_dir() => Ok(path.to_owned()),
        Ok(_) => Err(LaunchError::usage(format!("{shown} is not a directory; the program can only start in one."))),
        Err(error) => Err(LaunchError::usage(format!(
            "The program cannot start in the directory {shown}: {}; check the path.",
            text(&error)
        ))),
    }
}

/// sysview's own environment with these changes. In a terminal of ours the emulation and the size are ours too, unless
/// a change says otherwise.
pub(super) fn environment(own_terminal: bool, changes: &[(OsString, Option<OsString>)]) -> Vec<CString> {
    let mut variables: Vec<(OsString, OsString)> = std::env::vars_os().collect();
    if own_terminal {
        variables.retain(|(name, _)| name != "TERM" && name != "LINES" && name != "COLUMNS");
        variables.push(("TERM".into(), "xterm-256color".into()));
    }
    for (name, value) in changes {
        variables.retain(|(other, _)| other != name);
        variables.extend(value.clone().map(|value| (name.clone(), value)));
    }
    variables
        .into_iter()
        .filter_map(|(mut name, value)| {
            name.push("=");
            name.push(value);
            // The environment and the arguments of a process hold no NUL.
            CString::new(name.into_vec()).ok()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_of_variables_come_last_and_in_order() {
        let set = |name: &str, value: Option<&str>| (OsString::from(name), value.map(OsString::from));
        let changes = [set("SYSVIEW_A", Some("1")), set("SYSVIEW_A", Some("2")), set("TERM", None), set("PATH", None)];
        let made = environment(true, &changes);
        let with = |start: &[u8]| made.iter().filter(|v| v.as_bytes().starts_with(start)).count();
        assert_eq!(made.iter().filter(|v| v.as_bytes() == b"SYSVIEW_A=2").count(), 1);
        assert_eq!((with(b"SYSVIEW_A="), with(b"TERM="), with(b"PATH=")), (1, 0, 0));
        assert_eq!(environment(true, &[]).iter().filter(|v| v.as_bytes() == b"TERM=xterm-256color").count(), 1);
    }

    #[test]
    fn a_directory_must_be_one() {
        assert_eq!(directory(Path::new("/")).unwrap(), Path::new("/"));
        for bad in ["/no/such/dir", "/etc/passwd"] {
            let error = directory(Path::new(bad)).unwrap_err();
            assert_eq!(error.exit_code(), 2);
            assert!(error.to_string().contains(bad), "{error}");
        }
    }
}
