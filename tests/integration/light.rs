//! Pictures of a high dynamic range, published by FFmpeg 9 as HEVC: what is said of their light is said of them everywhere.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::every_codec::{Relay, playlists};
use crate::needs;
use crate::support::engine::{Gostream, PLAYBACK};
use crate::support::modern::{Coding, clip_of};
use crate::support::packets::{Clip, kept};
use crate::support::programs::{Program, ffmpeg9};
use crate::support::scratch::Scratch;

const HDR: Coding = Coding { name: "hevc-hdr", encoders: &["-c:v", "libx265", "-c:a", "aac"], filter: &[] };

/// What x265 says in the pictures themselves: BT.2020 and PQ in their VUI, a display of P3 that reaches 1000 cd/m² and how
/// bright they get in SEI.
const SAID: &str = "log-level=error:keyint=25:min-keyint=25:scenecut=0:bframes=2:hdr10=1:repeat-headers=1:colorprim=bt2020:\
                    transfer=smpte2084:colormatrix=bt2020nc:max-cll=1000,400:\
                    master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1)";

/// Three seconds. What is coded of a file that has these SEI has them as side data, which FFmpeg sends as `colorInfo`.
fn clip() -> Clip {
    let run = |arguments: &[&str], input: &Path, output: &Path| {
        let mut command = Command::new(ffmpeg9());
        command.args(["-nostdin", "-v", "error", "-y", "-i"]).arg(input).args(arguments).arg(output);
        assert!(command.status().expect("ffmpeg runs").success(), "{} can be made", output.display());
    };
    let file = kept("hevc-hdr-3", |fresh| {
        let graded = fresh.with_extension("mkv");
        let mut command = Command::new(ffmpeg9());
        command.args(["-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=size=192x108:rate=25"]);
        command.args(["-f", "lavfi", "-i", "anoisesrc=r=48000:a=0.1:seed=7", "-pix_fmt", "yuv420p10le"]);
        command.args(["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", SAID, "-c:a", "aac"]);
        command.args(["-ac", "2", "-t", "3"]).arg(&graded);
        assert!(command.status().expect("ffmpeg runs").success(), "pictures can be graded");
        let again = "log-level=error:keyint=25:min-keyint=25:scenecut=0:bframes=2";
        let encoder = ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", again, "-c:a", "copy"];
        run(&encoder, &graded, fresh);
    });
    clip_of(file, HDR.filter)
}

/// The pictures of a show's first segment behind its init segment, as ffprobe describes them.
fn described(engine: &Gostream, init: &str, segment: &str) -> Value {
    let get = |file: &str| engine.get(&format!("/hls/{PLAYBACK}/{file}")).body;
    let scratch = Scratch::new("light");
    let file = scratch.join("hls.mp4");
    std::fs::write(&file, [get(init), get(segment)].concat()).expect("a file can be written");
    let mut probe = Command::new("ffprobe");
    probe.args(["-v", "error", "-select_streams", "v", "-show_streams", "-of", "json"]).arg(&file);
    let output = probe.output().expect("ffprobe runs");
    let found: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    found["streams"][0].clone()
}

#[test]
fn the_light_of_pictures_is_told_to_viewers_and_to_a_destination() {
    needs!(Program::Ffmpeg, Program::Ffmpeg9);
    let relay = Relay::start();
    relay.carries(&HDR, &clip(), &[]);
    for engine in [&relay.near, &relay.far] {
        let index = engine.get(&format!("/hls/{PLAYBACK}/index.m3u8")).text();
        assert!(index.contains("CODECS=\"hvc1.2.4.L30.90,mp4a.40.2\""), "ten bits: {index}");
        assert!(index.contains("VIDEO-RANGE=PQ"), "{index}");
        let (_, media) = playlists(engine);
        let first = &media.segments[0];
        let init = first.map.as_ref().expect("an init segment");
        let told = described(engine, &init.uri, &first.uri);
        let colours = ["color_primaries", "color_transfer", "color_space"].map(|name| told[name].clone());
        assert_eq!(colours, ["bt2020", "smpte2084", "bt2020nc"].map(Value::from));
        let light = [
            json!({
                "side_data_type": "Mastering display metadata",
                "red_x": "34000/50000", "red_y": "16000/50000",
                "green_x": "13250/50000", "green_y": "34500/50000",
                "blue_x": "7500/50000", "blue_y": "3000/50000",
                "white_point_x": "15635/50000", "white_point_y": "16450/50000",
                "min_luminance": "1/10000", "max_luminance": "10000000/10000",
            }),
            json!({ "side_data_type": "Content light level metadata", "max_content": 1_000, "max_average": 400 }),
        ];
        assert_eq!(told["side_data_list"], json!(light));
    }
}
