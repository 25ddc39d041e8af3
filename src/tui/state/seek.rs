//! The next row of a kind in one direction, found by a bitmap a chunk: the cost is that of looking at bitmaps, however
//! many rows are passed over.

use roaring::RoaringBitmap;

use super::hits::place;
use crate::model::CHUNK_ROWS;

/// The nearest row behind `from`, or before it, that is in the bitmap of its chunk.
pub fn seek(
    chunks: usize,
    from: u64,
    forward: bool,
    mut of_chunk: impl FnMut(usize) -> Option<RoaringBitmap>,
) -> Option<u64> {
    let (start, row) = place(from);
    let mut look = |chunk: usize| {
        let rows = of_chunk(chunk)?;
        let found = match (chunk == start, forward) {
            (true, true) => rows.range(row.checked_add(1)?..).next(),
            (true, false) => rows.range(..row).next_back(),
            (false, true) => rows.min(),
            (false, false) => rows.max(),
        };
        found.map(|row| (chunk * CHUNK_ROWS) as u64 + u64::from(row))
    };
    match forward {
        true => (start..chunks).find_map(&mut look),
        false => (0..chunks.min(start + 1)).rev().find_map(&mut look),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_across_chunks_both_ways() {
        const CHUNK: u64 = CHUNK_ROWS as u64;
        let rows = [3, 9, CHUNK + 4, 3 * CHUNK];
        let of_chunk = |chunk: usize| {
            let within = rows.iter().filter(|&&seq| place(seq).0 == chunk);
            Some(within.map(|&seq| place(seq).1).collect())
        };
        let next = |from, forward| seek(4, from, forward, of_chunk);
        assert_eq!([0, 3, 9, CHUNK + 4, 3 * CHUNK].map(|from| next(from, true)), {
            [Some(3), Some(9), Some(CHUNK + 4), Some(3 * CHUNK), None]
        });
        assert_eq!([9 * CHUNK, 3 * CHUNK, CHUNK + 4, 9, 3].map(|from| next(from, false)), {
            [Some(3 * CHUNK), Some(CHUNK + 4), Some(9), Some(3), None]
        });
    }
}
