// Things of the API with everything in them, and a page to show them on.
import { QueryClientProvider } from '@tanstack/react-query';
import { render } from '@testing-library/react';
import type { ReactNode } from 'react';
import type { Destination, Event, Me, Output, Project, Stats } from '@/api/types';
import { makeQueryClient } from '@/app/queryClient';
import { Toaster } from '@/ui/Toaster';

const AT = '2026-11-27T12:00:00.000Z';

export function output(more: Partial<Output> = {}): Output {
  return {
    destination_id: 'dst_1', state: 'idle', reason: null, severity: 'ok', title: '', what_to_do: null, detail: null, since: AT, attempt: null,
    next_retry_at: null, sent_bytes: 0, bitrate_bits: 0, lag_ms: 0, rtt_ms: null, dropped_frames: 0, reconnects: 0, ...more,
  };
}

export function destination(id: string, more: Partial<Destination> = {}): Destination {
  return {
    id, project_id: 'prj_1', name: id, platform: 'custom', url: 'rtmp://one.example/live', key_hint: 'x7f2', enabled: true, insecure: false,
    chunk_size: null, codecs: null, video_track: null, audio_track: null, limits: null, position: 0, created_at: AT, updated_at: AT, revision: 7,
    ...more, output: output({ destination_id: id, ...more.output }),
  };
}

export function project(more: Partial<Project> = {}, live: Partial<Project['live']> = {}): Project {
  return {
    id: 'prj_1', name: 'Friday', playback_id: 'friday', declared: false, running: true, hold_s: null, created_at: AT, updated_at: AT, revision: 3,
    live: {
      state: 'live', since: AT, hold_ends_at: null, broadcast_id: 'str_1', test_pattern: false, bitrate_bits: 6_000_000, viewers: 0, players: 0,
      outputs: { sending: 0, retrying: 0, failed: 0, total: 1 }, issues: { error: 0, warning: 0 }, ...live,
    },
    ...more,
  };
}

export function me(role: Me['user']['role'] = 'admin', more: Partial<Me> = {}): Me {
  const user = { id: 'usr_1', email: 'a@example.com', name: 'A', role, disabled: false, oidc: false, password: true, revision: 1, created_at: AT, updated_at: AT };
  return { user, via: 'session', scopes: ['*'], password_confirmed_at: new Date().toISOString(), ...more };
}

export function stats(second: number, destinations: string[] = ['dst_1']): Stats {
  const at = new Date(Date.parse(AT) + second * 1000).toISOString();
  const bitrate_bits = 6_000_000 + second * 1000;
  return {
    project_id: 'prj_1', stream_id: 'str_1', state: 'live', status: 'good', viewers: second, players: 0,
    figures: {
      at, bitrate_bits, video_bits: 0, audio_bits: 0, fps: 60, keyframe_interval_s: 2, width: 1920, height: 1080, video_codec: 'h264',
      audio_codec: 'aac', sample_rate: 48000, channels: 2, skew_ms: 0, drift_ms: 0, missing_frames: 0, gaps: 0, gap_ms: 0, discontinuities: 0, filler: false, silent: false, connected_s: second,
    },
    outputs: destinations.map((destination_id) => ({ destination_id, state: 'sending', rtt_ms: null, bitrate_bits, lag_ms: second, sent_bytes: second, dropped_frames: 0 })),
  };
}

export function event(type: string, data: Record<string, unknown> = {}, more: Partial<Event> = {}): Event {
  return { id: 'evt_1', type, time: AT, project_id: 'prj_1', stream_id: 'str_1', data, ...more };
}

/** Shows something as the app would: with its cache and its messages. */
export function show(children: ReactNode) {
  const client = makeQueryClient();
  client.setDefaultOptions({ queries: { ...client.getDefaultOptions().queries, retryDelay: 1 } });
  const shown = render(
    <QueryClientProvider client={client}>
      {children}
      <Toaster />
    </QueryClientProvider>,
  );
  return { client, ...shown };
}
