// The player's states as sentences.
import type { PlayerState } from './player';

const WORDS: Record<PlayerState, string> = {
  loading: 'Loading…',
  waiting: 'Waiting for the stream to start.',
  starting: 'Starting…',
  playing: 'Live',
  paused: 'Paused',
  hidden: 'Paused while you look elsewhere.',
  buffering: 'Buffering…',
  ended: 'The stream has ended. It comes back by itself when it starts again.',
  retrying: 'Connection trouble, trying again…',
  unsupported: 'This browser cannot play the stream.',
};

/** A refusal's own sentence says more than ours; a library's error code does not. */
export function playerWords(state: PlayerState, detail?: string): string {
  const sentence = detail && /\s/.test(detail) && (state === 'waiting' || state === 'unsupported' || state === 'retrying');
  return sentence ? detail : WORDS[state];
}

/** What a coding is called, whether it is of pictures, and who can decode it where this browser cannot. */
const CODINGS: Record<string, [name: string, pictures: boolean, elsewhere: string]> = {
  hvc1: ['HEVC', true, 'Safari can, and Chrome and Edge where the device has a decoder.'],
  hev1: ['HEVC', true, 'Safari can, and Chrome and Edge where the device has a decoder.'],
  av01: ['AV1', true, 'Newer versions of Chrome, Edge and Firefox can.'],
  vp09: ['VP9', true, 'Newer versions of Chrome, Edge and Firefox can.'],
  avc1: ['H.264', true, 'Chrome, Edge, Safari and Firefox can.'],
  'ac-3': ['AC-3', false, 'Safari can.'],
  'ec-3': ['E-AC-3', false, 'Safari can.'],
  opus: ['Opus', false, 'Newer versions of all browsers can.'],
  flac: ['FLAC', false, 'Newer versions of all browsers can.'],
  mp4a: ['AAC', false, 'Chrome, Edge, Safari and Firefox can.'],
};

/** Why there is no picture, and what a viewer or the one who sends it can do. `codec` begins as in a playlist's CODECS. */
export function undecodable(codec: string | null): string {
  const coding = CODINGS[codec?.toLowerCase() ?? ''];
  if (!coding) return 'This browser cannot decode what the encoder sends. Another one may.';
  const [name, pictures, elsewhere] = coding;
  const fix = name === 'H.264' || name === 'AAC' ? '' : ` An encoder that sends ${pictures ? 'H.264 is seen' : 'AAC is heard'} in every browser.`;
  return `This browser cannot decode ${name}. ${elsewhere}${fix}`;
}
