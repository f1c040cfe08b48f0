//! Closed captions in SEI messages (ATSC A/53 part 4 §6.2.3, CEA-608 and 708): whether there are any, and of which kind.
//!
//! What they say is the player's to read. The messages of H.264 and HEVC are the same.

use super::bits::unescape;
use super::nal::sei_number;

/// SEI payload type of registered user data (H.264 §D.1.5).
const SEI_REGISTERED: usize = 4;
/// How caption data begins: country and provider (T.35), user identifier `GA94`, type code 3. No zeros in a row, so
/// the bytes stand in an escaped unit as they are here.
const CAPTION_DATA: [u8; 8] = [0xb5, 0x00, 0x31, b'G', b'A', b'9', b'4', 0x03];

/// Captions of pictures. Where there are both, all players know the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Captions {
    /// Lines of analogue television, with or without the others.
    Cea608,
    /// Digital ones alone.
    Cea708,
}

impl Captions {
    /// What is known after these SEI units of one picture, where `known` was before them. Not looked for any more once it is
    /// what all players know.
    #[must_use]
    pub fn after<'a>(
        known: Option<Self>,
        units: impl Iterator<Item = &'a [u8]>,
        header: usize,
    ) -> Option<Self> {
        match known {
            Some(Self::Cea608) => known,
            _ => units.filter_map(|unit| captions(unit, header)).chain(known).min(),
        }
    }
}

/// The captions that an SEI unit carries, whose header has `header` bytes: at least one valid byte pair of them. Pairs
/// that only keep the line warm count, for a player asks once whether captions may come; pairs that are marked invalid do
/// not.
#[must_use]
pub fn captions(unit: &[u8], header: usize) -> Option<Captions> {
    // Nearly all units end here, without a copy.
    if !unit.windows(CAPTION_DATA.len()).any(|window| window == CAPTION_DATA) {
        return None;
    }
    let mut found = None;
    let plain = unescape(unit.get(header..).unwrap_or_default());
    let mut rest = plain.as_slice();
    loop {
        let message = sei_number(&mut rest).zip(sei_number(&mut rest));
        let Some((kind, size)) = message else { return found };
        let Some((message, behind)) = rest.split_at_checked(size) else { return found };
        let data = message.strip_prefix(&CAPTION_DATA).filter(|_| kind == SEI_REGISTERED);
        found = data.and_then(valid_pairs).into_iter().chain(found).min();
        rest = behind;
    }
}

/// Reads `cc_data` (table 6.10): flags and a count of 5 bits, a byte, then three bytes for each pair.
fn valid_pairs(data: &[u8]) -> Option<Captions> {
    let ([flags, _], pairs) = data.split_first_chunk::<2>()?;
    let process = flags & 0x40 != 0;
    let count = usize::from(flags & 0x1f);
    // cc_valid, and behind it cc_type: one of the two fields of CEA-608, or a packet of CEA-708.
    let kinds = pairs.chunks_exact(3).take(count).filter_map(|pair| match pair.first()? & 0x06 {
        0x04 => Some(Captions::Cea608),
        0x06 => Some(Captions::Cea708),
        _ => None,
    });
    kinds.min().filter(|_| process)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// An SEI unit with a pic_timing message, then captions of these flags and pairs.
    fn unit(flags: u8, pairs: &[[u8; 3]]) -> Vec<u8> {
        let mut data = CAPTION_DATA.to_vec();
        data.extend([flags | u8::try_from(pairs.len()).expect("below 32"), 0xff]);
        data.extend(pairs.concat());
        data.push(0xff);
        let mut unit = vec![6, 1, 2, 0x11, 0x22, 4, u8::try_from(data.len()).expect("small")];
        unit.extend(data);
        unit.push(0x80);
        unit
    }

    #[test]
    fn captions_are_found_behind_other_messages() {
        let found = |pairs: &[[u8; 3]]| captions(&unit(0x40, pairs), 1);
        assert_eq!(found(&[[0xfc, 0x94, 0x2c], [0xfd, 0x80, 0x80]]), Some(Captions::Cea608));
        assert_eq!(found(&[[0xf8, 0, 0], [0xfd, 0x80, 0x80]]), Some(Captions::Cea608));
        assert_eq!(found(&[[0xff, 1, 2], [0xfe, 1, 2], [0xfc, 0x94, 0x2c]]), Some(Captions::Cea608));
        assert_eq!(found(&[[0xf8, 0, 0], [0xff, 1, 2], [0xfe, 1, 2]]), Some(Captions::Cea708));
        let hevc = [&[0x4e][..], &unit(0x40, &[[0xfc, 0x80, 0x80]])].concat();
        assert_eq!(captions(&hevc, 2), Some(Captions::Cea608));
    }

    fn has_captions(unit: &[u8], header: usize) -> bool {
        captions(unit, header).is_some()
    }

    #[test]
    fn padding_and_other_user_data_are_no_captions() {
        assert!(!has_captions(&unit(0x40, &[[0xf8, 0, 0], [0xfa, 1, 2]]), 1), "invalid");
        assert!(!has_captions(&unit(0x00, &[[0xfc, 0x94, 0x2c]]), 1), "not to be processed");
        assert!(!has_captions(&[6, 5, 3, 1, 2, 3, 0x80], 1));
        let mut bar = unit(0x40, &[[0xfc, 0x94, 0x2c]]);
        bar[14] = 0x06;
        assert!(!has_captions(&bar, 1), "bar data");
        let mut unregistered = unit(0x40, &[[0xfc, 0x94, 0x2c]]);
        unregistered[5] = 5;
        assert!(!has_captions(&unregistered, 1));
    }

    proptest! {
        #[test]
        fn garbage_never_panics(head in prop::collection::vec(any::<u8>(), 0..12), tail in prop::collection::vec(any::<u8>(), 0..64)) {
            std::hint::black_box(captions(&[head, CAPTION_DATA.to_vec(), tail].concat(), 1));
        }
    }
}
