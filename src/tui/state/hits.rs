//! Rows that match, as one bitmap a chunk, while it is still being found out which do.
//!
//! Each chunk has the rows that match as far as is known, and those that must still be looked at. Positions (how many
//! matching rows stand before one) come from the bitmaps' counts. Left out: what matches (`narrow`).

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::ops::Range;

use roaring::RoaringBitmap;

use crate::model::CHUNK_ROWS;
use crate::query::Bounds;

/// See the module.
#[derive(Debug, Default)]
pub struct Hits {
    chunks: Vec<Found>,
    /// Matching rows in the chunks before each; one more than there are chunks.
    before: Vec<u64>,
    /// Rows that must still be looked at.
    open: u64,
    /// Chunks whose matches may be others than whoever counts them knows.
    changed: BTreeSet<usize>,
}

#[derive(Debug, Default)]
struct Found {
    hits: RoaringBitmap,
    open: RoaringBitmap,
    /// Rows that the index was asked about: all before this one.
    seen: u32,
    /// From this row on, matches changed since somebody asked.
    changed: Option<u32>,
}

impl Found {
    fn change(&mut self, row: u32) {
        self.changed = Some(self.changed.map_or(row, |from| from.min(row)));
    }
}

/// Some rows of a chunk, to be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    pub chunk: usize,
    pub rows: Vec<u32>,
}

impl Piece {
    /// The row's number in the store.
    pub fn seq(&self, row: u32) -> u64 {
        (self.chunk * CHUNK_ROWS) as u64 + u64::from(row)
    }
}

impl Hits {
    /// The rows of a chunk that the index was not asked about yet, of the chunk nearest to row `near`; `len`: rows in all.
    pub fn unseen(&self, len: u64, near: u64) -> Option<(usize, Range<u32>)> {
        let chunks = len.div_ceil(CHUNK_ROWS as u64) as usize;
        let rows_in = |chunk: usize| (len - (chunk * CHUNK_ROWS) as u64).min(CHUNK_ROWS as u64) as u32;
        let unseen = |&chunk: &usize| self.seen(chunk) < rows_in(chunk);
        nearest(chunks, near).find(unseen).map(|chunk| (chunk, self.seen(chunk)..rows_in(chunk)))
    }

    /// Rows of a chunk that the index was asked about: all before this one.
    pub fn seen(&self, chunk: usize) -> u32 {
        self.chunks.get(chunk).map_or(0, |found| found.seen)
    }

    /// Rows of a chunk that match, as far as is known.
    pub fn of_chunk(&self, chunk: usize) -> Option<&RoaringBitmap> {
        self.chunks.get(chunk).map(|found| &found.hits)
    }

    pub fn contains(&self, seq: u64) -> bool {
        let (chunk, row) = place(seq);
        self.chunks.get(chunk).is_some_and(|found| found.hits.contains(row))
    }

    /// The first row of a chunk from which on matches changed since this was asked last.
    pub fn take_changed(&mut self, chunk: usize) -> Option<u32> {
        self.chunks.get_mut(chunk)?.changed.take()
    }

    /// Puts other matches in the place of those of a chunk from row `from` on; all before `end` is known then.
    pub fn replace(&mut self, chunk: usize, from: u32, end: u32, rows: RoaringBitmap) {
        if self.chunks.len() <= chunk {
            self.chunks.resize_with(chunk + 1, Found::default);
        }
        let found = &mut self.chunks[chunk];
        found.hits.remove_range(from..);
        found.hits |= rows;
        found.seen = end;
    }

    /// Takes what the index says about the rows of a chunk up to `end`.
    pub fn extend(&mut self, chunk: usize, end: u32, bounds: Bounds) {
        if self.chunks.len() <= chunk {
            self.chunks.resize_with(chunk + 1, Found::default);
        }
        let found = &mut self.chunks[chunk];
        self.open += bounds.perhaps.len();
        found.change(found.seen);
        found.hits |= bounds.surely;
        found.open |= bounds.perhaps;
        found.seen = end;
        self.changed.insert(chunk);
    }

