//! A draft as a file, in each of the forms; and what the form has no words for.
//!
//! What cannot be said makes the profile wider or narrower: never in silence, each loss is a sentence.

mod json;
mod lines;
mod seccompiler;

use super::bpf;
use super::draft::{Draft, DraftRule};
use super::form::Form;
use super::profile::Architectures;
use super::resolve::selected;
use super::{Context, Profile, Runtime};

/// A profile in some form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Text, but for [`Form::Bpf`].
    pub bytes: Vec<u8>,
    /// What the form does not say, in sentences.
    pub lost: Vec<String>,
}

/// Writes a draft. Where a form has no conditions on capabilities and kernels, `context` decides.
///
/// # Errors
/// A sentence: the form cannot express the profile at all.
pub fn write(draft: &Draft, form: Form, context: &Context) -> Result<Written, String> {
    let mut lost = Vec::new();
    let resolved;
    let draft = if form == Form::Docker || form == Form::Podman && !uses_kernels(draft) {
        draft
    } else {
        resolved = settled(draft, context, &mut lost);
        &resolved
    };
    let cleaned;
    let draft = if matches!(form, Form::Spo | Form::Systemd | Form::Minijail) {
        cleaned = in_words(draft, &mut lost);
        &cleaned
    } else {
        draft
    };
    let text = match form {
        Form::Docker | Form::Podman => json::commented(draft, form == Form::Podman),
        Form::Oci | Form::Kubernetes => json::plain(draft),
        Form::Spo => lines::spo(draft),
        Form::Systemd => lines::systemd(draft, &mut lost)?,
        Form::Minijail => lines::minijail(draft, context.arch, &mut lost)?,
        Form::Seccompiler => seccompiler::write(draft, context.arch, &mut lost)?,
        Form::Bpf => {
            let text = json::plain(draft);
            let profile = Profile::parse_as(text.as_bytes(), "the profile", Form::Oci).map_err(|e| e.to_string())?;
            // No runtime stands between the rules and the program, unless one is asked for.
            let runtime = context.runtime.or(Some(Runtime::Kernel));
            let judge = profile.resolve(&Context { runtime, ..context.clone() }).map_err(|e| e.to_string())?;
            let program = bpf::compile(&judge).map_err(|e| e.to_string())?;
            return Ok(Written { bytes: program.to_bytes(), lost });
        }
    };
    Ok(Written { bytes: text.into_bytes(), lost })
}

/// For forms that are lines: names that are words, and comments that are one line each, so that nothing that stands in a
/// profile can become a setting of its own.
fn in_words(draft: &Draft, lost: &mut Vec<String>) -> Draft {
    let is_word = |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let line = |text: &str| text.split(char::is_control).collect::<Vec<_>>().join(" ");
    let mut out = draft.clone();
    out.remarks.iter_mut().for_each(|remark| *remark = line(remark));
    for rule in &mut out.rules {
        rule.comment = line(&rule.comment);
        for name in rule.names.iter().filter(|name| !is_word(name)) {
            lost.push(format!("{name:?} is no name of a call and is left out"));
        }
        rule.names.retain(|name| is_word(name));
    }
    out.rules.retain(|rule| !rule.names.is_empty());
    out
}

fn uses_kernels(draft: &Draft) -> bool {
    draft.rules.iter().any(|r| r.includes.min_kernel.is_some() || r.excludes.min_kernel.is_some())
}

/// The rules that take part under a context, without the conditions on it.
fn settled(draft: &Draft, context: &Context, lost: &mut Vec<String>) -> Draft {
    let selective = draft.rules.iter().filter(|rule| rule.is_selective()).count();
    if selective > 0 {
        lost.push(format!(
            "includes and excludes of {selective} rules are decided for good: {context}; make one file for each case"
        ));
    }
    let takes_part = |rule: &&DraftRule| selected(&rule.includes, &rule.excludes, context).is_none();
    let plain =
        |rule: &DraftRule| DraftRule { includes: Default::default(), excludes: Default::default(), ..rule.clone() };
    let architectures = match &draft.architectures {
        Architectures::Map(map) => {
            let entry = map.iter().find(|(main, _)| main == context.native());
            let own = std::iter::once(context.native().to_owned());
            Architectures::List(own.chain(entry.into_iter().flat_map(|(_, subs)| subs.iter().cloned())).collect())
        }
        other => other.clone(),
    };
    Draft {
        architectures,
        rules: draft.rules.iter().filter(takes_part).map(plain).collect(),
        remarks: draft.remarks.clone(),
        ..*draft
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_profile_becomes_a_line_of_its_own() {
        let text = r#"{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["read", "x\nSystemCallFilter=mount"],
            "action": "SCMP_ACT_ALLOW", "comment": "a\nmount: 1"}]}"#;
        let draft = Draft::of(&Profile::parse(text, "x").expect("a profile")).expect("rules");
        let context = Context::docker("6.18", "x86_64");
        for form in [Form::Spo, Form::Systemd, Form::Minijail] {
            let written = write(&draft, form, &context).expect("written");
            let judge =
                Profile::parse_as(&written.bytes, "x", form).and_then(|p| p.resolve(&context)).expect("a judge");
            let mount = judge.verdict(context.arch, 165, &[0; 6]);
            assert!(mount.action.blocks() && !judge.verdict(context.arch, 0, &[0; 6]).action.blocks(), "{form:?}");
            assert!(written.lost.iter().any(|sentence| sentence.contains("is no name of a call")), "{form:?}");
        }
    }
}
