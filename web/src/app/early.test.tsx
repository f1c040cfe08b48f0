// A page is drawn when what it needs is there, and not much later than it would be with skeletons.
import { QueryClientProvider } from '@tanstack/react-query';
import { act, render, screen } from '@testing-library/react';
import { Link, Route, Switch } from 'wouter';
import { afterEach, expect, it } from 'vitest';
import { keys, projectQuery } from '@/api/queries';
import { me, project } from '@/test/make';
import { page, Refused, serve } from '@/test/server';
import { Address } from './address';
import { belowRoom, early } from './early';
import FIRST from './early.json';
import { makeQueryClient } from './queryClient';

afterEach(() => history.replaceState(null, '', '/'));

const ROOM = {
  'GET /api/v1/me': me(), 'GET /api/v1/projects/prj_1': project(), 'GET /api/v1/projects/prj_1/destinations': page(), 'GET /api/v1/projects/prj_1/playback': {},
};
const BELOW = {
  'GET /api/v1/events': page(), 'GET /api/v1/streams/str_1/health': {}, 'GET /api/v1/streams/str_1/stats': { samples: [] },
};

it('has what the first screen of the room shows, and then what stands below it, each asked for once', async () => {
  const { asked } = serve({ ...ROOM, ...BELOW });
  const paths = () => asked.map(({ path }) => `GET ${path}`).toSorted();
  const client = makeQueryClient();
  await early(client, '/projects/prj_1');
  expect(paths()).toEqual(Object.keys(ROOM).toSorted());
  expect(client.getQueryData(projectQuery('prj_1').queryKey)?.name).toBe('Friday');
  await belowRoom(client, 'prj_1');
  expect(paths()).toEqual([...Object.keys(ROOM), ...Object.keys(BELOW)].toSorted());
});

it('has where to send while nobody does', async () => {
  const waits = project({}, { state: 'waiting', broadcast_id: null });
  const ways = { 'GET /api/v1/projects/prj_1/ingest': { rtmp: [], rtmps: [] }, 'GET /api/v1/projects/prj_1/stream-keys': page() };
  const { count } = serve({ ...ROOM, ...ways, 'GET /api/v1/projects/prj_1': waits });
  await early(makeQueryClient(), '/projects/prj_1');
  expect(Object.keys(ways).map(count)).toEqual([1, 1]);
});

/** The server's own test has the same list: it names in the page's head what is asked for here (`src/api/page`). */
it.each(Object.entries(FIRST))('%s asks first for what its head has named', async (path, named) => {
  // What follows an answer comes later, and the checks are waited for by nobody.
  const { asked } = serve({ 'GET /api/v1/me': me() });
  await early(makeQueryClient(), path);
  const paths = asked.map((each) => each.path.replace('/api/v1/', '') + each.search).filter((each) => each !== 'system/checks');
  expect(paths.toSorted()).toEqual(named.toSorted());
});

it('gives up waiting for a server that takes its time', async () => {
  serve({ ...ROOM, 'GET /api/v1/projects/prj_1': () => new Promise(() => {}) });
  const client = makeQueryClient();
  await early(client, '/projects/prj_1');
  expect(client.getQueryData(keys.me)).toBeTruthy();
  expect(client.getQueryData(projectQuery('prj_1').queryKey)).toBeUndefined();
});

it('draws a page at an address that nobody can decode', async () => {
  serve({ 'GET /api/v1/me': me(), 'GET /api/v1/projects/%zz': new Refused(404, 'not_found') });
  await expect(early(makeQueryClient(), '/projects/%zz')).resolves.toBeUndefined();
});

it('brings the door to whoever is not inside', async () => {
  const { count } = serve({ 'GET /api/v1/me': new Refused(401, 'signed_out'), 'GET /api/v1/setup': { needed: false } });
  await early(makeQueryClient(), '/');
  expect(count('GET /api/v1/setup')).toBe(1);
});

it('goes to a page when what stands there is at hand', async () => {
  let answer: (value: unknown) => void = () => {};
  serve({ 'GET /api/v1/me': me(), 'GET /api/v1/projects': () => new Promise((done) => (answer = done)) });
  const client = makeQueryClient();
  client.setQueryData(keys.me, me());
  render(
    <QueryClientProvider client={client}>
      <Address>
        <Switch>
          <Route path="/projects">
            <h1>Projects</h1>
          </Route>
          <Route>
            <Link href="/projects">There</Link>
          </Route>
        </Switch>
      </Address>
    </QueryClientProvider>,
  );
  act(() => screen.getByText('There').click());
  expect(location.pathname).toBe('/projects');
  expect(screen.getByText('There')).toBeInTheDocument();
  answer(page(project()));
  expect(await screen.findByRole('heading', { name: 'Projects' })).toBeInTheDocument();
});
