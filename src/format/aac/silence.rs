//! Access units of silence: the elements of a channel configuration in their order, with empty spectra.

use bytes::Bytes;

/// A syntactic element (ISO/IEC 14496-3 table 4.71) with its number among those of its kind.
#[derive(Debug, Clone, Copy)]
enum Element {
    /// single_channel_element
    One(u64),
    /// channel_pair_element
    Two(u64),
    /// lfe_channel_element, which is written as the first is.
    Low,
}

use Element::{Low, One, Two};

/// The elements by channel configuration, from 1 (table 1.19). Not 14, which FFmpeg does not decode, so that nothing was tried.
const ELEMENTS: [&[Element]; 12] = [
    &[One(0)],
    &[Two(0)],
    &[One(0), Two(0)],
    &[One(0), Two(0), One(1)],
    &[One(0), Two(0), Two(1)],
    &[One(0), Two(0), Two(1), Low],
    &[One(0), Two(0), Two(1), Two(2), Low],
    &[],
    &[],
    &[],
    &[One(0), Two(0), Two(1), One(1), Low],
    &[One(0), Two(0), Two(1), Two(2), Low],
];

/// The unit of a channel configuration, for AAC-LC; `None` where it is reserved, or left to a program config element.
pub(super) fn unit(configuration: u8) -> Option<Bytes> {
    let elements = ELEMENTS.get(usize::from(configuration).checked_sub(1)?).filter(|it| !it.is_empty())?;
    let mut bits = Bits::default();
    for element in *elements {
        match *element {
            One(tag) => bits.put(3, 0).put(4, tag).spectrum(true),
            // Both share a window, which stands first, and no band is coded as middle and side.
            Two(tag) => bits
                .put(3, 1)
                .put(4, tag)
                .put(1, 1)
                .window()
                .put(2, 1)
                .put(1, 0)
                .spectrum(false)
                .spectrum(false),
            Low => bits.put(3, 3).put(4, 0).spectrum(true),
        };
    }
    bits.put(3, 7);
    Some(bits.bytes.into())
}

/// Bits, most significant first.
#[derive(Debug, Default)]
struct Bits {
    bytes: Vec<u8>,
    len: usize,
}

impl Bits {
    fn put(&mut self, count: usize, value: u64) -> &mut Self {
        for at in (0..count).rev() {
            if self.len.is_multiple_of(8) {
                self.bytes.push(0);
            }
            if let Some(last) = self.bytes.last_mut().filter(|_| value >> at & 1 == 1) {
                *last |= 0x80 >> (self.len % 8);
            }
            self.len += 1;
        }
        self
    }

    /// ics_info: one long window of sines, one band, no prediction.
    fn window(&mut self) -> &mut Self {
        self.put(4, 0).put(6, 1).put(1, 0)
    }

    /// individual_channel_stream: a gain, then one section of one band of zeros, and no tools.
    fn spectrum(&mut self, own_window: bool) -> &mut Self {
        self.put(8, 100);
        if own_window {
            self.window();
        }
        self.put(4, 0).put(5, 1).put(3, 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_what_encoders_make_of_silence() {
        assert_eq!(unit(1).as_deref(), Some(&[0x00, 0xC8, 0x00, 0x80, 0x23, 0x80][..]));
        assert_eq!(unit(2).as_deref(), Some(&[0x21, 0x00, 0x49, 0x90, 0x02, 0x19, 0x00, 0x23, 0x80][..]));
        let known = (0..=u8::MAX).filter(|configuration| unit(*configuration).is_some());
        assert_eq!(known.collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6, 7, 11, 12]);
    }
}