    /// Up to `most` rows to look at, those nearest to row `near` first; they are taken out.
    pub fn take(&mut self, near: u64, most: usize) -> Option<Piece> {
        let chunk = nearest(self.chunks.len(), near).find(|&chunk| !self.chunks[chunk].open.is_empty())?;
        let (middle, row) = place(near);
        let open = &mut self.chunks[chunk].open;
        // From a little above what is seen downwards, then upwards from there.
        let from = match chunk.cmp(&middle) {
            Ordering::Less => CHUNK_ROWS as u32,
            Ordering::Equal => row.saturating_sub(most as u32 / 2),
            Ordering::Greater => 0,
        };
        let mut rows: Vec<u32> = open.range(from..).take(most).collect();
        if rows.is_empty() {
            rows = open.range(..from).rev().take(most).collect();
        }
        *open -= rows.iter().copied().collect::<RoaringBitmap>();
        self.open -= rows.len() as u64;
        Some(Piece { chunk, rows })
    }

    /// Takes an answer: of the rows of the piece, these match.
    pub fn answer(&mut self, piece: &Piece, matching: &RoaringBitmap) {
        let found = &mut self.chunks[piece.chunk];
        piece.rows.iter().min().into_iter().for_each(|&row| found.change(row));
        // Some may have matched before their calls came back.
        found.hits -= piece.rows.iter().copied().collect::<RoaringBitmap>();
        found.hits |= matching;
        self.changed.insert(piece.chunk);
    }

    /// A chunk whose matches changed since it was `settled`, the last first.
    pub fn changed(&self) -> Option<usize> {
        self.changed.last().copied()
    }

    pub fn settled(&mut self, chunk: usize) {
        self.changed.remove(&chunk);
    }

    pub fn all_changed(&mut self) {
        self.changed = (0..self.chunks.len()).collect();
    }

    /// The rows of a chunk that match, as far as is known.
    pub fn matching(&self, chunk: usize) -> &RoaringBitmap {
        &self.chunks[chunk].hits
    }

    /// Whether a row matches, as far as is known.
    pub fn has(&self, seq: u64) -> bool {
        let (chunk, row) = place(seq);
        self.chunks.get(chunk).is_some_and(|found| found.hits.contains(row))
    }

    /// A row must be looked at again; for one that was never seen there is no need.
    pub fn ask_again(&mut self, seq: u64) {
        let (chunk, row) = place(seq);
        if let Some(found) = self.chunks.get_mut(chunk).filter(|found| row < found.seen) {
            self.open += u64::from(found.open.insert(row));
        }
    }

    /// Counts anew, after whatever changed.
    pub fn count(&mut self) {
        self.before.clear();
        self.before.push(0);
        let mut sum = 0;
        for found in &self.chunks {
            sum += found.hits.len();
            self.before.push(sum);
        }
    }

    /// Rows that still must be looked at, those that nobody has seen included.
    pub fn left(&self, len: u64) -> u64 {
        let seen: u64 = self.chunks.iter().map(|found| u64::from(found.seen)).sum();
        self.open + len.saturating_sub(seen)
    }

    /// Whether it is known if a row matches.
    pub fn knows(&self, seq: u64) -> bool {
        let (chunk, row) = place(seq);
        self.chunks.get(chunk).is_some_and(|found| row < found.seen && !found.open.contains(row))
    }

    /// Rows that wait to be looked at one by one.
    pub fn open(&self) -> u64 {
        self.open
    }

    /// The row at a position.
    pub fn seq_at(&self, position: u64) -> Option<u64> {
        let chunk = self.before.partition_point(|&before| before <= position).checked_sub(1)?;
        let within = u32::try_from(position - self.before[chunk]).ok()?;
        let row = self.chunks.get(chunk)?.hits.select(within)?;
        Some((chunk * CHUNK_ROWS) as u64 + u64::from(row))
    }

