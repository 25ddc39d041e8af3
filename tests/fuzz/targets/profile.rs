//! A seccomp profile in any form, with other files beside it: it is read or refused with a sentence, and what was read
//! judges calls.
//!
//! A line of `%%` ends the profile's own text; what follows is every file that it names.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sysview::abi::Arch;
use sysview::policy::{Context, Form, Library, Profile, Source};

struct Beside<'a>(&'a str);

impl Beside<'_> {
    fn source(&self) -> Source {
        Source { name: "other".into(), text: self.0.into() }
    }
}

impl Library for Beside<'_> {
    fn file(&self, _: &str) -> Result<Source, String> {
        Ok(self.source())
    }

    fn bases(&self, _: &str) -> Result<Vec<Source>, String> {
        Ok(vec![self.source()])
    }

    fn drop_ins(&self) -> Result<Vec<Source>, String> {
        Ok(vec![self.source()])
    }
}

fuzz_target!(|text: &str| {
    let (own, other) = text.split_once("\n%%\n").unwrap_or((text, ""));
    for form in Form::ALL {
        check(Profile::parse_with(own.as_bytes(), "file", form, &Beside(other)));
    }
    check(Profile::parse(own, "file"));
});

fn check(read: Result<Profile, sysview::policy::ProfileError>) {
    let profile = match read {
        Ok(profile) => profile,
        Err(error) => {
            assert!(!error.message.is_empty() && error.line > 0 && error.column > 0);
            return;
        }
    };
    for index in 0..profile.rules().len() {
        assert!(profile.rule_text(index).is_some());
    }
    let Ok(judge) = profile.resolve(&Context::docker("6.8.0-40-generic", "x86_64")) else { return };
    for arch in Arch::ALL {
        for nr in (0..500).step_by(7) {
            judge.verdict(arch, nr, &[nr, 1, 2, 3, 4, 5]);
        }
    }
}
