import { act, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, it, vi } from 'vitest';
import { setPreferences } from '@/app/preferences';
import { link } from '@/live/link';
import { me, project, show } from '@/test/make';
import { page, Refused, serve } from '@/test/server';
import { EncoderSetup } from './EncoderSetup';
import { larix } from './Phone';

/** happy-dom has no canvas. */
vi.mock('@/ui/Qr', () => ({ Qr: ({ label }: { label: string }) => <div role="img" aria-label={label} /> }));

const key = { id: 'key_1', project_id: 'prj_1', name: 'Main', key_hint: 'k3Qd', disabled: false, expires_at: null, last_used_at: null, created_at: '', updated_at: '', revision: 1 };
const ingest = { rtmps: [], rtmp: [{ server: 'rtmp://10.0.0.9:1935/live', label: 'RTMP' }], publish_user_needed: false, connected: false, last_used_at: null, refused: [] as object[] };
const routes = () => ({
  'GET /api/v1/me': me(),
  'GET /api/v1/projects/prj_1/ingest': ingest,
  'GET /api/v1/events': page() as unknown,
  'GET /api/v1/projects/prj_1/stream-keys': page(key),
  'POST /api/v1/stream-keys/key_1/reveal': { key: 'live_secret_k3Qd' } as unknown,
});
const waiting = project({}, { state: 'waiting', broadcast_id: null });

beforeEach(() => {
  setPreferences({ hideSecrets: false });
  link.receive({ kind: 'open', missed: false, at: Date.now() });
});

it('says that nobody is connected, and where to send', async () => {
  serve(routes());
  show(<EncoderSetup project={waiting} />);
  expect(await screen.findByText(/Nobody is connected yet/)).toBeInTheDocument();
  expect(screen.getByText('rtmp://10.0.0.9:1935/live')).toBeInTheDocument();
  expect(screen.getByText('••••••••••••k3Qd')).toBeInTheDocument();
});

it('says who tried with a wrong key, and reads no running time out', async () => {
  const refused = [{ why: 'unknown_key', from: '10.0.0.4', times: 2, at: new Date(Date.now() - 20_000).toISOString() }];
  serve({ ...routes(), 'GET /api/v1/projects/prj_1/ingest': { ...ingest, refused } });
  show(<EncoderSetup project={waiting} />);
  const said = (await screen.findByText('A wrong key was tried')).parentElement as HTMLElement;
  expect(said).toHaveTextContent('from 10.0.0.4 (2 times).');
  expect(said.parentElement).toHaveTextContent(/(19|20|21) s ago/);
  const told = screen.getAllByRole('status').map((each) => each.textContent).join('|');
  expect(told).toContain('A wrong key was tried');
  expect(told).not.toContain('ago');
});

it('forgets a wrong key that was tried long ago', async () => {
  const refused = [{ why: 'unknown_key', from: '10.0.0.4', times: 2, at: new Date(Date.now() - 16 * 60_000).toISOString() }];
  serve({ ...routes(), 'GET /api/v1/projects/prj_1/ingest': { ...ingest, refused } });
  show(<EncoderSetup project={waiting} />);
  await screen.findByText('rtmp://10.0.0.9:1935/live');
  expect(screen.getByText(/Nobody is connected yet/)).toBeInTheDocument();
});

it('copies the key without showing it, also without a clipboard', async () => {
  serve(routes());
  const copied: string[] = [];
  vi.stubGlobal('navigator', Object.create(navigator, { clipboard: { value: undefined } }));
  document.execCommand = () => {
    copied.push((document.activeElement as HTMLTextAreaElement).value);
    return true;
  };
  show(<EncoderSetup project={waiting} />);
  await userEvent.click(await screen.findByRole('button', { name: 'Copy the stream key' }));
  await waitFor(() => expect(copied).toEqual(['live_secret_k3Qd']));
  expect(screen.queryByText('live_secret_k3Qd')).not.toBeInTheDocument();
});

it('asks for the password where the last one is too long ago', async () => {
  let confirmed = false;
  const { asked } = serve({
    ...routes(),
    'GET /api/v1/me': me('admin', { password_confirmed_at: '2020-01-01T00:00:00.000Z' }),
    'POST /api/v1/stream-keys/key_1/reveal': () => (confirmed ? { key: 'live_secret_k3Qd' } : new Refused(403, 'not_allowed')),
    'POST /api/v1/me/confirm': ({ body }: { body: { password?: string } | null }) => {
      confirmed = body?.password === 'right';
      return confirmed ? null : new Refused(403, 'not_allowed');
    },
  });
  show(<EncoderSetup project={waiting} />);
  await userEvent.click(await screen.findByRole('button', { name: 'Show the stream key' }));
  const field = await screen.findByLabelText('Password');
  await userEvent.type(field, 'wrong{Enter}');
  expect(await screen.findByText('That was not it.')).toBeInTheDocument();
  await userEvent.clear(field);
  await userEvent.type(field, 'right{Enter}');
  expect(await screen.findByText('live_secret_k3Qd')).toBeInTheDocument();
  expect(asked.filter(({ path }) => path.endsWith('/reveal'))).toHaveLength(2);
});

it('hides addresses and keys on a screen that others see', async () => {
  serve(routes());
  show(<EncoderSetup project={waiting} />);
  await screen.findByText('rtmp://10.0.0.9:1935/live');
  await waitFor(() => setPreferences({ hideSecrets: true }));
  await waitFor(() => expect(screen.queryByText('rtmp://10.0.0.9:1935/live')).not.toBeInTheDocument());
  expect(screen.queryByText(/k3Qd/)).not.toBeInTheDocument();
  expect(screen.getByRole('button', { name: 'Show the stream key' })).toBeDisabled();
});

it('the code for a phone goes by itself, and with it the address, on a screen that others see', async () => {
  const timers = vi.spyOn(globalThis, 'setTimeout');
  serve(routes());
  show(<EncoderSetup project={waiting} />);
  await userEvent.click(await screen.findByRole('tab', { name: 'Phone' }));
  await userEvent.click(await screen.findByRole('button', { name: 'Show the code' }));
  expect(await screen.findByRole('img', { name: 'Code for Larix Broadcaster' })).toBeInTheDocument();
  const [over] = timers.mock.calls.findLast(([, after]) => after === 30_000) ?? [];
  act(() => (over as () => void)());
  expect(screen.queryByRole('img', { name: 'Code for Larix Broadcaster' })).not.toBeInTheDocument();
  expect(screen.getByText('rtmp://10.0.0.9:1935/live')).toBeInTheDocument();
  act(() => setPreferences({ hideSecrets: true }));
  expect(screen.queryByText('rtmp://10.0.0.9:1935/live')).not.toBeInTheDocument();
  expect(screen.getByRole('button', { name: 'Show the code' })).toBeDisabled();
});

it('writes a link that Larix reads', () => {
  const link = new URL(larix('rtmp://10.0.0.9/live', 'a b', 'My stream'));
  expect(link.protocol).toBe('larix:');
  expect(new URLSearchParams(link.search).get('conn[][url]')).toBe('rtmp://10.0.0.9/live/a b');
});
