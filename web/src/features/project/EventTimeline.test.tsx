// What happened in a room: newest first, whose doing it was, and more of it when asked.
import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';
import { destination, event, project, show } from '@/test/make';
import { page, serve } from '@/test/server';
import type { Asked } from '@/test/server';
import { EventTimeline } from './EventTimeline';

const LIST = 'GET /api/v1/projects/prj_1/destinations';
const failed = event('output.state', { destination_id: 'dst_1', state: 'failed', reason: 'publish_rejected' }, { id: 'evt_3' });
const away = event('ingest.interrupted', { reason: 'lost' }, { id: 'evt_2' });
const began = event('stream.started', {}, { id: 'evt_1' });

it('names destinations, and says whose doing it was', async () => {
  serve({ 'GET /api/v1/events': page(failed, away), [LIST]: page(destination('dst_1', { name: 'Twitch' })) });
  show(<EventTimeline project={project()} />);
  expect(await screen.findByText('Twitch needs you')).toBeInTheDocument();
  const rows = screen.getAllByRole('listitem').filter((row) => row.closest('[aria-label="Messages"]') === null);
  expect(rows.map((row) => [row.getAttribute('data-tone'), within(row).getByText(/^(Destination|Encoder)$/).textContent])).toEqual([['bad', 'Destination'], ['warn', 'Encoder']]);
});

it('brings what was earlier when asked for it', async () => {
  const answer = ({ search }: Asked) => (search.includes('cursor=older') ? page(began) : { items: [away], next_cursor: 'older' });
  serve({ 'GET /api/v1/events': answer, [LIST]: page() });
  show(<EventTimeline project={project()} />);
  await userEvent.click(await screen.findByRole('button', { name: 'Earlier' }));
  expect(await screen.findByText('On the air')).toBeInTheDocument();
  expect(screen.getByText('Encoder dropped, the show is held')).toBeInTheDocument();
  expect(screen.queryByRole('button', { name: 'Earlier' })).not.toBeInTheDocument();
});

it('says what will stand there before anything does', async () => {
  serve({ 'GET /api/v1/events': page(), [LIST]: page() });
  show(<EventTimeline project={project()} />);
  expect(await screen.findByText('Nothing yet')).toBeInTheDocument();
});
