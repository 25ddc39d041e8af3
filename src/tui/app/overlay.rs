//! The seccomp overlay: the loaded profiles, their judges, and what each judged so far.

use crate::model::{CallView, Store};
use crate::policy::{Circumstances, Context, Judge, Profile, ProfileError, Verdict};
use crate::tui::actions::Id;
use crate::tui::layout::Pane;
use crate::tui::state::blocked::Blocked;
use crate::tui::state::enforced::{By, Enforced};
use crate::tui::state::narrow::Narrow;

use super::App;

/// Profiles that can be loaded at once: each has a digit and a column of marks.
pub const MOST_PROFILES: usize = 9;

/// A profile that rows are judged by.
#[derive(Debug)]
pub struct Overlay {
    pub profile: Profile,
    pub context: Context,
    pub judge: Judge,
    pub blocked: Blocked,
    pub enforced: Option<Enforced>,
}

/// The loaded profiles. One of them is the active one: what the screen says without naming a profile is about it.
#[derive(Debug, Default)]
pub struct Overlays {
    list: Vec<Overlay>,
    active: usize,
    /// Marks are not shown.
    off: bool,
}

impl Overlay {
    /// # Errors
    /// The container runtime would refuse the profile; the sentence says where and why.
    pub fn new(profile: Profile, context: Context) -> Result<Overlay, ProfileError> {
        let judge = profile.resolve(&context)?;
        Ok(Overlay { profile, context, judge, blocked: Blocked::default(), enforced: None })
    }

    /// None if it depends on what only text could tell and does not.
    pub fn verdict(&self, view: &CallView<'_>) -> Option<Verdict> {
        self.judge.verdict_on(view)
    }

    /// Judges up to `budget` more rows; true while there are more.
    fn scan(&mut self, store: &Store, budget: u64) -> bool {
        self.blocked.scan(store, budget, &self.judge)
    }
}

impl Overlays {
    pub fn active(&self) -> Option<&Overlay> {
        self.list.get(self.active)
    }

    pub fn active_mut(&mut self) -> Option<&mut Overlay> {
        self.list.get_mut(self.active)
    }

    /// The active one, while marks are shown.
    pub fn shown(&self) -> Option<&Overlay> {
        self.active().filter(|_| !self.off)
    }

    /// All of them, while marks are shown and there are several to compare.
    pub fn compared(&self) -> &[Overlay] {
        if self.off || self.list.len() < 2 { &[] } else { &self.list }
    }

    pub fn all(&self) -> &[Overlay] {
        &self.list
    }

    /// The one that holds, if any.
    pub fn enforced_mut(&mut self) -> Option<&mut Overlay> {
        self.list.iter_mut().find(|overlay| overlay.enforced.is_some())
    }

    /// The kernel's filter holds, for good.
    pub fn by_kernel(&self) -> bool {
        self.list.iter().any(|overlay| overlay.enforced.is_some_and(|enforced| enforced.by == By::Kernel))
    }

    /// Which one of how many is active, from 1.
    pub fn place(&self) -> (usize, usize) {
        (self.active + 1, self.list.len())
    }

    pub fn on(&self) -> bool {
        !self.off
    }

    pub fn show(&mut self, on: bool) {
        self.off = !on;
    }

    /// Makes the next one, or the one before, the active one.
    fn step(&mut self, forward: bool) {
        let count = self.list.len().max(1);
        self.active = (self.active + if forward { 1 } else { count - 1 }) % count;
    }

    /// Judges up to `budget` more rows, the active profile first; whether there are more, and whether any was judged.
    pub fn scan(&mut self, store: &Store, budget: u64) -> (bool, bool) {
        if self.off {
            return (false, false);
        }
        let (active, len) = (self.active, store.len());
        let order = std::iter::once(active).chain((0..self.list.len()).filter(|&at| at != active));
        let mut judged = false;
        for at in order {
            let Some(overlay) = self.list.get_mut(at).filter(|overlay| overlay.blocked.judged() < len) else {
                continue;
            };
            let more = overlay.scan(store, budget);
            judged = true;
            if more {
                return (true, true);
            }
        }
        (false, judged)
    }
}

/// The tracer follows to another judge; the kernel's filter stays what it is, and is no longer compared with it.
fn by_tracer(enforced: Option<Enforced>) -> Option<Enforced> {
    enforced.filter(|enforced| enforced.by == By::Tracer)
}

