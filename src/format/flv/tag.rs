//! FLV files: the header and the tags (FLV 10.1 annex E), read from shared bytes and written.

use bytes::{BufMut, Bytes};

use super::Error;
use crate::format::wire::{Reader, put_u24};

const SIGNATURE: [u8; 4] = *b"FLV\x01";
/// Type, size, timestamp, its extension, stream id.
const TAG_HEADER_BYTES: u32 = 11;
/// Signature, flags, the offset of the data.
const FILE_HEADER_BYTES: u32 = 9;
/// The low five bits of a tag's first byte. The bit above them says that the body is encrypted.
const KIND_MASK: u8 = 0x3F;
/// The most that a tag's size field holds.
const BODY_BYTES_MAX: usize = 0x00FF_FFFF;

/// What a tag carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TagKind {
    /// Sound.
    Audio,
    /// Pictures.
    Video,
    /// AMF0 values.
    Script,
    /// Anything else, encrypted tags among it.
    Other(u8),
}

impl TagKind {
    const fn from_byte(byte: u8) -> Self {
        match byte & KIND_MASK {
            8 => Self::Audio,
            9 => Self::Video,
            18 => Self::Script,
            other => Self::Other(other),
        }
    }

    const fn byte(self) -> u8 {
        match self {
            Self::Audio => 8,
            Self::Video => 9,
            Self::Script => 18,
            Self::Other(other) => other,
        }
    }
}

/// One tag; its body is what an RTMP message of that kind carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// What it carries.
    pub kind: TagKind,
    /// Milliseconds modulo 2^32, the extension byte included.
    pub millis: u32,
    /// The body: a slice of the file.
    pub body: Bytes,
}

/// The tags of a file, in order. After an error nothing follows.
///
/// The size that follows each tag and the flags of the header are not looked at: writers get both wrong.
#[derive(Debug, Clone)]
pub struct Tags {
    rest: Bytes,
}

impl Tags {
    /// Reads the file's header.
    ///
    /// # Errors
    /// [`Error::NotFlv`], or [`Error::Truncated`] when the header is cut.
    pub fn new(file: &Bytes) -> Result<Self, Error> {
        let mut reader = Reader::new(file);
        if reader.array::<4>()? != SIGNATURE {
            return Err(Error::NotFlv);
        }
        let _flags = reader.u8()?;
        let offset = reader.u32()?.max(FILE_HEADER_BYTES);
        reader.take((offset - FILE_HEADER_BYTES) as usize)?;
        let _previous_tag_size = reader.u32()?;
        Ok(Self { rest: file.slice_ref(reader.rest()) })
    }

    fn read(&mut self) -> Result<Tag, Error> {
        let mut reader = Reader::new(&self.rest);
        let kind = TagKind::from_byte(reader.u8()?);
        let size = reader.u24()?;
        let low = reader.u24()?;
        let high = reader.u8()?;
        let _stream_id = reader.u24()?;
        let body = self.rest.slice_ref(reader.take(size as usize)?);
        // The last tag of a recording that was cut has no size behind it.
        reader.u32().ok();
        self.rest = self.rest.slice_ref(reader.rest());
        Ok(Tag { kind, millis: u32::from(high) << 24 | low, body })
    }
}

impl Iterator for Tags {
    type Item = Result<Tag, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let tag = self.read();
        if tag.is_err() {
            self.rest = Bytes::new();
        }
        Some(tag)
    }
}

/// Writes a file's header, and the zero that stands before the first tag.
pub fn write_header(out: &mut impl BufMut, video: bool, audio: bool) {
    out.put_slice(&SIGNATURE);
    out.put_u8(u8::from(audio) << 2 | u8::from(video));
    out.put_u32(FILE_HEADER_BYTES);
    out.put_u32(0);
}

