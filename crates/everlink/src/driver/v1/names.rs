//! Names that a server says, and numbers for them: bounded, whatever comes.

use std::collections::HashMap;
use std::sync::Arc;

/// The names that were said lately. A name that was not said for long is forgotten, and gets another
/// number when it is said again: then a copy of an old message of his may not be known as one.
#[derive(Debug, Default)]
pub(super) struct Names {
    recent: HashMap<Arc<str>, u32>,
    older: HashMap<Arc<str>, u32>,
    last: u32,
}

impl Names {
    /// Returns the name in shared memory, and its number, from 1.
    pub(super) fn known(&mut self, name: &str) -> (Arc<str>, u32) {
        if let Some((name, number)) = self.recent.get_key_value(name) {
            return (Arc::clone(name), *number);
        }
        let (name, number) = match self.older.remove_entry(name) {
            Some(known) => known,
            None => {
                // Four thousand million names later the first ones are long forgotten.
                self.last = self.last.checked_add(1).unwrap_or(1);
                (name.into(), self.last)
            }
        };
        if self.recent.len() >= NAMES_MAX / 2 {
            self.older = std::mem::take(&mut self.recent);
        }
        self.recent.insert(Arc::clone(&name), number);
        (name, number)
    }
}

/// Most names that are remembered.
const NAMES_MAX: usize = 65_536;

#[cfg(test)]
mod tests {
    use super::{NAMES_MAX, Names};

    #[test]
    fn a_name_that_is_said_again_and_again_keeps_its_number_and_memory_is_bounded() {
        let mut names = Names::default();
        let first = names.known("ana").1;
        for other in 0..NAMES_MAX as u32 {
            assert_ne!(names.known(&format!("other {other}")).1, first);
            assert_eq!(names.known("ana").1, first);
        }
        assert!(names.recent.len() + names.older.len() <= NAMES_MAX + 1);
        assert_eq!(names.known("other 0").1, NAMES_MAX as u32 + 2, "forgotten, and numbered anew");
    }
}
