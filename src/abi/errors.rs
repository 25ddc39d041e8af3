//! Which errors a call can give, as far as its declaration and its explanation tell. errno(3).
//! Left out: completeness; a call can always give others.

use super::{Call, Meaning, Ret, Type, by_name, errno, errno_number, explain};

/// Errors of whatever looks a path up. path_resolution(7).
const PATH: [&str; 5] = ["ENOENT", "EACCES", "ENOTDIR", "ELOOP", "ENAMETOOLONG"];
/// Of calls that were interrupted, that were given nonsense, or that the caller may not make.
const ANY: [&str; 4] = ["EINVAL", "EPERM", "EINTR", "ENOMEM"];

/// The numbers of the errors that the call of this name is likely to give, most particular first: those with words of
/// their own, those that its arguments and its result bring along, those of almost every call.
pub fn likely_errors(name: &str) -> Vec<u16> {
    let own = explain(name)
        .map(|explain| explain.errors().into_iter().map(|(error, _)| error).collect::<Vec<_>>())
        .unwrap_or_default();
    let own = (1..=133).filter(|&number| errno(number).is_some_and(|(name, _)| own.contains(&name)));
    let mut found: Vec<u16> = own.collect();
    let declared = by_name(name).into_iter().flat_map(|call| std::iter::once(call).chain(call.variants));
    let names = declared.flat_map(of_declaration).chain(ANY);
    for number in names.filter_map(errno_number) {
        if !found.contains(&number) {
            found.push(number);
        }
    }
    found
}

fn of_declaration(call: &Call) -> Vec<&'static str> {
    let mut names = Vec::new();
    for arg in call.args {
        match arg.ty {
            Type::Path => names.extend(PATH),
            Type::Num { meaning: Meaning::Fd { .. } | Meaning::DirFd, .. } => names.push("EBADF"),
            Type::Num { .. } => {}
            _ => names.push("EFAULT"),
        }
    }
    if matches!(call.ret, Ret::NewFd) {
        names.extend(["EMFILE", "ENFILE"]);
    }
    names
}

/// Every error that has a name, by number, without the kernel-internal codes.
pub fn all_errors() -> impl Iterator<Item = u16> {
    (1..=133).filter(|&number| errno(number).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::calls;

    #[test]
    fn the_most_particular_errors_come_first() {
        let names =
            |call: &str| -> Vec<&str> { likely_errors(call).into_iter().filter_map(errno).map(|e| e.0).collect() };
        let openat = names("openat");
        let place = |name: &str| openat.iter().position(|other| *other == name);
        assert!(place("ENOENT") < place("ENAMETOOLONG") && place("ENFILE") < place("EINTR"), "{openat:?}");
        for wanted in ["EACCES", "ENOTDIR", "EBADF", "EMFILE", "ELOOP"] {
            assert!(openat.contains(&wanted), "{wanted}: {openat:?}");
        }
        assert!(names("read").contains(&"EBADF") && names("read").contains(&"EFAULT"));
        assert!(!names("getpid").contains(&"ENOENT"));
        assert_eq!(names("no_such_call"), ["EINVAL", "EPERM", "EINTR", "ENOMEM"]);
    }

    #[test]
    fn no_error_is_named_twice() {
        for call in calls() {
            let mut errors = likely_errors(call.name);
            errors.sort_unstable();
            assert!(errors.windows(2).all(|pair| pair[0] != pair[1]), "{}: {errors:?}", call.name);
        }
        assert!(all_errors().count() > 100);
    }
}
