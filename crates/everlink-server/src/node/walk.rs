//! The way around a room's readers on which they are woken.

/// Goes around places, some at a time. News that come on the way do not begin anew: they make the way one
/// whole circle longer from where it is.
#[derive(Debug, Default)]
pub(super) struct Walk {
    places: usize,
    next: usize,
    /// Places to go; 0 while it stands.
    left: usize,
}

impl Walk {
    /// All of so many places are to be gone to from now on. Returns whether it stood until now.
    pub(super) const fn begin(&mut self, places: usize) -> bool {
        let stood = self.left == 0;
        (self.places, self.left) = (places, places);
        stood && places > 0
    }

    /// Returns the places that come next, and whether others follow.
    pub(super) fn step(&mut self, places: usize) -> (impl Iterator<Item = usize> + use<>, bool) {
        if places != self.places && self.left > 0 {
            // It is another circle now.
            (self.places, self.left) = (places, places);
        }
        let begin = if self.next < places { self.next } else { 0 };
        let count = self.left.min(STEP);
        let wrapped = (begin + count).saturating_sub(places);
        self.left -= count;
        self.next = if wrapped > 0 { wrapped } else { begin + count };
        ((begin..begin + count - wrapped).chain(0..wrapped), self.left > 0)
    }
}

/// Readers that are woken before those that were woken have their turn.
const STEP: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn step(walk: &mut Walk, places: usize) -> (Vec<usize>, bool) {
        let (step, goes_on) = walk.step(places);
        (step.collect(), goes_on)
    }

    #[test]
    fn everyone_is_reached_once() {
        let mut walk = Walk::default();
        assert!(walk.begin(150));
        assert_eq!(step(&mut walk, 150), ((0..64).collect(), true));
        assert_eq!(step(&mut walk, 150), ((64..128).collect(), true));
        assert_eq!(step(&mut walk, 150), ((128..150).collect(), false));
        assert!(walk.begin(150), "it stood");
        assert_eq!(step(&mut walk, 150).0, (0..64).collect::<Vec<_>>());
    }

    #[test]
    fn news_on_the_way_make_it_one_circle_longer() {
        let mut walk = Walk::default();
        walk.begin(100);
        assert_eq!(step(&mut walk, 100), ((0..64).collect(), true));
        assert!(!walk.begin(100), "it is on its way");
        assert_eq!(step(&mut walk, 100), ((64..100).chain(0..28).collect(), true));
        assert_eq!(step(&mut walk, 100), ((28..64).collect(), false));
    }

    #[test]
    fn nobody_is_left_out_when_the_room_changes_its_size_on_the_way() {
        let mut walk = Walk::default();
        walk.begin(100);
        step(&mut walk, 100);
        walk.begin(100);
        for places in [70, 200] {
            step(&mut walk, places);
        }
        assert!(!walk.begin(200), "it is on its way");
        let mut reached = Vec::new();
        loop {
            let (more, goes_on) = step(&mut walk, 300);
            reached.extend(more);
            if !goes_on {
                break;
            }
        }
        reached.sort_unstable();
        assert_eq!(reached, (0..300).collect::<Vec<_>>());
        assert!(!walk.begin(0), "nobody is there");
        assert_eq!(step(&mut walk, 0), (vec![], false));
    }
}
