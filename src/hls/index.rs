//! The multivariant playlist of a session: which of its lists are variants, which are sounds, and what of each it says.

use std::sync::Arc;

use super::lifecycle::Session;
use super::lineup::Lane;
use super::segment::Init;
use super::window::Window;
use crate::format::a53::Captions;
use crate::format::m3u8::{Multivariant, SoundRendition, Variant};

/// How far a measured frame rate may lie from what the stream says of itself before the stream is not believed.
const FRAME_RATE_TOLERANCE: f64 = 0.05;
/// Segments that a list which began beside others has before players are told of it: they start three target durations
/// from the end where they can, and two segments from it at the least.
const SEGMENTS_FIRST: usize = 2;
/// The group of sounds that every player decodes, and of those that some do.
const GROUP: &str = "sound";
const GROUP_SELDOM: &str = "surround";

/// The lists of a session that its index names, the main one first where it is among them. One alone has all there is.
pub(super) fn listed_together(session: &Session) -> Vec<&Window> {
    let main = &session.main;
    let least = SEGMENTS_FIRST.min(main.listed().count());
    // What has stalled is offered to nobody.
    let has_media = |window: &Window| window.listed().next_back().is_some_and(|it| it.segment.has_media);
    let ready = |window: &&Window| (window.ended() || window.listed().count() >= least) && has_media(window);
    let beside: Vec<&Window> = session.beside.iter().filter(ready).collect();
    let has = |lane| beside.iter().any(|window| window.lane() == lane);
    // A main list that has both keeps its players; those who come later need its pictures alone, beside the others.
    let muxed = init_of(main).is_some_and(|init| init.has_pictures && init.channels.is_some());
    if muxed && !(has(Lane::Pictures(0)) && has(Lane::Sound(0))) {
        return vec![main];
    }
    (!muxed).then_some(main).into_iter().chain(beside).collect()
}

fn init_of(window: &Window) -> Option<&Arc<Init>> {
    window.listed().next_back().map(|newest| &newest.segment.opening.init)
}

/// A list that a player may choose, and what was measured of it.
#[derive(Debug)]
struct Choice {
    lane: Lane,
    init: Arc<Init>,
    uri: String,
    name: String,
    /// Peak and mean bits a second.
    bandwidth: (u64, u64),
    frame_rate: Option<f64>,
}

/// All that the multivariant playlist says at one moment, before it is text.
#[derive(Debug)]
pub(super) struct Index {
    choices: Vec<Choice>,
    captions: Option<Captions>,
}

impl Index {
    /// `None` until there is a segment.
    pub(super) fn of(session: &Session) -> Option<Self> {
        let mut choices: Vec<Choice> = Vec::new();
        for window in listed_together(session) {
            let init = init_of(window)?.clone();
            choices.push(Choice {
                lane: window.lane(),
                name: name_of(window.lane(), &init, &choices),
                init,
                uri: window.playlist_uri(),
                bandwidth: window.bandwidth(),
                frame_rate: window.frame_rate(),
            });
        }
        (!choices.is_empty()).then(|| Self { choices, captions: session.main.captions() })
    }

    /// The text.
    pub(super) fn render(&self) -> String {
        render(&self.choices, self.captions)
    }
}

fn render(choices: &[Choice], captions: Option<Captions>) -> String {
    let alone = choices.len() == 1;
    let is_sound = |choice: &&Choice| !alone && !choice.init.has_pictures;
    let (sounds, mut pictures): (Vec<_>, Vec<_>) = choices.iter().partition(|choice| is_sound(choice));
    let sound_alone = pictures.is_empty();
    if sound_alone {
        // The first of several sounds is what a player opens with.
        pictures.extend(sounds.first());
    }
    let (seldom, common): (Vec<_>, Vec<_>) = sounds.into_iter().partition(|sound| sound.init.seldom_decoded);
    let mut variants = Vec::new();
    for group in [(GROUP, &common), (GROUP_SELDOM, &seldom)] {
        if !group.1.is_empty() {
            variants.extend(pictures.iter().map(|picture| variant(picture, Some(group), captions)));
        }
    }
    if common.is_empty() && !sound_alone {
        // Players that decode none of the sounds play the pictures.
        variants.extend(pictures.iter().map(|picture| variant(picture, None, captions)));
    }
    let groups = [(GROUP, &common), (GROUP_SELDOM, &seldom)];
    let sounds = groups.iter().flat_map(|(group, sounds)| renditions(group, sounds));
    let playlist = Multivariant {
        sounds: sounds.collect(),
        variants,
        captions,
        init_segments: choices.first().is_some_and(|first| first.init.container.has_init()),
    };
    playlist.render()
}

/// What a menu calls a sound: what the source says, or its number, and never what another one is called.
fn name_of(lane: Lane, init: &Init, others: &[Choice]) -> String {
    let number = match lane {
        Lane::Sound(index) | Lane::Pictures(index) => u32::from(index) + 1,
        Lane::Main => 1,
    };
    let named = init.label.name.clone().unwrap_or_else(|| format!("Audio {number}"));
    let taken = |other: &Choice| !other.init.has_pictures && other.name == named;
    match others.iter().any(taken) {
        true => format!("{named} ({number})"),
        false => named,
    }
}

fn renditions<'a>(group: &'a str, sounds: &'a [&'a Choice]) -> impl Iterator<Item = SoundRendition<'a>> {
    sounds.iter().enumerate().map(move |(at, sound)| {
        let language = sound.init.label.language.as_deref();
        let before = sounds.get(..at).unwrap_or_default();
        let taken = before.iter().any(|other| other.init.label.language.as_deref() == language);
        SoundRendition {
            group,
            name: &sound.name,
            language,
            default: at == 0,
            // By language alone: a player that chooses among what has none would choose blindly.
            autoselect: at == 0 || (language.is_some() && !taken),
            channels: sound.init.channels,
            uri: (sound.lane != Lane::Main).then_some(sound.uri.as_str()),
        }
    })
}

/// A picture with a group of sounds, each of which it may be played with.
fn variant<'a>(
    picture: &'a Choice,
    group: Option<(&'a str, &Vec<&'a Choice>)>,
    captions: Option<Captions>,
) -> Variant<'a> {
    let init = &picture.init;
    let sounds = group.map(|(_, sounds)| sounds.as_slice()).unwrap_or_default();
    let others = || sounds.iter().filter(|sound| sound.lane != picture.lane);
    let (mut bandwidth, mut average_bandwidth) = picture.bandwidth;
    let beside = others().map(|sound| sound.bandwidth);
    let most = beside.fold((0, 0), |most: (u64, u64), it| (most.0.max(it.0), most.1.max(it.1)));
    (bandwidth, average_bandwidth) = (bandwidth + most.0, average_bandwidth + most.1);
    let mut codecs = init.codecs.clone();
    for sound in others() {
        if codecs.split(',').all(|codec| codec != sound.init.codecs) {
            codecs = format!("{codecs},{}", sound.init.codecs);
        }
    }
    let measured = picture.frame_rate.filter(|_| init.resolution.is_some());
    let frame_rate = measured.map(|measured| match init.nominal_frame_rate {
        Some(nominal) if (measured / nominal - 1.0).abs() <= FRAME_RATE_TOLERANCE => nominal,
        _ => measured,
    });
    Variant {
        uri: &picture.uri,
        bandwidth,
        average_bandwidth,
        codecs,
        resolution: init.resolution,
        frame_rate,
        range: init.range,
        sounds: group.map(|(group, _)| group),
        captions: captions.is_some(),
    }
}