impl App {
    /// Judges by a profile from now on, beside those that are loaded; one of the same name is replaced. The circumstances
    /// need the machine, which is known once the source has started.
    ///
    /// # Errors
    /// A sentence: a runtime would refuse the profile, or there is no room for one more.
    pub(super) fn judge_by(&mut self, profile: Profile) -> Result<(), String> {
        self.dirty = true;
        let Some(context) = self.circumstances() else {
            self.options.profiles.push(profile);
            return Ok(());
        };
        let known = self.overlays.list.iter().position(|overlay| overlay.profile.name() == profile.name());
        if known.is_none() && self.overlays.list.len() == MOST_PROFILES {
            return Err(format!("{MOST_PROFILES} profiles are loaded, and there is no room for one more"));
        }
        let mut overlay = Overlay::new(profile, context).map_err(|error| error.to_string())?;
        match known {
            Some(at) => {
                overlay.enforced = by_tracer(self.overlays.list[at].enforced);
                self.overlays.list[at] = overlay;
                self.overlays.active = at;
            }
            None => {
                self.overlays.list.push(overlay);
                self.overlays.active = self.overlays.list.len() - 1;
            }
        }
        self.overlays.show(true);
        self.judged_otherwise();
        self.enforce_again();
        Ok(())
    }

    /// Judges by all loaded profiles anew, after what they are judged under has changed.
    ///
    /// # Errors
    /// A runtime would refuse one of them; nothing has changed then.
    pub(super) fn judge_again(&mut self) -> Result<(), ProfileError> {
        let Some(context) = self.circumstances() else { return Ok(()) };
        let mut list = Vec::new();
        for old in &self.overlays.list {
            let overlay = Overlay::new(old.profile.clone(), context.clone())?;
            list.push(Overlay { enforced: by_tracer(old.enforced), ..overlay });
        }
        self.overlays.list = list;
        self.judged_otherwise();
        self.enforce_again();
        Ok(())
    }

    /// Another of the loaded profiles becomes the active one.
    pub(super) fn switch_profile(&mut self, forward: bool) {
        self.overlays.step(forward);
        self.judged_otherwise();
        if let (Some(overlay), (place, count)) = (self.overlays.active(), self.overlays.place()) {
            let sentence = format!("Profile {place} of {count}: {}.", overlay.profile.name());
            self.say(sentence);
        }
    }

    /// Forgets the active profile.
    pub(super) fn unload_profile(&mut self) {
        if self.overlays.active().is_some_and(|overlay| overlay.enforced.is_some()) {
            let key = self.options.keymap.word(Id::Enforce);
            return self.say(format!("This profile holds, so it stays; {key} lets calls run again."));
        }
        if self.overlays.active < self.overlays.list.len() {
            self.overlays.list.remove(self.overlays.active);
            self.overlays.active = self.overlays.active.min(self.overlays.list.len().saturating_sub(1));
            self.judged_otherwise();
        }
    }

    /// What was worked out with another judge is worked out anew.
    fn judged_otherwise(&mut self) {
        self.dirty = true;
        self.explained = None;
        self.tours.look_again();
        self.judge_points();
        if self.trace.narrow.as_ref().is_some_and(|narrow| narrow.filter.needs_profile()) {
            self.narrow_again();
        }
        self.trace.narrow.iter_mut().for_each(Narrow::recount);
    }

    /// The traced machine and what the user wishes.
    fn circumstances(&self) -> Option<Context> {
        let machine = &self.session.started.as_ref()?.machine;
        let mut context = Context::docker(&machine.kernel_release, &machine.machine);
        let circumstances: &Circumstances = &self.options.circumstances;
        circumstances.apply(&mut context);
        Some(context)
    }

    /// Works out why the selected call got its verdict, unless that is known or not in view.
    pub(super) fn explain_selected(&mut self) {
        let selected = self.selected().filter(|_| self.layout.area(Pane::Call).is_some());
        let known = self.explained.as_ref().map(|(seq, _)| *seq);
        let (Some(overlay), Some(seq)) = (self.overlays.active(), selected.filter(|seq| Some(*seq) != known)) else {
            return;
        };
        let call = self.session.store.call(seq);
        let explain = |view: CallView<'_>| overlay.judge.explain(view.arch, view.nr, view.args);
        self.explained = call.map(|call| (seq, explain(call.view())));
        self.dirty = true;
    }

    /// Takes up the profiles of the command line; the first is the active one, and the one that is made to hold.
    pub(super) fn judge_from_start(&mut self) {
        for profile in std::mem::take(&mut self.options.profiles) {
            if let Err(error) = self.judge_by(profile) {
                self.say(error);
            }
        }
        self.overlays.active = 0;
        if self.overlays.list.is_empty() {
            return;
        }
        self.judged_otherwise();
        self.overlays.show(self.options.seccomp_on);
        match self.options.enforce {
            Some(By::Tracer) => self.enforce(),
            Some(By::Kernel) => self.enforced_by_kernel(),
            None => {}
        }
    }
}
