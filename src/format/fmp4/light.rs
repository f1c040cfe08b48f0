//! `mdcv` and `clli` (ISO/IEC 14496-12 §12.1.6), put into sample entries that are written.

use crate::format::light::{Levels, Light, Mastering};

/// The boxes on the way from a file to its sample entries, by name and the bytes of their own before what they hold.
/// The entry itself may have any name.
const WAY: [(&[u8], usize); 5] = [(b"mdia", 8), (b"minf", 8), (b"stbl", 8), (b"stsd", 16), (b"", 0)];

/// The boxes that say it; none where nothing is said.
pub(super) fn boxes(light: &Light) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(Mastering { chromaticities, brightest, darkest }) = light.mastering {
        let points = chromaticities.iter().flat_map(|(x, y)| [x.to_be_bytes(), y.to_be_bytes()]).flatten();
        let body = points.chain(brightest.to_be_bytes()).chain(darkest.to_be_bytes());
        put(&mut bytes, *b"mdcv", body);
    }
    if let Some(Levels { brightest, brightest_mean }) = light.levels {
        put(&mut bytes, *b"clli", brightest.to_be_bytes().into_iter().chain(brightest_mean.to_be_bytes()));
    }
    bytes
}

fn put(bytes: &mut Vec<u8>, name: [u8; 4], body: impl Iterator<Item = u8>) {
    let body: Vec<u8> = body.collect();
    bytes.extend(u32::try_from(8 + body.len()).unwrap_or(0).to_be_bytes());
    bytes.extend(name);
    bytes.extend(body);
}

/// Puts `boxes` at the end of the sample entry of the track at this place of a `moov` box, and makes all boxes around them
/// longer. `None`, and nothing changed, where there is no such entry.
pub(super) fn graft(moov: &mut Vec<u8>, place: usize, boxes: &[u8]) -> Option<()> {
    let (start, mut end) =
        children(moov, 8, moov.len()).filter(|(at, _)| is(moov, *at, b"trak")).nth(place)?;
    let mut around = vec![0, start];
    let mut inside = start + 8;
    for (name, own) in WAY {
        let (at, to) = children(moov, inside, end).find(|(at, _)| name.is_empty() || is(moov, *at, name))?;
        around.push(at);
        (inside, end) = (at + own, to);
    }
    let more = u32::try_from(boxes.len()).ok()?;
    for at in around {
        let size = moov.get_mut(at..at + 4)?;
        let longer = u32::from_be_bytes((&*size).try_into().ok()?).checked_add(more)?;
        size.copy_from_slice(&longer.to_be_bytes());
    }
    moov.splice(end..end, boxes.iter().copied());
    Some(())
}

fn is(bytes: &[u8], at: usize, name: &[u8]) -> bool {
    bytes.get(at + 4..at + 8) == Some(name)
}

/// Where the boxes between two places begin and end.
fn children(bytes: &[u8], from: usize, to: usize) -> impl Iterator<Item = (usize, usize)> {
    let mut at = from;
    std::iter::from_fn(move || {
        let size = bytes.get(at..at + 4)?.try_into().ok()?;
        let end = at.checked_add(usize::try_from(u32::from_be_bytes(size)).ok()?)?;
        let found = (at + 8 <= end && end <= to).then_some((at, end))?;
        at = end;
        Some(found)
    })
}