/// Writes a tag whose body is `prefix` and then `payload`, and the size that follows it.
///
/// # Errors
/// [`Error::TooLong`] beyond 16777215 bytes; nothing was written then.
pub fn write_tag(
    out: &mut impl BufMut,
    kind: TagKind,
    millis: u32,
    prefix: &[u8],
    payload: &[u8],
) -> Result<(), Error> {
    let length = prefix.len().saturating_add(payload.len());
    let size =
        u32::try_from(length).ok().filter(|_| length <= BODY_BYTES_MAX).ok_or(Error::TooLong(length))?;
    out.put_u8(kind.byte());
    put_u24(out, size);
    put_u24(out, millis & 0x00FF_FFFF);
    out.put_u8(millis.to_be_bytes()[0]);
    put_u24(out, 0);
    out.put_slice(prefix);
    out.put_slice(payload);
    out.put_u32(TAG_HEADER_BYTES + size);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_file_with_a_long_header_and_wrong_sizes_is_read() {
        let mut file = b"FLV\x01\x00\x00\x00\x00\x0Bxx\x00\x00\x00\x00".to_vec();
        file.extend_from_slice(&[9, 0, 0, 2, 0x34, 0x56, 0x78, 0x12, 0, 0, 0, 0x17, 0x02, 9, 9, 9, 9]);
        file.extend_from_slice(&[8, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0xAF]);
        let tags: Result<Vec<_>, _> = Tags::new(&Bytes::from(file)).expect("header").collect();
        let tags = tags.expect("tags");
        assert_eq!(tags.len(), 2);
        assert_eq!((tags[0].kind, tags[0].millis), (TagKind::Video, 0x1234_5678));
        assert_eq!(&tags[1].body[..], [0xAF]);
    }

    #[test]
    fn a_cut_file_gives_what_is_whole_then_one_error() {
        let mut file = Vec::new();
        write_header(&mut file, true, false);
        write_tag(&mut file, TagKind::Video, 5, &[0x17], &[1, 2, 3]).expect("short");
        write_tag(&mut file, TagKind::Video, 6, &[], &[1, 2, 3]).expect("short");
        file.truncate(file.len() - 5);
        let mut tags = Tags::new(&Bytes::from(file)).expect("header");
        assert!(matches!(tags.next(), Some(Ok(tag)) if tag.millis == 5));
        assert!(matches!(tags.next(), Some(Err(Error::Truncated(_)))));
        assert_eq!(tags.next(), None);
    }

    #[test]
    fn other_files_are_refused() {
        assert_eq!(Tags::new(&Bytes::from_static(b"\x00\x00\x00\x18ftyp")).err(), Some(Error::NotFlv));
        assert!(matches!(Tags::new(&Bytes::from_static(b"FLV")), Err(Error::Truncated(_))));
    }

    #[test]
    fn encrypted_tags_are_not_taken_for_media() {
        assert_eq!(TagKind::from_byte(0x29), TagKind::Other(0x29));
        assert_eq!(TagKind::from_byte(9 | 0xC0), TagKind::Video);
    }

    proptest! {
        #[test]
        fn tags_are_read_as_they_were_written(
            written in proptest::collection::vec((0u8..3, any::<u32>(), proptest::collection::vec(any::<u8>(), 0..40)), 0..8)
        ) {
            let mut file = Vec::new();
            write_header(&mut file, true, true);
            for (kind, millis, body) in &written {
                let kind = [TagKind::Audio, TagKind::Video, TagKind::Script][usize::from(*kind)];
                let (prefix, payload) = body.split_at(body.len() / 2);
                write_tag(&mut file, kind, *millis, prefix, payload).expect("short");
            }
            let read: Vec<_> = Tags::new(&Bytes::from(file)).expect("header").map(|tag| tag.expect("whole")).collect();
            prop_assert_eq!(read.len(), written.len());
            for (tag, (_, millis, body)) in read.iter().zip(&written) {
                prop_assert_eq!(tag.millis, *millis);
                prop_assert_eq!(&tag.body[..], &body[..]);
            }
        }

        #[test]
        fn any_bytes_end(file in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut bytes = b"FLV\x01\x05\x00\x00\x00\x09\x00\x00\x00\x00".to_vec();
            bytes.extend(file);
            prop_assert!(Tags::new(&Bytes::from(bytes)).expect("header").count() <= 200);
        }
    }
}
