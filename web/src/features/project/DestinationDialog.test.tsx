import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { Suspense } from 'react';
import { expect, it, vi } from 'vitest';
import { destination, show } from '@/test/make';
import { Refused, serve } from '@/test/server';
import DestinationDialog from './DestinationDialog';
import DestinationTestDialog from './DestinationTestDialog';
import { draftOf, freshDraft, inputOf } from './draft';

const kick = { id: 'kick', name: 'Kick', url: null, url_is_personal: true, key_page: 'kick.com/dashboard', key_expires: false, codecs: ['h264'], bitrate_max_bits: 8_000_000, audio_bitrate_max_bits: null, keyframe_max_s: 2, note: null };
const platforms = { 'GET /api/v1/platforms': { items: [kick] } };

it('adds a destination by its platform, and shows what the server says of a field', async () => {
  let good = false;
  const { asked } = serve({
    ...platforms,
    'POST /api/v1/projects/prj_1/destinations': () =>
      good ? destination('dst_9', { name: 'Kick' }) : new Refused(422, 'invalid', 'No.', [{ pointer: '/url', detail: 'An address begins with rtmp:// or rtmps://.' }]),
  });
  const onClose = vi.fn();
  show(<Suspense><DestinationDialog project="prj_1" destination={null} onClose={onClose} /></Suspense>);
  await userEvent.click(await screen.findByRole('button', { name: /^Kick/ }));
  expect(screen.getByText(/Kick takes H.264; at most 8.00 Mbit\/s; a keyframe every 2 s or less/)).toBeInTheDocument();
  expect(screen.getByRole('link', { name: /Where Kick keeps it/ })).toHaveAttribute('href', 'https://kick.com/dashboard');
  await userEvent.type(screen.getByLabelText('Server'), 'http://x');
  await userEvent.type(screen.getByLabelText('Stream key'), ' sk_1 ');
  await userEvent.click(screen.getByRole('button', { name: 'Add' }));
  expect(await screen.findByText('An address begins with rtmp:// or rtmps://.')).toBeInTheDocument();
  expect(screen.getByLabelText('Server')).toBeInvalid();
  good = true;
  await userEvent.click(screen.getByRole('button', { name: 'Add' }));
  await waitFor(() => expect(onClose).toHaveBeenCalled());
  const posts = asked.filter(({ method }) => method === 'POST');
  expect(posts[0]?.body).toMatchObject({ name: 'Kick', platform: 'kick', url: 'http://x', stream_key: 'sk_1', enabled: true });
  expect(new Set(posts.map(({ headers }) => headers.get('Idempotency-Key'))).size).toBe(1);
});

it('of a change it sends what was changed, and never a key that was not typed', () => {
  const old = destination('dst_1', { name: 'Twitch', limits: { keyframe_max_s: 2 } });
  expect(inputOf(draftOf(old), old)).toEqual({});
  expect(inputOf({ ...draftOf(old), name: 'Twitch EU' }, old)).toEqual({ name: 'Twitch EU' });
  expect(inputOf({ ...draftOf(old), bitrateMaxKbit: '5800' }, old)).toEqual({ limits: { keyframe_max_s: 2, bitrate_max_bits: 5_800_000 } });
  expect(inputOf({ ...freshDraft(null), name: 'A', url: 'rtmp://a/b' }, null)).not.toHaveProperty('stream_key');
});

it('ticks the steps of a test as they are reported, and says what to do at the one that failed', async () => {
  const steps = (state: string) => ['dns', 'tcp'].map((step, index) => ({ step, state: index ? state : 'ok', took_ms: 4, detail: null, what_to_do: state === 'failed' ? 'Check the port.' : null }));
  const test = { id: 'tst_1', started_at: '2026-11-27T12:00:00.000Z', finished_at: null as string | null, ok: null as boolean | null, steps: steps('running') };
  let started = false;
  const { asked, routes } = serve({
    'GET /api/v1/destinations/dst_1/test': () => (started ? test : undefined),
    'POST /api/v1/destinations/dst_1/test': () => { started = true; return { test_id: 'tst_1' }; },
  });
  show(<Suspense><DestinationTestDialog destination={destination('dst_1', { name: 'Twitch' })} onClose={() => {}} /></Suspense>);
  await userEvent.click(await screen.findByRole('button', { name: 'Test' }));
  expect(await screen.findByText('Testing…')).toBeInTheDocument();
  expect(asked.find(({ method }) => method === 'POST')?.body).toEqual({ publish: false });
  routes['GET /api/v1/destinations/dst_1/test'] = { ...test, steps: steps('failed'), ok: false, finished_at: '2026-11-27T12:00:01.000Z' };
  expect(await screen.findByText('It would not work', {}, { timeout: 4000 })).toBeInTheDocument();
  expect(screen.getByText('Check the port.')).toBeInTheDocument();
});
