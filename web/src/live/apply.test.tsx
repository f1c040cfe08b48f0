import { QueryClient } from '@tanstack/react-query';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { keys } from '@/api/queries';
import type { Destination, Event } from '@/api/types';
import { nextLook } from '@/api/look';
import { destination, event, output, stats } from '@/test/make';
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
  link.receive({ kind: 'open', missed: true, at: Date.now() });
  expect(old).toEqual(['"all"']);
});

it('a link that misses nothing asks for nothing', () => {
  link.receive({ kind: 'open', missed: false, at: Date.now() });
  vi.advanceTimersByTime(1000);
  expect(old).toEqual([]);
});

it('a server that remembers too little is asked for everything', () => {
  link.receive({ kind: 'event', at: Date.now(), event: { id: '', type: 'events.missed', data: '{}' } });
  expect(old).toEqual(['"all"']);
});

it('a key that nobody has is news to every project that waits', async () => {
  vi.mocked(client.invalidateQueries).mockRestore();
  for (const id of ['prj_1', 'prj_2']) for (const part of ['ingest', 'playback']) client.setQueryData(keys.projectPart(id, part), {});
  tell(event('ingest.rejected', {}, { project_id: null }));
  await vi.advanceTimersByTimeAsync(200);
  const isOld = (id: string, part: string) => client.getQueryState(keys.projectPart(id, part))?.isInvalidated;
  expect(['prj_1', 'prj_2'].map((id) => [isOld(id, 'ingest'), isOld(id, 'playback')])).toEqual([[true, false], [true, false]]);
});

it('what is shown is as old as the server was last heard', () => {
  const heard = Date.now() + 30_000;
  link.receive({ kind: 'open', missed: false, at: heard - 30_000 });
  link.receive({ kind: 'lost', signedOut: false, at: heard });
  expect(link.state()).toEqual({ status: 'lost', dataAt: heard });
});

it('every type of event makes something old besides the list of events', () => {
  const types = [
    'ingest.connected', 'ingest.rejected', 'ingest.interrupted', 'ingest.resumed', 'ingest.disconnected', 'stream.started', 'stream.ended',
    'playback.ready', 'health.changed', 'output.state', 'destination.tested', 'project.changed', 'project.deleted', 'destination.changed',
    'destination.deleted', 'stream_key.changed', 'stream_key.revealed', 'user.signed_in', 'node.joined', 'node.left',
  ];
  for (const type of types) expect([type, madeOld(event(type)).length > 1]).toEqual([type, true]);
});

it('a state that has changed without an event is asked for', () => {
  const known = stats(1);
  client.setQueryData(keys.projectPart('prj_1', 'destinations'), [destination('dst_1')]);
  for (const state of ['idle', 'sending'] as const) {
    const told = { ...known, outputs: known.outputs.map((each) => ({ ...each, state })) };
    link.receive({ kind: 'event', at: Date.now(), event: { id: '', type: 'stats', data: JSON.stringify(told) } });
  }
  expect(old).toEqual([JSON.stringify(keys.projectPart('prj_1', 'destinations'))]);
});

const waits = (seconds: number) => destination('dst_1', { output: output({ state: 'retrying', next_retry_at: new Date(Date.now() + seconds * 1000).toISOString() }) });

it('a countdown that is over is asked about with the next figures', () => {
  const key = keys.projectPart('prj_1', 'destinations');
  const told = { ...stats(1), outputs: stats(1).outputs.map((each) => ({ ...each, state: 'retrying' as const })) };
  const tick = () => link.receive({ kind: 'event', at: Date.now(), event: { id: '', type: 'stats', data: JSON.stringify(told) } });
  const asked = (shown: Destination, age: number) => {
    old.length = 0;
    client.setQueryData(key, [shown], { updatedAt: Date.now() - age });
    tick();
    return old.length;
  };
  expect([asked(waits(5), 9000), asked(waits(-1), 9000), asked(waits(-1), 500)]).toEqual([0, 1, 0]);
});

it('without figures, an output on its way is looked at every ten seconds', () => {
  const now = Date.now();
  expect(nextLook([destination('a')], now)).toBe(false);
  expect(nextLook([waits(12), waits(20)], now)).toBeGreaterThan(21_000);
  expect(nextLook([waits(-30)], now)).toBe(10_000);
  expect(nextLook([destination('a', { output: output({ state: 'connecting' }) })], now)).toBe(10_000);
});
