//! The handshake of both ends: simple always, digest where a client asks for it.
//!
//! A server answers S0, S1 and S2 as soon as C1 is there, since FFmpeg and OBS read all three before they send C2.
//! C2 and S2 are skipped, never checked: GStreamer writes its read time into C2, some clients send garbage.
//! The digest arithmetic is `rml_rtmp`'s; everything that decides is here.

use rml_rtmp::handshake::{Handshake as Digest, HandshakeProcessResult, PeerType};

/// Bytes of C1, C2, S1 and S2 (RTMP 1.0 §5.2.3).
const PACKET: usize = 1536;
/// The only version that is spoken, byte C0 and S0 (RTMP 1.0 §5.2.2).
const VERSION: u8 = 3;

/// Why the first bytes are not a handshake that we speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HandshakeError {
    /// A TLS ClientHello on the plain port.
    #[error("the peer speaks TLS; use the rtmps listener, or rtmp:// in the URL")]
    Tls,
    /// An HTTP request line.
    #[error("the peer speaks HTTP on the RTMP port")]
    Http,
    /// Encrypted RTMP.
    #[error("encrypted RTMP (RTMPE) is not supported")]
    Rtmpe,
    /// Some other first byte.
    #[error("the first byte is {0:#04x}, not RTMP version 3")]
    Version(u8),
}

impl HandshakeError {
    /// A short label for a counter.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Tls => "not_rtmp_tls",
            Self::Http => "not_rtmp_http",
            Self::Rtmpe => "rtmpe",
            Self::Version(_) => "handshake_version",
        }
    }

    const fn of_first_byte(byte: u8) -> Option<Self> {
        match byte {
            VERSION => None,
            0x16 => Some(Self::Tls),
            b'G' | b'P' | b'H' | b'O' => Some(Self::Http),
            6 | 8 => Some(Self::Rtmpe),
            other => Some(Self::Version(other)),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Server,
    Client,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Collecting the peer's version byte and first packet.
    First,
    /// Skipping so many bytes of the peer's second packet.
    Second(usize),
    Done,
}

/// One end of a handshake.
#[derive(Debug)]
pub struct Handshake {
    role: Role,
    step: Step,
    /// The peer's version byte and first packet; freed once answered.
    first: Vec<u8>,
    seed: u64,
}

impl Handshake {
    /// The answering end. `seed` makes the random bytes, which protect nothing.
    #[must_use]
    pub const fn server(seed: u64) -> Self {
        Self { role: Role::Server, step: Step::First, first: Vec::new(), seed }
    }

    /// The asking end; writes C0 and C1 to `out`.
    #[must_use]
    pub fn client(seed: u64, out: &mut Vec<u8>) -> Self {
        out.push(VERSION);
        out.extend_from_slice(&plain_packet(seed));
        Self { role: Role::Client, step: Step::First, first: Vec::new(), seed }
    }

    /// Whether chunks follow.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.step == Step::Done
    }

    /// Takes what belongs to the handshake from the front of `input` and writes the answer to `out`.
    ///
    /// # Errors
    /// [`HandshakeError`] at the first byte, before anything is sent, when the peer speaks something else.
    pub fn input(&mut self, input: &mut &[u8], out: &mut Vec<u8>) -> Result<(), HandshakeError> {
        if self.step == Step::First {
            let wanted = (1 + PACKET).saturating_sub(self.first.len());
            let (taken, rest) = input.split_at_checked(wanted).unwrap_or((*input, &[]));
            self.first.extend_from_slice(taken);
            *input = rest;
            if let Some(error) = self.first.first().and_then(|&byte| HandshakeError::of_first_byte(byte)) {
                return Err(error);
            }
            if let Some(packet) = self.first.get(1..).and_then(|p| <&[u8; PACKET]>::try_from(p).ok()) {
                match self.role {
                    Role::Server => answer(packet, self.seed, out),
                    // The simple client's C2 is S1 again (RTMP 1.0 §5.2.4).
                    Role::Client => out.extend_from_slice(packet),
                }
                self.first = Vec::new();
                self.step = Step::Second(PACKET);
            }
        }
        if let Step::Second(left) = self.step {
            let skipped = left.min(input.len());
            *input = input.get(skipped..).unwrap_or_default();
            self.step = if skipped == left { Step::Done } else { Step::Second(left - skipped) };
        }
        Ok(())
    }
}

/// Writes S0, S1 and S2 for a client's C1.
fn answer(c1: &[u8; PACKET], seed: u64, out: &mut Vec<u8>) {
    if let Some(signed) = digest_answer(c1) {
        out.extend_from_slice(&signed);
        return;
    }
    // S1 with version 0: FFmpeg as a player checks signatures when S1 claims a version of 3 or more.
    out.push(VERSION);
    out.extend_from_slice(&plain_packet(seed));
    out.extend_from_slice(c1);
}

