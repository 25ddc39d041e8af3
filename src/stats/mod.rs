//! Counts, errors, times, per call; exact whatever a view shows.
