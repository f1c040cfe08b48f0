import { useSuspenseQuery } from '@tanstack/react-query';
import { act, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, it } from 'vitest';
import { projectQuery } from '@/api/queries';
import { link } from '@/live/link';
import { me, project, show } from '@/test/make';
import { Refused, serve } from '@/test/server';
import { Suspense } from 'react';
import '@/ui/lastFocus';
import { StreamControls } from './StreamControls';

beforeEach(() => link.receive({ kind: 'open', missed: false, at: Date.now() }));

const live = (sending: number) => project({}, { outputs: { sending, retrying: 0, failed: 0, total: 2 } });
const controls = (one: ReturnType<typeof project>, platforms: string[] = []) => (
  <Suspense>
    <StreamControls project={one} platforms={platforms} />
  </Suspense>
);

it('says who will see it before it stops what is on the air', async () => {
  const { count } = serve({ 'GET /api/v1/me': me(), 'POST /api/v1/projects/prj_1/stop': { ...live(0), running: false } });
  show(controls(live(2), ['YouTube', 'Twitch']));
  await userEvent.click(await screen.findByRole('button', { name: 'Stop all' }));
  const dialog = await screen.findByRole('alertdialog', { name: 'Stop every destination?' });
  expect(dialog).toHaveTextContent('Viewers on YouTube and Twitch will see the stream end.');
  await userEvent.keyboard('{Escape}');
  await waitFor(() => expect(dialog).not.toBeInTheDocument());
  await waitFor(() => expect(screen.getByRole('button', { name: 'Stop all' })).toHaveFocus());
  expect(count('POST /api/v1/projects/prj_1/stop')).toBe(0);
  await userEvent.click(screen.getByRole('button', { name: 'Stop all' }));
  await screen.findByRole('alertdialog');
  await userEvent.click(screen.getAllByRole('button', { name: 'Stop all' }).at(-1) as HTMLElement);
  await waitFor(() => expect(count('POST /api/v1/projects/prj_1/stop')).toBe(1));
});

it('asks nothing where nothing is sent', async () => {
  const { count } = serve({ 'GET /api/v1/me': me(), 'POST /api/v1/projects/prj_1/stop': live(0) });
  show(controls(live(0)));
  await userEvent.click(await screen.findByRole('button', { name: 'Stop all' }));
  await waitFor(() => expect(count('POST /api/v1/projects/prj_1/stop')).toBe(1));
  expect(screen.queryByRole('alertdialog')).not.toBeInTheDocument();
});

it('takes “stopped” back where the server refuses, in its words', async () => {
  let refuse: (value: unknown) => void = () => {};
  serve({ 'GET /api/v1/me': me(), 'GET /api/v1/projects/prj_1': live(0), 'POST /api/v1/projects/prj_1/stop': () => new Promise((done) => (refuse = done)) });
  const Room = () => <StreamControls project={useSuspenseQuery(projectQuery('prj_1')).data} platforms={[]} />;
  show(
    <Suspense>
      <Room />
    </Suspense>,
  );
  await userEvent.click(await screen.findByRole('button', { name: 'Stop all' }));
  expect(await screen.findByRole('button', { name: 'Start all' })).toBeInTheDocument();
  await act(async () => refuse(new Refused(409, 'conflict', 'The project is being changed.')));
  expect(await screen.findByRole('button', { name: 'Stop all' })).toBeInTheDocument();
  expect(await screen.findByText('The project is being changed.')).toBeInTheDocument();
});

it('ends the broadcast that is on the air', async () => {
  const { count } = serve({ 'GET /api/v1/me': me(), 'POST /api/v1/streams/str_1/end': {} });
  show(controls(live(1), ['YouTube']));
  await userEvent.click(await screen.findByRole('button', { name: 'End the show' }));
  const dialog = await screen.findByRole('alertdialog');
  expect(dialog).toHaveTextContent('The encoder is told to stop');
  await userEvent.click(screen.getAllByRole('button', { name: 'End the show' }).at(-1) as HTMLElement);
  await waitFor(() => expect(count('POST /api/v1/streams/str_1/end')).toBe(1));
});

it('the tab says that it is on the air', async () => {
  serve({ 'GET /api/v1/me': me() });
  show(controls(live(1)));
  await waitFor(() => expect(document.title).toBe('● Friday · gostream'));
});
