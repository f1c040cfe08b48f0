//! MultichannelConfig of Enhanced RTMP v2: which of a track's channels is which.

use bytes::BufMut;

use crate::format::wire::{Reader, Truncated};

/// How the channels are ordered, as the first byte says.
mod order {
    pub(super) const UNSPECIFIED: u8 = 0;
    pub(super) const NATIVE: u8 = 1;
    pub(super) const CUSTOM: u8 = 2;
}

/// Which of a track's channels is which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MultichannelConfig {
    /// How many channels there are. May differ from what the layout has.
    pub channels: u8,
    /// Which they are.
    pub layout: ChannelLayout,
}

/// Channels by their places. Numbers of places: 0 front left, 1 front right, 2 front centre, 3 low frequency, and so on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChannelLayout {
    /// Not told.
    Unspecified,
    /// In the order of their numbers: bit N is set where place N has a channel.
    Native(u32),
    /// A place for each channel, 255 at most; 0xFE is an unused channel, 0xFF an unknown one.
    Custom(Vec<u8>),
}

impl MultichannelConfig {
    /// Reads the data of an [`AudioPacket::MultichannelConfig`](super::AudioPacket::MultichannelConfig). An order that
    /// is not defined reads as unspecified.
    ///
    /// # Errors
    /// [`Truncated`] when it is cut.
    pub fn parse(data: &[u8]) -> Result<Self, Truncated> {
        let mut reader = Reader::new(data);
        let order = reader.u8()?;
        let channels = reader.u8()?;
        let layout = match order {
            order::NATIVE => ChannelLayout::Native(reader.u32()?),
            order::CUSTOM => ChannelLayout::Custom(reader.take(usize::from(channels))?.to_vec()),
            _ => ChannelLayout::Unspecified,
        };
        Ok(Self { channels, layout })
    }

    /// Writes it.
    pub fn write(&self, out: &mut impl BufMut) {
        match &self.layout {
            ChannelLayout::Unspecified => out.put_slice(&[order::UNSPECIFIED, self.channels]),
            ChannelLayout::Native(mask) => {
                out.put_slice(&[order::NATIVE, self.channels]);
                out.put_u32(*mask);
            }
            ChannelLayout::Custom(places) => {
                let places = places.get(..usize::from(u8::MAX)).unwrap_or(places);
                out.put_slice(&[order::CUSTOM, u8::try_from(places.len()).unwrap_or(u8::MAX)]);
                out.put_slice(places);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts_are_read_as_they_are_written() {
        for (bytes, channels, layout) in [
            (&[1, 2, 0, 0, 0, 3][..], 2, ChannelLayout::Native(3)),
            (&[1, 6, 0, 0, 0, 0x3F], 6, ChannelLayout::Native(0x3F)),
            (&[2, 3, 0, 0xFE, 0xFF], 3, ChannelLayout::Custom(vec![0, 0xFE, 0xFF])),
            (&[0, 8], 8, ChannelLayout::Unspecified),
        ] {
            let config = MultichannelConfig { channels, layout };
            assert_eq!(MultichannelConfig::parse(bytes), Ok(config.clone()));
            let mut written = Vec::new();
            config.write(&mut written);
            assert_eq!(written, bytes);
        }
    }

    #[test]
    fn a_layout_that_is_cut_is_refused_and_an_unknown_order_is_none() {
        for bytes in [&[][..], &[1], &[1, 2, 0, 0, 0], &[2, 2, 0]] {
            assert!(MultichannelConfig::parse(bytes).is_err(), "{bytes:?}");
        }
        let unknown = MultichannelConfig::parse(&[7, 2, 9, 9]).expect("an order to come");
        assert_eq!(unknown.layout, ChannelLayout::Unspecified);
    }
}
