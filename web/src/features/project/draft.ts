// A destination while it is being written: all text, as fields hold it. What was not touched is not sent.
import type { Destination, DestinationInput, Platform } from '@/api/types';

export interface Draft {
  /** Of a new one: it sends as soon as there is something to send. */
  enabled: boolean;
  name: string;
  platform: string;
  url: string;
  /** Empty: the key stays as it is. */
  streamKey: string;
  insecure: boolean;
  chunkSize: string;
  videoTrack: string;
  audioTrack: string;
  bitrateMaxKbit: string;
}

export function freshDraft(platform: Platform | null, enabled = true): Draft {
  return {
    enabled,
    name: platform?.name ?? '',
    platform: platform?.id ?? 'custom',
    url: platform?.url ?? '',
    streamKey: '',
    insecure: false,
    chunkSize: '',
    videoTrack: '',
    audioTrack: '',
    bitrateMaxKbit: '',
  };
}

const text = (value: number | null | undefined): string => (value == null ? '' : String(value));
const number = (value: string): number | null => (value.trim() ? Number(value) : null);

export function draftOf(destination: Destination): Draft {
  const { limits } = destination;
  return {
    enabled: destination.enabled,
    name: destination.name,
    platform: destination.platform,
    url: destination.url,
    streamKey: '',
    insecure: destination.insecure,
    chunkSize: text(destination.chunk_size),
    videoTrack: text(destination.video_track),
    audioTrack: text(destination.audio_track),
    bitrateMaxKbit: limits?.bitrate_max_bits ? String(limits.bitrate_max_bits / 1000) : '',
  };
}

/** What is to be changed. Only a new one may leave open whether it is on. */
type Change = Omit<Partial<DestinationInput>, 'enabled'> & { enabled?: boolean };

/** The whole of a new one; of an old one, what differs. */
export function inputOf(draft: Draft, destination: Destination): Change;
export function inputOf(draft: Draft, destination: null): DestinationInput;
export function inputOf(draft: Draft, destination: Destination | null): DestinationInput | Change {
  const key = splitKey(draft);
  const all: DestinationInput = {
    name: draft.name.trim(),
    platform: draft.platform,
    url: key.url,
    insecure: draft.insecure,
    chunk_size: number(draft.chunkSize),
    video_track: number(draft.videoTrack),
    audio_track: number(draft.audioTrack),
    limits: limitsOf(draft, destination),
  };
  if (key.streamKey) all.stream_key = key.streamKey;
  if (!destination) return { ...all, enabled: draft.enabled };
  const before = destination as unknown as Record<string, unknown>;
  const changed = Object.entries(all).filter(([field, value]) => JSON.stringify(value) !== JSON.stringify(before[field] ?? null));
  return Object.fromEntries(changed) as Change;
}

function limitsOf(draft: Draft, destination: Destination | null): Destination['limits'] {
  const bits = number(draft.bitrateMaxKbit);
  const { bitrate_max_bits: _, ...others } = destination?.limits ?? {};
  const limits = { ...others, ...(bits && { bitrate_max_bits: Math.round(bits * 1000) }) };
  return Object.keys(limits).length ? limits : null;
}

/** People copy key fields with a space or a newline at the end; no key has one. */
function splitKey(draft: Draft): { url: string; streamKey: string } {
  return { url: draft.url.trim(), streamKey: draft.streamKey.trim() };
}
