//! What a sender says of colours and brightness beside its pictures: `colorInfo` of Enhanced RTMP, as the code points of
//! ITU-T H.273, the display that pictures were graded on (SMPTE ST 2086), and how bright they get (CTA-861.3).
//!
//! Everything may be missing, and what cannot be is left out. The pictures' own headers count before it.

use super::amf0::{self, Limits, Value};
use super::shape::{Colour, Shape};

/// Units a candela for each square metre, and a step of a chromaticity, in `mdcv` (ISO/IEC 14496-12 §12.1.6).
const LUMINANCE_UNITS: f64 = 10_000.0;
const CHROMATICITY_UNITS: f64 = 50_000.0;
/// Candela for each square metre that Enhanced RTMP allows a display at most, and its black.
const LUMINANCE_MAX: f64 = 10_000.0;
const BLACK_MAX: f64 = 5.0;

/// Where the green, blue and red of a display lie, and its white, each as x and y.
type Chromaticities = [(f64, f64); 4];

const D65: (f64, f64) = (0.3127, 0.3290);
const BT_2020: Chromaticities = [(0.170, 0.797), (0.131, 0.046), (0.708, 0.292), D65];
const P3_D65: Chromaticities = [(0.265, 0.690), (0.150, 0.060), (0.680, 0.320), D65];

/// What was said; equal when the same boxes follow from it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Light {
    /// Code points, where one of them says anything.
    pub colour: Option<Colour>,
    /// The display that the pictures were graded on.
    pub mastering: Option<Mastering>,
    /// How bright the pictures get.
    pub levels: Option<Levels>,
}

/// A display (`mdcv`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mastering {
    /// Green, blue, red and white, each as x and y in steps of 0.00002.
    pub chromaticities: [(u16, u16); 4],
    /// The brightest, in units of 0.0001 candela for each square metre.
    pub brightest: u32,
    /// The darkest, in the same units.
    pub darkest: u32,
}

/// How bright pictures get, in candela for each square metre (`clli`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Levels {
    /// The brightest sample.
    pub brightest: u16,
    /// The brightest picture in its mean.
    pub brightest_mean: u16,
}

impl Light {
    /// From the AMF0 values of a `colorInfo`, for pictures that say `own` of their colours. Nothing of what is unreadable.
    #[must_use]
    pub fn from_color_info(values: &[u8], own: Option<Colour>) -> Self {
        let values = amf0::decode_all(values, &Limits::default()).unwrap_or_default();
        let Some(info) = values.get(1) else { return Self::default() };
        let own = own.filter(Colour::is_specified);
        let said = info.property("colorConfig").map(colour).filter(Colour::is_specified);
        let primaries = own.or(said).map_or(Colour::UNSPECIFIED, |colour| colour.primaries);
        Self {
            colour: said.filter(|_| own.is_none()),
            mastering: info.property("hdrMdcv").and_then(|said| mastering(said, primaries)),
            levels: info.property("hdrCll").and_then(levels),
        }
    }

    /// What pictures look like that are of this shape by their own headers.
    #[must_use]
    pub fn on(&self, shape: Shape) -> Shape {
        let full_range = shape.colour.is_some_and(|own| own.full_range);
        let own = shape.colour.filter(Colour::is_specified);
        let said = self.colour.map(|said| Colour { full_range, ..said });
        Shape { colour: own.or(said).or(shape.colour), ..shape }
    }
}

fn number(of: &Value, name: &str) -> Option<f64> {
    of.property(name).and_then(Value::as_number).filter(|number| number.is_finite())
}

/// Senders write 0, too, for what they do not know; as a matrix it would be RGB, which these codings are not sent in.
fn colour(said: &Value) -> Colour {
    let point = |name| {
        let number = number(said, name).filter(|number| (1.0..=255.0).contains(number));
        number.map_or(Colour::UNSPECIFIED, |number| {
            u8::try_from(whole(number, 1.0)).unwrap_or(Colour::UNSPECIFIED)
        })
    };
    Colour {
        primaries: point("colorPrimaries"),
        transfer: point("transferCharacteristics"),
        matrix: point("matrixCoefficients"),
        full_range: false,
    }
}

/// OBS says how bright and dark, and not of which colours: those of the pictures then.
fn mastering(said: &Value, primaries: u8) -> Option<Mastering> {
    let point = |x, y| Some((number(said, x)?, number(said, y)?));
    let told = || {
        Some([
            point("greenX", "greenY")?,
            point("blueX", "blueY")?,
            point("redX", "redY")?,
            point("whitePointX", "whitePointY")?,
        ])
    };
    let usual = match primaries {
        Colour::PRIMARIES_BT_2020 => Some(BT_2020),
        Colour::PRIMARIES_P3_D65 => Some(P3_D65),
        _ => None,
    };
    let chromaticities = told().or(usual)?;
    let fit = |of: f64| (0.0..=1.0).contains(&of);
    let brightest = number(said, "maxLuminance").filter(|it| *it > 0.0 && *it <= LUMINANCE_MAX)?;
    let darkest = number(said, "minLuminance").filter(|it| (0.0..=BLACK_MAX).contains(it)).unwrap_or(0.0);
    let possible = darkest < brightest && chromaticities.iter().all(|(x, y)| fit(*x) && fit(*y) && *y > 0.0);
    possible.then(|| Mastering {
        chromaticities: chromaticities.map(|(x, y)| (step(x), step(y))),
        brightest: whole(brightest, LUMINANCE_UNITS),
        darkest: whole(darkest, LUMINANCE_UNITS),
    })
}

