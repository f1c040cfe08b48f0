import { QueryClient } from '@tanstack/react-query';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { keys } from '@/api/queries';
import type { Destination, Event } from '@/api/types';
import { destination, event, stats } from '@/test/make';
import { applyEvents, madeOld } from './apply';
import { link } from './link';
import { samples } from './samples';

let client: QueryClient;
let off: () => void;
let old: string[];

const tell = (told: Event) => link.receive({ kind: 'event', at: Date.now(), event: { id: told.id, type: told.type, data: JSON.stringify(told) } });

beforeEach(() => {
  vi.useFakeTimers();
  client = new QueryClient();
  old = [];
  vi.spyOn(client, 'invalidateQueries').mockImplementation(async (filters) => void old.push(JSON.stringify(filters?.queryKey ?? 'all')));
  off = applyEvents(client);
});

afterEach(() => {
  off();
  samples.clear();
});

it('a burst of events makes each answer old once', () => {
  for (let each = 0; each < 20; each += 1) tell(event('output.state', { destination_id: 'dst_1', state: 'sending' }));
  vi.advanceTimersByTime(200);
  expect(old.filter((key) => key === JSON.stringify(keys.projectPart('prj_1', 'destinations')))).toHaveLength(1);
});

it('an output’s state is on the page before any answer', () => {
  client.setQueryData(keys.projectPart('prj_1', 'destinations'), [destination('dst_1'), destination('dst_2')]);
  tell(event('output.state', { destination_id: 'dst_1', state: 'retrying', attempt: 2 }));
  const all = client.getQueryData<Destination[]>(keys.projectPart('prj_1', 'destinations'));
  expect(all?.map(({ output }) => [output.state, output.attempt])).toEqual([['retrying', 2], ['idle', null]]);
});

it('figures make nothing old', () => {
  link.receive({ kind: 'event', at: Date.now(), event: { id: '', type: 'stats', data: JSON.stringify(stats(1)) } });
  vi.advanceTimersByTime(1000);
  expect(old).toEqual([]);
  expect(samples.project('prj_1')?.viewers).toBe(1);
});

it('a link that comes back asks for everything again', () => {
  link.receive({ kind: 'open', resumed: true, at: Date.now() });
  expect(old).toEqual(['"all"']);
});

it('every type of event makes something old besides the list of events', () => {
  const types = [
    'ingest.connected', 'ingest.rejected', 'ingest.interrupted', 'ingest.resumed', 'ingest.disconnected', 'stream.started', 'stream.ended',
    'playback.ready', 'health.changed', 'output.state', 'destination.tested', 'project.changed', 'project.deleted', 'destination.changed',
    'destination.deleted', 'stream_key.changed', 'stream_key.revealed', 'user.signed_in', 'node.joined', 'node.left',
  ];
  for (const type of types) expect([type, madeOld(event(type)).length > 1]).toEqual([type, true]);
});
