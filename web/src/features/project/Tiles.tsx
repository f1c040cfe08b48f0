// The signal's figures. Each writes itself at every sample; none is rendered for it.
import type { Figures } from '@/api/types';
import { samples } from '@/live/samples';
import { Readout } from '@/ui/Readout';
import { bitrate, milliseconds } from '@/words/format';

type Say = (figures: Figures) => string;
const or = <T,>(value: T | null | undefined, say: (value: T) => string): string => (value == null ? '–' : say(value));

const CODECS: Record<string, string> = { h264: 'H.264', avc: 'H.264', hevc: 'HEVC', h265: 'HEVC', av1: 'AV1', vp9: 'VP9', aac: 'AAC', opus: 'Opus', mp3: 'MP3' };
export const codecName = (codec: string): string => CODECS[codec.toLowerCase()] ?? codec.toUpperCase();
const CHANNELS: Record<number, string> = { 1: 'mono', 2: 'stereo', 6: '5.1' };

const TILES: [label: string, say: Say, under: Say, title: string][] = [
  ['Bitrate', (f) => bitrate(f.bitrate_bits), (f) => or(f.audio_bits, (bits) => `${bitrate(bits)} of it sound`), 'What the encoder sends to us'],
  ['Frame rate', (f) => or(f.fps, (fps) => `${fps.toFixed(fps % 1 > 0.05 ? 2 : 0)} fps`), (f) => or(f.missing_frames, (n) => `${n} missing (estimated)`), 'Frames a second; how many seem to be missing'],
  ['Keyframe every', (f) => or(f.keyframe_interval_s, (s) => `${s.toFixed(1)} s`), (f) => (f.keyframe_interval_s && f.keyframe_interval_s > 4 ? 'more than platforms like' : '2 s suits all platforms'), 'Viewers can join at keyframes only'],
  ['Picture', (f) => (f.width && f.height ? `${f.width} × ${f.height}` : '–'), (f) => or(f.video_codec, codecName), 'Size and codec of the picture'],
  ['Sound', (f) => or(f.audio_codec, codecName), (f) => [or(f.sample_rate, (hz) => `${hz / 1000} kHz`), f.channels && (CHANNELS[f.channels] ?? `${f.channels} channels`)].filter(Boolean).join(', '), 'Codec, sample rate and channels of the sound'],
  ['Sound to picture', (f) => or(f.skew_ms, (ms) => milliseconds(ms)), (f) => or(f.gaps, (n) => (n ? `${n} gaps` : 'no gaps')), 'How far sound and picture are apart'],
  ['Clock drift', (f) => or(f.drift_ms, (ms) => milliseconds(ms)), (f) => or(f.drift_ms, (ms) => (Math.abs(ms) > 2000 ? 'encoder falls behind' : 'keeps time')), 'Media time against the wall clock: it grows when the encoder or its network cannot keep up'],
];

const NOTHING: Figures = {
  at: '', bitrate_bits: null, video_bits: null, audio_bits: null, fps: null, keyframe_interval_s: null, width: null, height: null,
  video_codec: null, audio_codec: null, sample_rate: null, channels: null, skew_ms: null, drift_ms: null, missing_frames: null,
  gaps: null, connected_s: null,
};

export function Tiles({ project, figures }: { project: string; figures: Figures | null }) {
  const now = () => samples.project(project)?.figures ?? figures ?? NOTHING;
  return (
    <dl className="grid grid-cols-2 gap-px overflow-hidden bg-line sm:grid-cols-3 xl:grid-cols-4">
      {TILES.map(([label, say, under, title]) => (
        <div key={label} className="bg-panel px-4 py-3" title={title}>
          <dt className="engraved">{label}</dt>
          <dd>
            <Readout of={project} className="block text-xl leading-tight font-medium" say={() => say(now())} />
            <Readout of={project} className="block min-h-5 text-[0.82rem] text-faint" say={() => under(now())} />
          </dd>
        </div>
      ))}
      <div className="bg-panel" aria-hidden />
      <div className="hidden bg-panel sm:block xl:hidden" aria-hidden />
    </dl>
  );
}