/// S0, S1 and S2 signed for a C1 that carries a valid digest; `None` for a simple client.
fn digest_answer(c1: &[u8; PACKET]) -> Option<Vec<u8>> {
    if c1.get(4..8) == Some(&[0; 4]) {
        return None;
    }
    let mut digest = Digest::new(PeerType::Server);
    let mut input = vec![VERSION];
    input.extend_from_slice(c1);
    let Ok(HandshakeProcessResult::InProgress { response_bytes }) = digest.process_bytes(&input) else {
        return None;
    };
    // It echoes C1 as S2 when it found no digest in it.
    let echoed = response_bytes.get(1 + PACKET..) == Some(c1.as_slice());
    (response_bytes.len() == 1 + 2 * PACKET && !echoed).then_some(response_bytes)
}

/// Time 0, version 0, then random bytes (RTMP 1.0 §5.2.3).
fn plain_packet(seed: u64) -> [u8; PACKET] {
    let mut packet = [0; PACKET];
    let mut random = fastrand::Rng::with_seed(seed);
    if let Some(body) = packet.get_mut(8..) {
        random.fill(body);
    }
    packet
}

#[cfg(test)]
mod tests {
    use super::*;

    fn c0c1(version: [u8; 4]) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(&plain_packet(1));
        bytes[5..9].copy_from_slice(&version);
        bytes
    }

    #[test]
    fn the_server_answers_all_three_packets_before_c2() {
        let mut server = Handshake::server(7);
        let mut out = Vec::new();
        let hello = c0c1([0; 4]);
        server.input(&mut hello.as_slice(), &mut out).expect("a plain handshake");
        assert_eq!(out.len(), 1 + 2 * PACKET);
        assert_eq!(out[5..9], [0; 4], "S1 claims no version without a digest");
        assert_eq!(out[1 + PACKET..], hello[1..], "S2 is C1 again");
        assert!(!server.is_done());
    }

    #[test]
    fn c2_is_skipped_whatever_it_holds_and_a_command_in_the_same_segment_is_kept() {
        let mut server = Handshake::server(7);
        let mut bytes = c0c1([0; 4]);
        bytes.extend_from_slice(&[0xEE; PACKET]);
        bytes.extend_from_slice(b"connect");
        let mut rest = bytes.as_slice();
        server.input(&mut rest, &mut Vec::new()).expect("garbage in C2 is legal");
        assert!(server.is_done());
        assert_eq!(rest, b"connect");
    }

    #[test]
    fn a_dribbling_client_succeeds() {
        let mut server = Handshake::server(7);
        let mut out = Vec::new();
        let mut bytes = c0c1([0; 4]);
        bytes.extend_from_slice(&[0; PACKET]);
        for byte in bytes {
            server.input(&mut [byte].as_slice(), &mut out).expect("one byte at a time");
        }
        assert!(server.is_done());
        assert_eq!(out.len(), 1 + 2 * PACKET);
    }

    #[test]
    fn a_version_without_a_digest_gets_the_simple_answer() {
        let mut out = Vec::new();
        let hello = c0c1([9, 0, 0x7C, 2]);
        Handshake::server(7).input(&mut hello.as_slice(), &mut out).expect("no digest is no error");
        assert_eq!(out[5..9], [0; 4]);
        assert_eq!(out[1 + PACKET..], hello[1..]);
    }

    #[test]
    fn a_digest_client_gets_a_signed_answer_that_it_accepts() {
        let mut client = Digest::new(PeerType::Client);
        let hello = client.generate_outbound_p0_and_p1().expect("C0 and C1");
        let mut server = Handshake::server(7);
        let mut out = Vec::new();
        server.input(&mut hello.as_slice(), &mut out).expect("a digest handshake");
        assert!(out[5] >= 3, "S1 claims a version, since it is signed");
        let Ok(HandshakeProcessResult::Completed { response_bytes, .. }) = client.process_bytes(&out) else {
            panic!("the other implementation refused our answer");
        };
        server.input(&mut response_bytes.as_slice(), &mut out).expect("C2");
        assert!(server.is_done());
    }

    #[test]
    fn other_protocols_are_named_at_their_first_byte() {
        for (first, error) in [
            (0x16, HandshakeError::Tls),
            (b'G', HandshakeError::Http),
            (6, HandshakeError::Rtmpe),
            (0xFF, HandshakeError::Version(0xFF)),
        ] {
            let mut out = Vec::new();
            assert_eq!(Handshake::server(7).input(&mut [first].as_slice(), &mut out), Err(error));
            assert!(out.is_empty());
        }
    }

    #[test]
    fn our_client_and_our_server_agree() {
        let (mut to_server, mut to_client) = (Vec::new(), Vec::new());
        let mut client = Handshake::client(1, &mut to_server);
        let mut server = Handshake::server(2);
        server.input(&mut to_server.as_slice(), &mut to_client).expect("C0 C1");
        to_server.clear();
        client.input(&mut to_client.as_slice(), &mut to_server).expect("S0 S1 S2");
        assert!(client.is_done());
        server.input(&mut to_server.as_slice(), &mut to_client).expect("C2");
        assert!(server.is_done());
    }
}