    /// Matching rows before row `seq`.
    pub fn count_before(&self, seq: u64) -> u64 {
        let (chunk, row) = place(seq);
        let Some(found) = self.chunks.get(chunk) else { return self.before.last().copied().unwrap_or(0) };
        self.before[chunk] + row.checked_sub(1).map_or(0, |last| found.hits.rank(last))
    }
}

/// The chunk of a row, and the row counted from the chunk's first.
pub fn place(seq: u64) -> (usize, u32) {
    ((seq / CHUNK_ROWS as u64) as usize, (seq % CHUNK_ROWS as u64) as u32)
}

/// Chunks outwards from that of a row: itself, the one before, the one behind, and so on.
pub fn nearest(chunks: usize, near: u64) -> impl Iterator<Item = usize> {
    let middle = place(near).0.min(chunks.saturating_sub(1));
    let around = (1..chunks.max(1)).flat_map(move |far| [middle.checked_sub(far), middle.checked_add(far)]);
    std::iter::once(Some(middle)).chain(around).flatten().filter(move |&chunk| chunk < chunks)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHUNK: u64 = CHUNK_ROWS as u64;

    fn bounds(surely: &[u32], perhaps: &[u32]) -> Bounds {
        Bounds { surely: surely.iter().copied().collect(), perhaps: perhaps.iter().copied().collect() }
    }

    #[test]
    fn chunks_are_asked_outwards_from_what_is_seen() {
        assert_eq!(nearest(5, 2 * CHUNK + 7).collect::<Vec<_>>(), [2, 1, 3, 0, 4]);
        assert_eq!(nearest(3, u64::MAX).collect::<Vec<_>>(), [2, 1, 0]);
        assert_eq!(nearest(1, 0).collect::<Vec<_>>(), [0]);
        assert_eq!(nearest(0, 0).count(), 0);
    }

    #[test]
    fn positions_count_over_chunks_while_rows_are_found() {
        let mut hits = Hits::default();
        let len = CHUNK + 10;
        assert_eq!(hits.unseen(len, len), Some((1, 0..10)));
        hits.extend(1, 10, bounds(&[2], &[5, 7]));
        assert_eq!(hits.unseen(len, len), Some((0, 0..CHUNK as u32)));
        hits.extend(0, CHUNK as u32, bounds(&[1, 100], &[50]));
        hits.count();
        assert_eq!((hits.unseen(len, 0), hits.left(len), hits.left(len + 3)), (None, 3, 6));
        assert_eq!((0..4).map(|at| hits.seq_at(at)).collect::<Vec<_>>(), [Some(1), Some(100), Some(CHUNK + 2), None]);
        let piece = hits.take(u64::MAX, 1).expect("open rows");
        assert_eq!(piece, Piece { chunk: 1, rows: vec![7] });
        hits.answer(&piece, &[7].into_iter().collect());
        let piece = hits.take(0, 9).expect("open rows");
        assert_eq!(piece, Piece { chunk: 0, rows: vec![50] });
        hits.answer(&piece, &RoaringBitmap::new());
        hits.count();
        assert_eq!(hits.seq_at(3), Some(CHUNK + 7));
        assert_eq!([0, 1, 2, 101, CHUNK + 3, 9 * CHUNK].map(|seq| hits.count_before(seq)), [0, 0, 1, 2, 3, 4]);
        // A call comes back, and no longer matches.
        hits.ask_again(CHUNK + 2);
        hits.ask_again(CHUNK + 50);
        assert_eq!(hits.open(), 2);
        let (first, second) = (hits.take(u64::MAX, 1).expect("open"), hits.take(u64::MAX, 1).expect("open"));
        assert_eq!((first.rows, second.rows.clone()), (vec![5], vec![2]));
        hits.answer(&second, &RoaringBitmap::new());
        hits.count();
        assert_eq!((hits.seq_at(2), hits.open()), (Some(CHUNK + 7), 0));
        assert_eq!(hits.take(0, 1), None);
    }
}