/// Zero says nothing (CTA-861.3 §4.2).
fn levels(said: &Value) -> Option<Levels> {
    let level = |name| {
        let level = number(said, name).filter(|level| (0.0..=f64::from(u16::MAX)).contains(level));
        level.map_or(0, |level| u16::try_from(whole(level, 1.0)).unwrap_or(0))
    };
    let levels = Levels { brightest: level("maxCLL"), brightest_mean: level("maxFall") };
    (levels.brightest > 0 || levels.brightest_mean > 0).then_some(levels)
}

fn step(chromaticity: f64) -> u16 {
    u16::try_from(whole(chromaticity, CHROMATICITY_UNITS)).unwrap_or(u16::MAX)
}

/// A cast of a float saturates.
fn whole(number: f64, units: f64) -> u32 {
    (number * units).round() as u32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn object(properties: &[(&str, Value)]) -> Value {
        Value::Object(properties.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect())
    }

    fn numbers(properties: &[(&str, f64)]) -> Value {
        let values: Vec<_> = properties.iter().map(|(name, value)| (*name, Value::Number(*value))).collect();
        object(&values)
    }

    fn info(properties: &[(&str, Value)]) -> Vec<u8> {
        let mut bytes = Vec::new();
        Value::String("colorInfo".to_owned()).encode(&mut bytes);
        object(properties).encode(&mut bytes);
        bytes
    }

    const PQ: Colour = Colour { primaries: 9, transfer: 16, matrix: 9, full_range: false };

    fn pq() -> Value {
        numbers(&[
            ("bitDepth", 10.0),
            ("colorPrimaries", 9.0),
            ("transferCharacteristics", 16.0),
            ("matrixCoefficients", 9.0),
        ])
    }

    #[test]
    fn obs_says_how_bright_and_the_colours_follow_from_those_of_the_pictures() {
        let bright = numbers(&[("maxLuminance", 1_000.0), ("minLuminance", 0.0001)]);
        let said = info(&[("colorConfig", pq()), ("hdrMdcv", bright)]);
        let light = Light::from_color_info(&said, None);
        let mastering = light.mastering.expect("a display");
        assert_eq!((light.colour, light.levels), (Some(PQ), None));
        assert_eq!((mastering.brightest, mastering.darkest), (10_000_000, 1));
        assert_eq!(
            mastering.chromaticities,
            [(8_500, 39_850), (6_550, 2_300), (35_400, 14_600), (15_635, 16_450)]
        );
        let own = Colour { primaries: 12, transfer: 18, ..PQ };
        let beside = Light::from_color_info(&said, Some(own));
        assert_eq!(beside.colour, None, "the pictures' own headers count");
        assert_eq!(beside.mastering.map(|it| it.chromaticities[0]), Some((13_250, 34_500)));
    }

    #[test]
    fn what_is_empty_or_cannot_be_says_nothing() {
        let none = |properties: &[(&str, Value)]| {
            assert_eq!(Light::from_color_info(&info(properties), None), Light::default(), "{properties:?}");
        };
        none(&[]);
        none(&[("colorConfig", object(&[]))]);
        none(&[("colorConfig", numbers(&[("colorPrimaries", 0.0), ("transferCharacteristics", 999.0)]))]);
        none(&[("hdrMdcv", numbers(&[("maxLuminance", 1_000.0)]))]);
        none(&[("hdrCll", numbers(&[("maxCLL", 0.0), ("maxFall", f64::NAN)]))]);
        let mut far =
            [("redX", 7.0), ("redY", 0.3), ("greenX", 0.1), ("greenY", 0.8), ("blueX", 0.1)].to_vec();
        far.extend([("blueY", 0.1), ("whitePointX", 0.3), ("whitePointY", 0.3), ("maxLuminance", 1_000.0)]);
        none(&[("hdrMdcv", numbers(&far))]);
        assert_eq!(Light::from_color_info(&[2, 0, 9, 1], None), Light::default());
    }

    #[test]
    fn the_range_of_light_follows_where_the_pictures_do_not_say_it() {
        let light = Light { colour: Some(PQ), ..Light::default() };
        let bare = Shape { width: 96, height: 54, frame_rate: None, sample_aspect: (1, 1), colour: None };
        assert_eq!(light.on(bare).colour, Some(PQ));
        let silent = Colour { primaries: 2, transfer: 2, matrix: 2, full_range: true };
        let full = light.on(Shape { colour: Some(silent), ..bare });
        assert_eq!(full.colour, Some(Colour { full_range: true, ..PQ }));
        let own = Colour { primaries: 1, transfer: 1, matrix: 1, full_range: false };
        assert_eq!(light.on(Shape { colour: Some(own), ..bare }).colour, Some(own));
    }

    proptest! {
        #[test]
        fn garbage_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..64), four in prop::array::uniform4(any::<f64>())) {
            std::hint::black_box(Light::from_color_info(&bytes, None));
            let [a, b, c, d] = four;
            let bright = numbers(&[("maxLuminance", a), ("minLuminance", b)]);
            let said = info(&[("colorConfig", pq()), ("hdrMdcv", bright), ("hdrCll", numbers(&[("maxCLL", c), ("maxFall", d)]))]);
            std::hint::black_box(Light::from_color_info(&said, None));
        }
    }
}
