//! Bounds-checked big-endian reading, and the one integer width (`u24`) that `bytes` lacks for writing.
//!
//! Leaves to the caller what a missing byte means: more input to wait for, or a peer's mistake.

use bytes::BufMut;

/// The input ended before a field did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{wanted} bytes wanted, {had} left")]
pub struct Truncated {
    /// Bytes that the field needed.
    pub wanted: usize,
    /// Bytes that were left.
    pub had: usize,
}

/// A cursor over borrowed bytes. Every read is checked; a failed read moves nothing.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Starts at the first byte of `bytes`.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What has not been read yet.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// How many bytes have not been read yet.
    #[must_use]
    pub const fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// Whether everything has been read.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next byte, left where it is.
    #[must_use]
    pub fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// The next `count` bytes.
    ///
    /// # Errors
    /// [`Truncated`] when fewer are left.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], Truncated> {
        let Some((head, rest)) = self.rest.split_at_checked(count) else {
            return Err(Truncated { wanted: count, had: self.rest.len() });
        };
        self.rest = rest;
        Ok(head)
    }

    /// The next `N` bytes as an array.
    ///
    /// # Errors
    /// [`Truncated`] when fewer are left.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Truncated> {
        let Some((head, rest)) = self.rest.split_first_chunk::<N>() else {
            return Err(Truncated { wanted: N, had: self.rest.len() });
        };
        self.rest = rest;
        Ok(*head)
    }

    /// One byte.
    ///
    /// # Errors
    /// [`Truncated`] at the end.
    pub fn u8(&mut self) -> Result<u8, Truncated> {
        self.array::<1>().map(|[b]| b)
    }

    /// A big-endian `u16`.
    ///
    /// # Errors
    /// [`Truncated`] when fewer than 2 bytes are left.
    pub fn u16(&mut self) -> Result<u16, Truncated> {
        self.array().map(u16::from_be_bytes)
    }

    /// A big-endian `u24`.
    ///
    /// # Errors
    /// [`Truncated`] when fewer than 3 bytes are left.
    pub fn u24(&mut self) -> Result<u32, Truncated> {
        self.array::<3>().map(|[a, b, c]| u32::from_be_bytes([0, a, b, c]))
    }

    /// A big-endian signed 24-bit integer, as FLV composition times are written.
    ///
    /// # Errors
    /// [`Truncated`] when fewer than 3 bytes are left.
    pub fn i24(&mut self) -> Result<i32, Truncated> {
        self.array::<3>().map(|[a, b, c]| i32::from_be_bytes([a, b, c, 0]) >> 8)
    }

    /// A big-endian `u32`.
    ///
    /// # Errors
    /// [`Truncated`] when fewer than 4 bytes are left.
    pub fn u32(&mut self) -> Result<u32, Truncated> {
        self.array().map(u32::from_be_bytes)
    }

    /// A little-endian `u32`: the message stream id of RTMP alone.
    ///
    /// # Errors
    /// [`Truncated`] when fewer than 4 bytes are left.
    pub fn u32_le(&mut self) -> Result<u32, Truncated> {
        self.array().map(u32::from_le_bytes)
    }

    /// A big-endian `u64`.
    ///
    /// # Errors
    /// [`Truncated`] when fewer than 8 bytes are left.
    pub fn u64(&mut self) -> Result<u64, Truncated> {
        self.array().map(u64::from_be_bytes)
    }

    /// A big-endian IEEE 754 double.
    ///
    /// # Errors
    /// [`Truncated`] when fewer than 8 bytes are left.
    pub fn f64(&mut self) -> Result<f64, Truncated> {
        self.array().map(f64::from_be_bytes)
    }
}

/// Writes the low 24 bits of `value`, big-endian.
pub fn put_u24(out: &mut impl BufMut, value: u32) {
    debug_assert!(value <= 0x00FF_FFFF, "u24 overflow: {value}");
    let [_, a, b, c] = value.to_be_bytes();
    out.put_slice(&[a, b, c]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_read_moves_nothing() {
        let mut reader = Reader::new(&[1, 2]);
        assert_eq!(reader.u32(), Err(Truncated { wanted: 4, had: 2 }));
        assert_eq!(reader.u16(), Ok(0x0102));
        assert_eq!(reader.u8(), Err(Truncated { wanted: 1, had: 0 }));
    }

    #[test]
    fn signed_24_bit_values_extend_their_sign() {
        assert_eq!(Reader::new(&[0xFF, 0xFF, 0xFF]).i24(), Ok(-1));
        assert_eq!(Reader::new(&[0x80, 0, 0]).i24(), Ok(-0x80_0000));
        assert_eq!(Reader::new(&[0x7F, 0xFF, 0xFF]).i24(), Ok(0x7F_FFFF));
    }

    #[test]
    fn u24_is_written_as_it_is_read() {
        let mut out = Vec::new();
        put_u24(&mut out, 0x00AB_CDEF);
        assert_eq!(out, [0xAB, 0xCD, 0xEF]);
        assert_eq!(Reader::new(&out).u24(), Ok(0x00AB_CDEF));
    }
}
