// The room when the server refuses one thing: its panel says so and can be tried again, and all others go on.
import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { Suspense } from 'react';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { link } from '@/live/link';
import { samples } from '@/live/samples';
import { destination, event, me, project, show, stats } from '@/test/make';
import { page, Refused, serve } from '@/test/server';
import ProjectPage from './ProjectPage';

/** happy-dom has no canvas: the drawing is looked at in a browser. */
vi.mock('uplot', () => ({ default: class { setData() {} setSize() {} destroy() {} } }));

const ROOM: Record<string, unknown> = {
  'GET /api/v1/me': me(),
  'GET /api/v1/projects/prj_1': project(),
  'GET /api/v1/projects/prj_1/destinations': page(destination('dst_1', { name: 'YouTube' })),
  'GET /api/v1/projects/prj_1/playback': { playback_id: 'friday', hls_url: '/hls/friday/index.m3u8', ready: false },
  'GET /api/v1/projects/prj_1/ingest': { rtmp: [{ server: 'rtmp://10.0.0.9/live', label: 'RTMP' }], rtmps: [], refused: [] },
  'GET /api/v1/projects/prj_1/stream-keys': page({ id: 'key_1', name: 'Main', key_hint: 'k3Qd', disabled: false, expires_at: null }),
  'GET /api/v1/events': page(event('playback.ready')),
  'GET /api/v1/streams/str_1/health': { status: 'good', issues: [], figures: stats(0).figures },
  'GET /api/v1/streams/str_1/stats': { step_s: 1, samples: [] },
  'GET /api/v1/ingest/connections': page(),
};

/** What each panel has when all is well. */
const WELL: Record<string, string | RegExp> = {
  Destinations: 'YouTube',
  Preview: /On the air|No picture yet/,
  Signal: /1920 × 1080|No signal/,
  Encoder: /rtmp:\/\/10.0.0.9\/live|Server address and stream key/,
  'What happened': 'Viewers can watch',
};

/** What is asked for, and the panels that cannot be without it. */
const REFUSED: [route: string, panels: string[], more?: Partial<ReturnType<typeof project>['live']>][] = [
  ['GET /api/v1/projects/prj_1/destinations', ['Destinations']],
  ['GET /api/v1/projects/prj_1/playback', ['Preview']],
  ['GET /api/v1/events', ['What happened']],
  ['GET /api/v1/streams/str_1/health', ['Signal']],
  ['GET /api/v1/streams/str_1/stats', ['Signal']],
  ['GET /api/v1/ingest/connections', []],
  ['GET /api/v1/projects/prj_1/ingest', ['Encoder'], { state: 'waiting', broadcast_id: null }],
  ['GET /api/v1/projects/prj_1/stream-keys', ['Encoder'], { state: 'waiting', broadcast_id: null }],
];

beforeEach(() => {
  // React says every error aloud, also those that a boundary has caught.
  vi.spyOn(console, 'error').mockImplementation(() => {});
  vi.stubGlobal('matchMedia', () => ({ addEventListener() {}, removeEventListener() {} }));
  link.receive({ kind: 'open', missed: false, at: Date.now() });
});
afterEach(() => samples.clear());

it.each(REFUSED)('without %s only what needs it is in trouble', async (route, panels, live) => {
  const one = project({}, live);
  const { routes } = serve({ ...ROOM, 'GET /api/v1/projects/prj_1': one, [route]: new Refused(503, 'unavailable', 'The database does not answer.') });
  show(
    <Suspense>
      <ProjectPage id="prj_1" />
    </Suspense>,
  );
  const panel = async (name: string) => within(await screen.findByRole('region', { name }));
  for (const [name, well] of Object.entries(WELL)) {
    if (panels.includes(name)) expect(await (await panel(name)).findByText(`${name} cannot be shown`)).toBeInTheDocument();
    else expect((await (await panel(name)).findAllByText(well))[0]).toBeInTheDocument();
  }
  expect(screen.getByRole('heading', { level: 1, name: 'Friday' })).toBeInTheDocument();
  expect(screen.getAllByText(live ? 'Waiting' : 'Sending to us')[0]).toBeInTheDocument();
  expect(screen.getAllByRole('alert').filter((alert) => alert.textContent)).toHaveLength(panels.length);
  routes[route] = ROOM[route];
  for (const name of panels) {
    await userEvent.click((await panel(name)).getByRole('button', { name: 'Try again' }));
    expect((await (await panel(name)).findAllByText(WELL[name] ?? ''))[0]).toBeInTheDocument();
  }
  await waitFor(() => expect(screen.queryByText('The database does not answer.')).not.toBeInTheDocument());
});
