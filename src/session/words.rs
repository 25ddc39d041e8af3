//! Byte strings that come again and again, numbered: what a dictionary column is made of.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use arrow_array::{ArrayRef, BinaryArray};
use arrow_buffer::{Buffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::ArrowError;

/// The words of one batch.
#[derive(Debug, Default)]
pub(super) struct Words {
    bytes: Vec<u8>,
    /// Where each word ends.
    ends: Vec<i32>,
    /// By hash; of two words with the same one, the second is not found again, which only costs room.
    known: HashMap<u64, i32>,
    hasher: RandomState,
}

impl Words {
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
        self.known.clear();
    }

    /// The number of a word, which is new or was taken before. All words together are far below 2 GiB: the writer takes no more into a batch.
    pub fn key(&mut self, word: &[u8]) -> i32 {
        let next = self.ends.len() as i32;
        let key = *self.known.entry(self.hasher.hash_one(word)).or_insert(next);
        if key != next && self.word(key) == word {
            return key;
        }
        self.bytes.extend_from_slice(word);
        self.ends.push(self.bytes.len() as i32);
        next
    }

    fn word(&self, key: i32) -> &[u8] {
        let at = |key: usize| self.ends[key] as usize;
        let key = key as usize;
        &self.bytes[key.checked_sub(1).map_or(0, at)..at(key)]
    }

    /// The words in the order of their numbers.
    pub fn array(&self) -> Result<ArrayRef, ArrowError> {
        let offsets: Vec<i32> = std::iter::once(0).chain(self.ends.iter().copied()).collect();
        let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
        Ok(Arc::new(BinaryArray::try_new(offsets, Buffer::from(self.bytes.as_slice()), None)?))
    }
}

#[cfg(test)]
mod tests {
    use arrow_array::cast::AsArray;

    use super::*;

    #[test]
    fn a_word_keeps_its_number() {
        let mut words = Words::default();
        let keys = [&b"a"[..], b"", b"bc", b"a", b"", b"\xff"].map(|word| words.key(word));
        assert_eq!(keys, [0, 1, 2, 0, 1, 3]);
        let array = words.array().expect("an array");
        let read: Vec<Option<&[u8]>> = array.as_binary::<i32>().iter().collect();
        assert_eq!(read, [Some(&b"a"[..]), Some(b""), Some(b"bc"), Some(b"\xff")]);
        words.clear();
        assert_eq!(words.key(b"bc"), 0);
    }
}
