import { expect, it } from 'vitest';
import type { Project } from '@/api/types';
import { project } from '@/test/make';
import { inOrder, isOnAir, troubles } from './problems';

const of = (name: string, live: Partial<Project['live']>) => project({ id: name, name }, live);
const outputs = (failed: number, retrying = 0) => ({ sending: 0, failed, retrying, total: failed + retrying });

it('what needs somebody comes first, and the worst of it before the rest', () => {
  const found = troubles([
    of('held', { state: 'interrupted' }),
    of('well', {}),
    of('failed', { outputs: outputs(1, 2), issues: { error: 0, warning: 1 } }),
    of('faulty', { issues: { error: 2, warning: 0 } }),
  ]);
  expect(found.map((each) => [each.project.name, each.tone])).toEqual([['failed', 'bad'], ['faulty', 'bad'], ['held', 'warn']]);
  expect(found[0]?.things.map(({ text, tone }) => [tone, text])).toEqual([
    ['bad', '1 destination needs you'], ['warn', '2 destinations retrying'], ['warn', '1 warning about the signal'],
  ]);
});

it('what is on the air comes first, the longest there before others; the rest by name', () => {
  const all = [
    of('Zoo', { state: 'waiting' }), of('late', { since: '2026-11-27T12:30:00.000Z' }), of('Art', { state: 'ended' }), of('early', { since: '2026-11-27T11:00:00.000Z' }),
  ];
  expect(inOrder(all).map(({ name }) => name)).toEqual(['early', 'late', 'Art', 'Zoo']);
  expect(all.map(isOnAir)).toEqual([false, true, false, true]);
});
