//! Lets go of what no later question can be about, for who looks at each row once and never back.

use std::collections::HashSet;

use super::{Files, Holder, Place, TableId};

impl Files {
    /// Forgets all but what can still be asked of these tasks from the given times on. The times stand by the tasks'
    /// numbers; None for one that is gone.
    pub fn forget(&mut self, since_ns: &[Option<u64>]) {
        let mut tables: Vec<(TableId, u64)> = Vec::new();
        let mut places = HashSet::new();
        for (holder, since_ns) in self.holders.iter_mut().zip(since_ns) {
            let Some(since_ns) = *since_ns else {
                *holder = Holder::default();
                continue;
            };
            tables.extend(holder.tables[from(&holder.tables, since_ns)..].iter().map(|(_, table)| (*table, since_ns)));
            places.extend(holder.places[from(&holder.places, since_ns)..].iter().map(|(_, place)| *place));
        }
        // Tasks that nobody spoke of are as they were.
        for holder in self.holders.iter().skip(since_ns.len()) {
            tables.extend(holder.tables.iter().map(|(_, table)| (*table, 0)));
            places.extend(holder.places.iter().map(|(_, place)| *place));
        }
        let used = self.tables.forget(&tables);
        self.descriptions.keep_only(&used);
        for (index, place) in self.places.iter_mut().enumerate() {
            if !places.contains(&index) {
                *place = Place::default();
            }
        }
    }
}

/// Where in a list stands what held at a time: the last before it, or the first.
fn from<T>(list: &[(u64, T)], end_ns: u64) -> usize {
    list.partition_point(|(t_ns, _)| *t_ns < end_ns).saturating_sub(1)
}
