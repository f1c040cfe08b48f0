// The report of a show: its curve in picture and words, what is marked in it, and which node had it.
import { screen } from '@testing-library/react';
import { Suspense } from 'react';
import { expect, it } from 'vitest';
import type { Report } from '@/api/types';
import { marks } from '@/features/streams/Curve';
import { event, show } from '@/test/make';
import { page, serve } from '@/test/server';
import StreamPage from './StreamPage';

const AT = '2026-11-27T12:00:00.000Z';
const after = (seconds: number) => new Date(Date.parse(AT) + seconds * 1000).toISOString();
const report: Report = {
  broadcast: { id: 'str_1', project_id: 'prj_1', node: 'studio-2', started_at: AT, ended_at: after(40), end_reason: 'finished', encoder: 'OBS Studio 31.0', live: false },
  project: { id: 'prj_1', name: 'Friday' },
  duration_s: 40,
  summary: {
    audio_bits: 128_000, video_bits: 5_872_000, peak_bits: 8_000_000, fps: 60, gaps: 0, discontinuities: 0, filled_s: 12, interruptions: 2, longest_gap_ms: 0,
    longest_keyframe_interval_s: 2, measured_s: 40, media: null, missing_frames: 0, curve: { step_s: 10, bitrate_bits: [6e6, 8e6, 0, 6e6], fps: [60, 60, 0, 60] },
  },
  issues: [], outputs: [],
  events: [
    event('stream.started', {}, { id: 'evt_1', time: AT }),
    event('ingest.interrupted', { reason: 'lost' }, { id: 'evt_2', time: after(20) }),
    event('ingest.resumed', { after_ms: 4000 }, { id: 'evt_3', time: after(24) }),
    event('output.state', { destination_id: 'dst_1', state: 'failed' }, { id: 'evt_4', time: after(30) }),
    event('output.state', { destination_id: 'dst_1', state: 'failed' }, { id: 'evt_5', time: after(50) }),
  ],
};

function open(more: Partial<Report> = {}) {
  serve({ 'GET /api/v1/streams/str_1/report': { ...report, ...more }, 'GET /api/v1/projects/prj_1/destinations': page() });
  show(
    <Suspense>
      <StreamPage id="str_1" />
    </Suspense>,
  );
}

it('draws the whole show and says the same in words', async () => {
  open();
  const panel = await screen.findByRole('region', { name: 'Bitrate' });
  expect(panel).toHaveTextContent('6.00 Mbit/s on average, 8.00 Mbit/s at most, the encoder was away 2 times, for 12 s in all.');
  expect(panel.querySelectorAll('path[fill="none"]')[0]?.getAttribute('d')).toBe('M0.0 47.2L333.3 9.6L666.7 160.0L1000.0 47.2');
  expect(screen.getByText('Node').nextSibling).toHaveTextContent('studio-2');
});

it('marks what went wrong where it did, and nothing from after the end', () => {
  const found = marks(report.events, Date.parse(AT), 40, () => 'Twitch');
  expect(found.map(({ id, x, tone }) => [id, x, tone])).toEqual([['evt_2', 500, 'warn'], ['evt_4', 750, 'bad']]);
  expect(found[1]?.text).toContain('Twitch needs you');
});

it('draws nothing of a show of a moment', async () => {
  open({ summary: { ...report.summary, curve: { step_s: 1, bitrate_bits: [6e6], fps: [60] } } });
  expect(await screen.findByText('Too short for a curve')).toBeInTheDocument();
});
