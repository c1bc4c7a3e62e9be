//! What a client hands back to go on where it was: the places up to which its socket has read.

use std::fmt::Write as _;

use everlink_engine::{Cursor, Epoch};

/// The place in the personal log, and those in the rooms, in the order in which the personal log has them.
///
/// Written as `epoch.offset`, each in base 36, apart by commas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Offset {
    pub(super) personal: Cursor,
    pub(super) rooms: Vec<Cursor>,
}

impl Offset {
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.len() > OFFSET_BYTES_MAX {
            return None;
        }
        let mut places = text.split(',').map(place);
        let personal = places.next()??;
        Some(Self { personal, rooms: places.collect::<Option<_>>()? })
    }
}

/// Writes an offset.
pub(super) fn write(places: impl Iterator<Item = Cursor>, out: &mut String) {
    for (at, place) in places.enumerate() {
        if at > 0 {
            out.push(',');
        }
        number(place.epoch.0, out);
        out.push('.');
        number(place.offset, out);
    }
}

fn place(text: &str) -> Option<Cursor> {
    let (epoch, offset) = text.split_once('.')?;
    let number = |text: &str| {
        let plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase());
        (plain && !text.is_empty()).then(|| u64::from_str_radix(text, RADIX).ok()).flatten()
    };
    Some(Cursor { epoch: Epoch(number(epoch)?), offset: number(offset)? })
}

fn number(mut number: u64, out: &mut String) {
    let mut digits = [0_u8; 13];
    let mut at = digits.len();
    loop {
        let digit = u8::try_from(number % u64::from(RADIX)).unwrap_or(0);
        at -= 1;
        digits[at] = if digit < 10 { b'0' + digit } else { b'a' + digit - 10 };
        number /= u64::from(RADIX);
        if number == 0 {
            break;
        }
    }
    for digit in &digits[at..] {
        let written = out.write_char(char::from(*digit));
        debug_assert!(written.is_ok(), "a string takes all");
    }
}

const RADIX: u32 = 36;

/// Longest offset that is looked at, in bytes: the places of 1,000 rooms.
const OFFSET_BYTES_MAX: usize = 28 * 1001;

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor(epoch: u64, offset: u64) -> Cursor {
        Cursor { epoch: Epoch(epoch), offset }
    }

    #[test]
    fn an_offset_survives_and_anything_else_is_none() {
        let places = [cursor(0, 0), cursor(35, 36), cursor(u64::MAX, u64::MAX), cursor(1 << 48, 7)];
        let mut text = String::new();
        write(places.into_iter(), &mut text);
        assert!(text.starts_with("0.0,z.10,3w5e11264sgsf.3w5e11264sgsf,"), "{text}");
        let offset = Offset::parse(&text).unwrap();
        assert_eq!((offset.personal, &offset.rooms[..]), (places[0], &places[1..]));
        for wrong in
            ["", ".", "1.", ".1", "1.1,", "1.1,,1.1", "1.+1", "1.A", "1.1.1", "zzzzzzzzzzzzzz.1"]
        {
            assert_eq!(Offset::parse(wrong), None, "{wrong}");
        }
        assert_eq!(Offset::parse(&"1.1,".repeat(OFFSET_BYTES_MAX)), None);
    }
}
