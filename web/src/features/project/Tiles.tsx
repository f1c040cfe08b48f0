// The signal's figures. Each writes itself at every sample; none is rendered for it.
import type { Figures } from '@/api/types';
import { samples } from '@/live/samples';
import { Readout } from '@/ui/Readout';
import { bitrate, clock, milliseconds } from '@/words/format';

/** What there is to say of a second; nothing before the first. */
type Second = { [Field in keyof Figures]?: Figures[Field] | null };
type Say = (figures: Second) => string;
const or = <T,>(value: T | null | undefined, say: (value: T) => string): string => (value == null ? '–' : say(value));

/** Codecs by the beginning of their names in RFC 6381's form, as the server tells them. */
const CODECS: [string, string][] = [
  ['avc', 'H.264'], ['h264', 'H.264'], ['hvc1', 'HEVC'], ['hev1', 'HEVC'], ['hevc', 'HEVC'], ['av01', 'AV1'], ['av1', 'AV1'], ['vp09', 'VP9'], ['vp9', 'VP9'],
  ['vp08', 'VP8'], ['mp4a.40.34', 'MP3'], ['mp4a.6b', 'MP3'], ['mp3', 'MP3'], ['mp4a', 'AAC'], ['aac', 'AAC'], ['opus', 'Opus'], ['flac', 'FLAC'], ['ac-3', 'AC-3'], ['ec-3', 'E-AC-3'],
];
export const codecName = (codec: string): string => CODECS.find(([start]) => codec.toLowerCase().startsWith(start))?.[1] ?? codec;
const CHANNELS: Record<number, string> = { 1: 'mono', 2: 'stereo', 6: '5.1' };

const TILES: [label: string, say: Say, under: Say, title: string][] = [
  ['Bitrate', (f) => or(f.bitrate_bits, bitrate), (f) => or(f.audio_bits, (bits) => `${bitrate(bits)} of it sound`), 'What the encoder sends to us'],
  ['Frame rate', (f) => or(f.fps, (fps) => `${fps.toFixed(fps % 1 > 0.05 ? 2 : 0)} fps`), (f) => or(f.missing_frames, (n) => `${n} missing (estimated)`), 'Frames a second; how many seem to be missing'],
  ['Keyframe every', (f) => or(f.keyframe_interval_s, (s) => `${s.toFixed(1)} s`), (f) => (f.keyframe_interval_s && f.keyframe_interval_s > 4 ? 'more than platforms like' : '2 s suits all platforms'), 'Viewers can join at keyframes only'],
  ['Picture', (f) => (f.width && f.height ? `${f.width} × ${f.height}` : '–'), (f) => or(f.video_codec, codecName), 'Size and codec of the picture'],
  ['Sound', (f) => or(f.audio_codec, codecName), (f) => [or(f.sample_rate, (hz) => `${hz / 1000} kHz`), f.channels && (CHANNELS[f.channels] ?? `${f.channels} channels`)].filter(Boolean).join(', '), 'Codec, sample rate and channels of the sound'],
  ['Sound to picture', (f) => or(f.skew_ms, (ms) => milliseconds(ms)), (f) => or(f.gaps, (n) => (n ? `${n} gaps` : 'no gaps')), 'How far sound and picture are apart'],
  ['Connected for', (f) => or(f.connected_s, clock), () => '', 'How long this connection of the encoder has held'],
  ['Clock drift', (f) => or(f.drift_ms, (ms) => milliseconds(ms)), (f) => or(f.drift_ms, (ms) => (Math.abs(ms) > 2000 ? 'encoder falls behind' : 'keeps time')), 'Media time against the wall clock: it grows when the encoder or its network cannot keep up'],
];

export function Tiles({ project, figures }: { project: string; figures: Figures | null }) {
  const now = () => samples.project(project)?.figures ?? figures ?? {};
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
      <div className="hidden bg-panel sm:block xl:hidden" aria-hidden />
    </dl>
  );
}
